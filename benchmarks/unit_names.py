# SPDX-License-Identifier: Apache-2.0
"""Collects the names of communes, wards and districts into `ocr/unit_names.txt.gz`; measures them.

    python -m benchmarks.unit_names ../shared/data/lists [--write]

The lists name the units since 01/7/2025 and those before. Measured is what the check costs: a tenth
of the names is held out, as units abolished before any list are, and asked whether it looks odd.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from ocr.normalise import nfc
from ocr.unit_names import SHIPPED, UnitNames

_LEVEL = re.compile(r"^(?:Phường|Xã|Thị trấn|Thành phố|Tỉnh|Đặc khu) ")


def names_in(lists: Path) -> list[str]:
    """Every unit's own name once, in alphabetical order; "Phường 4" is none."""
    names = {re.sub(r"\s+", " ", nfc(name)).strip() for name in _all_names(lists)}
    return sorted(name for name in names if not re.search(r"\d", name))


def _all_names(lists: Path) -> Iterator[str]:
    for province in json.loads((lists / "units2025_provinces_wards.json").read_text("utf-8")):
        for unit in (province, *province["Wards"]):
            yield _LEVEL.sub("", unit["FullName"])
    wards = json.loads(gzip.decompress((lists / "pre2025_xa_phuong.json.gz").read_bytes()))
    districts = json.loads((lists / "pre2025_quan_huyen.json").read_text("utf-8"))
    yield from (unit["name"] for unit in (*wards, *districts.values()))


def held_out(names: list[str], seed: int) -> tuple[int, int]:
    """(names that look odd, names asked) where a tenth is not in the list."""
    asked = set(random.Random(seed).sample(names, len(names) // 10))
    known = UnitNames([name for name in names if name not in asked])
    return sum(known.is_odd(name) for name in asked), len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lists", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    names = names_in(asked.lists)
    counts = [held_out(names, seed) for seed in range(5)]
    odd, whole = (sum(column) for column in zip(*counts, strict=True))
    print(f"{len(names)} names; held out {whole}: {odd} look odd ({odd / whole:.2%})")
    if asked.write:
        coded = gzip.compress("\n".join(names).encode(), compresslevel=9, mtime=0)
        SHIPPED.write_bytes(coded)
        print(f"{SHIPPED}: {len(coded)} bytes")


if __name__ == "__main__":
    main()
