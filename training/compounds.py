# SPDX-License-Identifier: Apache-2.0
"""Counts which two syllables stand beside one another in official texts: `ocr/compounds.txt.gz`.

`python -m training.compounds ../shared/data/texts/legal_texts.jsonl.gz` writes the file anew. Names
are not counted, of people or of places; legal texts are no works under copyright (Luật Sở hữu trí
tuệ, Đ.15), and counts of pairs give no text back.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from ocr.compounds import SHIPPED
from ocr.normalise import nfc, place_tones
from ocr.vietnamese import is_syllable

LEAST = 3
_TOKEN = re.compile(r"[^\W\d_]+|[^\s]")


def texts(path: Path, *, held_back: int = 0) -> Iterator[str]:
    """The texts of a JSON lines file; every `held_back`-th one left out, for measuring on it."""
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        for n, row in enumerate(rows):
            if not held_back or n % held_back:
                yield nfc(json.loads(row)["text"])


def runs(text: str) -> Iterator[list[str]]:
    """Words in small letters that stand side by side; a mark, a figure or a name parts them.

    A word with a capital begins a run when a small one follows: "Tổ công tác", "Ban Chấp hành". Of
    names that leaves their last syllable, never two together.
    """
    for line in text.splitlines():
        run: list[str] = []
        tokens = _TOKEN.findall(line)
        for token, after in zip(tokens, [*tokens[1:], ""], strict=True):
            opens = token[:1].isupper() and token[1:].islower() and after.islower()
            if run and (opens or not token.islower() or not is_syllable(token)):
                yield run
                run = []
            if token.isalpha() and (opens or token.islower()) and is_syllable(token.lower()):
                run.append(token.lower())
        if run:
            yield run


def count_pairs(found: Iterator[str]) -> dict[str, dict[str, int]]:
    """First syllable -> second -> how often, each in its most usual spelling (hòa, not hoà)."""
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    pairs: Counter[tuple[str, str]] = Counter()
    for text in found:
        for run in runs(text):
            keys = [place_tones(word) for word in run]
            for key, word in zip(keys, run, strict=True):
                spelled[key][word] += 1
            pairs.update(pairwise(keys))
    usual = {key: forms.most_common(1)[0][0] for key, forms in spelled.items()}
    table: dict[str, dict[str, int]] = {}
    for (first, second), count in pairs.items():
        if count >= LEAST:
            table.setdefault(usual[first], {})[usual[second]] = count
    return table


def write(table: dict[str, dict[str, int]], path: Path) -> None:
    rows = (
        f"{first}\t" + " ".join(f"{second}:{n}" for second, n in sorted(table[first].items()))
        for first in sorted(table)
    )
    packed = gzip.compress("\n".join(rows).encode(), compresslevel=9, mtime=0)
    path.write_bytes(packed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="training.compounds")
    parser.add_argument("texts", type=Path)
    parser.add_argument("--to", type=Path, default=SHIPPED)
    parser.add_argument("--held-back", type=int, default=0)
    asked = parser.parse_args()
    write(count_pairs(texts(asked.texts, held_back=asked.held_back)), asked.to)


if __name__ == "__main__":
    main()
