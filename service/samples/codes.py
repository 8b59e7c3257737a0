# SPDX-License-Identifier: Apache-2.0
"""Codes a machine reads back: QR squares and the zone of an identity card (ICAO 9303-5, TD1)."""

from __future__ import annotations

import unicodedata

import numpy as np
import segno

from ocr.identifiers import check_digit
from service.samples.canvas import Mask
from service.samples.invented import Person


def qr_mask(text: str, module: int) -> Mask:
    """Full ink where the code is dark; `module` pixels a module, no quiet zone."""
    matrix = np.asarray([list(row) for row in segno.make(text, error="m", micro=False).matrix])
    return np.kron(matrix.astype(np.uint8) * 255, np.ones((module, module), np.uint8))


def card_qr(person: Person) -> str:
    """The seven fields of the chip card: number, old number, name, birth, sex, home, issued."""
    return "|".join(
        (
            person.number,
            "",
            person.name,
            f"{person.born_on:%d%m%Y}",
            person.gender,
            person.home.address,
            f"{person.id_issued_on:%d%m%Y}",
        )
    )


def zone_lines(person: Person, expires: str) -> tuple[str, str, str]:
    """Three lines of thirty; `expires` as yymmdd."""
    number = person.number[3:]
    first = f"IDVNM{number}{check_digit(number)}{person.number}<<"
    first += str(check_digit(first[15:29]))
    born = f"{person.born_on:%y%m%d}"
    sex = "M" if person.gender == "Nam" else "F"
    second = f"{born}{check_digit(born)}{sex}{expires}{check_digit(expires)}VNM" + "<" * 11
    second += str(check_digit(first[5:] + second[:7] + second[8:15] + second[18:29]))
    surname, *rest = _plain(person.name).split()
    third = f"{surname}<<{'<'.join(rest)}"[:30].ljust(30, "<")
    return first, second, third


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in apart if not unicodedata.combining(c)).upper()
