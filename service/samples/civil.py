# SPDX-License-Identifier: Apache-2.0
"""Civil status papers (hộ tịch): birth, extract, marriage, marriage status, application.

Labels and order follow the forms of TT 04/2020/TT-BTP and TT 04/2024/TT-BTP.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from ocr.extraction import FieldContent
from service.samples.canvas import Piece, mm
from service.samples.draft import Draft, Layout, Wishes, open_paper
from service.samples.fonts import Family
from service.samples.forms import Entry, Form
from service.samples.invented import (
    Person,
    Place,
    date_words,
    make_person,
    make_place,
    pick,
    slashed,
    workday,
)
from service.samples.office import commune_office
from service.samples.parts import (
    MOTTO,
    STATE,
    Closing,
    Header,
    centred,
    date_pieces,
    draw_header,
    draw_signature,
    header_values,
    make_closing,
)
from service.samples.pen import signature

LATEST = dt.date(2026, 6, 30)


def compose_birth(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy khai sinh, bản chính or bản sao."""
    place = wishes.place or make_place(random)
    child = wishes.holder or make_person(random, born=(2016, 2026), home=place)
    registered = child.born_on + dt.timedelta(days=int(random.integers(2, 58)))
    form, header = _open(random, family, layout, wishes, place, registered)
    _title(form, "GIẤY KHAI SINH", "(BẢN SAO)" if random.random() < 0.3 else None)
    father = _birth_rows(form, random, child)
    form.row(Entry(label="Họ, chữ đệm, tên người đi khai sinh", text=father.name,
                   key="declarant.name"))  # fmt: skip
    form.row(Entry(label="Giấy tờ tùy thân", text=father.idpaper, key="declarant.idpaper"))
    form.row(Entry(label="Nơi đăng ký khai sinh", text=header.office.name, key="registry"))
    form.row(_day("Ngày, tháng, năm đăng ký", registered, "registered_on"))
    return _close(form, header, layout, "NGƯỜI KÝ GIẤY KHAI SINH")


def compose_birth_extract(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Trích lục khai sinh (bản sao): names the register the birth stands in."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, born=(1985, 2020), home=place)
    day = workday(random, dt.date(2025, 7, 8), LATEST)
    form, header = _open(random, family, layout, wishes, place, day, symbol="TLKS-BS", dated=True)
    _title(form, "TRÍCH LỤC KHAI SINH", "(BẢN SAO)")
    _birth_rows(form, random, person)
    source = person.born_on + dt.timedelta(days=int(random.integers(5, 58)))
    number = f"{int(random.integers(1, 300)):02d}"
    form.row(Entry(label="Đăng ký khai sinh tại", text=header.office.name, key="source_registry"))
    form.row(
        Entry(label="Số đăng ký", text=number, key="source_number"),
        _day("Ngày, tháng, năm đăng ký", source, "source_date", share=2.0),
    )
    return _close(form, header, layout)


def compose_marriage(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy chứng nhận kết hôn: wife left, husband right, both sign (Luật Hộ tịch, Đ.17.2)."""
    place = wishes.place or make_place(random)
    wife = make_person(random, gender="Nữ", home=place)
    husband = make_person(random, gender="Nam", home=make_place(random))
    day = workday(random, dt.date(2025, 7, 8), LATEST)
    form, header = _open(random, family, layout, wishes, place, day)
    _title(form, "GIẤY CHỨNG NHẬN KẾT HÔN")
    paper, top = form.paper, form.paper.y
    left, right = paper.left, paper.right
    bottoms = []
    for word, key, person in (("vợ", "wife", wife), ("chồng", "husband", husband)):
        middle = (left + right) / 2
        paper.y = top
        if key == "wife":
            paper.right = round(middle) - mm(4)
        else:
            paper.left, paper.right = round(middle) + mm(3), right
        _spouse(form, word, key, person)
        bottoms.append(paper.y)
    paper.left, paper.right, paper.y = left, right, max(bottoms)
    paper.sheet.pen.line(((left + right) // 2, top, (left + right) // 2, paper.y), 0, 3)
    form.row(Entry(label="Nơi đăng ký kết hôn", text=header.office.name, key="registry"))
    form.row(_day("Ngày, tháng, năm đăng ký", day, "registered_on"))
    _both_sign(form, wife, husband)
    return _close(form, header, layout)


def _spouse(form: Form, word: str, key: str, person: Person) -> None:
    form.row(Entry(label=f"Họ, chữ đệm, tên {word}", text=person.capitals, key=f"{key}.name",
                   bold=True))  # fmt: skip
    form.row(_day("Ngày, tháng, năm sinh", person.born_on, f"{key}.born_on"))
    form.row(Entry(label="Dân tộc", text=person.ethnicity, key=f"{key}.ethnicity"))
    form.row(Entry(label="Quốc tịch", text="Việt Nam", key=f"{key}.nationality"))
    form.row(Entry(label="Nơi cư trú", text=person.home.address, key=f"{key}.residence"))
    short = f"Căn cước công dân số {person.number}"
    form.row(Entry(label="Giấy tờ tùy thân", text=short, key=f"{key}.idpaper"))


def _both_sign(form: Form, wife: Person, husband: Person) -> None:
    paper = form.paper
    paper.skip(1.2)
    middle = (paper.left + paper.right) / 2
    spans = ((paper.left, middle, "Vợ", wife), (middle, paper.right, "Chồng", husband))
    for x0, x1, word, person in spans:
        style = paper.style(bold=True)
        paper.set_line([Piece(text=word, style=style)], x0, x1, align="centre")
        hand = signature(mm(38), mm(16), paper.random)
        paper.sheet.paste((x0 + x1) / 2 - mm(19), paper.y + mm(2), hand, paper.ink, after=True)
        name = Piece(text=person.name, style=paper.style())
        paper.set_line([name], x0, x1, align="centre", baseline=paper.y + mm(24))
    paper.y += mm(26)


def compose_single(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy xác nhận tình trạng hôn nhân (NĐ 123/2015/NĐ-CP, Đ.23)."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, home=place)
    day = workday(random, dt.date(2025, 7, 8), LATEST)
    form, header = _open(
        random, family, layout, wishes, place, day, symbol="UBND-XNTTHN", dated=True
    )
    _title(form, "GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN")
    form.row(Entry(label="Xét đề nghị của ông/bà", text=person.name, key="requester"))
    centred(form.paper, "XÁC NHẬN:")
    form.paper.skip(0.3)
    form.row(Entry(label="Họ, chữ đệm, tên", text=person.capitals, key="full_name", bold=True))
    form.row(_day("Ngày, tháng, năm sinh", person.born_on, "born_on"))
    _three(form, person)
    form.row(Entry(label="Giấy tờ tùy thân", text=person.idpaper, key="idpaper"))
    form.row(Entry(label="Nơi cư trú", text=person.home.address, key="residence"))
    status = pick(random, ("Hiện tại chưa đăng ký kết hôn với ai", "Chưa đăng ký kết hôn với ai",
                           "Đã ly hôn, hiện tại chưa đăng ký kết hôn với ai"))  # fmt: skip
    form.row(Entry(label="Tình trạng hôn nhân", text=status, key="marital_status"))
    scope = pick(
        random, ("đăng ký kết hôn", "vay vốn ngân hàng", "chuyển nhượng quyền sử dụng đất")
    )
    form.row(Entry(label="Giấy này được sử dụng để", text=scope, key="scope"))
    form.note("Giấy này có giá trị sử dụng 06 tháng kể từ ngày cấp.", italic=True)
    return _close(form, header, layout)


def compose_application(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Tờ khai: dot leaders, tick boxes, the applicant's signature and no seal."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, home=place)
    paper = open_paper(random, family, layout)
    paper.skip(0.4)
    for text, more in ((STATE, 0.0), (MOTTO, 0.5)):
        centred(paper, text, size=min(12.5, paper.body.size) + more)
    form = Form(paper=paper, leaders=True)
    titles = ("TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN",
              "TỜ KHAI CẤP BẢN SAO TRÍCH LỤC HỘ TỊCH")  # fmt: skip
    choice = int(random.integers(2))
    paper.skip(0.8)
    centred(paper, titles[choice], size=paper.body.size + 1)
    paper.skip(0.5)
    form.row(Entry(label="Kính gửi", text=f"Ủy ban nhân dân {place.commune}", key="addressee"),
             indent=mm(20))  # fmt: skip
    form.row(Entry(label="Họ, chữ đệm, tên người yêu cầu", text=person.capitals,
                   key="requester.name"))  # fmt: skip
    form.row(Entry(label="Nơi cư trú", text=person.home.address, key="requester.residence"))
    form.row(Entry(label="Giấy tờ tùy thân", text=person.idpaper, key="requester.idpaper"))
    asked = ("cấp Giấy xác nhận tình trạng hôn nhân", "cấp bản sao trích lục khai sinh")[choice]
    form.row(Entry(label="Đề nghị", text=f"{asked} cho người có tên dưới đây", key="request"))
    form.row(Entry(label="Họ, chữ đệm, tên", text=person.capitals, key="full_name"))
    form.row(_day("Ngày, tháng, năm sinh", person.born_on, "born_on"))
    _three(form, person)
    form.row(Entry(label="Số định danh cá nhân", text=person.number, key="id"))
    form.tick("Đề nghị cấp bản sao", ("Có", "Không"), int(random.integers(2)))
    form.note("Tôi cam đoan những nội dung khai trên đây là đúng sự thật và chịu trách nhiệm trước"
              " pháp luật về cam đoan của mình.", indent=mm(10))  # fmt: skip
    values = form.values | _applicant_signs(form, place, person, random)
    return Draft(sheets=tuple(paper.sheets), values=values)


def _applicant_signs(
    form: Form, place: Place, person: Person, random: np.random.Generator
) -> dict[str, FieldContent]:
    paper = form.paper
    day = workday(random, dt.date(2025, 7, 8), LATEST)
    middle = (paper.left + paper.right) / 2
    paper.need(mm(45))
    paper.skip(1.3)
    style = paper.style(italic=True)
    pieces = [
        Piece(text="Làm tại: ", style=style),
        *date_pieces(paper, place.name, day, by_hand=False),
    ]
    paper.set_line(pieces, middle - mm(10), paper.right, align="centre")
    paper.skip(1.1)
    head = Piece(text="Người yêu cầu", style=paper.style(bold=True))
    paper.set_line([head], middle, paper.right, align="centre")
    hand = signature(mm(42), mm(18), paper.random)
    paper.sheet.paste(middle + mm(15), paper.y + mm(3), hand, paper.ink, after=True)
    paper.y += mm(27)
    name = Piece(text=person.name, style=paper.style(), fields=("signer",))
    paper.set_line([name], middle, paper.right, align="centre")
    return {"issued_on": day.isoformat(), "place": place.name, "signer": person.name}


def _day(label: str, day: dt.date, key: str, *, share: float = 1.0) -> Entry:
    return Entry(label=label, text=slashed(day), key=key, truth=day.isoformat(), share=share)


def _three(form: Form, person: Person) -> None:
    form.row(
        Entry(label="Giới tính", text=person.gender, key="gender", share=0.9),
        Entry(label="Dân tộc", text=person.ethnicity, key="ethnicity"),
        Entry(label="Quốc tịch", text="Việt Nam", key="nationality", share=1.2),
    )


def _open(
    random: np.random.Generator,
    family: Family,
    layout: Layout,
    wishes: Wishes,
    place: Place,
    day: dt.date,
    *,
    symbol: str = "",
    dated: bool = False,
) -> tuple[Form, Header]:
    """The head of a commune's paper and an empty form below it.

    Without `symbol` the number is that of the register and carries the year: `Số: 31/2025`.
    """
    paper = open_paper(random, family, layout)
    header = Header(
        office=commune_office(place),
        number=f"{int(random.integers(1, 480)):02d}",
        symbol=symbol or str(day.year),
        issued_on=day,
        dated=dated,
    )
    draw_header(paper, header, layout, wishes, by_hand=bool(wishes.handwritten))
    return Form(paper=paper, leaders=bool(random.random() < 0.4)), header


def _title(form: Form, title: str, below: str | None = None) -> None:
    paper = form.paper
    paper.skip(1.0)
    centred(paper, title, size=paper.body.size + (5 if len(title) < 30 else 2))
    if below:
        centred(paper, below, size=paper.body.size - 1)
    paper.skip(0.6)


def _birth_rows(form: Form, random: np.random.Generator, person: Person) -> Person:
    """The child and the parents; gives the father, who usually declares the birth."""
    form.row(Entry(label="Họ, chữ đệm, tên", text=person.capitals, key="full_name", bold=True))
    form.row(_day("Ngày, tháng, năm sinh", person.born_on, "born_on"))
    words = date_words(person.born_on).capitalize()
    form.row(Entry(label="Ghi bằng chữ", text=words, key="born_words",
                   truth=person.born_on.isoformat()))  # fmt: skip
    _three(form, person)
    form.row(Entry(label="Nơi sinh", text=f"Trạm Y tế {person.home.full}", key="birth_place"))
    form.row(Entry(label="Quê quán", text=person.home.full, key="origin"))
    form.row(Entry(label="Số định danh cá nhân", text=person.number, key="id"))
    mother, father = parents_of(person, random)
    _parent(form, "mẹ", "mother", mother)
    _parent(form, "cha", "father", father)
    return father


def parents_of(child: Person, random: np.random.Generator) -> tuple[Person, Person]:
    """Mother and father of the right age; the child has the father's family name."""
    year = child.born_on.year
    mother = make_person(random, born=(year - 38, year - 21), gender="Nữ", home=child.home)
    father = make_person(
        random,
        born=(year - 42, year - 22),
        gender="Nam",
        surname=child.name.split()[0],
        home=child.home,
    )
    return mother, father


def _parent(form: Form, word: str, key: str, person: Person) -> None:
    form.row(Entry(label=f"Họ, chữ đệm, tên người {word}", text=person.capitals, key=f"{key}.name",
                   bold=True))  # fmt: skip
    form.row(
        Entry(label="Năm sinh", text=str(person.born_on.year), key=f"{key}.born_on", share=0.9),
        Entry(label="Dân tộc", text=person.ethnicity, key=f"{key}.ethnicity"),
        Entry(label="Quốc tịch", text="Việt Nam", key=f"{key}.nationality", share=1.2),
    )
    form.row(Entry(label="Nơi cư trú", text=person.home.address, key=f"{key}.residence"))


def _close(form: Form, header: Header, layout: Layout, title: str | None = None) -> Draft:
    """Signature and seal of the commune; `title` stands instead of authority and office."""
    paper = form.paper
    closing = make_closing(paper, header.office, collective=True)
    if title:
        closing = Closing(authority=(), title=title, signer=closing.signer)
    paper.need(mm(50))
    paper.skip(0.4)
    middle = paper.left + (paper.right - paper.left) * layout.signature_share
    draw_signature(paper, header.office, closing, (middle, paper.right))
    values = header_values(header)
    if header.symbol.isdigit():
        values |= {"number": header.full_number, "symbol": None}
    return Draft(sheets=tuple(paper.sheets), values=values | form.values | closing.values)
