# SPDX-License-Identifier: Apache-2.0
"""Identity cards through the whole reader: is a QR square that contradicts the print always seen?

    python -m benchmarks.cards --seed 3000 --levels L1,L3 [--record docs/benchmarks.md]

Thirty cards a level, of which three carry a square that states another number (one digit), another
name or another date of birth. Wanted: 3 flagged, 0 false alarms. An alarm is a doubt about what the
square states; a card whose square cannot be read is told apart, its print is read alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr.codes import codes_of
from ocr.evaluation import Outcome, compare
from ocr.extraction import Extraction
from ocr.identifiers import parse_card_code
from ocr.page import ReadingSource
from service.sample_evaluation import SampleReader, shipped_reader
from service.sample_report import record
from service.samples import make_sample

FORGED = {4: "id", 14: "full_name", 24: "born_on"}
WATCHED = ("id", "full_name", "born_on")
SECTION = "\n## Identity cards\n"
HEAD = (
    "| level | cards | square read | forged, flagged | genuine, alarmed | known as a card"
    " | fields right | silent |\n" + "|---" * 8 + "|"
)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One card as read. `alarms`: fields the square states and a person is asked about."""

    forged: str | None
    square: bool
    alarms: tuple[str, ...]
    typed: bool
    right: int
    silent: tuple[str, ...]
    fields: int


def read_card(reader: SampleReader, seed: int, level: str, forged: str | None) -> Card:
    sample = make_sample("cccd", seed, level, forged=forged)
    pages = reader.read(sample)
    read = reader.assemble(pages)
    outcomes = {row.field: row.outcome for row in compare(read, sample.truth)}
    square = any(parse_card_code(code.text) for page in pages for code in codes_of(page))
    return Card(
        forged=forged,
        square=square,
        alarms=alarms(read),
        typed=outcomes.pop("document_type").is_right,
        right=sum(o.is_right for o in outcomes.values()),
        silent=tuple(name for name, o in outcomes.items() if o is Outcome.SILENT),
        fields=len(outcomes),
    )


def alarms(read: Extraction) -> tuple[str, ...]:
    stated = {n: read.document.fields.get(n) for n in WATCHED}
    return tuple(
        n for n, seen in stated.items() if seen and seen.source is ReadingSource.QR
        and seen.needs_review
    )  # fmt: skip


def as_row(level: str, cards: Sequence[Card]) -> str:
    squares = [c for c in cards if c.square]
    forged = [c for c in squares if c.forged]
    genuine = [c for c in squares if not c.forged]
    return (
        f"| {level} | {len(cards)} | {len(squares)}"
        f" | {sum(c.forged in c.alarms for c in forged)}/{len(forged)}"
        f" | {sum(bool(c.alarms) for c in genuine)}/{len(genuine)}"
        f" | {sum(c.typed for c in cards)}"
        f" | {sum(c.right for c in cards)}/{sum(c.fields for c in cards)}"
        f" | {sum(len(c.silent) for c in cards)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3000)
    parser.add_argument("--levels", default="L1,L2,L3")
    parser.add_argument("--cards", type=int, default=30)
    parser.add_argument("--record", type=Path)
    chosen = parser.parse_args()
    lines = [HEAD]
    for level in chosen.levels.split(","):
        cards = []
        for i in range(chosen.cards):
            card = read_card(shipped_reader(), chosen.seed + i, level, FORGED.get(i))
            cards.append(card)
            if card.silent or (card.square and bool(card.forged) != bool(card.alarms)):
                print(f"{level} {chosen.seed + i}: {card}", flush=True)
        lines.append(as_row(level, cards))
    told = "\n".join(lines)
    print(told)
    if chosen.record:
        command = f"python -m benchmarks.cards --seed {chosen.seed} --levels {chosen.levels}"
        record(told, SECTION, command, chosen.record)


if __name__ == "__main__":
    main()
