# SPDX-License-Identifier: Apache-2.0
"""Civil status papers (hộ tịch): birth, extract, marriage, marriage status, application.

Labels and order follow the forms of TT 04/2020/TT-BTP and TT 04/2024/TT-BTP.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from service.samples.canvas import mm
from service.samples.draft import Draft, Layout, Wishes, open_paper
from service.samples.fonts import Family
from service.samples.forms import Entry, Form
from service.samples.invented import (
    Person,
    Place,
    date_words,
    make_date,
    make_person,
    make_place,
    slashed,
)
from service.samples.office import commune_office
from service.samples.parts import (
    Closing,
    Header,
    centred,
    draw_header,
    draw_signature,
    header_values,
    make_closing,
)

LATEST = dt.date(2026, 6, 30)


def compose_birth(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy khai sinh, bản chính or bản sao."""
    place = wishes.place or make_place(random)
    child = wishes.holder or make_person(random, born=(2025, 2026), home=place)
    registered = min(
        make_date(random, child.born_on, child.born_on + dt.timedelta(days=58)), LATEST
    )
    registered = max(registered, child.born_on + dt.timedelta(days=2))
    office = commune_office(place)
    form, header = _open(random, family, layout, wishes, place, registered, symbol="")
    copy = bool(random.random() < 0.3)
    _title(form, "GIẤY KHAI SINH", "(BẢN SAO)" if copy else None)
    _child(form, child)
    mother, father = _parents(random, child)
    _parent(form, "mẹ", "mother", mother)
    _parent(form, "cha", "father", father)
    form.row(Entry(label="Họ, chữ đệm, tên người đi khai sinh", text=father.name,
                   key="declarant.name"))  # fmt: skip
    form.row(Entry(label="Giấy tờ tùy thân", text=father.idpaper, key="declarant.idpaper"))
    form.row(Entry(label="Nơi đăng ký khai sinh", text=office.name, key="registry"))
    form.row(Entry(label="Ngày, tháng, năm đăng ký", text=slashed(registered), key="registered_on",
                   truth=registered.isoformat()))  # fmt: skip
    closing = _close(form, place, "NGƯỜI KÝ GIẤY KHAI SINH", layout)
    values = _number_values(header) | form.values | closing.values
    return Draft(sheets=tuple(form.paper.sheets), values=values)


def _open(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes, place: Place,
    day: dt.date, *, symbol: str, dated: bool = False,
) -> tuple[Form, Header]:  # fmt: skip
    """The head of a commune's paper and an empty form below it."""
    paper = open_paper(random, family, layout)
    number = f"{int(random.integers(1, 480)):02d}"
    header = Header(office=commune_office(place), number=number, symbol=symbol or str(day.year),
                    issued_on=day, dated=dated)  # fmt: skip
    draw_header(paper, header, layout, wishes, by_hand=bool(wishes.handwritten))
    return Form(paper=paper, leaders=bool(random.random() < 0.4)), header


def _number_values(header: Header) -> dict[str, str | int | bool | list[str] | None]:
    values = header_values(header)
    if header.symbol.isdigit():  # `Số: 31/2025`: number and year of the register, no symbol
        values |= {"number": header.full_number, "symbol": None}
    return values


def _title(form: Form, title: str, below: str | None = None) -> None:
    paper = form.paper
    paper.skip(1.0)
    centred(paper, title, size=paper.body.size + 5)
    if below:
        centred(paper, below, size=paper.body.size - 1)
    paper.skip(0.6)


def _child(form: Form, person: Person) -> None:
    form.row(Entry(label="Họ, chữ đệm, tên", text=person.capitals, key="full_name", bold=True))
    form.row(
        Entry(label="Ngày, tháng, năm sinh", text=slashed(person.born_on), key="born_on",
              truth=person.born_on.isoformat()),
    )  # fmt: skip
    form.row(Entry(label="Ghi bằng chữ", text=date_words(person.born_on).capitalize(),
                   key="born_words", truth=person.born_on.isoformat()))  # fmt: skip
    form.row(
        Entry(label="Giới tính", text=person.gender, key="gender", share=0.9),
        Entry(label="Dân tộc", text=person.ethnicity, key="ethnicity"),
        Entry(label="Quốc tịch", text="Việt Nam", key="nationality", share=1.2),
    )
    form.row(Entry(label="Nơi sinh", text=f"Trạm Y tế {person.home.full}", key="birth_place"))
    form.row(Entry(label="Quê quán", text=person.home.full, key="origin"))
    form.row(Entry(label="Số định danh cá nhân", text=person.id, key="id"))


def _parents(random: np.random.Generator, child: Person) -> tuple[Person, Person]:
    year = child.born_on.year
    mother = make_person(random, born=(year - 38, year - 21), gender="Nữ", home=child.home)
    surname = child.name.split()[0]
    father = make_person(
        random, born=(year - 42, year - 22), gender="Nam", surname=surname, home=child.home
    )
    return mother, father


def _parent(form: Form, word: str, key: str, person: Person) -> None:
    form.row(Entry(label=f"Họ, chữ đệm, tên người {word}", text=person.capitals, key=f"{key}.name",
                   bold=True))  # fmt: skip
    year = str(person.born_on.year)
    form.row(
        Entry(label="Năm sinh", text=year, key=f"{key}.born_on", share=0.9),
        Entry(label="Dân tộc", text=person.ethnicity, key=f"{key}.ethnicity"),
        Entry(label="Quốc tịch", text="Việt Nam", key=f"{key}.nationality", share=1.2),
    )
    form.row(Entry(label="Nơi cư trú", text=person.home.address, key=f"{key}.residence"))


def _close(form: Form, place: Place, title: str | None, layout: Layout) -> Closing:
    """Signature and seal of the commune; `title` replaces the usual authority lines."""
    paper = form.paper
    office = commune_office(place)
    closing = make_closing(paper, office, collective=True)
    if title:
        closing = Closing(authority=(), title=title, signer=closing.signer)
    paper.need(mm(48))
    paper.skip(0.4)
    middle = paper.left + (paper.right - paper.left) * layout.signature_share
    draw_signature(paper, office, closing, (middle, paper.right))
    return closing
