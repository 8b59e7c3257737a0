"""The workstation in a real browser: the road by keyboard, without scripts, without harm."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from office import PASSWORD, make_sample
from playwright.sync_api import Error

from service.samples import write_sample

pytestmark = [pytest.mark.slow, pytest.mark.requires_chromium, pytest.mark.xdist_group("browser")]


def sign_in(page, username="clerk"):
    page.goto("/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/")


def upload(page, office, sample):
    office.reader.show(sample)
    page.goto("/")
    page.locator("#file").set_input_files(write_sample(sample, office.folder))
    page.get_by_role("button", name="Tiếp nhận").click()
    page.wait_for_url("**/documents/*")
    office.run_jobs()
    for _ in range(3):
        try:
            page.reload()
            break
        except Error:
            page.wait_for_load_state()  # the page saw that the paper is read, and reloads itself
    return page.url.rsplit("/", 1)[1]


def test_a_paper_goes_the_road_by_keyboard(open_page, office):
    page = open_page()
    sign_in(page)
    document = upload(page, office, make_sample("thong_bao", 5, handwritten=True))
    doubtful = page.locator(".field.open")
    count = doubtful.count()
    assert count
    # the first doubtful field has the focus; Enter accepts it and goes to the next
    assert page.evaluate("document.activeElement.closest('form').classList.contains('open')")
    for _ in range(count):
        page.keyboard.press("Enter")
    assert doubtful.count() == 0
    page.locator("#saved", has_text="Đã lưu").wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Đã sao chụp").first.wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Đã bóc tách").first.wait_for()
    office.run_jobs()
    page.reload()
    page.get_by_text("Đã lưu").first.wait_for()
    stored = office.document(document)
    assert stored.state == "stored" and stored.result_code
    assert open_page.troubles == []


def test_the_road_needs_no_script(open_page, office):
    page = open_page(java_script_enabled=False)
    sign_in(page)
    document = upload(page, office, make_sample("bao_cao", 6))
    while (field := page.locator(".field.open")).count():
        field.first.get_by_role("button", name="Đúng").click()
    page.get_by_role("button", name="Ký số bản sao chụp").click()
    page.get_by_role("button", name="Xác nhận và lưu").click()
    office.run_jobs()
    assert office.document(document).state == "stored"


def test_what_was_typed_while_the_network_was_gone_is_saved_once(open_page, office):
    page = open_page()
    sign_in(page)
    document = upload(page, office, make_sample("ke_hoach", 7))
    page.locator("#v-abstract").fill("Kế hoạch đã sửa khi mất mạng")
    page.context.set_offline(True)
    page.locator("#v-abstract").press("Enter")
    page.locator("#saved", has_text="thử lại").wait_for()
    page.context.set_offline(False)
    page.locator("#saved", has_text="Đã lưu").wait_for()
    with office.station.database.read() as tx:
        history = tx.fields.history(document, "abstract")
    assert [v.value for v in history] == ["Kế hoạch đã sửa khi mất mạng"]


def test_typing_with_an_input_method_fires_no_shortcut(open_page, office):
    page = open_page()
    sign_in(page)
    upload(page, office, make_sample("to_trinh", 8))
    before = page.locator(".field.done").count()
    page.locator("#v-abstract").focus()
    page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        "{key: 'Enter', isComposing: true, bubbles: true}))"
    )
    assert page.locator(".field.done").count() == before


def test_the_help_sheet_is_the_key_registry(open_page):
    page = open_page()
    sign_in(page)
    page.goto("/help")
    shown = page.locator("#keys tbody tr").count()
    assert shown == page.evaluate("import('/static/keys.js').then(m => m.KEYS.length)")


@pytest.mark.parametrize(
    "path", ["/login", "/", "/dossiers", "/verify", "/search?q=quyet", "/help", "/docs"]
)
def test_pages_pass_the_accessibility_rules(open_page, path):
    page = open_page()
    if path != "/login":
        sign_in(page)
    page.goto(path)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    assert open_page.troubles == []


def test_the_verification_screen_passes_the_accessibility_rules_and_fits_a_phone(open_page, office):
    page = open_page()
    sign_in(page)
    upload(page, office, make_sample("quyet_dinh", 9))
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 320, "height": 640})
    for path in (page.url, "/", "/search?q=quyet"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (path, wide)
        cells = page.locator(".list td:visible").evaluate_all("c => c.map(e => e.clientWidth)")
        assert all(width > 200 for width in cells), "a row is a card: no column a letter wide"


def test_recognised_text_is_inert(open_page, office):
    page = open_page()
    sign_in(page)
    document = upload(page, office, make_sample("cong_van", 10))
    nasty = '<script>window.harmed = 1</script>\u202e"><img src=x onerror=harmed=1>'
    clerk = office.actor("clerk")
    office.station.confirming.put_field(office.document(document), "abstract", nasty, by=clerk)
    for path in (f"/documents/{document}", "/", "/search?q=script"):
        page.goto(path)
        assert page.evaluate("window.harmed") is None
    assert json.dumps(nasty)  # the value itself is kept as typed


def test_another_units_paper_is_a_friendly_404(open_page, office):
    document = office.receive(make_sample("quyet_dinh", 11))
    page = open_page()
    sign_in(page, "stranger")
    answer = page.goto(f"/documents/{document.id}")
    assert answer.status == 404
    assert page.get_by_text("Không tìm thấy, hoặc không thuộc phạm vi đơn vị").is_visible()
