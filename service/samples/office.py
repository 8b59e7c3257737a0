# SPDX-License-Identifier: Apache-2.0
"""Invented offices: who issues a paper, how its symbol is built, who may sign it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.samples.invented import Place, pick

_DEPARTMENTS = (
    ("Sở Y tế", "SYT", "NVY"), ("Sở Nội vụ", "SNV", "CCVC"), ("Sở Tài chính", "STC", "QLNS"),
    ("Sở Xây dựng", "SXD", "QLHT"), ("Sở Tư pháp", "STP", "HCTP"), ("Sở Công Thương", "SCT", "QLTM"),
    ("Sở Giáo dục và Đào tạo", "SGDĐT", "VP"), ("Sở Khoa học và Công nghệ", "SKHCN", "CĐS"),
)  # fmt: skip
_COMMUNE_DESKS = ("VHXH", "KT", "VP", "NV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Cơ quan ban hành as printed in ô 2; `place` is the địa danh of ô 4.

    `upper` are the regular lines of the header, `lines` the bold ones (TÊN CƠ QUAN).
    """

    name: str
    parent: str | None
    upper: tuple[str, ...]
    lines: tuple[str, ...]
    code: str
    desk: str
    place: str
    head: str
    deputy: str
    collective: str | None
    seal: tuple[str, str]
    short: str


def commune_office(place: Place, *, desk: str = "VP") -> Office:
    """Ủy ban nhân dân cấp xã (two-tier government, since 01/7/2025)."""
    unit = place.commune
    return Office(
        name=f"Ủy ban nhân dân {unit}", parent=None, upper=(),
        lines=("ỦY BAN NHÂN DÂN", unit.upper()), code="UBND", desk=desk, place=place.name,
        head="CHỦ TỊCH", deputy="PHÓ CHỦ TỊCH", collective="TM. ỦY BAN NHÂN DÂN",
        seal=(f"ỦY BAN NHÂN DÂN {unit.upper()}", f"TỈNH {place.province.upper()}"),
        short=f"UBND {unit}",
    )  # fmt: skip


def province_office(place: Place, *, desk: str = "KTTH") -> Office:
    name = f"tỉnh {place.province}"
    return Office(
        name=f"Ủy ban nhân dân {name}", parent=None, upper=(),
        lines=("ỦY BAN NHÂN DÂN", name.upper()), code="UBND", desk=desk, place=place.province,
        head="CHỦ TỊCH", deputy="PHÓ CHỦ TỊCH", collective="TM. ỦY BAN NHÂN DÂN",
        seal=(f"ỦY BAN NHÂN DÂN {name.upper()}", "VIỆT NAM"), short=f"UBND {name}",
    )  # fmt: skip


def department_office(place: Place, random: np.random.Generator) -> Office:
    name, code, desk = pick(random, _DEPARTMENTS)
    return Office(
        name=name, parent=f"Ủy ban nhân dân tỉnh {place.province}",
        upper=(f"UBND TỈNH {place.province.upper()}",), lines=(name.upper(),), code=code,
        desk=desk, place=place.province, head="GIÁM ĐỐC", deputy="PHÓ GIÁM ĐỐC", collective=None,
        seal=(name.upper(), f"TỈNH {place.province.upper()}"), short=name,
    )  # fmt: skip


def council_office(place: Place) -> Office:
    """Hội đồng nhân dân: the issuer of a commune's nghị quyết."""
    unit = place.commune
    return Office(
        name=f"Hội đồng nhân dân {unit}", parent=None, upper=(),
        lines=("HỘI ĐỒNG NHÂN DÂN", unit.upper()), code="HĐND", desk="VP", place=place.name,
        head="CHỦ TỊCH", deputy="PHÓ CHỦ TỊCH", collective="TM. HỘI ĐỒNG NHÂN DÂN",
        seal=(f"HỘI ĐỒNG NHÂN DÂN {unit.upper()}", f"TỈNH {place.province.upper()}"),
        short=f"HĐND {unit}",
    )  # fmt: skip


def make_office(place: Place, random: np.random.Generator) -> Office:
    kind = random.random()
    if kind < 0.45:
        return commune_office(place, desk=pick(random, _COMMUNE_DESKS))
    if kind < 0.65:
        return province_office(place)
    return department_office(place, random)


def one_stop(place: Place) -> Office:
    """Trung tâm Phục vụ hành chính công of a commune."""
    unit = place.commune
    return Office(
        name=f"Trung tâm Phục vụ hành chính công {unit}", parent=f"Ủy ban nhân dân {unit}",
        upper=(f"UBND {unit.upper()}",), lines=("TRUNG TÂM PHỤC VỤ", "HÀNH CHÍNH CÔNG"),
        code="TTPVHCC", desk="TN", place=place.name, head="GIÁM ĐỐC", deputy="PHÓ GIÁM ĐỐC",
        collective=None, seal=("TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG", unit.upper()),
        short="Trung tâm PVHCC",
    )  # fmt: skip


def business_office(place: Place) -> Office:
    """Phòng Đăng ký kinh doanh of a province's Sở Tài chính (since 2025)."""
    return Office(
        name="Phòng Đăng ký kinh doanh", parent=f"Sở Tài chính tỉnh {place.province}",
        upper=(f"SỞ TÀI CHÍNH TỈNH {place.province.upper()}",),
        lines=("PHÒNG ĐĂNG KÝ KINH DOANH",), code="ĐKKD", desk="ĐKKD", place=place.province,
        head="TRƯỞNG PHÒNG", deputy="PHÓ TRƯỞNG PHÒNG", collective=None,
        seal=("PHÒNG ĐĂNG KÝ KINH DOANH", f"TỈNH {place.province.upper()}"), short="Phòng ĐKKD",
    )  # fmt: skip


def justice_office(place: Place) -> Office:
    return Office(
        name="Sở Tư pháp", parent=f"Ủy ban nhân dân tỉnh {place.province}",
        upper=(f"UBND TỈNH {place.province.upper()}",), lines=("SỞ TƯ PHÁP",), code="STP",
        desk="LLTP", place=place.province, head="GIÁM ĐỐC", deputy="PHÓ GIÁM ĐỐC",
        collective=None, seal=("SỞ TƯ PHÁP", f"TỈNH {place.province.upper()}"), short="Sở Tư pháp",
    )  # fmt: skip
