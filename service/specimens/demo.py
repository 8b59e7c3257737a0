# SPDX-License-Identifier: Apache-2.0
"""The papers the workstation opens with: two invented citizens and one office."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.specimens.make import make_sample, write_sample
from service.specimens.people import Person, person


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPaper:
    """`holder`: whose paper it is; `slot`: component code or `result` in `procedure`'s dossier."""

    path: Path
    type_code: str
    holder: Person | None = None
    procedure: str | None = None
    slot: str | None = None


def demo_set(folder: Path, seed: int = 2026) -> list[DemoPaper]:
    """Ten papers; the first holder's birth certificate is there to be used again."""
    rng = np.random.default_rng(seed)
    first, second = person(rng, "Nữ"), person(rng, "Nam")
    plan: list[tuple[str, str, Person | None, str | None, str | None, bool]] = [
        ("giay_khai_sinh", "L2", first, "1.001193", "result", False),
        ("to_khai", "L2", first, "1.004873", "TP01", False),
        ("xac_nhan_tthn", "L2", first, "1.004873", "result", False),
        ("giay_khai_sinh", "L3", second, "1.001193", "result", False),
        ("gcn_dkhkd", "L2", second, "1.001266", "result", False),
        ("giay_tiep_nhan", "L1", None, None, None, False),
        ("quyet_dinh", "L2", None, None, None, False),
        ("cong_van", "L3", None, None, None, False),
        ("thong_bao", "L2", None, None, None, True),
        ("ke_hoach", "L4", None, None, None, False),
    ]
    papers = []
    for n, (kind, level, holder, procedure, slot, handwritten) in enumerate(plan):
        sample = make_sample(kind, seed + n, level, holder=holder, handwritten=handwritten)
        path = write_sample(sample, folder, f"{n + 1:02d}-{kind}")
        papers.append(
            DemoPaper(path=path, type_code=kind, holder=holder, procedure=procedure, slot=slot)
        )
    return papers
