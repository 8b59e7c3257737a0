# SPDX-License-Identifier: Apache-2.0
"""Forms and certificates: label and value out of the data files, checks between fields."""

import datetime as dt

import pytest

from ocr.document_types import shipped_document_types
from ocr.extraction import FieldStatus
from ocr.reader import Reader
from ocr.values import normalise_value
from tests.ocr.papers import page

TODAY = dt.date(2026, 11, 24)
HEAD = [
    ("ỦY BAN NHÂN DÂN", 0.17, 0.06),
    ("XÃ BÌNH AN", 0.2, 0.08),
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.5, 0.06),
    ("Độc lập - Tự do - Hạnh phúc", 0.56, 0.08),
]


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: TODAY)


def body(rows, start=0.22, step=0.03, x=0.12):
    return [(text, x, start + step * i) for i, text in enumerate(rows)]


def read(reader, title, rows, head=HEAD):
    return reader.assemble([page([*head, (title, 0.38, 0.16), *body(rows)])]).document


BIRTH = [
    "Họ, chữ đệm, tên: NGUYỄN VĂN AN",
    "Ngày, tháng, năm sinh: 12/03/2020",
    "ghi bằng chữ: ngày mười hai tháng ba năm hai nghìn không trăm hai mươi",
    "Giới tính: Nam    Dân tộc: Kinh    Quốc tịch: Việt Nam",
    "Nơi sinh: Bệnh viện đa khoa tỉnh Quảng Ngãi",
    "Quê quán: Bình An, Quảng Ngãi",
    "Số định danh cá nhân: 051220000123",
    "Họ, chữ đệm, tên người mẹ: TRẦN THỊ BÌNH",
    "Năm sinh: 1990    Dân tộc: Kinh    Quốc tịch: Việt Nam",
    "Nơi cư trú: Bình An, Quảng Ngãi",
    "Họ, chữ đệm, tên người cha: ..............................",
    "Năm sinh: ........    Dân tộc: ........    Quốc tịch: ........",
    "Nơi đăng ký khai sinh: UBND xã Bình An",
    "Ngày, tháng, năm đăng ký: 20/03/2020",
]


def test_a_birth_certificate(reader):
    part = read(reader, "GIẤY KHAI SINH", BIRTH)
    assert part.document_type.code == "giay_khai_sinh"
    values = {k: r.value for k, r in part.fields.items()}
    assert values["full_name"] == "NGUYỄN VĂN AN"
    assert values["born_on"] == "2020-03-12"
    assert values["born_words"] == "2020-03-12"
    assert (values["gender"], values["ethnicity"], values["nationality"]) == (
        "Nam",
        "Kinh",
        "Việt Nam",
    )
    assert values["id"] == "051220000123"
    assert values["mother.name"] == "TRẦN THỊ BÌNH"
    assert values["mother.born_on"] == "1990"  # a year alone stays a year
    assert values["registered_on"] == "2020-03-20"
    assert values["issuer"] == "Ủy ban nhân dân xã Bình An"


def test_an_empty_father_block_stays_empty(reader):
    part = read(reader, "GIẤY KHAI SINH", BIRTH)
    for key in ("father.name", "father.born_on", "father.ethnicity", "father.nationality"):
        assert part.fields[key].value is None, key


def test_words_and_digits_that_disagree_are_both_flagged(reader):
    rows = [r.replace("12/03/2020", "13/03/2020") for r in BIRTH]
    fields = read(reader, "GIẤY KHAI SINH", rows).fields
    assert fields["born_on"].needs_review
    assert fields["born_words"].needs_review
    assert not read(reader, "GIẤY KHAI SINH", BIRTH).fields["born_on"].needs_review


def test_a_personal_number_that_contradicts_the_gender_is_flagged(reader):
    rows = [r.replace("051220000123", "051320000123") for r in BIRTH]
    fields = read(reader, "GIẤY KHAI SINH", rows).fields
    assert fields["id"].value == "051320000123"
    assert fields["id"].needs_review
    assert fields["gender"].needs_review


def test_no_field_of_one_spouse_in_the_other(reader):
    left = body(
        [
            "Họ, chữ đệm, tên vợ:",
            "Họ, chữ đệm, tên: LÊ THỊ HOA",
            "Ngày, tháng, năm sinh: 01/02/1995",
            "Dân tộc: Kinh",
        ][1:],
        x=0.08,
    )
    right = body(
        ["Họ, chữ đệm, tên: PHẠM VĂN NAM", "Ngày, tháng, năm sinh: 03/04/1993", "Dân tộc: Hrê"],
        x=0.54,
    )
    rows = [*HEAD, ("GIẤY CHỨNG NHẬN KẾT HÔN", 0.38, 0.16), *left, *right]
    fields = reader.assemble([page(rows)]).document.fields
    assert (fields["wife.name"].value, fields["husband.name"].value) == (
        "LÊ THỊ HOA",
        "PHẠM VĂN NAM",
    )
    assert (fields["wife.born_on"].value, fields["husband.born_on"].value) == (
        "1995-02-01",
        "1993-04-03",
    )
    assert (fields["wife.ethnicity"].value, fields["husband.ethnicity"].value) == ("Kinh", "Hrê")


def test_what_a_spouse_has_below_goes_on_in_its_own_column(reader):
    """Labels name whose they are; values wrap inside their half of the page."""
    left = ["Họ, chữ đệm, tên vợ: PHẠM DIỆU", "TUYẾT", "Nơi cư trú: Số 16 đường Trường"]
    left += ["Xuyên, xã Bình An, tỉnh Gia", "Lai", "Dân tộc: Nùng"]
    right = ["Họ, chữ đệm, tên chồng: ĐÀO VĂN", "VƯỢNG", "Nơi cư trú: Thôn Đại Hưng, xã"]
    right += ["Vĩnh Vượng, tỉnh Hưng Yên", "Dân tộc: Mường", "Giấy tờ tùy thân: CCCD 096"]
    rows = [*HEAD, ("GIẤY CHỨNG NHẬN KẾT HÔN", 0.38, 0.16)]
    rows += [*body(left, step=0.02, x=0.1), *body(right, step=0.02, x=0.54)]
    rows += [("Nơi đăng ký kết hôn: Ủy ban nhân dân phường Bình Lộc, tỉnh Gia Lai", 0.1, 0.34)]
    rows += [("Ngày, tháng, năm đăng ký: ngày 08 tháng 7 năm 2025", 0.1, 0.36)]
    fields = reader.assemble([page(rows)]).document.fields
    assert fields["wife.name"].value == "PHẠM DIỆU TUYẾT"
    assert fields["husband.name"].value == "ĐÀO VĂN VƯỢNG"
    assert fields["wife.residence"].value == "Số 16 đường Trường Xuyên, xã Bình An, tỉnh Gia Lai"
    assert fields["husband.residence"].value == "Thôn Đại Hưng, xã Vĩnh Vượng, tỉnh Hưng Yên"
    assert (fields["wife.ethnicity"].value, fields["husband.ethnicity"].value) == ("Nùng", "Mường")
    assert fields["husband.idpaper"].value == "CCCD 096"  # not the rest of the row below


def test_a_label_may_run_over_two_rows_and_the_next_number_is_no_value(reader):
    rows = [
        "1. Họ và tên: VŨ THU LAN    2. Giới tính: Nữ",
        "3. Thông tin về cấm đảm nhiệm chức vụ, thành lập, quản lý doanh nghiệp, hợp tác",
        "xã: Không bị cấm",
    ]
    fields = read(reader, "PHIẾU LÝ LỊCH TƯ PHÁP SỐ 1", rows).fields
    assert fields["full_name"].value == "VŨ THU LAN"
    assert fields["gender"].value == "Nữ"
    assert fields["ban"].value == "Không bị cấm"


def test_a_value_goes_on_where_the_next_word_had_no_room(reader):
    """A full row wraps; a row that ends early is complete, whatever follows."""
    full = ["Nơi sinh: Bệnh viện đa khoa khu vực miền núi phía bắc tỉnh Quảng Ngãi, thôn Đông"]
    full += ["Sơn, xã Bình An", "Quê quán: Bình An"]
    assert (
        read(reader, "GIẤY KHAI SINH", full).fields["birth_place"].value
        == "Bệnh viện đa khoa khu vực miền núi phía bắc tỉnh Quảng Ngãi, thôn Đông Sơn, xã Bình An"
    )
    early = ["Nơi sinh: Trạm Y tế", "Nội dung khác không có nhãn và rất dài để chiếm hết cả dòng"]
    assert read(reader, "GIẤY KHAI SINH", early).fields["birth_place"].value == "Trạm Y tế"


def test_a_longer_label_is_not_taken_for_the_one_it_begins_with(reader):
    rows = ["Đề nghị cấp bản sao: Có", "Nơi sinh cũ của người mẹ: Hà Nội"]
    assert read(reader, "TỜ KHAI", rows).fields["request"].value is None
    assert read(reader, "GIẤY KHAI SINH", rows).fields["birth_place"].value is None


def test_a_damaged_label_is_still_one(reader):
    rows = ["Số địnn danh cá nhan: 051220000123", "Nơi dăng ký khai sinn: UBND xã Bình An"]
    fields = read(reader, "GIẤY KHAI SINH", rows).fields
    assert fields["id"].value == "051220000123"
    assert fields["registry"].value == "UBND xã Bình An"


def test_the_date_of_a_change_stands_behind_its_number(reader):
    rows = ["Đăng ký lần đầu: ngày 20 tháng 3 năm 2020"]
    rows += ["Đăng ký thay đổi lần thứ: 9, ngày 02 tháng 10 năm 2025"]
    fields = read(reader, "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP", rows).fields
    assert (fields["first_on"].value, fields["change_no"].value) == ("2020-03-20", 9)
    assert fields["change_on"].value == "2025-10-02"


CARD = [
    ("CĂN CƯỚC CÔNG DÂN", 0.4, 0.208),
    ("Số / No.: 027166985719", 0.43, 0.237),
    ("Họ và tên / Full name:", 0.43, 0.25),
    ("DƯƠNG HỒNG YẾN", 0.43, 0.263),
    ("Quê quán / Place of otigin:", 0.43, 0.29),
    ("MẪU", 0.34, 0.297),
    ("xã Vĩnh Xuyên, tỉnh Bắc Ninh", 0.43, 0.307),
    ("Có giá trị đến: Không thời hạn", 0.32, 0.33),
]


def test_on_a_card_values_stand_below_their_labels(reader):
    part = reader.assemble([page(CARD)]).document
    fields = part.fields
    assert part.document_type.code == "cccd"
    assert fields["full_name"].value == "DƯƠNG HỒNG YẾN"
    assert fields["origin"].value == "xã Vĩnh Xuyên, tỉnh Bắc Ninh"
    assert (fields["valid_to"].value, fields["valid_to"].needs_review) == (None, False)


def test_a_value_goes_on_beside_a_cell_that_stands_close(reader):
    rows = [
        CARD[0],
        ("Nơi thường trú / Place of residence: Thôn Thuận", 0.43, 0.31),
        ("Có giá trị đến: 15/09/2034  Thủy, xã Thanh Quế", 0.167, 0.321),
    ]
    fields = reader.assemble([page(rows)]).document.fields
    assert fields["residence"].value == "Thôn Thuận Thủy, xã Thanh Quế"
    assert fields["valid_to"].value == "2034-09-15"


@pytest.mark.parametrize("colon", [":", ""])
def test_the_back_of_a_card_beside_its_front_is_no_value(reader, colon):
    rows = [CARD[0], (f"Quê quán / Place of origin{colon}", 0.15, 0.29)]
    rows += [("xã An Điền, tỉnh Hưng Yên", 0.15, 0.302), ("8811042M2811040VNM<<6", 0.55, 0.303)]
    read = reader.assemble([page(rows)]).document.fields["origin"]
    assert read.value == "xã An Điền, tỉnh Hưng Yên"


def test_a_value_in_the_middle_of_a_row_does_not_take_the_row_below(reader):
    rows = [
        "Giới tính: Nữ    Dân tộc: Nùng    Quốc tịch: Việt Nam",
        "Giấy tờ tùy thân: Căn cước công dân số 011169344818 cấp ngày 31/07/2022",
    ]
    fields = read(reader, "GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", rows).fields
    assert (fields["ethnicity"].value, fields["nationality"].value) == ("Nùng", "Việt Nam")


def test_what_a_form_always_prints_and_was_not_found_is_a_doubt(reader):
    fields = read(reader, "GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", ["Dân tộc: Kinh"]).fields
    assert (fields["gender"].value, fields["gender"].needs_review) == (None, True)


def test_an_enterprise_registration_checks_the_tax_code(reader):
    rows = ["Mã số doanh nghiệp: 0100109106", "Đăng ký lần đầu: ngày 05 tháng 6 năm 2015"]
    title = "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP"
    part = read(reader, title, rows)
    assert part.document_type.code == "gcn_dkdn"
    assert part.fields["tax_code"].value == "0100109106"
    assert not part.fields["tax_code"].needs_review
    assert part.fields["first_on"].value == "2015-06-05"
    wrong = read(reader, title, ["Mã số doanh nghiệp: 0100109107"])
    assert wrong.fields["tax_code"].needs_review


def test_the_receipt_binds_to_a_dossier(reader):
    rows = [
        "Mã hồ sơ: H36.12.05-260630-0012",
        "Tiếp nhận hồ sơ của: Nguyễn Văn An",
        "Địa chỉ: thôn 2, xã Bình An, tỉnh Quảng Ngãi",
        "Nội dung yêu cầu giải quyết: Đăng ký khai sinh",
        "Số lượng hồ sơ: 01 (bộ)",
    ]
    part = read(reader, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", rows)
    assert part.document_type.code == "giay_tiep_nhan"
    assert part.fields["dossier_code"].value == "H36.12.05-260630-0012"
    assert not part.fields["dossier_code"].needs_review
    assert part.fields["copies"].value == 1
    assert part.fields["applicant"].value == "Nguyễn Văn An"


def test_footnote_marks_inside_labels(reader):
    rows = ["Kính gửi: (1) UBND xã Bình An", "Nơi cư trú (2): thôn 2, xã Bình An"]
    fields = read(reader, "TỜ KHAI ĐĂNG KÝ KHAI SINH", rows).fields
    assert fields["requester.residence"].value == "thôn 2, xã Bình An"
    assert fields["addressee"].value == "UBND xã Bình An"


def test_a_required_label_without_a_value_is_blank(reader):
    fields = read(reader, "GIẤY KHAI SINH", ["Họ, chữ đệm, tên: ................"]).fields
    assert fields["full_name"].status is FieldStatus.BLANK
    assert fields["full_name"].needs_review
    assert fields["born_on"].status is FieldStatus.ABSENT
    assert fields["born_on"].needs_review


def test_a_certificate_is_dated_and_signed_at_its_foot(reader):
    foot = [
        ("Bình An, ngày 20 tháng 3 năm 2020", 0.55, 0.7),
        ("CHỦ TỊCH", 0.62, 0.73),
        ("Nguyễn Hoàng Giang", 0.6, 0.85),
    ]
    number = ("Số: 31/2020", 0.2, 0.1)
    rows = [*HEAD, number, ("GIẤY KHAI SINH", 0.38, 0.16), *body(BIRTH), *foot]
    fields = reader.assemble([page(rows)]).document.fields
    assert (fields["issued_on"].value, fields["place"].value) == ("2020-03-20", "Bình An")
    assert fields["signer"].value == "Nguyễn Hoàng Giang"
    assert (fields["number"].value, fields["symbol"].value) == ("31/2020", None)
    assert not fields["symbol"].needs_review


def test_form_05_of_both_generations_is_told_by_its_title(reader):
    old = read(reader, "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", ["Mẫu số 05"])
    new = read(reader, "THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", ["Mẫu số 05"])
    assert (old.document_type.code, new.document_type.code) == (
        "phieu_kiem_soat",
        "thong_bao_dung",
    )


@pytest.mark.parametrize(
    ("kind", "text", "value", "fits"),
    [
        ("money", "1.500.000 đồng (Bằng chữ: một triệu năm trăm nghìn đồng)", "1500000", True),
        ("money", "1.500.000 đồng (Bằng chữ: một triệu sáu trăm nghìn đồng)", "1500000", False),
        ("area", "120,5 m2", "120.5", True),
        ("gender", "Nữ", "Nữ", True),
        ("check", "☑ Có ☐ Không", True, True),
        ("check", "☐ Có ☐ Không", None, False),
        ("id12", "097090123456", "097090123456", False),
        ("serial", "BĐ 123456", "BĐ 123456", True),
        ("serial", "BĐ123456", "BĐ 123456", True),
        ("ethnicity", "Khmer", "Khmer", True),
        ("ethnicity", "Khmet", "Khmer", False),
        ("ethnicity", "Muòng", "Mường", False),
        ("ethnicity", "Ê Đê", "Ê Đê", True),
        ("ethnicity", "người Anh", "người Anh", False),
        ("land_paper", "Giấy chứng nhận số BĐ144308", "Giấy chứng nhận số BĐ 144308", True),
        ("date", "không rõ", None, False),
    ],
)
def test_values_in_their_normal_form(kind, text, value, fits):
    made = normalise_value(kind, text, TODAY)
    assert made[:2] == (value, fits)


def test_every_type_that_has_labels_finds_its_own_form(reader):
    """Each label of each type, printed with a value behind it, is found under its own key."""
    samples = {"date": "05/06/2015", "datew": "ngày năm tháng sáu năm hai nghìn", "gender": "Nam"}
    samples |= {"id12": "001090123456", "id9": "012345678", "mst": "0100109106", "money": "5000"}
    samples |= {"area": "120", "integer": "2", "serial": "BĐ 123456", "check": "☑ Có"}
    samples |= {"ethnicity": "Kinh"}
    lost = []
    for kind in shipped_document_types():
        specs = [s for s in kind.fields if s.zone is None and not s.section and not s.column]
        if not specs or not kind.titles:
            continue
        rows = [f"{s.labels[0]}: {samples.get(s.type, 'Bình An')}" for s in specs]
        part = read(reader, kind.titles[0], rows)
        if part.document_type.code != kind.code:
            lost.append((kind.code, "type", part.document_type.code))
            continue
        lost += [(kind.code, s.key) for s in specs if part.fields[s.key].value is None]
    assert lost == []


def test_a_province_is_spelled_by_the_list_and_the_change_is_shown(reader):
    fields = read(reader, "GIẤY KHAI SINH", ["Quê quán: xã Long Xuyên, tỉnh Hà Tính"]).fields
    assert fields["origin"].value == "xã Long Xuyên, tỉnh Hà Tĩnh"
    assert fields["origin"].needs_review


def test_a_section_whose_heading_is_damaged_is_still_read(reader):
    rows = [r.replace("người cha: .....", "nơười cha: TRỊNH NGỌC DŨNG .....") for r in BIRTH]
    rows = [r.replace("Năm sinh: ........ ", "Năm sinh: 1978 ") for r in rows]
    fields = read(reader, "GIẤY KHAI SINH", rows).fields
    assert fields["father.name"].value == "TRỊNH NGỌC DŨNG"
    assert (fields["mother.born_on"].value, fields["father.born_on"].value) == ("1990", "1978")


def test_what_stands_unread_between_two_fields_of_a_row_is_a_doubt(reader):
    rows = ["Người đại diện theo pháp luật", "Họ và tên: HỒ PHƯƠNG NGÂN"]
    rows += ["Sinh ngày: 07/09/1996    Dxx tx: Khmer    Quốc tịch: Việt Nam"]
    fields = read(reader, "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP", rows).fields
    lost = fields["legal_rep.ethnicity"]
    assert (lost.value, lost.needs_review) == (None, True)
    assert not fields["legal_rep.position"].needs_review


def test_a_semicolon_for_a_colon(reader):
    rows = ["Giới tính: Nữ    Dân tộc; Thái    Quốc tịch: Việt Nam"]
    assert read(reader, "GIẤY KHAI SINH", rows).fields["ethnicity"].value == "Thái"


@pytest.mark.parametrize("sign", [";", ".", ","])
def test_the_parts_of_an_address_have_commas_and_what_was_put_right_is_shown(reader, sign):
    rows = [*BIRTH[:8], f"Nơi cư trú: Thôn Tân Sơn{sign} xã Bình Ngọc, tỉnh Bắc Ninh"]
    address = read(reader, "GIẤY KHAI SINH", rows).fields["mother.residence"]
    assert address.value == "Thôn Tân Sơn, xã Bình Ngọc, tỉnh Bắc Ninh"
    assert address.evidence.repaired is (sign != ",")


@pytest.mark.parametrize("rest", [" -", " –", " - .", " …-"])
def test_a_rest_of_a_leader_behind_a_value_is_no_part_of_it(reader, rest):
    rows = [row + rest if row.startswith("Giới tính") else row for row in BIRTH]
    fields = read(reader, "GIẤY KHAI SINH", rows).fields
    assert fields["nationality"].value == "Việt Nam"


@pytest.mark.parametrize(("height", "fits"), [("13,2 m", True), ("13,2 m²", False)])
def test_a_height_is_no_area(reader, height, fits):
    rows = ["1. Cấp cho: Ông NGUYỄN VĂN AN", f"- Chiều cao công trình: {height}"]
    seen = read(reader, "GIẤY PHÉP XÂY DỰNG", rows).fields["height"]
    assert seen.value == height
    assert seen.evidence is not None and seen.evidence.grammar is fits


def fits(kind, text):
    return normalise_value(kind, text, TODAY)[1]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("nationality", "Việt Nam", "Việt Nạm"),
        ("nationality", "Hoa Kỳ", "Việi Nam"),
        ("place", "Thôn Thuận Đức, xã Thanh Lạc, tỉnh Nghệ An", "Thôn Thuận Đức, xã"),
        ("place", "xã Thuận Thủy, tỉnh Quảng Trị", "xã Thuận Thủy, tỉnh:Quảng Trị"),
        ("place", "Thôn Hòa Khê xã Thuận Đức", "Thôn Hòa Khê xã Thuận Đức, tỉnh Vĩnh Long"),
        ("place", "Bệnh viện đa khoa tỉnh Hưng Yên, phường Phố Hiến", "Số 3, đường"),
        ("idpaper", "Căn cước công dân số 066176816555", "Căn cước công dân"),
        ("idpaper", "Hộ chiếu số B1234567", "Hộ chiếu số B12"),
        ("name", "HUỲNH ĐỨC DŨNG", "HUỲNH"),
        ("area", "4.953 m²", "4953 m²"),
        ("area", "495,3 m²", "diện tích"),
        ("words", "Bảy tỷ tám trăm triệu đồng", "Bảy tỷ tám trắm triệu đồng"),
        ("words", "Một trăm hai mươi phẩy năm mét vuông", "Một trăm hai mươi phẩy nắm mét vuông"),
    ],
)
def test_what_a_misreading_breaks_goes_to_a_person(kind, right, wrong):
    assert fits(kind, right) and not fits(kind, wrong)


def test_a_nationality_with_wrong_marks_is_put_right_for_a_person_to_see():
    assert normalise_value("nationality", "Việt Nạm", TODAY) == ("Việt Nam", False, 0)


def test_a_sum_and_its_words_that_differ_are_both_flagged(reader):
    def sums(words):
        rows = ["Mã số doanh nghiệp: 0108234562", "3. Vốn điều lệ: 7.800.000.000 đồng",
                f"Bằng chữ: {words}"]  # fmt: skip
        kind = "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP"
        return read(reader, kind, rows).fields

    same, other = sums("Bảy tỷ tám trăm triệu đồng"), sums("Bảy tỷ ba trăm triệu đồng")
    assert same["capital"].value == other["capital"].value == "7800000000"
    assert all(same[k].evidence.settled for k in ("capital", "capital_words"))
    written = "Hai mươi mốt tỷ bảy trăm triệu đồng"  # "mươi một" is commoner elsewhere
    assert sums(written)["capital_words"].value == written
    assert not same["capital"].needs_review
    assert other["capital"].needs_review and other["capital_words"].needs_review


FRONT = [
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.12, 0.13),
    ("CĂN CƯỚC CÔNG DÂN", 0.15, 0.157),
    ("Số / No.: 064177270244", 0.18, 0.188),
    ("Họ và tên / Full name:", 0.18, 0.199),
    ("VŨ BÍCH YẾN", 0.18, 0.21),
    ("Ngày sinh / Date of birth: 31/07/1977", 0.18, 0.224),
]


@pytest.mark.parametrize(
    "row",
    [
        "Giới tính / Sex: Nữ    Quốc tịch / Nationality: Việt Nam",
        "Giới tính / Sex: Nữ    Quốc tịch / Nationalty; Việt Nam",
        "Giới tính / Sex: Nữ    Quốc tịch / Nationality. Việt Nam",
        "Giới tính / Sex: Nữ    Quốc tịch / Nationality: Việt Nam IDVNM1772762446664177270244<<2",
    ],
)
def test_the_lines_for_machines_and_a_damaged_colon_spoil_no_value_of_a_card(reader, row):
    fields = reader.assemble([page([*FRONT, (row, 0.18, 0.236)])]).document.fields
    assert (fields["nationality"].value, fields["gender"].value) == ("Việt Nam", "Nữ")
    assert fields["id"].value == "064177270244"


def test_a_doubtful_family_name_is_put_right_for_a_person_to_see(reader):
    rows = [row.replace("NGUYỄN VĂN AN", "ĐỊNH VĂN AN") for row in BIRTH]
    doubtful = page([*HEAD, ("GIẤY KHAI SINH", 0.38, 0.16), *body(rows)], weak={"ĐỊNH": 0.6})
    name = reader.assemble([doubtful]).document.fields["full_name"]
    assert (name.value, name.raw, name.needs_review) == ("ĐINH VĂN AN", "ĐỊNH VĂN AN", True)


def test_how_a_unit_was_read_says_nothing_of_the_figures(reader):
    """Tesseract does not know "²": its doubt there is none about 233,1."""
    rows = ["1. Cấp cho: Ông NGUYỄN VĂN AN", "- Tổng diện tích sàn: 233,1 m²"]
    sheet = [*HEAD, ("GIẤY PHÉP XÂY DỰNG", 0.38, 0.16), *body(rows)]
    seen = [
        reader.assemble([page(sheet, weak=weak)]).document.fields["floor_area"]
        for weak in ({"m²": 0.5}, {"233,1": 0.5})
    ]
    assert [s.value for s in seen] == ["233.1", "233.1"]
    assert [s.evidence.token for s in seen] == [0.95, 0.5]


def test_a_point_before_one_figure_was_a_comma(reader):
    rows = ["1. Cấp cho: Ông NGUYỄN VĂN AN", "- Tổng diện tích sàn: 495.3 m²"]
    seen = read(reader, "GIẤY PHÉP XÂY DỰNG", rows).fields["floor_area"]
    assert (seen.value, seen.needs_review) == ("495.3", True)


@pytest.mark.parametrize("rest", ["ĐỨC DŨNG", "ĐỨC DŨNG:", "ĐỨC DŨNG ."])
def test_a_speck_behind_the_rest_of_a_name_makes_no_label_of_it(reader, rest):
    rows = [("Họ, chữ đệm, tên: NGUYỄN VĂN HUỲNH HOÀNG ANH TUẤN KIỆT", 0.12, 0.22),
            (rest, 0.12, 0.24),
            ("Giới tính: Nam    Dân tộc: Kinh", 0.12, 0.28),
            ("Nơi cư trú: Thôn Đông, xã Bình An, tỉnh Nghệ An", 0.12, 0.31)]  # fmt: skip
    sheet = page([("GIẤY KHAI SINH", 0.3, 0.16), *rows])
    name = reader.assemble([sheet]).document.fields["full_name"]
    assert name.value == "NGUYỄN VĂN HUỲNH HOÀNG ANH TUẤN KIỆT ĐỨC DŨNG"


def test_a_label_in_two_languages_without_the_stroke_between_them_is_one(reader):
    rows = [*FRONT, ("Quê quán Place of ornigin:", 0.18, 0.25),
            ("phường Đại Vượng, tỉnh Thanh Hóa", 0.18, 0.262)]  # fmt: skip
    origin = reader.assemble([page(rows)]).document.fields["origin"]
    assert origin.value == "phường Đại Vượng, tỉnh Thanh Hóa"
