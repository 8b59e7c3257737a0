# SPDX-License-Identifier: Apache-2.0
"""The papers the workstation opens with: two invented citizens, their cases, and one office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from service.samples.invented import Person, make_person, make_place
from service.samples.sample import make_sample, write_sample

BIRTH, SINGLE, HOUSEHOLD = "1.001193", "1.004873", "1.001266"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPaper:
    """`holder`: whose paper it is; `slot`: component code or `result` in `procedure`'s dossier."""

    path: Path
    type_code: str
    holder: Person | None = None
    procedure: str | None = None
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    type_code: str
    level: str
    holder: Person | None = None
    procedure: str | None = None
    slot: str | None = None
    wishes: Mapping[str, Any] = field(default_factory=dict)


def demo_set(folder: Path, seed: int = 2026) -> list[DemoPaper]:
    """Twelve papers in `folder`, truth beside them; three of them hold something doubtful.

    The first holder's birth certificate is a result and can be used again in the next case.
    """
    random = np.random.default_rng(seed)
    place = make_place(random)
    first = make_person(random, born=(1994, 2000), gender="Nữ", home=place)
    second = make_person(random, born=(1980, 1990), gender="Nam", home=place)
    papers = []
    for n, plan in enumerate(_plans(first, second), start=1):
        wishes = {"place": place, "holder": plan.holder, "handwritten": False, **plan.wishes}
        sample = make_sample(plan.type_code, seed + n, plan.level, **wishes)
        papers.append(
            DemoPaper(
                path=write_sample(sample, folder, name=f"{n:02d}-{plan.type_code}"),
                type_code=plan.type_code,
                holder=plan.holder,
                procedure=plan.procedure,
                slot=plan.slot,
            )
        )
    return papers


def _plans(first: Person, second: Person) -> tuple[_Plan, ...]:
    return (
        _Plan(type_code="giay_khai_sinh", level="L2", holder=first, procedure=BIRTH, slot="result"),
        _Plan(type_code="to_khai", level="L2", holder=first, procedure=SINGLE, slot="TP01"),
        _Plan(type_code="xac_nhan_tthn", level="L2", holder=first, procedure=SINGLE, slot="result"),
        _Plan(type_code="cccd", level="L1", holder=first),
        _Plan(
            type_code="giay_khai_sinh", level="L3", holder=second, procedure=BIRTH, slot="result"
        ),
        _Plan(type_code="gcn_dkhkd", level="L2", holder=second, procedure=HOUSEHOLD, slot="result"),
        _Plan(type_code="giay_tiep_nhan", level="L1", holder=second),
        _Plan(type_code="quyet_dinh", level="L2"),
        _Plan(type_code="cong_van", level="L3", wishes={"arrival_stamp": True}),
        _Plan(type_code="thong_bao", level="L2", wishes={"handwritten": True}),
        _Plan(type_code="ke_hoach", level="L4"),
        _Plan(type_code="bao_cao", level="L3", wishes={"faded": True}),
    )
