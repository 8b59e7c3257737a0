# SPDX-License-Identifier: Apache-2.0
"""Giấy tờ một cửa: label-and-value papers, each a short list of rows with exact truth."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import segno
from PIL import Image

from service.samples import ink
from service.samples.people import (
    COMMUNES,
    PROVINCES,
    Person,
    in_words,
    long_date,
    person,
    pick,
)
from service.samples.sheet import DPI, MM, WIDTH, Family, Sheet

LEFT, RIGHT = 25 * MM, WIDTH - 20 * MM


@dataclass(frozen=True, slots=True)
class Row:
    """`label: value`; `key` of the field; rows without a key are plain lines."""

    label: str
    value: str = ""
    key: str | None = None
    style: str = "regular"
    truth: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A paper made of rows under a title."""

    type_code: str
    title: str
    number: str | None
    rows: list[Row]
    signer: str
    signer_title: str
    unit: str
    place: str
    day: dt.date
    qr: str | None = None
    leaders: bool = False


def _slash(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"


def _date(label: str, day: dt.date, key: str) -> Row:
    return Row(label, _slash(day), key, truth=day.isoformat())


def _place(rng: np.random.Generator) -> tuple[str, str, str]:
    province, place, _ = PROVINCES[int(rng.integers(len(PROVINCES)))]
    commune = pick(rng, COMMUNES)
    return f"Ủy ban nhân dân xã {commune}", commune, f"xã {commune}, {province}" if place else ""


def _birth(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    mother, father = person(rng, "Nữ"), person(rng, "Nam")
    return [
        Row("Họ, chữ đệm, tên", holder.name.upper(), "full_name"),
        _date("Ngày, tháng, năm sinh", holder.born_on, "born_on"),
        Row(
            "Ghi bằng chữ", in_words(holder.born_on), "born_words", truth=holder.born_on.isoformat()
        ),
        Row("Giới tính", holder.gender, "gender"),
        Row("Dân tộc", "Kinh", "ethnicity"),
        Row("Quốc tịch", "Việt Nam", "nationality"),
        Row("Nơi sinh", f"Trạm Y tế {home}", "birth_place"),
        Row("Quê quán", home, "origin"),
        Row("Số định danh cá nhân", holder.number, "id"),
        Row("Họ, chữ đệm, tên người mẹ", mother.name.upper(), "mother.name"),
        Row("Năm sinh", str(mother.born_on.year), "mother.born_on"),
        Row("Nơi cư trú", home, "mother.residence"),
        Row("Họ, chữ đệm, tên người cha", father.name.upper(), "father.name"),
        Row("Năm sinh", str(father.born_on.year), "father.born_on"),
        Row("Nơi cư trú", home, "father.residence"),
    ]


def _single(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    return [
        Row("Xét đề nghị của ông/bà", holder.name, "requester"),
        Row("XÁC NHẬN", style="bold"),
        Row("Họ, chữ đệm, tên", holder.name.upper(), "full_name"),
        _date("Ngày, tháng, năm sinh", holder.born_on, "born_on"),
        Row("Giới tính", holder.gender, "gender"),
        Row("Dân tộc", "Kinh", "ethnicity"),
        Row("Quốc tịch", "Việt Nam", "nationality"),
        Row("Giấy tờ tùy thân", f"Căn cước công dân số {holder.number}", "idpaper"),
        Row("Nơi cư trú", home, "residence"),
        Row("Tình trạng hôn nhân", "Hiện tại chưa đăng ký kết hôn với ai", "marital_status"),
        Row("Giấy này được sử dụng để", "Đăng ký kết hôn", "purpose"),
    ]


def _receipt(rng: np.random.Generator, holder: Person) -> list[Row]:
    day = dt.date(2026, 3, 2) + dt.timedelta(days=int(rng.integers(0, 120)))
    code = f"H{int(rng.integers(10, 60))}.{int(rng.integers(10, 99))}-{day:%y%m%d}-{int(rng.integers(1, 9999)):04d}"
    return [
        Row("Mã hồ sơ", code, "dossier_code"),
        Row("Tiếp nhận hồ sơ của", holder.name, "applicant"),
        Row("Địa chỉ", _place(rng)[2], "address"),
        Row("Số điện thoại", f"09{int(rng.integers(10**7, 10**8))}", "phone"),
        Row("Nội dung yêu cầu giải quyết", "Cấp Giấy xác nhận tình trạng hôn nhân", "request"),
        Row("Số lượng hồ sơ", "01 (bộ)", "copies"),
        Row("Thời gian giải quyết theo quy định", "03 ngày", "term"),
        Row("Thời gian nhận hồ sơ", f"08 giờ 30 phút, {long_date(day)}", "received_at"),
        Row(
            "Thời gian trả kết quả",
            f"16 giờ 00 phút, {long_date(day + dt.timedelta(days=3))}",
            "due_at",
        ),
    ]


def _declaration(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    return [
        Row("Kính gửi", f"Ủy ban nhân dân {home}", "addressees", truth=[f"Ủy ban nhân dân {home}"]),
        Row("Họ, chữ đệm, tên người yêu cầu", holder.name, "full_name"),
        Row("Nơi cư trú", home, "residence"),
        Row("Giấy tờ tùy thân", f"Căn cước số {holder.number}", "idpaper"),
        Row("Đề nghị", "Cấp Giấy xác nhận tình trạng hôn nhân để đăng ký kết hôn", "request"),
        Row("Tôi cam đoan những nội dung khai trên đây là đúng sự thật."),
    ]


def _household(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    return [
        Row("1. Tên hộ kinh doanh", f"HỘ KINH DOANH {holder.name.upper()}", "business_name"),
        Row("2. Trụ sở hộ kinh doanh", home, "address"),
        Row("3. Ngành, nghề kinh doanh", "Bán lẻ lương thực, thực phẩm", "business_lines"),
        Row("4. Vốn kinh doanh", "200.000.000 đồng", "capital", truth="200000000"),
        Row("5. Họ và tên chủ hộ kinh doanh", holder.name.upper(), "owner.name"),
        Row("Giới tính", holder.gender, "owner.gender"),
        _date("Sinh ngày", holder.born_on, "owner.born_on"),
        Row("Số định danh cá nhân", holder.number, "owner.id"),
    ]


def _building(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    area = int(rng.integers(60, 220))
    return [
        Row("1. Cấp cho", holder.name, "holder"),
        Row("Địa chỉ", home, "address"),
        Row("2. Được phép xây dựng công trình", "Nhà ở riêng lẻ", "works"),
        Row("Vị trí xây dựng", f"thửa đất số {int(rng.integers(1, 400))}, {home}", "site"),
        Row("Diện tích xây dựng tầng 1", f"{area} m²", "ground_area", truth=str(area)),
        Row("Tổng diện tích sàn", f"{area * 2} m²", "floor_area", truth=str(area * 2)),
        Row("Số tầng", "02", "storeys"),
    ]


def _record(rng: np.random.Generator, holder: Person) -> list[Row]:
    _, _, home = _place(rng)
    return [
        Row("1. Họ và tên", holder.name.upper(), "full_name"),
        Row("2. Giới tính", holder.gender, "gender"),
        _date("3. Ngày sinh", holder.born_on, "born_on"),
        Row("4. Nơi sinh", home, "birth_place"),
        Row("5. Quốc tịch", "Việt Nam", "nationality"),
        Row("6. Nơi thường trú", home, "residence"),
        Row("7. Giấy CMND/CCCD số", holder.number, "id"),
        Row("8. Tình trạng án tích", "Không có án tích", "convictions"),
    ]


FORMS: dict[str, tuple[str, str | None, Callable[[np.random.Generator, Person], list[Row]]]] = {
    "giay_khai_sinh": ("GIẤY KHAI SINH", "{n}", _birth),
    "trich_luc_khai_sinh": ("TRÍCH LỤC KHAI SINH (BẢN SAO)", "{n}/TLKS-BS", _birth),
    "xac_nhan_tthn": ("GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "{n}/UBND-XNTTHN", _single),
    "giay_tiep_nhan": ("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", "{n}/TTPVHCC", _receipt),
    "to_khai": ("TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", None, _declaration),
    "gcn_dkhkd": ("GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", "41A8{n:0>6}", _household),
    "gpxd": ("GIẤY PHÉP XÂY DỰNG", "{n}/GPXD", _building),
    "phieu_lltp_1": ("PHIẾU LÝ LỊCH TƯ PHÁP SỐ 1", "{n}/STP-LLTP", _record),
}


def compose_form(type_code: str, rng: np.random.Generator, holder: Person) -> Form:
    title, number, rows = FORMS[type_code]
    unit, commune, _ = _place(rng)
    day = dt.date(2021, 2, 1) + dt.timedelta(days=int(rng.integers(0, 365 * 5)))
    made = rows(rng, holder)
    code = next((r.value for r in made if r.key == "dossier_code"), None)
    return Form(
        type_code=type_code,
        title=title,
        number=number.format(n=int(rng.integers(1, 900))) if number else None,
        rows=made,
        signer=person(rng).name,
        signer_title="CHỦ TỊCH" if type_code != "to_khai" else "NGƯỜI YÊU CẦU",
        unit=unit,
        place=commune,
        day=day,
        qr=code,
        leaders=type_code == "to_khai",
    )


def set_form(form: Form, family: Family, rng: np.random.Generator) -> tuple[Sheet, dict[str, Any]]:
    """Write the form on a sheet; returns it with its truth."""
    sheet = Sheet(family)
    truth: dict[str, Any] = {"document_type": form.type_code}
    step, centre = 13 * DPI / 72 * 1.7, WIDTH / 2
    y = _head(sheet, form, truth, step)
    sheet.write(centre, y, form.title, 16, "bold", align="centre")
    y += step * 1.8
    for row in form.rows:
        y = _row(sheet, form, row, y, step, truth)
    x = RIGHT - 42 * MM
    y += step
    sheet.write(
        x, y, f"{form.place}, {long_date(form.day)}", 13, "italic", align="centre", key="issued_on"
    )
    sheet.write(
        x, y + step * 0.8, form.signer_title, 13, "bold", align="centre", key="signer_title"
    )
    ink.signature(sheet, x, y + step * 2.2, rng)
    sheet.write(x, y + step * 3.6, form.signer, 13, "bold", align="centre", key="signer")
    if form.type_code != "to_khai":
        ink.seal(sheet, x - 20 * MM, y + step * 2.4, rng, form.unit)
        truth |= {"signer": form.signer, "signer_title": form.signer_title}
    truth["issued_on"] = form.day.isoformat()
    return sheet, truth


def _head(sheet: Sheet, form: Form, truth: dict[str, Any], step: float) -> float:
    y, right = 22 * MM, RIGHT - 45 * MM
    sheet.write(right, y, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12.5, "bold", align="centre")
    sheet.write(right, y + step * 0.75, "Độc lập - Tự do - Hạnh phúc", 13, "bold", align="centre")
    sheet.rule(right - 33 * MM, y + step * 1.4, right + 33 * MM)
    if form.type_code != "to_khai":
        left = LEFT + 36 * MM
        sheet.write(left, y, form.unit.upper(), 11.5, "bold", align="centre", key="issuer")
        truth["issuer"] = form.unit
        if form.number:
            end = sheet.write(left - 22 * MM, y + step * 1.5, "Số: ", 13, line=False)
            sheet.write(end, y + step * 1.5, form.number, 13, key="number")
            truth["number"] = form.number.split("/")[0]
    if form.qr:
        buffer = io.BytesIO()
        segno.make(form.qr, error="m").save(buffer, kind="png", scale=6, border=2)
        with Image.open(buffer) as code:
            sheet.image.paste(code.convert("RGB"), (round(LEFT), round(y + step * 2.3)))
        return y + step * 5
    return y + step * 3.2


def _row(sheet: Sheet, form: Form, row: Row, y: float, step: float, truth: dict[str, Any]) -> float:
    if row.key is None:
        sheet.write(LEFT, y, row.label, 13, row.style)
        return y + step
    end = sheet.write(LEFT, y, f"{row.label}: ", 13)
    if form.leaders:
        _leaders(sheet, end, y)
    if sheet.width(row.value, 13) <= RIGHT - end:
        sheet.write(end, y, row.value, 13, key=row.key)
        y += step
    else:
        y = sheet.paragraph(end, y, RIGHT - end, row.value, 13, key=row.key) + step * 0.2
    truth[row.key] = row.truth if row.truth is not None else row.value
    return y


def _leaders(sheet: Sheet, x: float, y: float) -> None:
    dots = "." * int((RIGHT - x) / sheet.width(".", 13))
    sheet.write(x, y + 3, dots, 13, ink=(120, 120, 120), line=False)
