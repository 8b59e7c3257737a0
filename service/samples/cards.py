# SPDX-License-Identifier: Apache-2.0
"""Căn cước công dân with chip: front and back as offices copy them, on one A4 sheet or on two.

The portrait is a grey shape across which "MẪU" is written, and the lines, codes and numbers are
enough to test the reading and no more: no guilloche, no emblem, no chip.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import cv2
import numpy as np

from service.samples.canvas import WIDTH, Canvas, Mask, Piece, mm
from service.samples.codes import card_qr, qr_mask, zone_lines
from service.samples.draft import LAYOUTS, Draft, Layout, Wishes
from service.samples.flow import Paper
from service.samples.fonts import ARIMO, COUSINE, Family, Style
from service.samples.invented import Person, make_name, make_person, slashed
from service.samples.parts import MOTTO, STATE

WIDE, TALL = mm(85.6), mm(54)
_TINT = (214, 232, 236)
_GREY = (150, 158, 164)


def compose_card(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """CCCD (TT 06/2021/TT-BCA). Places are the card's own, the face is without serifs.

    The layouts of letters stand for how the two sides are copied: below each other, beside each
    other, on two sheets.
    """
    person = wishes.holder or make_person(random)
    face = ARIMO if family.serif else family
    paper = Paper(random=random, body=Style(family=face, size=7.0))
    way = LAYOUTS.index(layout)
    x = mm(random.uniform(9, 13)) if way == 1 else _middle(random)
    y = mm(random.uniform(30, 50))
    expires = _expiry(person)
    stated = _forge(person, wishes.forged, random) if wishes.forged else person
    _front(paper, person, expires, x, y, stated)
    if way == 1:
        _back(paper, person, expires, x + WIDE + mm(random.uniform(6, 12)), y)
    elif way == 2:
        paper.sheets.append(Canvas())
        _back(paper, person, expires, _middle(random), y)
    else:
        _back(paper, person, expires, x, y + TALL + mm(random.uniform(8, 30)))
    values = {
        "id": person.number,
        "full_name": person.capitals,
        "born_on": person.born_on.isoformat(),
        "gender": person.gender,
        "nationality": "Việt Nam",
        "origin": person.home.full,
        "residence": person.home.address,
        "valid_to": expires.isoformat() if expires else None,
    }
    how = ("one side below the other", "sides beside each other", "a sheet for each side")[way]
    return Draft(sheets=tuple(paper.sheets), values=values, features=(how,))


def _middle(random: np.random.Generator) -> int:
    return (WIDTH - WIDE) // 2 + mm(random.uniform(-20, 20))


def _expiry(person: Person) -> dt.date | None:
    """The birthday at 25, 40 or 60 that comes next; after 60 the card does not expire."""
    for age in (25, 40, 60):
        year = person.born_on.year + age
        if year > person.id_issued_on.year + 2:
            leap = person.born_on.month == 2 and person.born_on.day == 29
            return person.born_on.replace(year=year, day=28 if leap else person.born_on.day)
    return None


def _forge(person: Person, field: str, random: np.random.Generator) -> Person:
    """Whom the pasted QR square names: the same but for one field.

    Of the number one digit of the last six is another: sex and year of birth still fit it.
    """
    other = make_person(random)
    if field == "id":
        at, shift = int(random.integers(6, 12)), int(random.integers(1, 10))
        digit = (int(person.number[at]) + shift) % 10
        return replace(person, number=f"{person.number[:at]}{digit}{person.number[at + 1 :]}")
    if field == "full_name":
        return replace(person, name=make_name(random, person.gender))
    if field == "born_on":
        return replace(person, born_on=other.born_on)
    raise ValueError(f"no card is forged in {field!r}")


def _front(
    paper: Paper, person: Person, expires: dt.date | None, x: int, y: int, stated: Person
) -> None:
    sheet = paper.sheet
    _blank_card(sheet, x, y)
    middle = (x + mm(12), x + WIDE - mm(19))
    _say(paper, STATE, middle, y + mm(5.5), size=6.4, bold=True, centre=True)
    _say(paper, MOTTO, middle, y + mm(8.6), size=6.2, bold=True, centre=True)
    _say(paper, "CĂN CƯỚC CÔNG DÂN", middle, y + mm(14.2), size=9.5, bold=True, centre=True)
    _say(paper, "Citizen Identity Card", middle, y + mm(17.2), size=6.2, centre=True)
    code = qr_mask(card_qr(stated), 3)
    sheet.paste(x + WIDE - code.shape[1] - mm(2), y + mm(2.5), code, (0, 0, 0))
    _portrait(sheet, x + mm(3), y + mm(20))
    left = x + mm(27)
    base = y + mm(22.4)
    _field(paper, "Số / No.:", person.number, "id", left, base, size=9.5, bold=True)
    _field(paper, "Họ và tên / Full name:", "", "", left, base + mm(3.4))
    _field(paper, "", person.capitals, "full_name", left, base + mm(7.2), size=8.5, bold=True)
    _field(paper, "Ngày sinh / Date of birth:", slashed(person.born_on), "born_on", left,
           base + mm(11))  # fmt: skip
    end = _field(paper, "Giới tính / Sex:", person.gender, "gender", left, base + mm(14.6))
    _field(paper, "Quốc tịch / Nationality:", "Việt Nam", "nationality",
           max(end + mm(1.2), left + mm(22)), base + mm(14.6))  # fmt: skip
    _field(paper, "Quê quán / Place of origin:", "", "", left, base + mm(18.2))
    _field(paper, "", person.home.full, "origin", left, base + mm(21.6))
    paper.y = base + mm(21.9)
    home = Piece(text=person.home.address, style=paper.style(size=6.6), fields=("residence",))
    label = Piece(text="Nơi thường trú / Place of residence: ", style=paper.style(size=6.6))
    paper.paragraph([label, home], x0=left, x1=x + WIDE - mm(2), align="left")
    day = slashed(expires) if expires else "Không thời hạn"
    _field(paper, "Có giá trị đến:", day, "valid_to", x + mm(2), y + mm(50.5), size=5.6)


def _back(paper: Paper, person: Person, expires: dt.date | None, x: int, y: int) -> None:
    sheet, random = paper.sheet, paper.random
    _blank_card(sheet, x, y)
    mark = "Nốt ruồi C: 1cm trên trước đuôi mắt phải"
    left, middle = x + mm(4), (x + mm(22), x + WIDE - mm(20))
    _field(paper, "Đặc điểm nhận dạng / Personal identification:", "", "", left, y + mm(5))
    _field(paper, "", mark, "", left, y + mm(8.5))
    _field(paper, "Ngày, tháng, năm / Date, month, year:", slashed(person.id_issued_on), "", left,
           y + mm(12.5))  # fmt: skip
    for i, line in enumerate(("CỤC TRƯỞNG CỤC CẢNH SÁT", "QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI")):
        _say(paper, line, middle, y + mm(17 + 3 * i), size=5.0, bold=True, centre=True)
    _say(paper, make_name(random, "Nam"), middle, y + mm(30), size=6.4, bold=True, centre=True)
    for i in range(2):
        sheet.frame((x + WIDE - mm(18), y + mm(3 + 16 * i), x + WIDE - mm(4), y + mm(18 + 16 * i)))
    valid = f"{expires:%y%m%d}" if expires else "991231"
    for i, row in enumerate(zone_lines(person, valid)):
        style = Style(family=COUSINE, size=10.4)
        piece = Piece(text=row, style=style)
        paper.set_line([piece], x + mm(5), x + WIDE, baseline=y + mm(39.5 + 5 * i))


def _blank_card(sheet: Canvas, x: int, y: int) -> None:
    sheet.paste(x, y, _rounded(WIDE, TALL, mm(3)), _TINT)


def _rounded(wide: int, tall: int, radius: int) -> Mask:
    mask = np.zeros((tall, wide), np.uint8)
    cv2.rectangle(mask, (radius, 0), (wide - radius, tall), 255, -1)
    cv2.rectangle(mask, (0, radius), (wide, tall - radius), 255, -1)
    for cx in (radius, wide - radius - 1):
        for cy in (radius, tall - radius - 1):
            cv2.circle(mask, (cx, cy), radius, 255, -1)
    return mask


def _portrait(sheet: Canvas, x: float, y: float) -> None:
    """Head and shoulders as a flat shape, crossed by "MẪU"."""
    wide, tall = mm(20), mm(26)
    mask = np.full((tall, wide), 70, np.uint8)
    cv2.ellipse(mask, (wide // 2, mm(10)), (mm(5), mm(6.5)), 0, 0, 360, 190, -1)
    cv2.ellipse(mask, (wide // 2, tall + mm(2)), (mm(9), mm(9)), 0, 0, 360, 190, -1)
    sheet.paste(x, y, mask, _GREY)
    style = Style(family=ARIMO, size=11, bold=True, tone=90)
    box = sheet.write(x + mm(4.5), y + mm(23), Piece(text="MẪU", style=style))
    if box:
        sheet.note_line("MẪU", [box])


def _say(
    paper: Paper, text: str, span: tuple[float, float], baseline: float, *,
    size: float, bold: bool = False, centre: bool = False,
) -> None:  # fmt: skip
    piece = Piece(text=text, style=paper.style(size=size, bold=bold))
    paper.set_line([piece], *span, align="centre" if centre else "left", baseline=baseline)


def _field(
    paper: Paper, label: str, text: str, key: str, x: float, baseline: float, *,
    size: float = 7.0, bold: bool = False,
) -> float:  # fmt: skip
    """Label and value; where their ink ends."""
    style = paper.style(size=size, bold=bold)
    small = paper.style(size=min(size, 6.6))
    pieces = [Piece(text=f"{label} ", style=small)] if label else []
    pieces.append(Piece(text=text, style=style, fields=(key,) if key else ()))
    box = paper.set_line(pieces, x, WIDTH, baseline=baseline)
    return box[2] if box else x
