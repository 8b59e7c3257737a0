# SPDX-License-Identifier: Apache-2.0
"""The signature block: on its own page, two titles, names that are not the signer."""

import datetime as dt

import pytest

from ocr.calibration import stands
from ocr.closing import block_zone
from ocr.layout import lay_out
from ocr.reader import Reader
from ocr.receivers import read_recipients
from ocr.signer import read_signer
from ocr.signing_titles import authority_in, rest_of_title
from tests.ocr.papers import DECISION_BODY, closing, header, page

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: TODAY)


def signed(reader, rows, *more):
    return reader.assemble([page([*header(), *DECISION_BODY, *rows]), *more]).document.fields


def test_a_deputy_signs_for_his_chief(reader):
    rows = closing(("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "Trần Phước Hiền")
    read = signed(reader, rows)
    assert read["signing_authority"].value == ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"]
    assert read["signer_title"].value == "PHÓ CHỦ TỊCH"
    assert read["signer"].value == "Trần Phước Hiền"
    assert not read["signer_title"].needs_review


def test_a_deputy_without_kt_is_unread_ink(reader):
    read = signed(reader, closing(("TM. ỦY BAN NHÂN DÂN", "PHÓ CHỦ TỊCH")))
    assert read["signer_title"].needs_review
    assert read["signing_authority"].needs_review


def test_kt_written_by_hand_over_a_typed_title_is_flagged(reader):
    """Two titles, the lower one the deputy's: the lost KT. can only stand for the upper one."""
    read = signed(reader, closing(("GIÁM ĐỐC", "HÓ GIÁM ĐỐC"), "Hà Văn Phúc"))
    assert read["signer_title"].value == "PHÓ GIÁM ĐỐC"
    assert read["signer_title"].needs_review
    assert read["signing_authority"].value == ["KT. GIÁM ĐỐC"]
    assert read["signing_authority"].needs_review


@pytest.mark.parametrize(
    ("line", "authority"),
    [
        ("KI. BỘ TRƯỞNG", "KT. BỘ TRƯỞNG"),
        ("K1. BỘ TRUỞNG", "KT. BỘ TRƯỞNG"),
        ("._— z KT,BỘ TRƯỞNG", "KT. BỘ TRƯỞNG"),
        ("IM. ỦY BẠN NHÂN DÂN", "TM. ỦY BAN NHÂN DÂN"),
        ("TUO. CHỦ TỊCH", "TUQ. CHỦ TỊCH"),
    ],
)
def test_prefixes_as_readers_give_them(reader, line, authority):
    read = signed(reader, closing((line, "THỨ TRƯỞNG"), "Lê Tấn Dũng"))
    assert read["signing_authority"].value == [authority]
    assert read["signing_authority"].needs_review or line.startswith("._—")


@pytest.mark.parametrize("line", ["KI NGÂN SÁCH", "IM. LẶNG", "Tl. trưởng phòng", "VI. TỔ CHỨC"])
def test_what_only_looks_like_a_prefix_is_none(line):
    assert authority_in(line) is None


def test_a_deputy_whose_line_is_lost_is_still_a_deputy(reader):
    """After KT. only the deputy can sign (NĐ 30/2020, Đ.13): said, and shown to a person."""
    bare = signed(reader, closing(("KT. CHỦ TỊCH",), "Trần Phước Hiền"))
    assert (bare["signer_title"].value, bare["signer_title"].needs_review) == ("PHÓ CHỦ TỊCH", True)
    cut = signed(reader, closing(("KT. BỘ TRƯỞNG", "BỘ TRƯỞNG"), "Trần Phước Hiền"))
    assert (cut["signer_title"].value, cut["signer_title"].needs_review) == ("THỨ TRƯỞNG", True)


def test_receivers_whose_dashes_are_lost(reader):
    rows = [r for r in closing() if not r[0].startswith("-")]
    rows += [("Như Điều 4;", 0.16, 0.621), ("CT, PCT UBND tỉnh và các", 0.16, 0.635)]
    rows += [("sở, ngành;", 0.16, 0.649), ("Lưu: VT, KGVX.", 0.16, 0.663)]
    read = signed(reader, rows)["recipients"]
    assert read.value == ["Như Điều 4", "CT, PCT UBND tỉnh và các sở, ngành", "Lưu: VT, KGVX"]


def test_a_chief_who_signs_himself_has_no_authority_line(reader):
    read = signed(reader, closing(("CHỦ TỊCH",), "Đặng Văn Minh"))
    assert read["signing_authority"].value is None
    assert not read["signing_authority"].needs_review


def test_capitals_no_list_knows_between_title_and_name_are_a_doubt(reader):
    rows = [*closing(("CHỦ TỊCH",), "Đặng Văn Minh"), ("ỘNG HƯỚCZ", 0.62, 0.66)]
    read = signed(reader, rows)
    assert read["signer_title"].needs_review
    assert read["signing_authority"].needs_review


def test_rank_and_noise_stay_out_of_the_name(reader):
    rows = closing(("KT. CỤC TRƯỞNG", "PHÓ CỤC TRƯỞNG"), "“Đại tá Nguyễn Thanh Điệp")
    assert signed(reader, rows)["signer"].value == "Nguyễn Thanh Điệp"


def test_a_name_in_the_abstract_is_not_the_signer(reader):
    rows = [
        *header(number="Số: 660/TB-UBND"),
        ("THÔNG BÁO", 0.45, 0.17),
        ("Kết luận của Chủ tịch UBND tỉnh Nguyễn Hoàng Giang", 0.3, 0.19),
        ("Ngày 24/12/2024, tại trụ sở, Chủ tịch UBND tỉnh chủ trì làm việc với", 0.2, 0.26),
        *closing(("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"), "Nguyễn Quốc Việt"),
    ]
    read = reader.assemble([page(rows)]).document.fields
    assert read["signer"].value == "Nguyễn Quốc Việt"
    assert read["signer_title"].value == "CHÁNH VĂN PHÒNG"


def test_the_signature_page_is_not_the_last(reader):
    """An annex after it, with a title and a name of its own, does not win."""
    annex = page(
        [
            ("PHỤ LỤC", 0.45, 0.05),
            ("Danh sách kèm theo quyết định của tỉnh về hỗ trợ quà Tết năm nay", 0.2, 0.1),
            ("GIÁM ĐỐC", 0.62, 0.6),
            ("Lê Hoàng Anh", 0.62, 0.7),
        ],
        number=2,
    )
    read = signed(reader, closing(), annex)
    assert (read["signer"].value, read["signer"].page) == ("Nguyễn Hoàng Giang", 1)


def test_a_name_overleaf(reader):
    rows = closing(("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"), y=0.86)[:-1]
    after = page([("Vũ Thị Mai", 0.64, 0.06)], number=2)
    read = signed(reader, rows, after)
    assert (read["signer"].value, read["signer"].page) == ("Vũ Thị Mai", 2)


def test_a_misread_family_name_is_put_right_and_flagged(reader):
    read = signed(reader, closing(name="Nguyên Hoàng Giang"))["signer"]
    assert (read.value, read.raw) == ("Nguyễn Hoàng Giang", "Nguyên Hoàng Giang")
    assert read.needs_review


def test_no_block_means_a_person_looks(reader):
    read = reader.assemble([page([*header(), *DECISION_BODY])]).document.fields
    for name in ("signer", "signer_title", "signing_authority"):
        assert read[name].value is None
        assert read[name].needs_review


def test_recipients_and_copies(reader):
    rows = [*closing()[:-2], ("- Lưu: VT, PL.(300)", 0.16, 0.65), closing()[-1]]
    read = signed(reader, rows)
    assert read["recipients"].value == ["Như Điều 4", "CT, PCT UBND tỉnh", "Lưu: VT, PL.(300)"]
    assert read["copies"].value == 300


def test_addressees_beside_a_mark_of_urgency(reader):
    rows = [("V/v tổ chức họp", 0.16, 0.145), ("Kính gửi:", 0.4, 0.2)]
    rows += [("- Sở Giao thông vận tải;", 0.45, 0.22), ("HỎA TỐC", 0.16, 0.24)]
    rows += [("- Sở Nông nghiệp và Phát", 0.45, 0.24), ("triển nông thôn.", 0.46, 0.26)]
    rows += [("Căn cứ kết quả cuộc họp hôm qua, đề nghị các sở thực hiện:", 0.2, 0.29)]
    made = page([*header(number="Số: 99/UBND-TH"), *rows, *closing()])
    read = reader.assemble([made]).document.fields["addressees"]
    assert read.value == ["Sở Giao thông vận tải", "Sở Nông nghiệp và Phát triển nông thôn"]


@pytest.mark.parametrize(
    ("rest", "title"),
    [("LÁM ĐỐC", "GIÁM ĐỐC"), ("ĐỐC", "GIÁM ĐỐC"), ("HỦ TỊCH", "CHỦ TỊCH"), ("TỊCH", "CHỦ TỊCH")],
)
def test_what_the_seal_left_of_a_title_is_shown_to_a_person(reader, rest, title):
    read = signed(reader, closing((rest,), "Lý Thanh Lộc"))
    assert (read["signer_title"].value, read["signer_title"].needs_review) == (title, True)
    assert read["signer"].value == "Lý Thanh Lộc"
    assert read["signing_authority"].needs_review


def test_a_small_letter_in_a_name_is_a_capital_of_the_same_shape(reader):
    read = signed(reader, closing(("CHỦ TỊCH",), "Đinh văn Đạt"))["signer"]
    assert (read.value, read.needs_review) == ("Đinh Văn Đạt", True)


def test_a_family_name_whose_first_letter_the_seal_took(reader):
    read = signed(reader, closing(("CHỦ TỊCH",), "guyễn Trúc Giang"))["signer"]
    assert (read.value, read.needs_review) == ("Nguyễn Trúc Giang", True)


@pytest.mark.parametrize("rest", ["ỗ Kim Trang", "Hồ B", "Vũ Công lũng", "Lê Diệu ận"])
def test_the_rest_of_a_name_is_never_a_name_in_silence(reader, rest):
    signer = signed(reader, closing(("CHỦ TỊCH",), rest))["signer"]
    assert signer.needs_review
    # neither by the rules nor where a fit weighs the evidence
    assert not signer.value or stands(signer)


def test_a_one_letter_name_is_a_name(reader):
    read = signed(reader, closing(("CHỦ TỊCH",), "Nguyễn Thị Ý"))["signer"]
    assert (read.value, read.needs_review) == ("Nguyễn Thị Ý", False)


def test_a_deputy_secretary_signs_for_the_committee(reader):
    """Papers of the Party: T/M without a full stop, and no K/T where the committee has decided."""
    read = signed(reader, closing(("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ"), "Đặng Ngọc Huy"))
    assert read["signing_authority"].value == ["T/M BAN THƯỜNG VỤ"]
    assert (read["signer_title"].value, read["signer_title"].needs_review) == ("PHÓ BÍ THƯ", False)


def test_receivers_whose_dashes_and_semicolons_are_lost(reader):
    """The first word would have had room in the line above: it begins an item of its own."""
    rows = [r for r in closing() if not r[0].startswith("-")]
    rows += [("Các phòng, ban, đơn vị trực thuộc", 0.16, 0.621), ("Các thôn", 0.16, 0.635)]
    rows += [("Sở Nội vụ (để báo cáo);", 0.16, 0.649), ("Lưu: VT.", 0.16, 0.663)]
    read = signed(reader, rows)["recipients"]
    assert read.value[-2:] == ["Sở Nội vụ (để báo cáo)", "Lưu: VT"]


def test_addressees_whose_dashes_are_lost(reader):
    rows = [("V/v tổ chức họp", 0.16, 0.145), ("Kính gửi:", 0.27, 0.2)]
    rows += [("Các phòng, ban chuyên môn;", 0.38, 0.219), ("Trạm Y tế.", 0.38, 0.238)]
    rows += [("Thực hiện kế hoạch, đề nghị các đơn vị:", 0.2, 0.27)]
    made = page([*header(number="Số: 99/UBND-TH"), *rows, *closing()])
    read = reader.assemble([made]).document.fields["addressees"]
    assert read.value == ["Các phòng, ban chuyên môn", "Trạm Y tế"]


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("KT CHỦ TỊCH", "KT"),  # the full stop was not read
        ("KT. CHỦ TỊCH", "KT"),
        ("a KT. CHỦ TỊCH", "KT"),  # a stroke of the pen before it
        ("S.. KT. CHỦ TỊCH", "KT"),
        ("_ TM. CHÍNH PHỦ", "TM"),
        ("PHÓ CHỦ TỊCH", None),
        ("GIÁM ĐỐC", None),
    ],
)
def test_the_authority_is_told_from_a_stroke_before_it(text, prefix):
    found = authority_in(text)
    assert (found.prefix if found else None) == prefix


def test_a_title_that_ends_a_certificate_opens_the_block_and_one_in_the_text_does_not():
    """Giấy khai sinh: no "Nơi nhận", no TM.; the name below may lie under the seal."""
    certificate = [("Nơi đăng ký khai sinh: Ủy ban nhân dân phường Mỹ Sơn", 0.14, 0.62)]
    caption = ("NGƯỜI KÝ GIẤY KHAI SINH", 0.55, 0.68)
    zone = block_zone(lay_out(page([*certificate, caption, ("Hoàng Xuân Hùng", 0.57, 0.76)])))
    assert zone is not None and zone.y0 < 0.68 and zone.y1 > 0.78
    more = [("Bản sao này có giá trị như bản chính trong mọi giao dịch.", 0.14, 0.74)]
    assert block_zone(lay_out(page([*certificate, caption, *more]))) is None


def test_the_mark_of_what_a_copy_is_for_is_put_right_and_seen_by_a_person(reader):
    rows = [*closing(), ("- Sở Nội vụ (đề báo cáo);", 0.13, 0.9)]
    first = next(i for i, (text, *_) in enumerate(rows) if "Lưu" in text)
    y = rows[first][2]
    rows[first] = (rows[first][0], rows[first][1], 0.92)
    rows[-1] = (rows[-1][0], rows[first][1], y)
    read = signed(reader, rows)["recipients"]
    assert "Sở Nội vụ (để báo cáo)" in read.value and read.needs_review


def certificate(*lines):
    """A certificate without "Nơi nhận": (text, middle of the line) from the upper line down."""
    rows = [("Nơi cư trú: Số 3, phường Mỹ Sơn, tỉnh Nghệ An", 0.14, 0.5)]
    for n, (text, middle) in enumerate(lines):
        rows.append((text, middle - 0.0085 * len(text) / 2, 0.6 + 0.02 * n))
    rows.append(("Đinh Trọng Hải", 0.7 - 0.06, 0.72))
    return rows


@pytest.mark.parametrize(
    ("lines", "authority", "conflict"),
    [
        ([("TM. ỦY BAN NHÂN DÂN", 0.7), ("CHỦ TỊCH", 0.7)], ["TM. ỦY BAN NHÂN DÂN"], False),
        (
            [("TM. ỦY BAN NHÂN DÂN", 0.7), ("KT. CHỦ TỊCH", 0.7), ("PHÓ CHỦ TỊCH", 0.7)],
            ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"],
            False,
        ),
        ([("KT. GIÁM ĐỐC", 0.7), ("PHÓ GIÁM ĐỐC", 0.7)], ["KT. GIÁM ĐỐC"], False),
        # the TM. above it may have been lost
        ([("KT. CHỦ TỊCH", 0.7), ("PHÓ CHỦ TỊCH", 0.7)], ["KT. CHỦ TỊCH"], True),
        # "KT. CHỦ TỊCH" without its beginning, the PHÓ CHỦ TỊCH below it lost
        ([("TM. ỦY BAN NHÂN DÂN", 0.7), ("CHỦ TỊCH", 0.722)], ["TM. ỦY BAN NHÂN DÂN"], True),
        # the KT. between them lost
        ([("TM. ỦY BAN NHÂN DÂN", 0.7), ("PHÓ CHỦ TỊCH", 0.7)], ["TM. ỦY BAN NHÂN DÂN"], True),
    ],
)
def test_the_authority_of_a_certificate_is_whole_or_doubted(lines, authority, conflict):
    read = read_signer([lay_out(page(certificate(*lines)))])["signing_authority"]
    assert read.value == authority
    assert read.evidence is not None and read.evidence.conflict is conflict


def test_who_signs_a_law_signs_for_himself():
    law = [("thông qua ngày 27 tháng 11 năm 2023.", 0.14, 0.5), ("CHỦ TỊCH QUỐC HỘI", 0.62, 0.6)]
    read = read_signer([lay_out(page([*law, ("Vương Đình Huệ", 0.64, 0.7)]))])
    assert not read["signing_authority"].needs_review
    chief = [(text.removesuffix(" QUỐC HỘI"), *place) for text, *place in law]
    read = read_signer([lay_out(page([*chief, ("Vương Đình Huệ", 0.64, 0.7)]))])
    assert read["signing_authority"].needs_review


@pytest.mark.parametrize(("title", "middle", "settled"), [
    ("GIÁM ĐỐC", 0.7, True),
    ("GIÁM ĐỐC", 0.722, False),  # of "PHÓ GIÁM ĐỐC" the beginning was lost
    ("GIÁM ĐỖC", 0.7, True),  # letters of the closed list, whatever their marks
    ("IGIÁM ĐỐC", 0.7, False),  # more than the title stands there
])  # fmt: skip
def test_a_whole_title_over_the_middle_of_the_name_is_beyond_doubt(title, middle, settled):
    rows = certificate((title, middle))
    read = read_signer([lay_out(page(rows, weak={"ĐỐC": 0.5, "ĐỖC": 0.5}))])["signer_title"]
    assert read.value == "GIÁM ĐỐC" and read.evidence.settled is settled


def test_one_office_behind_kính_gửi_is_no_list_of_which_a_row_was_lost(reader):
    def addressees(*rows):
        top = [*header(number="Số: 12/UBND-VX"), (f"Kính gửi: {rows[0]}", 0.3, 0.2)]
        more = [(text, 0.42, 0.22 + 0.02 * n) for n, text in enumerate(rows[1:])]
        body = [("Thực hiện chỉ đạo của Chính phủ, đề nghị quý cơ quan phối hợp.", 0.15, 0.3)]
        return reader.assemble([page([*top, *more, *body])]).document.fields["addressees"]

    alone = addressees("Hội đồng nhân dân tỉnh")
    assert alone.value == ["Hội đồng nhân dân tỉnh"] and alone.evidence.settled
    several = addressees("- Sở Y tế;", "- Sở Tư pháp.")
    assert several.value == ["Sở Y tế", "Sở Tư pháp"] and not several.evidence.settled


LIST = [("Nơi nhận:", 0.5), ("- Như trên;", 0.52), ("- Sở Nội vụ;", 0.54), ("- Lưu: VT.", 0.56)]


@pytest.mark.parametrize(
    ("rows", "weak", "settled"),
    [
        (LIST, {}, True),
        ([LIST[0], LIST[1], LIST[3]], {}, False),  # a row in the middle was lost
        ([LIST[0], *LIST[2:]], {}, False),  # the first was
        ([*LIST[:2], ("- Sở Nội vụ", 0.54), LIST[3]], {}, False),  # does it go on?
        ([*LIST[:2], ("Sở Nội vụ;", 0.54), LIST[3]], {}, False),
        (LIST, {"Nội": 0.6}, False),
    ],
)
def test_a_list_of_receivers_without_a_gap_is_whole(rows, weak, settled):
    made = page([(text, 0.13, y) for text, y in rows], weak=weak)
    read = read_recipients([lay_out(made)])["recipients"]
    assert read.evidence.settled is settled


def test_two_words_of_a_name_read_as_one_are_told_apart_and_doubted(reader):
    rows = closing(("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "Hồ BáĐạt")
    signer = signed(reader, rows)["signer"]
    assert (signer.value, signer.needs_review) == ("Hồ Bá Đạt", True)
    other = signed(reader, closing(("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "Hồ McDonald"))["signer"]
    assert other.value != "Hồ Mc Donald"


@pytest.mark.parametrize(("seen", "is_rest"), [
    ("HỦ TƯỚNG", True), ("TƯỚNG", True), ("TRUNG TƯỚNG", False), ("Đại tướng", False),
])  # fmt: skip
def test_a_rank_over_a_name_is_no_rest_of_a_title(seen, is_rest):
    line = lay_out(page([(seen, 0.6, 0.6)])).rows[0]
    assert (rest_of_title([line]) is line) is is_rest
