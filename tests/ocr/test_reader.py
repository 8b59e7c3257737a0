# SPDX-License-Identifier: Apache-2.0
"""The whole reading on made pages: contract, determinism, secrecy, several documents."""

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from ocr.extraction import Extraction
from ocr.page import PageImage, ReadingSource
from ocr.reader import Reader
from tests.ocr.papers import DECISION_BODY, closing, decision, header, page

TODAY = dt.date(2026, 11, 24)
SCHEMA = json.loads((Path(__file__).parent / "contract.schema.json").read_text("utf-8"))


class Script:
    """A PageReader that has its pages written beforehand."""

    def __init__(self, *pages):
        self.pages = {p.page: p for p in pages}

    def read_page(self, image):
        return self.pages[image.number], image.pixels


def images(count):
    return [
        PageImage(number=n, pixels=np.zeros((4, 4), np.uint8), dpi=200) for n in range(1, count + 1)
    ]


def reader(*pages, **more):
    return Reader(Script(*pages), today=lambda: TODAY, **more)


def blank_back(number):
    return replace(page([], number=number), blank=True)


def without_timings(extraction):
    row = extraction.as_json()
    del row["timings"]
    return row


@pytest.mark.parametrize(
    "pages",
    [
        (decision(),),
        (decision(number="Số: &&_ /QĐ-UBND"),),
        (blank_back(1),),
        (),
        (decision(), blank_back(2)),
    ],
)
def test_every_extraction_keeps_the_contract(pages):
    row = reader().assemble(pages).as_json()
    jsonschema.validate(row, SCHEMA)
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid({**row, "fields": {"x": {}}}) is False


def test_the_same_pages_give_the_same_extraction():
    pages = [decision(), page([("PHỤ LỤC", 0.45, 0.06)], number=2)]
    assert without_timings(reader().assemble(pages)) == without_timings(reader().assemble(pages))


def test_an_extraction_survives_json():
    made = reader().assemble([decision()])
    again = Extraction.from_json(json.loads(json.dumps(made.as_json())))
    assert without_timings(again) == without_timings(made)


def test_read_reads_every_page_and_times_it():
    extraction = reader(decision(), blank_back(2)).read(images(2))
    assert len(extraction.pages) == 2
    assert extraction.document.fields["number"].value == "47"
    assert extraction.timings["total"] >= extraction.timings["extract"]
    assert extraction.engines == ("test",)


def test_two_documents_in_one_file():
    other = page(
        [
            *header(
                number="Số: 3669/TB-SYT",
                date="Quảng Ngãi, ngày 09 tháng 10 năm 2017",
                issuer=("UBND TỈNH QUẢNG NGÃI", "SỞ Y TẾ"),
            ),
            ("THÔNG BÁO", 0.45, 0.17),
            ("Tuyển sinh đào tạo năm 2017", 0.38, 0.19),
        ],
        number=2,
    )
    extraction = reader().assemble([decision(), other, page([("trang 2", 0.4, 0.3)], number=3)])
    assert [(p.first_page, p.last_page) for p in (extraction.document, *extraction.attached)] == [
        (1, 1),
        (2, 3),
    ]
    assert extraction.attached[0].document_type.code == "thong_bao"
    assert extraction.attached[0].fields["number"].value == "3669"


def test_a_blank_form_in_the_annex_is_no_new_document():
    form = page(
        [
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.3, 0.06),
            ("Độc lập - Tự do - Hạnh phúc", 0.36, 0.08),
            ("........, ngày....tháng....năm.......", 0.5, 0.12),
            ("TỜ KHAI THAY ĐỔI THÔNG TIN CƯ TRÚ", 0.3, 0.16),
        ],
        number=2,
    )
    assert reader().assemble([decision(), form]).attached == ()


def test_a_secret_paper_keeps_no_text():
    rows = [*header(), ("TỐI MẬT", 0.2, 0.15), *DECISION_BODY, *closing()]
    extraction = reader().assemble([page(rows)])
    assert extraction.secret == "TỐI MẬT"
    assert list(extraction.document.fields) == ["secrecy"]
    said = json.dumps(extraction.as_json(), ensure_ascii=False)
    for secret in ("hộ nghèo", "Nguyễn Hoàng Giang", "47/QĐ"):
        assert secret not in said
    jsonschema.validate(extraction.as_json(), SCHEMA)


@pytest.mark.parametrize(
    ("text", "mark"),
    [("MẬT", "MẬT"), ("TUYỆT MẬT", "TUYỆT MẬT"), ("MAT", None), ("BẢO MẬT THÔNG TIN", None)],
)
def test_the_secrecy_mark_on_a_first_page(text, mark):
    made = page([*header(), (text, 0.2, 0.15), *DECISION_BODY])
    assert reader(made).secrecy_mark(images(1)[0]) == mark


def test_urgency():
    rows = [*header(), ("HỎA TỐC", 0.2, 0.15), *DECISION_BODY, *closing()]
    assert reader().assemble([page(rows)]).document.fields["urgency"].value == "HỎA TỐC"


def test_values_from_a_believed_text_layer_say_so():
    made = replace(decision(), source=ReadingSource.TEXT_LAYER)
    read = reader().assemble([made]).document.fields
    assert read["number"].source is ReadingSource.TEXT_LAYER
    assert read["urgency"].source is None


def test_a_skewed_page_reads_the_same():
    """2° of skew (a real scan has it): boxes as scanned, rows put together all the same."""
    made = decision()
    slope = 0.035 * made.width / made.height
    words = tuple(
        replace(
            w,
            box=replace(
                w.box,
                y0=w.box.y0 + 0.05 + slope * (w.box.x0 - 0.5),
                y1=w.box.y1 + 0.05 + slope * (w.box.x0 - 0.5),
            ),
        )
        for w in made.words
    )
    read = reader().assemble([replace(made, words=words)]).document.fields
    assert read["full_number"].value == "47/QĐ-UBND"
    assert read["issued_on"].value == "2025-01-17"
    assert read["signer"].value == "Nguyễn Hoàng Giang"


TOKENS = [
    "Số:",
    "Số",
    "/",
    "-",
    "ngày",
    "tháng",
    "năm",
    "12",
    "2025",
    "QĐ-UBND",
    "/KH-SYT",
    "CỘNG",
    "HÒA",
    "XÃ",
    "HỘI",
    "CHỦ",
    "NGHĨA",
    "VIỆT",
    "NAM",
    "Độc",
    "lập",
    "V/v",
    "Kính",
    "gửi:",
    "QUYẾT",
    "ĐỊNH",
    "GIẤY",
    "KHAI",
    "SINH",
    "Nơi",
    "nhận:",
    "-",
    "Lưu:",
    "VT,",
    "KT.",
    "CHỦ",
    "TỊCH",
    "PHÓ",
    "GIÁM",
    "ĐỐC",
    "Họ",
    "và",
    "tên:",
    "Nguyễn",
    "Văn",
    "An",
    "(1)",
    ".....",
    "Điều",
    "1.",
    "thông",
    "qua",
    "TM.",
    "(",
    ")",
    ":",
    "“",
    "Giới",
    "tính:",
    "Nam",
    "001090123456",
    "MẬT",
    "<<<",
    "Phụ",
    "lục",
    "Kèm",
    "theo",
    "số",
    "47/QĐ-UBND",
    "Luật",
    "số:",
    "26/2023/QH15",
    "Đ",
    "Ð",
    "ﬁ",
    "㎡",
    "İ",
    "ß",
    "🙂",
]


@pytest.mark.parametrize("seed", range(40))
def test_no_heap_of_words_breaks_the_reading(seed):
    """Whatever a reader may hand over: no error, the contract kept, the same twice."""
    chance = random.Random(seed)
    pages = []
    for number in range(1, chance.randint(1, 4) + 1):
        rows = [
            (
                " ".join(chance.choices(TOKENS, k=chance.randint(1, 9))),
                chance.uniform(0, 0.7),
                chance.uniform(0, 0.97),
            )
            for _ in range(chance.randint(0, 40))
        ]
        made = page(rows, number=number)
        inside = tuple(w for w in made.words if w.box.x1 <= 1 and w.text)
        pages.append(replace(made, words=inside))
    first = reader().assemble(pages)
    jsonschema.validate(first.as_json(), SCHEMA)
    assert without_timings(first) == without_timings(reader().assemble(pages))
