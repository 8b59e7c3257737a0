# SPDX-License-Identifier: Apache-2.0
"""Papers of the one-stop desk that are not civil status: receipt, business, building, record."""

from __future__ import annotations

import datetime as dt

import numpy as np

from service.samples.canvas import Piece, mm
from service.samples.codes import qr_mask
from service.samples.draft import Draft, Layout, Wishes, open_paper
from service.samples.fonts import Family
from service.samples.forms import Entry, Form
from service.samples.invented import (
    Person,
    long_date,
    make_person,
    make_place,
    money,
    number_words,
    pick,
    slashed,
    tax_code,
    workday,
)
from service.samples.office import Office, business_office, commune_office, justice_office, one_stop
from service.samples.parts import (
    Header,
    centred,
    draw_header,
    draw_signature,
    header_values,
    make_closing,
)
from service.samples.pen import signature

BLACK = (0, 0, 0)
FIRST, LATEST = dt.date(2025, 7, 8), dt.date(2026, 6, 30)


def compose_receipt(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả (TT 03/2025/TT-VPCP, PL I, mẫu 01), with QR."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, home=place)
    day = workday(random, FIRST, LATEST)
    form, header = _open(
        random, family, layout, wishes, one_stop(place), day, symbol="TTPVHCC", dated=True
    )
    code = f"H{int(random.integers(10, 64))}.{int(random.integers(10, 99))}-{day:%y%m%d}"
    code += f"-{int(random.integers(1, 9999)):04d}"
    square = qr_mask(code, 7)
    form.paper.sheet.paste(form.paper.right - square.shape[1], form.paper.y + mm(2), square, BLACK)
    form.paper.skip(0.8)
    form.row(Entry(label="Mã hồ sơ", text=code, key="dossier_code"))
    form.paper.y += mm(12)
    centred(form.paper, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", size=form.paper.body.size + 1)
    form.paper.skip(0.5)
    _receipt_rows(form, person, day, random)
    values = form.values | _hand_over(form, person, make_person(random, home=place))
    return Draft(sheets=tuple(form.paper.sheets), values=header_values(header) | values)


def _receipt_rows(form: Form, person: Person, day: dt.date, random: np.random.Generator) -> None:
    request = pick(random, ("Đăng ký khai sinh", "Cấp bản sao trích lục hộ tịch", "Cấp Giấy xác nhận"
                            " tình trạng hôn nhân", "Đăng ký hộ kinh doanh"))  # fmt: skip
    days = int(random.integers(1, 16))
    due = day + dt.timedelta(days=days + 2 * ((day.weekday() + days) // 5))
    form.row(Entry(label="Tiếp nhận hồ sơ của", text=person.name, key="applicant"))
    form.row(Entry(label="Địa chỉ", text=person.home.address, key="address"))
    phone = f"09{int(random.integers(10**7, 10**8))}"
    form.row(Entry(label="Số điện thoại", text=phone, key="phone"))
    form.row(Entry(label="Nội dung yêu cầu giải quyết", text=request, key="request"))
    form.note("1. Thành phần hồ sơ nộp gồm:")
    for i, item in enumerate(("Tờ khai theo mẫu (01 bản chính)", "Giấy tờ tùy thân (xuất trình)")):
        form.note(f"{i + 1}) {item};", indent=mm(10))
    form.row(Entry(label="2. Số lượng hồ sơ", text="01 (bộ)", key="copies", truth=1))
    form.row(Entry(label="3. Thời gian giải quyết theo quy định", text=f"{days:02d} ngày",
                   key="legal_days"))  # fmt: skip
    for label, moment, when, key in (
        ("4. Thời gian nhận hồ sơ", "08 giờ 30 phút", day, "received_at"),
        ("5. Thời gian trả kết quả", "16 giờ 00 phút", due, "due_at"),
    ):
        form.row(Entry(label=label, text=f"{moment}, {long_date(when)}", key=key,
                       truth=when.isoformat()))  # fmt: skip
    where = "Trung tâm Phục vụ hành chính công"
    form.row(Entry(label="6. Đăng ký nhận kết quả tại", text=where, key="deliver_at"))


def _hand_over(
    form: Form, giver: Person, taker: Person
) -> dict[str, str | int | bool | list[str] | None]:
    paper = form.paper
    paper.need(mm(45))
    paper.skip(1.4)
    middle = (paper.left + paper.right) / 2
    for x0, x1, word, person in (
        (paper.left, middle, "NGƯỜI NỘP HỒ SƠ", giver),
        (middle, paper.right, "NGƯỜI TIẾP NHẬN HỒ SƠ", taker),
    ):
        mine = ("signer_title",) if person is taker else ()
        head = Piece(text=word, style=paper.style(bold=True), fields=mine)
        paper.set_line([head], x0, x1, align="centre")
        hand = signature(mm(40), mm(18), paper.random)
        paper.sheet.paste((x0 + x1) / 2 - mm(20), paper.y + mm(3), hand, paper.ink, after=True)
        keys = ("signer",) if person is taker else ()
        name = Piece(text=person.name, style=paper.style(bold=True), fields=keys)
        paper.set_line([name], x0, x1, align="centre", baseline=paper.y + mm(28))
    return {"signer_title": "NGƯỜI TIẾP NHẬN HỒ SƠ", "signer": taker.name}


def compose_household(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy chứng nhận đăng ký hộ kinh doanh, issued by the commune since 01/7/2025."""
    place = wishes.place or make_place(random)
    owner = wishes.holder or make_person(random, home=place)
    day = workday(random, FIRST, LATEST)
    office = commune_office(place)
    form, header = _open(random, family, layout, wishes, office, day, symbol="GCN-HKD")
    _title(form, "GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH")
    code = f"{int(random.integers(10, 64))}A8{int(random.integers(1, 999_999)):06d}"
    form.row(Entry(label="Mã số hộ kinh doanh", text=code, key="business_code"))
    form.row(_long_day("Đăng ký lần đầu", day, "first_on"))
    trade = pick(random, ("Bán lẻ lương thực, thực phẩm", "Sửa chữa xe máy", "May mặc", "Dịch vụ ăn"
                          " uống", "Bán lẻ vật liệu xây dựng"))  # fmt: skip
    name = f"HỘ KINH DOANH {owner.capitals}"
    form.row(Entry(label="1. Tên hộ kinh doanh", text=name, key="business_name", bold=True))
    form.row(Entry(label="2. Địa điểm kinh doanh", text=place.address, key="address"))
    form.row(Entry(label="3. Ngành, nghề kinh doanh", text=trade, key="lines"))
    form.row(_money("4. Vốn kinh doanh", int(random.integers(2, 90)) * 10_000_000, "capital"))
    form.heading("5. Thông tin về chủ hộ kinh doanh")
    _person_rows(form, owner, "owner")
    form.row(Entry(label="Số định danh cá nhân", text=owner.number, key="owner.id"))
    return _close(form, header, layout)


def compose_company(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy chứng nhận đăng ký doanh nghiệp (NĐ 168/2025/NĐ-CP)."""
    place = wishes.place or make_place(random)
    head = wishes.holder or make_person(random, born=(1960, 1998), home=place)
    first = workday(random, dt.date(2015, 1, 5), dt.date(2025, 6, 30))
    changed = workday(random, FIRST, LATEST)
    form, header = _open(random, family, layout, wishes, business_office(place), changed)
    _title(form, "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP")
    centred(form.paper, "CÔNG TY TRÁCH NHIỆM HỮU HẠN MỘT THÀNH VIÊN", size=form.paper.body.size - 1)
    form.paper.skip(0.3)
    form.row(Entry(label="Mã số doanh nghiệp", text=tax_code(random), key="tax_code", bold=True))
    form.row(_long_day("Đăng ký lần đầu", first, "first_on"))
    count = int(random.integers(1, 12))
    _change_row(form, count, changed)
    name = pick(random, ("AN PHÚ THỊNH MẪU", "TÂN LẠC VIỆT MẪU", "HÒA XUYÊN MẪU", "ĐÔNG ĐIỀN MẪU"))
    form.row(Entry(label="1. Tên công ty viết bằng tiếng Việt", text=f"CÔNG TY TNHH {name}",
                   key="company_name"))  # fmt: skip
    form.row(Entry(label="2. Địa chỉ trụ sở chính", text=place.address, key="address"))
    form.row(Entry(label="Điện thoại", text=f"02{int(random.integers(10**8, 10**9))}", key="phone"))
    capital = int(random.integers(3, 400)) * 100_000_000
    form.row(_money("3. Vốn điều lệ", capital, "capital"))
    words = f"{number_words(capital).capitalize()} đồng"
    form.row(Entry(label="Bằng chữ", text=words, key="capital_words"))
    form.heading("4. Người đại diện theo pháp luật của công ty")
    _person_rows(form, head, "legal_rep", position=pick(random, ("Giám đốc", "Tổng giám đốc")))
    form.row(Entry(label="Số giấy tờ pháp lý của cá nhân", text=head.number, key="legal_rep.id"))
    form.row(Entry(label="Địa chỉ thường trú", text=head.home.address, key="legal_rep.address"))
    return _close(form, header, layout, numbered=False)


def _change_row(form: Form, count: int, day: dt.date) -> None:
    """`Đăng ký thay đổi lần thứ: 3, ngày 05 tháng 02 năm 2026`: two fields on one line."""
    paper, plain = form.paper, form.paper.style()
    pieces = [
        Piece(text="Đăng ký thay đổi lần thứ: ", style=plain),
        Piece(text=str(count), style=plain, fields=("change_no",)),
        Piece(text=", ", style=plain),
        Piece(text=long_date(day), style=plain, fields=("change_on",)),
    ]
    paper.paragraph(pieces, align="left")
    paper.y += paper.line_height * form.gap
    form.values |= {"change_no": count, "change_on": day.isoformat()}


def _person_rows(form: Form, person: Person, key: str, *, position: str | None = None) -> None:
    form.row(
        Entry(label="Họ và tên", text=person.capitals, key=f"{key}.name", share=1.6),
        Entry(label="Giới tính", text=person.gender, key=f"{key}.gender"),
    )
    if position:
        form.row(Entry(label="Chức danh", text=position, key=f"{key}.position"))
    form.row(
        Entry(label="Sinh ngày", text=slashed(person.born_on), key=f"{key}.born_on",
              truth=person.born_on.isoformat(), share=1.2),
        Entry(label="Dân tộc", text=person.ethnicity, key=f"{key}.ethnicity"),
        Entry(label="Quốc tịch", text="Việt Nam", key=f"{key}.nationality", share=1.2),
    )  # fmt: skip


def compose_building(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Giấy phép xây dựng of a private house."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, home=place)
    day = workday(random, FIRST, LATEST)
    form, header = _open(
        random, family, layout, wishes, commune_office(place), day, symbol="GPXD", dated=True
    )
    _title(form, "GIẤY PHÉP XÂY DỰNG", "(Sử dụng cho nhà ở riêng lẻ)")
    ground, floors = int(random.integers(450, 2200)) / 10, int(random.integers(1, 5))
    parcel, sheet = int(random.integers(2, 900)), int(random.integers(1, 60))
    form.row(Entry(label="1. Cấp cho", text=f"Ông/bà {person.name}", key="holder"))
    form.row(Entry(label="Địa chỉ thường trú", text=person.home.address, key="address"))
    form.note("2. Được phép xây dựng công trình: Nhà ở riêng lẻ")
    form.row(Entry(label="Vị trí xây dựng", text=f"thửa đất số {parcel}, tờ bản đồ số {sheet},"
                   f" {place.full}", key="site"))  # fmt: skip
    form.row(Entry(label="Cốt nền xây dựng", text="+0,30 m so với mặt đường", key="base_level"))
    form.row(Entry(label="Mật độ xây dựng", text=f"{int(random.integers(50, 96))}%", key="density"))
    form.row(Entry(label="Loại, cấp công trình", text="Nhà ở riêng lẻ, cấp III", key="kind"))
    form.row(_area("Diện tích xây dựng tầng 1", ground, "first_floor_area"))
    form.row(_area("Tổng diện tích sàn", ground * floors, "floor_area"))
    form.row(
        Entry(label="Chiều cao công trình", text=f"{4 + 3 * floors},2 m", key="height"),
        Entry(label="Số tầng", text=f"{floors:02d}", key="floors"),
    )
    serial = f"BĐ {int(random.integers(100_000, 999_999))}"
    form.row(Entry(label="3. Giấy tờ về quyền sử dụng đất", text=f"Giấy chứng nhận số {serial}",
                   key="land_papers"))  # fmt: skip
    form.note("4. Giấy phép này có hiệu lực khởi công xây dựng trong thời hạn 12 tháng kể từ ngày"
              " cấp; quá thời hạn trên phải đề nghị gia hạn.")  # fmt: skip
    return _close(form, header, layout)


def compose_record(
    random: np.random.Generator, family: Family, layout: Layout, wishes: Wishes
) -> Draft:
    """Phiếu lý lịch tư pháp số 1 (Luật Lý lịch tư pháp, Đ.42)."""
    place = wishes.place or make_place(random)
    person = wishes.holder or make_person(random, home=place)
    day = workday(random, FIRST, LATEST)
    form, header = _open(
        random, family, layout, wishes, justice_office(place), day, symbol="STP-LLTP", dated=True
    )
    _title(form, "PHIẾU LÝ LỊCH TƯ PHÁP SỐ 1")
    form.row(
        Entry(label="1. Họ và tên", text=person.capitals, key="full_name", bold=True, share=1.6),
        Entry(label="2. Giới tính", text=person.gender, key="gender"),
    )
    form.row(Entry(label="3. Ngày sinh", text=slashed(person.born_on), key="born_on",
                   truth=person.born_on.isoformat()))  # fmt: skip
    form.row(Entry(label="4. Nơi sinh", text=person.home.full, key="birth_place"))
    form.row(Entry(label="5. Quốc tịch", text="Việt Nam", key="nationality"))
    form.row(Entry(label="6. Nơi thường trú", text=person.home.address, key="residence"))
    form.row(Entry(label="7. Nơi tạm trú", text=make_place(random).address,
                   key="temporary_residence"))  # fmt: skip
    form.row(Entry(label="8. Giấy CMND/CCCD số", text=f"{person.number}, cấp ngày"
                   f" {slashed(person.id_issued_on)}", key="idpaper"))  # fmt: skip
    form.row(Entry(label="9. Tình trạng án tích", text="Không có án tích", key="criminal_status"))
    form.row(Entry(label="10. Thông tin về cấm đảm nhiệm chức vụ, thành lập, quản lý doanh nghiệp,"
                   " hợp tác xã", text="Không bị cấm", key="ban"))  # fmt: skip
    return _close(form, header, layout)


def _open(
    random: np.random.Generator,
    family: Family,
    layout: Layout,
    wishes: Wishes,
    office: Office,
    day: dt.date,
    *,
    symbol: str = "",
    dated: bool = False,
) -> tuple[Form, Header]:
    paper = open_paper(random, family, layout)
    number = f"{int(random.integers(1, 1900)):02d}"
    header = Header(office=office, number=number, symbol=symbol, issued_on=day, dated=dated)
    draw_header(paper, header, layout, wishes, by_hand=bool(wishes.handwritten))
    return Form(paper=paper, gap=0.2, leaders=bool(random.random() < 0.3)), header


def _title(form: Form, title: str, below: str | None = None) -> None:
    form.paper.skip(0.9)
    centred(form.paper, title, size=form.paper.body.size + 2)
    if below:
        centred(form.paper, below, size=form.paper.body.size - 1, bold=False, italic=True)
    form.paper.skip(0.4)


def _long_day(label: str, day: dt.date, key: str) -> Entry:
    return Entry(label=label, text=long_date(day), key=key, truth=day.isoformat())


def _money(label: str, value: int, key: str) -> Entry:
    return Entry(label=label, text=f"{money(value)} đồng", key=key, truth=str(value))


def _area(label: str, value: float, key: str) -> Entry:
    digits = f"{value:.1f}"
    return Entry(label=label, text=f"{digits.replace('.', ',')} m²", key=key, truth=digits)


def _close(form: Form, header: Header, layout: Layout, *, numbered: bool = True) -> Draft:
    paper = form.paper
    closing = make_closing(paper, header.office, collective=True)
    paper.need(mm(50))
    paper.skip(0.3)
    middle = paper.left + (paper.right - paper.left) * layout.signature_share
    draw_signature(paper, header.office, closing, (middle, paper.right))
    values = header_values(header) if numbered else {"issuer": header.office.name,
                                                     "parent_issuer": header.office.parent}  # fmt: skip
    return Draft(sheets=tuple(paper.sheets), values=values | form.values | closing.values)
