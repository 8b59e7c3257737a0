"""Lưu trữ, Bảo quản, Thùng cách ly, Ký số, Chữ ký in a real browser, wrong input included."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from boxes import dossier_of
from office import PASSWORD, make_sample

pytestmark = [pytest.mark.slow, pytest.mark.requires_chromium, pytest.mark.xdist_group("browser")]
PICTURES = os.environ.get("SOHOA_PICTURES")
"""A folder: what the screens looked like is kept there, for a person to see."""


def sign_in(page, username):
    page.goto("/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/")


def aside(work, *given):
    """In a thread of its own: the browser's loop runs in this one, and signing starts another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *given).result()


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def harmless(page, open_page):
    """No script error, no outside address, no accessibility fault of weight."""
    found = Axe().run(page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    assert [t for t in open_page.troubles if "422" not in t] == []


def locked_pdf():
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user="y"))
    return out.getvalue()


def test_an_archivist_exports_while_the_page_stays_usable(open_page, office):
    dossier = aside(dossier_of, office, 2)
    page = open_page()
    sign_in(page, "archivist")
    page.get_by_role("link", name="Lưu trữ").click()
    what = page.get_by_label("Mã hồ sơ (hoặc mã lô)")
    what.fill("21907-000000-9999")
    page.get_by_role("button", name="Xuất gói tin").click()
    page.get_by_role("alert").get_by_text("Không tìm thấy").wait_for()
    assert what.input_value() == "21907-000000-9999", "what was typed stays"
    picture(page, "luu-tru-sai")
    what.fill(dossier.code)
    page.get_by_role("button", name="Xuất gói tin").click()
    page.get_by_text("Chờ đến lượt").wait_for()
    what.fill("đang gõ dở")
    picture(page, "luu-tru-cho")
    aside(office.run_jobs)
    page.get_by_text("Đã xong").wait_for(timeout=15_000)  # without a reload
    assert what.input_value() == "đang gõ dở"
    with page.expect_download() as begun:
        page.get_by_role("link", name="Tải ZIP").click()
    assert begun.value.suggested_filename.endswith(".zip")
    page.get_by_label("Đưa gói").first.check()
    page.get_by_label("Bên nhận").fill("Lưu trữ tỉnh")
    harmless(page, open_page)
    page.get_by_role("button", name="Lập biên bản giao nhận").click()
    page.get_by_text("BIÊN BẢN GIAO NHẬN").wait_for()
    picture(page, "bien-ban")


def test_a_clerk_finds_what_could_not_be_opened_and_decides(open_page, office):
    page = open_page()
    sign_in(page, "clerk")
    file = {"name": "đơn có khóa.pdf", "mimeType": "application/pdf", "buffer": locked_pdf()}
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Tiếp nhận").click()
    page.get_by_text("có đặt mật khẩu").wait_for()
    page.get_by_role("link", name="Thùng cách ly").click()
    row = page.get_by_role("row").filter(has_text="đơn có khóa.pdf")
    assert "Xin người nộp bản không đặt mật khẩu" in row.inner_text()
    picture(page, "cach-ly")
    harmless(page, open_page)
    row.get_by_role("button", name="Thử nhận lại").click()
    page.get_by_role("alert").get_by_text("mật khẩu").wait_for()
    row.get_by_text("Bỏ tệp").click()
    row.get_by_label("Lý do").fill("Người nộp đã gửi bản khác")
    row.get_by_role("button", name="Xóa hẳn").click()
    page.get_by_text("Không có tệp nào.").wait_for()


def test_preservation_takes_wrong_input_with_a_word(open_page, office):
    stored = aside(office.store, make_sample("quyet_dinh", 41))
    page = open_page()
    sign_in(page, "archivist")
    page.get_by_role("link", name="Bảo quản").click()
    page.get_by_label("Mã giấy tờ").fill("không có")
    page.get_by_label("Lý do, văn bản yêu cầu").fill("CV 12/TTr ngày 01/11")
    page.get_by_role("button", name="Giữ lại").click()
    page.get_by_role("alert").get_by_text("Không tìm thấy").wait_for()
    page.get_by_label("Mã giấy tờ").fill(stored.id)
    page.get_by_label("Lý do, văn bản yêu cầu").fill("CV 12/TTr ngày 01/11")
    page.get_by_role("button", name="Giữ lại").click()
    page.get_by_role("button", name="Gỡ lệnh giữ").wait_for()
    picture(page, "bao-quan")
    harmless(page, open_page)


def test_signing_and_checking_screens(open_page, office):
    page = open_page()
    sign_in(page, "signer")
    page.get_by_role("link", name="Ký số").click()
    page.get_by_role("heading", name="Chờ chữ ký cơ quan").wait_for()
    picture(page, "ky-so")
    harmless(page, open_page)
    page.get_by_role("link", name="Chữ ký", exact=True).click()
    wrong = {"name": "thư.docx", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}
    page.get_by_label("Tệp PDF cần kiểm tra").set_input_files(wrong)
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    page.get_by_role("alert").wait_for()
    picture(page, "chu-ky-sai")
    stored = aside(office.store, make_sample("quyet_dinh", 42))
    page.goto(f"/documents/{stored.id}/verify")
    page.get_by_text("theo danh sách thu hồi").first.wait_for()
    picture(page, "chu-ky")
    harmless(page, open_page)
