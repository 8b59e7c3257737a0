# SPDX-License-Identifier: Apache-2.0
"""Văn bản hành chính in the layout of NĐ 30/2020/NĐ-CP, PL I, with exact truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.specimens import ink
from service.specimens.people import (
    COMMUNES,
    DEPARTMENTS,
    PROVINCES,
    SENTENCES,
    SUBJECTS,
    long_date,
    person,
    pick,
)
from service.specimens.sheet import DPI, HEIGHT, MM, WIDTH, Family, Sheet

LEFT, RIGHT = 30 * MM, WIDTH - 18 * MM
LETTERS = {
    "quyet_dinh": ("QĐ", "QUYẾT ĐỊNH"),
    "cong_van": ("", ""),
    "thong_bao": ("TB", "THÔNG BÁO"),
    "ke_hoach": ("KH", "KẾ HOẠCH"),
    "bao_cao": ("BC", "BÁO CÁO"),
    "to_trinh": ("TTr", "TỜ TRÌNH"),
    "giay_moi": ("GM", "GIẤY MỜI"),
    "bien_ban": ("BB", "BIÊN BẢN"),
    "chi_thi": ("CT", "CHỈ THỊ"),
    "nghi_quyet": ("NQ", "NGHỊ QUYẾT"),
    "huong_dan": ("HD", "HƯỚNG DẪN"),
    "phuong_an": ("PA", "PHƯƠNG ÁN"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says before it is set: the truth, and how it looks."""

    type_code: str
    truth: dict[str, Any]
    handwritten: bool
    blank_number: bool
    secrecy: str | None


def compose_letter(
    type_code: str,
    rng: np.random.Generator,
    *,
    handwritten: bool = False,
    secrecy: str | None = None,
) -> Letter:
    short, _ = LETTERS[type_code]
    province, place, _ = PROVINCES[int(rng.integers(len(PROVINCES)))]
    day = dt.date(2021, 1, 4) + dt.timedelta(days=int(rng.integers(0, 365 * 5)))
    parent, issuer, body = _issuer(rng, province)
    unit = pick(rng, ["VP", "TH", "KT", "NC", "VX"])
    symbol = f"{short}-{body}" if short else f"{body}-{unit}"
    number = f"{int(rng.integers(1, 2200)):02d}"
    subject = pick(rng, SUBJECTS).format(year=day.year)
    abstract = ("V/v " if type_code == "cong_van" else "Về ") + subject
    if subject[:4] != "việc":
        abstract = subject[0].upper() + subject[1:] if type_code != "cong_van" else "V/v " + subject
    heads = _signers(rng, issuer)
    signer = person(rng)
    addressees = (
        [pick(rng, [d for d, _ in DEPARTMENTS]), f"Ủy ban nhân dân xã {pick(rng, COMMUNES)}"]
        if type_code in ("cong_van", "to_trinh", "giay_moi")
        else []
    )
    truth: dict[str, Any] = {
        "document_type": type_code,
        "number": number,
        "symbol": symbol,
        "full_number": f"{number}/{symbol}",
        "issued_on": day.isoformat(),
        "place": place,
        "issuer": issuer,
        "parent_issuer": parent,
        "abstract": abstract,
        "addressees": addressees,
        "signing_authority": list(heads[:-1]),
        "signer_title": heads[-1],
        "signer": signer.name,
        "handwritten": handwritten,
    }
    return Letter(
        type_code=type_code,
        truth=truth,
        handwritten=handwritten,
        blank_number=False,
        secrecy=secrecy,
    )


def _issuer(rng: np.random.Generator, province: str) -> tuple[str | None, str, str]:
    """(parent, issuer, its initials in the symbol)."""
    kind = int(rng.integers(3))
    if kind == 0:
        return None, f"Ủy ban nhân dân {province}", "UBND"
    if kind == 1:
        name, initials = DEPARTMENTS[int(rng.integers(len(DEPARTMENTS)))]
        return f"Ủy ban nhân dân {province}", name, initials
    return f"Ủy ban nhân dân {province}", f"Ủy ban nhân dân xã {pick(rng, COMMUNES)}", "UBND"


def _signers(rng: np.random.Generator, issuer: str) -> tuple[str, ...]:
    if issuer.startswith("Ủy ban"):
        return (
            ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
            if rng.random() < 0.5
            else ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
        )
    return ("GIÁM ĐỐC",) if rng.random() < 0.5 else ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC")


def set_letter(letter: Letter, family: Family, rng: np.random.Generator) -> list[Sheet]:
    """Write the letter on one or two sheets."""
    sheet = Sheet(family)
    size = float(rng.choice([13, 13.5, 14]))
    y = _header(sheet, letter, rng)
    y = _title(sheet, letter, y, size)
    sheets = [sheet]
    paragraphs = _body(letter, rng, int(rng.integers(3, 9)))
    for style, text in paragraphs:
        if y > HEIGHT - 95 * MM and text is not paragraphs[-1][1]:
            sheet = Sheet(family)
            sheet.write(WIDTH / 2, 14 * MM, str(len(sheets) + 1), 13, align="centre")
            sheets.append(sheet)
            y = 25 * MM
        indent = 10 * MM if style != "bold" else 0
        y = sheet.paragraph(LEFT, y, RIGHT - LEFT, text, size, style, indent=indent) + 10
    if y > HEIGHT - 85 * MM:
        sheet = Sheet(family)
        sheets.append(sheet)
        y = 30 * MM
    _closing(sheet, letter, y + 20, rng)
    letter.truth["page_count"] = len(sheets)
    return sheets


def _header(sheet: Sheet, letter: Letter, rng: np.random.Generator) -> float:
    truth = letter.truth
    left, right = LEFT + 32 * MM, RIGHT - 45 * MM
    y = float(rng.uniform(19, 24)) * MM
    step = 13 * DPI / 72 * 1.25
    sheet.write(right, y, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12.5, "bold", align="centre")
    sheet.write(right, y + step, "Độc lập - Tự do - Hạnh phúc", 13.5, "bold", align="centre")
    sheet.rule(right - 34 * MM, y + 2.25 * step, right + 34 * MM)
    at = y
    if truth["parent_issuer"]:
        at = _office(sheet, left, at, truth["parent_issuer"], "regular", "parent_issuer")
    at = _office(sheet, left, at, truth["issuer"], "bold", "issuer")
    sheet.rule(left - 14 * MM, at + 6, left + 14 * MM)
    y = max(at, y + 2 * step) + step * 0.8
    _number_line(sheet, letter, left, y, rng)
    _date_line(sheet, letter, right, y, rng)
    if letter.type_code == "cong_van":
        y = sheet.paragraph(
            left - 33 * MM,
            y + step * 1.1,
            66 * MM,
            truth["abstract"],
            12,
            key="abstract",
            align="centre",
            leading=1.2,
        )
    if letter.secrecy:
        ink.boxed(sheet, left - 12 * MM, y + step * 1.3, letter.secrecy)
    return y + step * 2


def _office(sheet: Sheet, x: float, y: float, name: str, style: str, key: str) -> float:
    words, size = name.upper(), 12.5
    if sheet.width(words, size, style) > 74 * MM:
        cut = words.rfind(" ", 0, len(words) // 2 + 6)
        parts = [words[:cut], words[cut + 1 :]]
    else:
        parts = [words]
    for part in parts:
        sheet.write(x, y, part, size, style, key=key, align="centre")
        y += size * DPI / 72 * 1.2
    return y


def _number_line(
    sheet: Sheet, letter: Letter, x: float, y: float, rng: np.random.Generator
) -> None:
    number, symbol = letter.truth["number"], letter.truth["symbol"]
    if not letter.handwritten:
        start = x - sheet.width(f"Số: {number}/{symbol}", 13) / 2
        before = sheet.write(start, y, "Số: ", 13, line=False)
        middle = sheet.write(before, y, number, 13, key="number", line=False)
        end = sheet.write(middle, y, "/", 13, line=False)
        sheet.write(end, y, symbol, 13, key="symbol", line=False)
        sheet.lines.append(
            {"text": f"Số: {number}/{symbol}", "box": _around(sheet, "number", "symbol", start)}
        )
        return
    gap = 16 * MM
    start = x - (sheet.width(f"Số: /{symbol}", 13) + gap) / 2
    before = sheet.write(start, y, "Số: ", 13)
    ink.handwrite(sheet, before + 1 * MM, y - 0.6 * MM, number, rng, key="number")
    sheet.write(before + gap, y, f"/{symbol}", 13, key="symbol")


def _around(sheet: Sheet, first: str, last: str, start: float) -> list[float]:
    a, b = sheet.boxes[first], sheet.boxes[last]
    return [round(start / WIDTH, 5), min(a[1], b[1]), b[2], max(a[3], b[3])]


def _date_line(sheet: Sheet, letter: Letter, x: float, y: float, rng: np.random.Generator) -> None:
    truth, day = letter.truth, dt.date.fromisoformat(letter.truth["issued_on"])
    if not letter.handwritten:
        text = f"{truth['place']}, {long_date(day)}"
        start = x - sheet.width(text, 13, "italic") / 2
        end = sheet.write(start, y, f"{truth['place']}, ", 13, "italic", key="place", line=False)
        sheet.write(end, y, long_date(day), 13, "italic", key="issued_on", line=False)
        sheet.lines.append({"text": text, "box": _around(sheet, "place", "issued_on", start)})
        return
    gap, month = 13 * MM, long_date(day).split(" tháng ")[1]
    start = x - (sheet.width(f"{truth['place']}, ngày  tháng {month}", 13, "italic") + gap) / 2
    end = sheet.write(start, y, f"{truth['place']}, ", 13, "italic", key="place", line=False)
    end = sheet.write(end, y, "ngày ", 13, "italic", key="issued_on")
    ink.handwrite(sheet, end, y - 0.6 * MM, f"{day.day:02d}", rng, key="issued_on")
    sheet.write(end + gap, y, f"tháng {month}", 13, "italic", key="issued_on")


def _title(sheet: Sheet, letter: Letter, y: float, size: float) -> float:
    truth, centre = letter.truth, (LEFT + RIGHT) / 2
    if letter.type_code != "cong_van":
        sheet.write(centre, y, LETTERS[letter.type_code][1], 14, "bold", align="centre")
        y += 14 * DPI / 72 * 1.25
        y = sheet.paragraph(
            LEFT + 20 * MM,
            y,
            RIGHT - LEFT - 40 * MM,
            truth["abstract"],
            14,
            "bold",
            key="abstract",
            align="centre",
        )
        sheet.rule(centre - 18 * MM, y + 8, centre + 18 * MM)
        y += 50
    if truth["addressees"]:
        start = LEFT + 25 * MM
        sheet.write(start, y, "Kính gửi:", size)
        for name in truth["addressees"]:
            end = ";" if name != truth["addressees"][-1] else "."
            sheet.write(start + 22 * MM, y, f"- {name}{end}", size, key="addressees")
            y += size * DPI / 72 * 1.35
        y += 20
    return y


def _body(letter: Letter, rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if letter.type_code in ("quyet_dinh", "nghi_quyet"):
        rows += [
            ("italic", "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;"),
            (
                "italic",
                "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
            ),
        ]
        rows += [
            ("regular", f"Điều {n}. {pick(rng, SENTENCES)}") for n in range(1, min(count, 5) + 1)
        ]
        return rows
    order = rng.permutation(len(SENTENCES))
    for n in range(count):
        rows.append(("regular", f"{n + 1}. {SENTENCES[int(order[n % len(order)])]}"))
    return rows


def _closing(sheet: Sheet, letter: Letter, y: float, rng: np.random.Generator) -> None:
    truth = letter.truth
    step = 13 * DPI / 72 * 1.2
    sheet.write(LEFT, y, "Nơi nhận:", 12, "bold")
    truth["recipients"] = ["Như trên", f"Lưu: VT, {pick(rng, ['TH', 'KT', 'NC'])}"]
    for n, name in enumerate(truth["recipients"], 1):
        end = ";" if n < len(truth["recipients"]) else "."
        sheet.write(LEFT, y + n * step * 0.95, f"- {name}{end}", 11, key="recipients")
    x = RIGHT - 40 * MM
    for line in truth["signing_authority"]:
        sheet.write(x, y, line, 13, "bold", key="signing_authority", align="centre")
        y += step
    sheet.write(x, y, truth["signer_title"], 13, "bold", key="signer_title", align="centre")
    y += step + 26 * MM
    ink.signature(sheet, x, y - 13 * MM, rng)
    sheet.write(x, y, truth["signer"], 13.5, "bold", key="signer", align="centre")
    ink.seal(sheet, x - 20 * MM, y - 12 * MM, rng, truth["issuer"])
