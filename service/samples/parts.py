# SPDX-License-Identifier: Apache-2.0
"""Parts that Vietnamese official papers share: header, signature block, seal, stamps.

Places and styles follow NĐ 30/2020/NĐ-CP, PL I (ô 1-10).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.extraction import FieldContent
from service.samples.canvas import RED_INK, Piece, mm
from service.samples.draft import Layout, Wishes
from service.samples.flow import Paper, width_of
from service.samples.fonts import SCAN_DPI
from service.samples.invented import make_name, pick
from service.samples.office import Office
from service.samples.pen import arrival_stamp, boxed_stamp, round_seal, signature, written_digits

STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the head of a paper says. `subject`: the V/v lines of a công văn, under the number."""

    office: Office
    number: str
    symbol: str
    issued_on: dt.date
    subject: str | None = None
    dated: bool = True

    @property
    def full_number(self) -> str:
        return f"{self.number}/{self.symbol}"


def header_values(header: Header) -> dict[str, FieldContent]:
    values: dict[str, FieldContent] = {
        "number": header.number,
        "symbol": header.symbol,
        "full_number": header.full_number,
        "issuer": header.office.name,
        "parent_issuer": header.office.parent,
    }
    if header.dated:
        values |= {"issued_on": header.issued_on.isoformat(), "place": header.office.place}
    return values


def draw_header(
    paper: Paper, header: Header, layout: Layout, wishes: Wishes, *, by_hand: bool
) -> None:
    """Ô 1-4 and 5b; the cursor ends under the lower of the two columns. No symbol: no number."""
    split = paper.left + (paper.right - paper.left) * layout.header_split
    left = (paper.left - mm(6), split)
    right = (split, paper.right + mm(3))
    top = paper.y + paper.line_height
    bottom = _office_lines(paper, header.office, left, top)
    state = _state_lines(paper, right, top)
    level = max(bottom, state) + paper.line_height * 1.4
    if header.symbol:
        number = _number_pieces(paper, header, wishes, by_hand)
        paper.set_line(number, *left, align="centre", baseline=level)
    if header.dated:
        pieces = date_pieces(paper, header.office.place, header.issued_on, by_hand=by_hand)
        paper.set_line(pieces, *right, align="centre", baseline=level)
    paper.y = level
    if header.subject:
        paper.skip(0.1)
        small = paper.style(size=paper.body.size - 1.5)
        piece = Piece(text=header.subject, style=small, fields=("abstract",))
        paper.paragraph([piece], x0=left[0], x1=left[1] - mm(2), align="centre")
        paper.skip(0.6)


def _office_lines(paper: Paper, office: Office, span: tuple[float, float], top: float) -> float:
    step = paper.body.size * SCAN_DPI / 72 * 1.15
    base = top
    size = _fitting(paper, (*office.upper, *office.lines), span[1] - span[0])
    for text in office.upper:
        piece = Piece(text=text, style=paper.style(size=size), fields=("parent_issuer",))
        paper.set_line([piece], *span, align="centre", baseline=base)
        base += step
    for text in office.lines:
        piece = Piece(text=text, style=paper.style(size=size, bold=True), fields=("issuer",))
        box = paper.set_line([piece], *span, align="centre", baseline=base)
        base += step
    if box:  # a rule of one third to one half of the line below the name (NĐ 30, PL I)
        wide = (box[2] - box[0]) * 0.42
        middle = (span[0] + span[1]) / 2
        paper.sheet.rule(middle - wide / 2, middle + wide / 2, base - step + 24, 4)
    return base - step


def _fitting(paper: Paper, texts: Sequence[str], room: float) -> float:
    """The largest size, 13 points at most, at which every line fits in bold."""
    size = min(13.0, paper.body.size)
    while size > 8 and any(
        width_of(Piece(text=t, style=paper.style(size=size, bold=True))) > room for t in texts
    ):
        size -= 0.5
    return size


def _state_lines(paper: Paper, span: tuple[float, float], top: float) -> float:
    step = paper.body.size * SCAN_DPI / 72 * 1.15
    size = _fitting(paper, (STATE,), span[1] - span[0])
    state = Piece(text=STATE, style=paper.style(size=size, bold=True))
    paper.set_line([state], *span, align="centre", baseline=top)
    motto = Piece(text=MOTTO, style=paper.style(size=size + 0.5, bold=True))
    paper.set_line([motto], *span, align="centre", baseline=top + step)
    middle, wide = (span[0] + span[1]) / 2, width_of(motto)
    paper.sheet.rule(middle - wide / 2, middle + wide / 2, top + step + 20, 4)
    return top + step


def _number_pieces(paper: Paper, header: Header, wishes: Wishes, by_hand: bool) -> list[Piece]:
    style = paper.style(size=min(13.0, paper.body.size), tone=214 if wishes.faded else 0)
    plain = paper.style(size=style.size)
    number = Piece(
        text=header.number, style=style, fields=("number", "full_number"), by_hand=by_hand,
        gap=mm(14) if by_hand else 0,
    )  # fmt: skip
    label = Piece(text="Số:" if by_hand else "Số: ", style=plain)
    slash = Piece(text="/", style=plain, fields=("full_number",))
    symbol = Piece(text=header.symbol, style=plain, fields=("symbol", "full_number"))
    return [label, number, slash, symbol]


def date_pieces(
    paper: Paper, place: str, day: dt.date, *, by_hand: bool, key: str = "issued_on"
) -> list[Piece]:
    style = paper.style(size=min(13.5, paper.body.size), italic=True)
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    gap = mm(9) if by_hand else 0
    digits = Piece(text=f"{day.day:02d}", style=style, fields=(key,), by_hand=by_hand, gap=gap)
    return [
        Piece(text=place, style=style, fields=("place",)),
        Piece(text=", ", style=style),
        Piece(text="ngày" if by_hand else "ngày ", style=style, fields=(key,)),
        digits,
        Piece(text=f" tháng {month} năm {day.year}", style=style, fields=(key,)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Ô 7: authority lines, title and name."""

    authority: tuple[str, ...]
    title: str
    signer: str

    @property
    def values(self) -> dict[str, FieldContent]:
        return {
            "signing_authority": list(self.authority),
            "signer_title": self.title,
            "signer": self.signer,
        }


def make_closing(paper: Paper, office: Office, *, collective: bool) -> Closing:
    """Who signs: the head, or a deputy "KT."; "TM." where the body acts as a whole."""
    authority: list[str] = []
    if collective and office.collective:
        authority.append(office.collective)
    deputy = bool(paper.random.random() < 0.5)
    if deputy:
        authority.append(f"KT. {office.head}")
    gender = pick(paper.random, ("Nam", "Nam", "Nữ"))
    return Closing(
        authority=tuple(authority),
        title=office.deputy if deputy else office.head,
        signer=make_name(paper.random, gender),
    )


def draw_closing(
    paper: Paper, office: Office, closing: Closing, layout: Layout, recipients: Sequence[str]
) -> None:
    """Ô 9b at the left, ô 7 and 8 at the right, level with each other."""
    paper.need(mm(58))
    paper.skip(0.5)
    top = paper.y
    if recipients:
        _recipients(paper, recipients, layout)
    after = paper.y
    paper.y = top
    middle = paper.left + (paper.right - paper.left) * layout.signature_share
    draw_signature(paper, office, closing, (middle, paper.right))
    paper.y = max(after, paper.y)


def draw_signature(
    paper: Paper,
    office: Office,
    closing: Closing,
    span: tuple[float, float],
    *,
    sealed: bool = True,
) -> None:
    """Authority, title, room for the hand, name; seal one third over the signature (ô 8)."""
    bold = paper.style(bold=True, size=min(14.0, paper.body.size))
    for text in closing.authority:
        piece = Piece(text=text, style=bold, fields=("signing_authority",))
        paper.paragraph([piece], x0=span[0], x1=span[1], align="centre")
    title = Piece(text=closing.title, style=bold, fields=("signer_title",))
    paper.paragraph([title], x0=span[0], x1=span[1], align="centre")
    top = paper.y
    paper.y += mm(26)
    name = Piece(text=closing.signer, style=bold, fields=("signer",))
    paper.set_line([name], *span, align="centre")
    middle = (span[0] + span[1]) / 2
    hand = signature(mm(46), mm(22), paper.random)
    paper.sheet.paste(middle - mm(20), top + mm(4), hand, paper.ink, after=True)
    if sealed:
        seal = round_seal(*office.seal, paper.style(size=8.5, bold=True), paper.random)
        x = middle - mm(34) + mm(paper.random.uniform(-2, 3))
        paper.sheet.paste(x, top - mm(1.5), seal, RED_INK, after=True)


def _recipients(paper: Paper, recipients: Sequence[str], layout: Layout) -> None:
    head = paper.style(size=12.0 if paper.body.size >= 13 else 11.0, bold=True, italic=True)
    small = paper.style(size=11.0 if paper.body.size >= 13 else 10.0)
    right = paper.left + (paper.right - paper.left) * (layout.signature_share - 0.04)
    paper.paragraph([Piece(text="Nơi nhận:", style=head)], x1=right, align="left")
    for i, text in enumerate(recipients):
        end = "." if i + 1 == len(recipients) else ";"
        piece = Piece(text=text, style=small, fields=("recipients",))
        lead = Piece(text="- ", style=small)
        row = [lead, piece, Piece(text=end, style=small)]
        paper.paragraph(row, x1=right, align="left")


def stamp_arrival(paper: Paper, office: Office, arrived: dt.date, top: float) -> None:
    """Dấu ĐẾN, 35 x 50 mm, in the free corner under the number; number and day by pen."""
    sheet = paper.sheets[0]
    x, y = paper.left - mm(8), top + mm(paper.random.uniform(-1, 3))
    sheet.paste(x, y, arrival_stamp(office.short, paper.style(size=9.0)), RED_INK)
    number = written_digits(str(int(paper.random.integers(100, 2999))), mm(4.2), paper.random)
    sheet.paste(x + mm(25), y + mm(9), number, paper.ink)
    day = written_digits(f"{arrived.day:02d}", mm(4.2), paper.random)
    sheet.paste(x + mm(25), y + mm(17), day, paper.ink)


def stamp_word(paper: Paper, text: str, key: str, x: float, y: float) -> float:
    """HỎA TỐC, KHẨN, MẬT: boxed and red, on the first sheet (ô 10a, 10b); gives its height."""
    sheet = paper.sheets[0]
    mask = boxed_stamp(text, paper.style(size=13.0, bold=True), paper.random)
    sheet.paste(x, y, mask, RED_INK)
    box = (x + 15, y + 15, x + mask.shape[1] - 15, y + mask.shape[0] - 15)
    sheet.mark(box, (key,))
    sheet.note_line(text, [box])
    return float(mask.shape[0])


def centred(
    paper: Paper,
    text: str,
    *,
    size: float = 0,
    fields: tuple[str, ...] = (),
    bold: bool = True,
    italic: bool = False,
) -> None:
    """A centred paragraph in the middle of the measure."""
    style = paper.style(size=size or paper.body.size, bold=bold, italic=italic)
    paper.paragraph([Piece(text=text, style=style, fields=fields)], align="centre")
