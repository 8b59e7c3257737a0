# SPDX-License-Identifier: Apache-2.0
"""Which composer makes which type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from service.samples.civil import compose_birth
from service.samples.draft import Draft, Layout, Wishes
from service.samples.fonts import Family
from service.samples.official import KINDS, compose_official

Composer = Callable[[np.random.Generator, Family, Layout, Wishes], Draft]
COMPOSERS: Mapping[str, Composer] = {
    **{code: partial(compose_official, code) for code in KINDS},
    "giay_khai_sinh": compose_birth,
}
TYPE_CODES = tuple(COMPOSERS)


def compose(
    code: str, random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """The undamaged paper of this type. Raises KeyError for a type no composer makes."""
    return COMPOSERS[code](random, family, layout, wishes)
