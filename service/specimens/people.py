# SPDX-License-Identifier: Apache-2.0
"""Invented people, offices, subjects: small lists of common syllables, drawn by seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

SURNAMES = [
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Phan",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
    "Đinh",
    "Mai",
    "Trịnh",
    "Đoàn",
]
MIDDLES_M = [
    "Văn",
    "Đức",
    "Hữu",
    "Quang",
    "Minh",
    "Thành",
    "Công",
    "Xuân",
    "Ngọc",
    "Đình",
    "Quốc",
    "Bá",
    "Trọng",
]
MIDDLES_F = ["Thị", "Ngọc", "Thu", "Thanh", "Phương", "Kim", "Mai", "Hồng", "Bích", "Diệu"]
GIVEN_M = [
    "An",
    "Bình",
    "Cường",
    "Dũng",
    "Đạt",
    "Hải",
    "Hiếu",
    "Hùng",
    "Huy",
    "Khánh",
    "Long",
    "Nam",
    "Phúc",
    "Quân",
    "Sơn",
    "Thắng",
    "Tuấn",
    "Vinh",
]
GIVEN_F = [
    "Anh",
    "Chi",
    "Dung",
    "Giang",
    "Hà",
    "Hạnh",
    "Hoa",
    "Hương",
    "Lan",
    "Linh",
    "Loan",
    "Mỹ",
    "Nga",
    "Nhung",
    "Oanh",
    "Thảo",
    "Trang",
    "Yến",
]
PROVINCES = (  # (name, place, prefix of personal numbers by the old list)
    ("tỉnh Quảng Ngãi", "Quảng Ngãi", "051"),
    ("tỉnh Lào Cai", "Lào Cai", "010"),
    ("tỉnh Nghệ An", "Nghệ An", "040"),
    ("thành phố Hải Phòng", "Hải Phòng", "031"),
    ("tỉnh Đắk Lắk", "Đắk Lắk", "066"),
    ("tỉnh Vĩnh Long", "Vĩnh Long", "086"),
    ("tỉnh Thái Nguyên", "Thái Nguyên", "019"),
    ("tỉnh Khánh Hòa", "Khánh Hòa", "056"),
)
COMMUNES = [
    "Bình Mẫu",
    "Tân Lập Mẫu",
    "Phú Hòa Mẫu",
    "An Thịnh Mẫu",
    "Đông Sơn Mẫu",
    "Hưng Đạo Mẫu",
    "Mỹ Lộc Mẫu",
]
DEPARTMENTS = (
    ("Sở Y tế", "SYT"),
    ("Sở Tài chính", "STC"),
    ("Sở Xây dựng", "SXD"),
    ("Sở Nội vụ", "SNV"),
    ("Sở Tư pháp", "STP"),
    ("Sở Giáo dục và Đào tạo", "SGDĐT"),
    ("Sở Nông nghiệp và Môi trường", "SNNMT"),
)
SUBJECTS = (
    "việc phê duyệt kế hoạch số hóa hồ sơ, giấy tờ tại Bộ phận Một cửa năm {year}",
    "việc thành lập Tổ công tác rà soát thủ tục hành chính năm {year}",
    "tăng cường ứng dụng chữ ký số trong giải quyết thủ tục hành chính",
    "việc triển khai thực hiện công tác phòng, chống thiên tai và tìm kiếm cứu nạn",
    "việc điều chỉnh dự toán kinh phí sửa chữa trụ sở làm việc năm {year}",
    "công tác bảo đảm an toàn thực phẩm trong dịp Tết Nguyên đán",
    "kiểm tra việc thực hiện quy chế làm việc và kỷ luật, kỷ cương hành chính",
    "việc cử cán bộ, công chức tham dự lớp bồi dưỡng nghiệp vụ văn thư, lưu trữ",
)
SENTENCES = (
    "Căn cứ chức năng, nhiệm vụ được giao và tình hình thực tế tại địa phương, yêu cầu các cơ quan, đơn vị nghiêm túc tổ chức thực hiện các nội dung sau đây.",
    "Thủ trưởng các đơn vị chịu trách nhiệm trước pháp luật về tiến độ, chất lượng và kết quả thực hiện nhiệm vụ được phân công.",
    "Kinh phí thực hiện được bố trí từ nguồn ngân sách nhà nước theo phân cấp hiện hành và các nguồn hợp pháp khác.",
    "Trong quá trình triển khai, nếu có khó khăn, vướng mắc, các đơn vị kịp thời phản ánh để được xem xét, giải quyết.",
    "Các đơn vị báo cáo kết quả bằng văn bản trước ngày 20 tháng cuối quý để tổng hợp, báo cáo cấp có thẩm quyền theo quy định.",
    "Việc số hóa thành phần hồ sơ phải bảo đảm đầy đủ, chính xác, đúng trình tự và có chữ ký số của người thực hiện.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented citizen; the personal number fits birth year and gender."""

    name: str
    gender: str
    born_on: dt.date
    number: str
    place: str


def pick(rng: np.random.Generator, items: tuple[str, ...] | list[str]) -> str:
    return str(items[int(rng.integers(len(items)))])


def person(rng: np.random.Generator, gender: str | None = None) -> Person:
    gender = gender or ("Nam" if rng.random() < 0.5 else "Nữ")
    male = gender == "Nam"
    name = " ".join(
        (
            pick(rng, SURNAMES),
            pick(rng, MIDDLES_M if male else MIDDLES_F),
            pick(rng, GIVEN_M if male else GIVEN_F),
        )
    )
    born = dt.date(1960, 1, 1) + dt.timedelta(days=int(rng.integers(0, 365 * 60)))
    province = PROVINCES[int(rng.integers(len(PROVINCES)))]
    century = (0 if born.year < 2000 else 2) + (0 if male else 1)
    number = f"{province[2]}{century}{born.year % 100:02d}{int(rng.integers(1, 999999)):06d}"
    return Person(name=name, gender=gender, born_on=born, number=number, place=province[0])


def long_date(day: dt.date) -> str:
    """`ngày 05 tháng 02 năm 2026`: leading zeros on days and on months 1 and 2 (NĐ 30/2020)."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


_ONES = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười"]


def in_words(day: dt.date) -> str:
    """Ngày mười hai tháng ba năm hai nghìn không trăm hai mươi."""
    return f"Ngày {_number(day.day)} tháng {_number(day.month)} năm {_number(day.year)}"


def _number(value: int) -> str:
    if value <= 10:
        return _ONES[value]
    if value < 20:
        return "mười " + ("lăm" if value == 15 else _ONES[value - 10])
    if value < 100:
        tens, one = divmod(value, 10)
        last = {0: "", 1: " mốt", 5: " lăm"}.get(one, " " + _ONES[one])
        return f"{_ONES[tens]} mươi{last}"
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        link = " lẻ " if 0 < rest < 10 else " "
        return f"{_ONES[hundreds]} trăm" + (link + _number(rest) if rest else "")
    thousands, rest = divmod(value, 1000)
    if not rest:
        return f"{_ONES[thousands]} nghìn"
    return f"{_ONES[thousands]} nghìn " + (
        _number(rest)
        if rest >= 100
        else "không trăm " + ("lẻ " if rest < 10 else "") + _number(rest)
    )
