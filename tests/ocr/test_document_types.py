# SPDX-License-Identifier: Apache-2.0
"""Types are data: shipped files are sound, a new one needs no Python."""

import datetime as dt

import pytest

from ocr.document_types import (
    DocumentTypeError,
    load_document_types,
    shipped_document_types,
)
from ocr.reader import Reader
from ocr.values import MAKERS
from tests.ocr.papers import page

ND30 = [
    "nghi_quyet",
    "quyet_dinh",
    "chi_thi",
    "quy_che",
    "quy_dinh",
    "thong_cao",
    "thong_bao",
    "huong_dan",
    "chuong_trinh",
    "ke_hoach",
    "phuong_an",
    "de_an",
    "du_an",
    "bao_cao",
    "bien_ban",
    "to_trinh",
    "hop_dong",
    "cong_van",
    "cong_dien",
    "ban_ghi_nho",
    "ban_thoa_thuan",
    "giay_uy_quyen",
    "giay_moi",
    "giay_gioi_thieu",
    "giay_nghi_phep",
    "phieu_gui",
    "phieu_chuyen",
    "phieu_bao",
    "thu_cong",
]
LEGISLATIVE = ["luat", "phap_lenh", "nghi_dinh", "thong_tu", "thong_tu_lien_tich", "lenh"]
ONE_STOP = [
    "giay_khai_sinh",
    "trich_luc_khai_sinh",
    "trich_luc_khai_tu",
    "trich_luc_ket_hon",
    "gcn_ket_hon",
    "xac_nhan_tthn",
    "cccd",
    "can_cuoc",
    "cmnd_9",
    "gcn_qsdd",
    "gcn_dkdn",
    "gcn_dkhkd",
    "gpxd",
    "phieu_lltp_1",
    "phieu_lltp_2",
    "gplx",
    "van_bang",
    "chung_chi",
    "to_khai",
    "giay_tiep_nhan",
    "phieu_kiem_soat",
    "so_ho_khau",
]
LETTER_FIELDS = [
    "number",
    "symbol",
    "full_number",
    "issued_on",
    "place",
    "issuer",
    "parent_issuer",
    "signing_authority",
    "signer_title",
    "signer",
    "secrecy",
    "abstract",
    "addressees",
    "recipients",
    "urgency",
    "copies",
    "page_count",
]


def test_all_types_of_the_design_are_there():
    types = shipped_document_types()
    wanted = [*ND30, *LEGISLATIVE, *ONE_STOP, "thu_moi", "du_thao", "khac", "nhieu_giay"]
    assert len(ND30) == 29
    assert [code for code in wanted if code not in types.by_code] == []


@pytest.mark.parametrize("code", [*ND30, *LEGISLATIVE, "thu_moi", "khac"])
def test_letters_share_one_layout(code):
    assert [s.key for s in shipped_document_types()[code].fields] == LETTER_FIELDS


def test_shipped_files_use_known_formats_and_unique_keys():
    formats = {*MAKERS, "text", "docno", "org", "place", "idpaper"}
    for kind in shipped_document_types():
        keys = [s.key for s in kind.fields]
        assert len(keys) == len(set(keys)), kind.code
        assert {s.type for s in kind.fields} <= formats, kind.code
        assert all(s.zone or s.labels for s in kind.fields), kind.code


def test_titles_name_one_type_only():
    titles = [t for kind in shipped_document_types() for t in kind.squeezed_titles]
    assert len(titles) == len(set(titles))


def test_certificates_and_cards_are_marked():
    types = shipped_document_types()
    assert all(types[c].certificate for c in ("gcn_ket_hon", "gcn_dkdn", "chung_chi", "gpxd"))
    assert {k.code for k in types if k.card} == {"cccd", "can_cuoc", "cmnd_9"}


NEW_TYPE = """
extends = "_envelope"
code = "the_thu_vien"
name = "Thẻ thư viện"
titles = ["THẺ THƯ VIỆN"]

[[fields]]
key = "full_name"
label = "Họ và tên"
type = "name"
required = true

[[fields]]
key = "valid_to"
label = "Giá trị đến"
labels = ["Có giá trị đến", "Giá trị đến"]
type = "date"
"""


def test_a_type_in_a_folder_of_ones_own_is_read_at_once(tmp_path):
    (tmp_path / "the_thu_vien.toml").write_text(NEW_TYPE, encoding="utf-8")
    types = load_document_types(tmp_path)
    assert len(types) == len(shipped_document_types()) + 1
    rows = [
        ("THẺ THƯ VIỆN", 0.4, 0.1),
        ("Họ và tên: Nguyễn Văn An", 0.2, 0.15),
        ("Có giá trị đến: 31/12/2027", 0.2, 0.18),
    ]
    reader = Reader(None, types, today=lambda: dt.date(2026, 11, 24))
    part = reader.assemble([page(rows)]).document
    assert part.document_type.code == "the_thu_vien"
    assert part.fields["full_name"].value == "Nguyễn Văn An"
    assert part.fields["valid_to"].value == "2027-12-31"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('code = "x"\nname = "X"\ncolour = "red"', "colour"),
        ('name = "X"', "code"),
        ('extends = "_nowhere"\ncode = "x"\nname = "X"', "_nowhere"),
        ('extends = "x"\ncode = "x"\nname = "X"', "extends itself"),
        ('code = "x"\nname = "X"\n[[fields]]\nlabel = "L"', "key"),
        ('code = "x"\nname = "X"\n[[fields]]\nkey = "k"\nlabel = "L"\nshape = 1', "shape"),
        ("code = ", "x.toml"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path, text, complaint):
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentTypeError, match=complaint):
        load_document_types(tmp_path)


def test_a_type_knows_its_fields_by_key():
    types = shipped_document_types()
    kind = types["giay_khai_sinh"]
    assert kind.spec("full_name").type == "name"
    assert kind.label("full_name") == "Họ, chữ đệm, tên"
    assert kind.spec("no_such_field") is None
    assert types.get("no_such_type") is None
    assert types["no_such_type"].code == "khac"
