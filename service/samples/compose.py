# SPDX-License-Identifier: Apache-2.0
"""Which composer makes which type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from service.samples.cards import compose_card
from service.samples.civil import (
    compose_application,
    compose_birth,
    compose_birth_extract,
    compose_marriage,
    compose_single,
)
from service.samples.draft import Draft, Layout, Wishes
from service.samples.fonts import Family
from service.samples.licences import (
    compose_building,
    compose_company,
    compose_household,
    compose_receipt,
    compose_record,
)
from service.samples.official import KINDS, compose_official

Composer = Callable[[np.random.Generator, Family, Layout, Wishes], Draft]
COMPOSERS: Mapping[str, Composer] = {
    **{code: partial(compose_official, code) for code in KINDS},
    "giay_khai_sinh": compose_birth,
    "trich_luc_khai_sinh": compose_birth_extract,
    "gcn_ket_hon": compose_marriage,
    "xac_nhan_tthn": compose_single,
    "to_khai": compose_application,
    "giay_tiep_nhan": compose_receipt,
    "gcn_dkhkd": compose_household,
    "gcn_dkdn": compose_company,
    "gpxd": compose_building,
    "phieu_lltp_1": compose_record,
    "cccd": compose_card,
}
TYPE_CODES = tuple(COMPOSERS)


def compose(
    code: str, random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """The undamaged paper of this type. Raises KeyError for a type no composer makes."""
    return COMPOSERS[code](random, family, layout, wishes)
