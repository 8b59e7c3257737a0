# SPDX-License-Identifier: Apache-2.0
"""Papers of the NĐ 30/2020/NĐ-CP family: decision, letter, notice, plan, report and others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ocr.extraction import FieldContent
from service.samples.canvas import Piece, mm
from service.samples.draft import Draft, Layout, Wishes, open_paper
from service.samples.flow import Paper, set_table
from service.samples.fonts import Family
from service.samples.invented import (
    long_date,
    make_date,
    make_name,
    make_place,
    money,
    number_words,
    pick,
    workday,
)
from service.samples.office import Office, council_office, make_office
from service.samples.official_text import (
    ADDRESSEES,
    CITATIONS,
    DUTIES,
    HEADINGS,
    RECIPIENTS,
    SUBJECTS,
    TABLE_ITEMS,
)
from service.samples.parts import (
    Header,
    centred,
    draw_closing,
    draw_header,
    header_values,
    make_closing,
    stamp_arrival,
    stamp_word,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the types of NĐ 30, Đ.7: title as printed, symbol, how its abstract begins."""

    code: str
    title: str
    symbol: str
    verbs: tuple[str, ...]
    body: str
    collective: bool = False


KINDS = {
    k.code: k
    for k in (
        Kind(code="quyet_dinh", title="QUYẾT ĐỊNH", symbol="QĐ", body="articles",
             verbs=("Ban hành Kế hoạch", "Về việc kiện toàn Ban Chỉ đạo", "Phê duyệt Phương án",
                    "Về việc thành lập Tổ công tác")),
        Kind(code="nghi_quyet", title="NGHỊ QUYẾT", symbol="NQ", body="articles", collective=True,
             verbs=("Về nhiệm vụ", "Thông qua Kế hoạch", "Về việc phân bổ kinh phí")),
        Kind(code="cong_van", title="", symbol="", body="letter", collective=True,
             verbs=("V/v tăng cường công tác", "V/v báo cáo kết quả", "V/v đôn đốc thực hiện",
                    "V/v phối hợp triển khai")),
        Kind(code="thong_bao", title="THÔNG BÁO", symbol="TB", body="letter", collective=True,
             verbs=("Về việc", "Kết quả công tác", "Về việc triển khai")),
        Kind(code="ke_hoach", title="KẾ HOẠCH", symbol="KH", body="sections", collective=True,
             verbs=("Triển khai công tác", "Thực hiện nhiệm vụ", "Tổ chức công tác")),
        Kind(code="bao_cao", title="BÁO CÁO", symbol="BC", body="sections", collective=True,
             verbs=("Kết quả công tác", "Sơ kết công tác", "Tình hình thực hiện")),
        Kind(code="to_trinh", title="TỜ TRÌNH", symbol="TTr", body="sections", collective=True,
             verbs=("Về việc phê duyệt kinh phí", "Đề nghị ban hành Kế hoạch")),
        Kind(code="giay_moi", title="GIẤY MỜI", symbol="GM", body="invitation",
             verbs=("Dự họp về công tác", "Tham dự Hội nghị triển khai")),
        Kind(code="bien_ban", title="BIÊN BẢN", symbol="BB", body="minutes",
             verbs=("Họp triển khai công tác", "Kiểm tra công tác")),
        Kind(code="chi_thi", title="CHỈ THỊ", symbol="CT", body="sections",
             verbs=("Về việc tăng cường", "Về việc đẩy mạnh công tác")),
    )
}  # fmt: skip


@dataclass(slots=True)
class Work:
    """What the bodies of one paper share while it is being composed."""

    paper: Paper
    layout: Layout
    kind: Kind
    office: Office
    issued_on: dt.date
    abstract: str
    slots: dict[str, str]
    values: dict[str, FieldContent] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        return text.format(**self.slots)

    def text(self, text: str, *, bold: str = "", italic: bool = False, key: str = "") -> None:
        """A body paragraph; `bold` is a lead such as "Điều 1."."""
        pieces = [Piece(text=f"{bold} ", style=self.paper.style(bold=True))] if bold else []
        style = self.paper.style(italic=italic)
        pieces.append(Piece(text=self.fill(text), style=style, fields=(key,) if key else ()))
        self.paper.paragraph(pieces, indent=mm(self.layout.indent))
        self.paper.y += self.paper.line_height * 0.22

    def duties(self, count: int) -> list[str]:
        order = self.paper.random.permutation(len(DUTIES))[:count]
        return [DUTIES[int(i)] for i in order]


def compose_official(
    code: str, random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """One paper of type `code` with all of its truth."""
    kind = KINDS[code]
    paper = open_paper(random, family, layout)
    place = wishes.place or make_place(random)
    council = code == "nghi_quyet"
    office = council_office(place) if council else make_office(place, random)
    by_hand = bool(random.random() < 0.35) if wishes.handwritten is None else wishes.handwritten
    work, header = _start(paper, layout, kind, office)
    draw_header(paper, header, layout, wishes, by_hand=by_hand)
    _stamps(work, wishes)
    _title(work)
    _BODIES[kind.body](work)
    recipients = _recipients(work)
    closing = make_closing(paper, office, collective=kind.collective)
    draw_closing(paper, office, closing, layout, recipients)
    values = header_values(header) | work.values | closing.values | {"recipients": recipients}
    values |= {"abstract": work.abstract}
    if wishes.secrecy:  # a secret paper is stopped: nothing but its mark may be read
        values = {"secrecy": wishes.secrecy}
    return Draft(sheets=tuple(paper.sheets), values=values, handwritten=by_hand)


def _start(paper: Paper, layout: Layout, kind: Kind, office: Office) -> tuple[Work, Header]:
    random = paper.random
    day = workday(random, dt.date(2025, 7, 8), dt.date(2026, 6, 30))
    slots = _slots(random, office, day)
    abstract = f"{pick(random, kind.verbs)} {pick(random, SUBJECTS).format(**slots)}"
    number = (
        int(random.integers(1, 25)) if random.random() < 0.3 else int(random.integers(25, 2990))
    )
    symbol = f"{kind.symbol}-{office.code}" if kind.symbol else f"{office.code}-{office.desk}"
    work = Work(
        paper=paper, layout=layout, kind=kind, office=office, issued_on=day, abstract=abstract,
        slots=slots,
    )  # fmt: skip
    header = Header(
        office=office, number=f"{number:02d}", symbol=symbol, issued_on=day,
        subject=None if kind.title else abstract,
    )  # fmt: skip
    return work, header


def _slots(random: np.random.Generator, office: Office, day: dt.date) -> dict[str, str]:
    earlier = make_date(random, day - dt.timedelta(days=200), day - dt.timedelta(days=10))
    later = make_date(random, day + dt.timedelta(days=10), day + dt.timedelta(days=90))
    chief = f"{office.head.capitalize()} {office.short}" if office.collective else "Giám đốc Sở"
    return {
        "year": str(day.year), "later": str(day.year + 4), "d1": long_date(earlier),
        "d2": long_date(later), "n1": str(int(random.integers(20, 900))),
        "n2": str(int(random.integers(20, 3000))), "quarter": pick(random, ("I", "II", "III", "IV")),
        "province": office.seal[1].removeprefix("TỈNH ").title(), "short": office.short,
        "percent": str(int(random.integers(85, 100))), "percent2": str(int(random.integers(60, 85))),
        "count": money(int(random.integers(900, 45_000))), "chief": chief,
        "count2": money(int(random.integers(90, 900))),
    }  # fmt: skip


def _title(work: Work) -> None:
    paper, kind = work.paper, work.kind
    if not kind.title:
        return
    paper.skip(1.2)
    centred(paper, kind.title, size=paper.body.size)
    inset = mm(14)
    style = paper.style(bold=work.layout.bold_abstract)
    piece = Piece(text=work.abstract, style=style, fields=("abstract",))
    paper.paragraph([piece], x0=paper.left + inset, x1=paper.right - inset, align="centre")
    middle = (paper.left + paper.right) / 2
    paper.sheet.rule(middle - mm(22), middle + mm(22), paper.y + 26, 4)
    paper.skip(0.9)


def _citations(work: Work) -> None:
    order = work.paper.random.permutation(len(CITATIONS))[: int(work.paper.random.integers(3, 5))]
    rows = [CITATIONS[i] for i in sorted(int(i) for i in order)]
    rows.append("Theo đề nghị của Chánh Văn phòng tại Tờ trình số {n1}/TTr-VP {d1}")
    for i, row in enumerate(rows):
        work.text(row + ("." if i + 1 == len(rows) else ";"), italic=True)


def _articles(work: Work) -> None:
    """Căn cứ …; QUYẾT ĐỊNH: Điều 1 …; the last article says who carries it out."""
    chief = work.office.head if work.office.collective else "GIÁM ĐỐC SỞ"
    if work.kind.code == "nghi_quyet":
        head = " ".join(work.office.lines)
        work.paper.skip(0.1)
        centred(work.paper, head)
        work.paper.skip(0.4)
    elif work.office.collective:
        centred(work.paper, f"{chief} {' '.join(work.office.lines)}")
        work.paper.skip(0.4)
    else:
        centred(work.paper, f"{chief} {work.office.lines[0].removeprefix('SỞ ')}")
        work.paper.skip(0.4)
    _citations(work)
    work.paper.skip(0.3)
    centred(work.paper, f"{work.kind.title}:" if work.kind.title else "QUYẾT ĐỊNH:")
    work.paper.skip(0.4)
    lead = work.abstract.removeprefix("Về việc ")
    work.text(f"Ban hành kèm theo văn bản này nội dung: {lead}.", bold="Điều 1.")
    if work.paper.random.random() < 0.45:
        _budget_table(work)
    for duty in work.duties(int(work.paper.random.integers(1, 5))):
        work.text(f"- {duty}")
    work.text("Văn bản này có hiệu lực kể từ ngày ký.", bold="Điều 2.")
    work.text(
        "Chánh Văn phòng, Trưởng các phòng, ban, đơn vị và các cá nhân có liên quan chịu trách nhiệm"
        " thi hành./.",
        bold="Điều 3.",
    )


def _letter(work: Work) -> None:
    _addressees(work)
    work.text(f"Thực hiện Kế hoạch số {{n1}}/KH-UBND {{d1}}, {work.office.name} đề nghị các cơ"
              " quan, đơn vị quan tâm thực hiện một số nội dung sau:")  # fmt: skip
    for i, duty in enumerate(work.duties(int(work.paper.random.integers(3, 7)))):
        work.text(duty, bold=f"{i + 1}.")
    work.text("Nhận được văn bản này, đề nghị các đơn vị nghiêm túc triển khai thực hiện./.")


def _addressees(work: Work) -> None:
    """Ô 9a, only on papers that are sent to someone."""
    if work.kind.code == "thong_bao":
        return
    paper = work.paper
    order = paper.random.permutation(len(ADDRESSEES))[: int(paper.random.integers(1, 4))]
    rows = [ADDRESSEES[int(i)] for i in order]
    work.values["addressees"] = list(rows)
    paper.skip(0.8)
    start = paper.left + mm(28)
    label = Piece(text="Kính gửi: ", style=paper.style())
    if len(rows) == 1:
        value = Piece(text=rows[0], style=paper.style(), fields=("addressees",))
        paper.paragraph(
            [label, value, Piece(text=".", style=paper.style())], x0=start, align="left"
        )
    else:
        paper.paragraph([label], x0=start, align="left")
        for i, row in enumerate(rows):
            value = Piece(text=row, style=paper.style(), fields=("addressees",))
            end = Piece(text="." if i + 1 == len(rows) else ";", style=paper.style())
            lead = Piece(text="- ", style=paper.style())
            paper.paragraph([lead, value, end], x0=start + mm(20), align="left")
    paper.skip(0.6)


def _sections(work: Work) -> None:
    if work.kind.code == "to_trinh":
        _addressees(work)
    work.text("Thực hiện Kế hoạch số {n1}/KH-UBND {d1} của Ủy ban nhân dân tỉnh {province},"
              f" {work.office.name} {_opening(work)} như sau:")  # fmt: skip
    romans = ("I.", "II.", "III.", "IV.", "V.")
    count = int(work.paper.random.integers(2, 6))
    order = sorted(int(i) for i in work.paper.random.permutation(len(HEADINGS))[:count])
    duties = work.duties(len(DUTIES))
    most = 9 if work.paper.random.random() < 0.25 else 5  # one in four runs to a third page
    for i, index in enumerate(order):
        work.paper.need(3 * work.paper.line_height)
        work.text("", bold=f"{romans[i]} {HEADINGS[index]}")
        for k in range(int(work.paper.random.integers(1, most))):
            duty = duties.pop() if duties else DUTIES[(i + k) % len(DUTIES)]
            work.text(f"{k + 1}. {duty}")
        if i == 1 and work.paper.random.random() < 0.6:
            _budget_table(work)
    work.text(f"Trên đây là nội dung {work.kind.title.lower()} của {work.office.name}./.")


def _opening(work: Work) -> str:
    return {
        "bao_cao": "báo cáo kết quả thực hiện",
        "to_trinh": "kính trình cấp có thẩm quyền xem xét",
        "chi_thi": "yêu cầu các cơ quan, đơn vị thực hiện một số nhiệm vụ",
    }.get(work.kind.code, "xây dựng kế hoạch thực hiện")


def _budget_table(work: Work) -> None:
    random = work.paper.random
    rows = [["TT", "Nội dung", "Số lượng", "Thành tiền (đồng)"]]
    total = 0
    for i, index in enumerate(random.permutation(len(TABLE_ITEMS))[: int(random.integers(3, 6))]):
        cost = int(random.integers(4, 180)) * 500_000
        total += cost
        many = f"{int(random.integers(1, 40)):02d}"
        rows.append([str(i + 1), TABLE_ITEMS[int(index)], many, money(cost)])
    rows.append(["", "Tổng cộng", "", money(total)])
    set_table(work.paper, rows, (1, 5, 2, 3), size=min(12.0, work.paper.body.size - 1))
    work.paper.skip(0.3)
    work.text(f"Bằng chữ: {number_words(total).capitalize()} đồng.", italic=True)


def _invitation(work: Work) -> None:
    random = work.paper.random
    _addressees(work)
    day = work.issued_on + dt.timedelta(days=int(random.integers(3, 9)))
    hour = pick(random, ("07 giờ 30 phút", "08 giờ 00 phút", "14 giờ 00 phút"))
    work.text(f"{work.office.name} trân trọng kính mời đại biểu dự cuộc họp với nội dung như sau:")
    work.text(f"{work.abstract}.", bold="1. Nội dung:")
    work.text(f"{hour}, {long_date(day)}.", bold="2. Thời gian:")
    work.text(f"Hội trường {work.office.short}.", bold="3. Địa điểm:")
    work.text("Lãnh đạo các phòng, ban, đơn vị có liên quan.", bold="4. Thành phần:")
    for duty in work.duties(2):
        work.text(duty)
    work.text("Đề nghị đại biểu đến dự họp đúng giờ và thành phần nêu trên./.")


def _minutes(work: Work) -> None:
    random = work.paper.random
    hour = int(random.integers(7, 15))
    work.text(f"Vào lúc {hour:02d} giờ 00 phút, {long_date(work.issued_on)}, tại trụ sở"
              f" {work.office.short} đã tiến hành cuộc họp với các nội dung như sau:")  # fmt: skip
    work.text("", bold="I. THÀNH PHẦN THAM DỰ")
    for i in range(int(random.integers(2, 4))):
        role = pick(random, ("Chủ trì", "Thành viên", "Thành viên", "Đại diện thôn"))
        work.text(f"{i + 1}. Ông/bà {make_name(random, 'Nam')} - {role}.")
    work.text("", bold="II. NỘI DUNG")
    for duty in work.duties(int(random.integers(2, 5))):
        work.text(f"- {duty}")
    work.text(f"Cuộc họp kết thúc vào lúc {hour + 2:02d} giờ 15 phút cùng ngày; biên bản đã được đọc"
              " lại cho mọi người cùng nghe, thống nhất và ký tên./.")  # fmt: skip


_BODIES: dict[str, Callable[[Work], None]] = {
    "articles": _articles,
    "letter": _letter,
    "sections": _sections,
    "invitation": _invitation,
    "minutes": _minutes,
}


def _recipients(work: Work) -> list[str]:
    random = work.paper.random
    first = "Như trên" if "addressees" in work.values else "Như Điều 3"
    if work.kind.body not in ("articles", "letter", "invitation"):
        first = "Thường trực Đảng ủy"
    count = int(random.integers(2, 5))
    order = sorted(int(i) for i in random.permutation(len(RECIPIENTS))[:count])
    rows = [first, *(work.fill(RECIPIENTS[i]) for i in order)]
    return [*rows, f"Lưu: VT, {work.office.desk}"]


def _stamps(work: Work, wishes: Wishes) -> None:
    """Marks under the number (ô 10a, 10b); the arrival stamp may run into the text, as it does."""
    random, paper = work.paper.random, work.paper
    x, top = paper.left + mm(random.uniform(8, 16)), paper.y + mm(3)
    for key, word in (("secrecy", wishes.secrecy), ("urgency", wishes.urgency)):
        if word:
            tall = stamp_word(paper, word, key, x, top)
            work.values[key] = word
            paper.y, top = top + tall - mm(4), top + tall
    if wishes.arrival_stamp:
        late = dt.timedelta(days=int(random.integers(1, 9)))
        stamp_arrival(paper, work.office, work.issued_on + late, top)
        paper.y += mm(8)
