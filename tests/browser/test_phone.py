"""The phone's page on a screen of 390 px, and the desk that sees the papers come."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from service_intakes import eventually, picture

from workflows.domain.document import DocumentFilter

pytestmark = [pytest.mark.slow, pytest.mark.requires_chromium, pytest.mark.xdist_group("browser")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def desk(open_page, office):
    page = open_page()
    page.context.add_cookies([cookie(page, office)])
    page.goto("/scan/phone")
    return page


def cookie(page, office):
    page.goto("/login")
    return {"name": "sohoa_session", "value": office.token("clerk"), "url": page.url}


def ticket(desk):
    return re.search(r"/phone/[^\s]+$", desk.locator(".breakable a").get_attribute("href"))[0]


def chosen(*shades):
    return [
        {"name": f"{s}.jpg", "mimeType": "image/jpeg", "buffer": picture(s, (600, 850), "jpeg")}
        for s in shades
    ]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_pages_are_put_in_order_sent_in_one_go_and_seen_at_the_desk(open_page, office, desk):
    phone = open_page(**PHONE)
    phone.goto(ticket(desk))
    assert fits(phone) and Axe().run(phone).violations_count == 0
    assert phone.locator("#send").is_disabled()
    phone.set_input_files("#file", chosen(40, 220, 120))
    phone.set_input_files("#camera input", chosen(90))  # one more, from the camera
    phone.get_by_role("button", name="Đưa trang 2 lên trước").click()
    phone.get_by_role("button", name="Bỏ trang 3").click()
    assert phone.locator("#pictures li").count() == 3 and fits(phone)
    assert phone.locator("#send").inner_text() == "Gửi giấy tờ này (3 trang)"
    phone.locator("#send").click()
    phone.get_by_text("Đã nhận giấy tờ").wait_for()
    assert phone.locator("#pictures li").count() == 0
    desk.get_by_text("3 trang").wait_for()  # without a reload
    office.run_jobs()
    desk.locator("#arrived img").first.wait_for()
    shelf, clerk = office.station.shelf, office.actor("clerk")
    document = shelf.find(DocumentFilter(), by=clerk, limit=1).hits[0].document
    path = office.folder / "sent.pdf"
    path.write_bytes(office.station.objects.get(document.original))
    drawn = office.station.intake.opener.pages(path, 1, 3, 72)
    assert [round(float(p.pixels.mean()), -1) for p in drawn] == [220, 40, 90]


def test_pictures_stay_on_the_page_while_there_is_no_network_and_go_once(open_page, office, desk):
    phone = open_page(**PHONE)
    phone.goto(ticket(desk))
    phone.set_input_files("#file", chosen(41, 42))
    phone.context.set_offline(True)
    phone.locator("#send").click()
    phone.get_by_text("Ảnh vẫn còn trên trang này").wait_for()
    assert phone.locator("#pictures li").count() == 2
    phone.context.set_offline(False)
    phone.locator("#send").click()
    phone.get_by_text("Đã nhận giấy tờ").wait_for()
    eventually(lambda: desk.locator("#arrived li").count() == 1)


def test_a_picture_the_server_cannot_take_is_named_and_the_others_stay(open_page, office, desk):
    phone = open_page(**PHONE)
    phone.goto(ticket(desk))
    heic = {
        "name": "IMG.HEIC",
        "mimeType": "image/heic",
        "buffer": b"\0\0\0\x18ftypheic" + bytes(9),
    }
    phone.set_input_files("#file", [*chosen(50), heic])
    phone.locator("#send").click()
    told = phone.locator("#phone-told .trouble")
    told.wait_for()
    assert "Ảnh thứ 2" in told.inner_text() and "Tương thích nhất" in told.inner_text()
    phone.get_by_role("button", name="Bỏ trang 2").click()
    phone.locator("#send").click()
    phone.get_by_text("Đã nhận giấy tờ").wait_for()


def test_it_works_without_script(open_page, office, desk):
    phone = open_page(**PHONE, java_script_enabled=False)
    phone.goto(ticket(desk))
    phone.set_input_files("#file", chosen(60, 61))
    phone.locator("#send").click()
    phone.get_by_text("Đã nhận giấy tờ").wait_for()


@pytest.mark.parametrize("path", ["/scan/phone", "/intakes"])
def test_the_desks_pages_pass_the_accessibility_rules(desk, path):
    desk.goto(path)
    found = Axe().run(desk, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
