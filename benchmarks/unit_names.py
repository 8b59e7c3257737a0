# SPDX-License-Identifier: Apache-2.0
"""Takes the names of units out of the catalogue into `ocr/unit_names.txt.gz`; measures them.

    python -m benchmarks.unit_names [--write]

Reading knows no database, so the names lie beside it once more (`tests/ocr/test_unit_names.py`
holds both in step). Measured is what the check costs: a tenth of the names is held out, as units
abolished before any list are, and asked whether it looks odd.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import re
from pathlib import Path

from ocr.normalise import nfc
from ocr.unit_names import SHIPPED, UnitNames

CATALOGUE = Path(__file__).parents[1] / "storage/database/catalogue/units.csv"
_LEVEL = re.compile(
    r"^(?:Phường|Xã|Thị trấn|Thị xã|Quận|Huyện|Thành phố|Tỉnh|Đặc khu) ", re.IGNORECASE
)


def names_in(catalogue: Path) -> list[str]:
    """Every unit's own name once, in alphabetical order; "Phường 4" is none."""
    with catalogue.open(encoding="utf-8", newline="") as file:
        names = {_LEVEL.sub("", nfc(row["name"])).strip() for row in csv.DictReader(file)}
    return sorted(name for name in names if not re.search(r"\d", name))


def held_out(names: list[str], seed: int) -> tuple[int, int]:
    """(names that look odd, names asked) where a tenth is not in the list."""
    asked = set(random.Random(seed).sample(names, len(names) // 10))
    known = UnitNames([name for name in names if name not in asked])
    return sum(known.is_odd(name) for name in asked), len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    names = names_in(CATALOGUE)
    counts = [held_out(names, seed) for seed in range(5)]
    odd, whole = (sum(column) for column in zip(*counts, strict=True))
    print(f"{len(names)} names; held out {whole}: {odd} look odd ({odd / whole:.2%})")
    if asked.write:
        coded = gzip.compress("\n".join(names).encode(), compresslevel=9, mtime=0)
        SHIPPED.write_bytes(coded)
        print(f"{SHIPPED}: {len(coded)} bytes")


if __name__ == "__main__":
    main()
