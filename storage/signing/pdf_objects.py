# SPDX-License-Identifier: Apache-2.0
"""Reading pyHanko's objects: its dictionaries follow references in `[]` but not in `get`."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject


def entry(thing: Any, key: str, default: Any = None) -> Any:
    """The value of `key`, followed to where it stands; `default` when absent or no dictionary."""
    return thing[key] if isinstance(thing, DictionaryObject) and key in thing else default


def resolved(thing: Any) -> Any:
    """What a reference points to; anything else as it is."""
    return thing.get_object() if hasattr(thing, "get_object") else thing
