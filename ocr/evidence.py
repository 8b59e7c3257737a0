# SPDX-License-Identifier: Apache-2.0
"""What speaks for a value that was read: kept beside it, so that its weight can be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr.page import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a value.

    `token`: the weakest word (0..1). `grammar`: it has the form such a value must have.
    `position`: it stands where the layout says. `witnesses`: independent places or kinds that say
    the same (annex page, issuer's initials, type title). `catalogue`: found in a closed list
    (None: there is no list for it). `repaired`: a letter was taken for a digit. `conflict`: a
    witness says otherwise. `settled`: what two readers read differently in it is decided by
    something that is not its ink (`ocr.settling`). Of its ink: `mean` of the words' confidences,
    how many `words` and `letters` (letters and digits).
    """

    kind: str = "text"
    token: float = 0.0
    grammar: bool = True
    position: bool = True
    witnesses: int = 0
    catalogue: bool | None = None
    repaired: bool = False
    conflict: bool = False
    settled: bool = False
    mean: float = 0.0
    words: int = 0
    letters: int = 0

    def of_ink(self, words: Sequence[Word]) -> Evidence:
        """The same with the figures of the words it was read from."""
        said = [w for w in words if any(c.isalnum() for c in w.text)]
        return replace(
            self,
            mean=sum(w.confidence for w in said) / len(said) if said else 0.0,
            words=len(said),
            letters=sum(c.isalnum() for w in said for c in w.text),
        )
