"""Pictures by telephone: one ticket, one clerk, one case; every page, upright, in order."""

import io
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from office import open_office
from PIL import Image
from service_intakes import Came, picture

from service.app import create_app
from service.web.phone import proposed_dossier
from workflows.domain.document import DocumentFilter
from workflows.filing import NewDossier


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def desk(office):
    client = TestClient(create_app(office.station), follow_redirects=False)
    client.cookies.set("sohoa_session", office.token("clerk"))
    client.headers["sec-fetch-site"] = "same-origin"
    return client


@pytest.fixture
def phone(office):
    client = TestClient(create_app(office.station), follow_redirects=False)
    client.headers["sec-fetch-site"] = "same-origin"
    return client


def shown(desk, **query):
    page = desk.get("/scan/phone", params=query).text
    return re.search(r"http://testserver(/phone/[^\"<]+)", page)[1]


def pages(*contents):
    return [("file", (f"{n}.jpg", io.BytesIO(c), "image/jpeg")) for n, c in enumerate(contents)]


def newest(office):
    shelf, clerk = office.station.shelf, office.actor("clerk")
    return shelf.find(DocumentFilter(), by=clerk, limit=1).hits[0].document


def test_several_pages_become_one_paper_of_the_clerk_in_order_and_upright(office, desk, phone):
    upright, lying = picture(30, (600, 900), "jpeg"), turned(picture(220, (900, 600), "jpeg"))
    sent = phone.post(shown(desk), files=pages(upright, lying, picture(120, (600, 900), "jpeg")))
    assert "Đã nhận giấy tờ" in sent.text
    document = newest(office)
    assert (document.page_count, document.created_by) == (3, office.actor("clerk").id)
    path = office.folder / "bound.pdf"
    path.write_bytes(office.station.objects.get(document.original))
    drawn = list(office.station.intake.opener.pages(path, 1, 3, 100))
    assert all(p.pixels.shape[0] > p.pixels.shape[1] for p in drawn)  # EXIF said so of page 2
    assert [round(float(p.pixels.mean()), -1) for p in drawn] == [30, 220, 120]


def turned(jpeg):
    """As a telephone held sideways writes it: pixels lying, EXIF orientation 6."""
    image, out = Image.open(io.BytesIO(jpeg)), io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(out, "jpeg", exif=exif, comment=image.info["comment"])
    return out.getvalue()


def test_a_single_sideways_picture_is_read_upright(office, desk, phone):
    phone.post(shown(desk), files=pages(turned(picture(100, (900, 600), "jpeg"))))
    path = office.folder / "one.jpg"
    path.write_bytes(office.station.objects.get(newest(office).original))
    (page,) = office.station.intake.opener.pages(path, 1, 1, 100)
    assert page.pixels.shape[0] > page.pixels.shape[1]


def test_the_same_paper_sent_again_after_a_lost_answer_is_received_once(office, desk, phone):
    came, address = Came(office), shown(desk)
    for _ in range(3):
        answer = phone.post(
            address,
            data={"paper": "p1"},
            files=pages(picture(1), picture(2)),
            headers={"accept": "application/json"},
        )
        assert answer.json() == {"received": True}
    assert len(came.names()) == 1
    other = phone.post(address, data={"paper": "p1"}, files=pages(picture(3)))
    assert other.status_code == 200 and len(came.names()) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "Tương thích nhất"),
        (b"<html><body>", "không phải PDF, PNG, JPEG"),
        (b"PK\x03\x04........", "giải nén"),
    ],
)
def test_a_picture_that_cannot_be_taken_is_named_and_nothing_is_received(
    office, desk, phone, content, told
):
    came = Came(office)
    answer = phone.post(
        shown(desk),
        files=pages(picture(1), content),
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 422
    assert "Ảnh thứ 2" in answer.json()["error"] and told in answer.json()["error"]
    assert came.names() == []


def test_no_picture_and_too_many_are_told(desk, phone):
    address = shown(desk)
    assert phone.post(address, data={"paper": "x"}).status_code == 422
    many = phone.post(address, files=pages(*[b"\xff\xd8\xff"] * 61))
    assert many.status_code == 422 and "60 ảnh" in many.text


def test_a_ticket_ends_and_says_what_to_do(office, desk, phone, monkeypatch):
    address = shown(desk)
    monkeypatch.setattr("service.accounts.PHONE_TICKET_S", -1)
    page = phone.get(address)
    assert page.status_code == 401 and "quét mã mới" in page.text and "<form" not in page.text
    answer = phone.post(address, files=pages(picture(1)), headers={"accept": "application/json"})
    assert answer.status_code == 401 and "hết hạn" in answer.json()["error"]


def test_a_forged_ticket_and_a_foreign_page_are_refused(office, desk, phone):
    address = shown(desk)
    assert phone.get(address[:-2] + "xx").status_code == 401
    cross = {"sec-fetch-site": "cross-site"}
    assert phone.post(address, files=pages(picture(1)), headers=cross).status_code == 401


def test_a_case_opens_a_ticket_for_itself_and_its_papers_propose_it(office, desk, phone):
    clerk = office.actor("clerk")
    wanted = NewDossier(procedure_code="1.001193", holder_name="A", code="H01.02-261126-0001")
    dossier = office.station.filing.open_dossier(wanted, by=clerk)
    address = shown(desk, dossier=dossier.code)
    assert dossier.code in phone.get(address).text
    phone.post(address, files=pages(picture(1)))
    document = newest(office)
    scan = office.station.shelf.scan(document.scan_id, by=clerk)
    assert (proposed_dossier(scan), scan.source) == (dossier.code, "phone")
    assert document.file_name == f"hs-{dossier.code}.jpg"
    assert f"/scan/phone?dossier={dossier.code}" in desk.get(f"/dossiers/{dossier.code}").text


def test_a_case_of_another_unit_opens_no_ticket(office, desk):
    stranger = office.actor("stranger")
    wanted = NewDossier(procedure_code="1.001193", holder_name="B", code="H99-1")
    office.station.filing.open_dossier(wanted, by=stranger)
    assert desk.get("/scan/phone", params={"dossier": "H99-1"}).status_code == 404


def test_an_upload_of_the_desk_proposes_nothing(office):
    from office import make_sample

    document = office.receive(make_sample("quyet_dinh", 8))
    scan = office.station.shelf.scan(document.scan_id, by=office.actor("clerk"))
    assert proposed_dossier(scan) is None


def test_the_desk_sees_what_its_ticket_brought_and_no_other(office, desk, phone):
    first, second = shown(desk), shown(desk)
    phone.post(first, files=pages(picture(1), picture(2)))
    phone.post(second, files=pages(picture(3)))
    ticket = first.removeprefix("/phone/")
    (row,) = desk.get("/scan/phone/arrived", params={"ticket": ticket}).json()
    assert (row["pages"], row["reading"], row["name"]) == (2, "waiting", "")
    again = desk.get("/scan/phone", params={"shown": ticket}).text
    assert row["id"] in again and first in again
    desk.cookies.clear()
    desk.cookies.set("sohoa_session", office.token("receiver"))
    assert desk.get("/scan/phone/arrived", params={"ticket": ticket}).status_code == 404
    assert desk.get("/scan/phone", params={"shown": ticket}).status_code == 404


def test_the_code_leads_where_a_phone_can_go(office, desk):
    settings = office.station.settings.model_copy(update={"public_url": "https://sohoa.xa.example"})
    page = desk.get("/scan/phone", headers={"host": "127.0.0.1:8000"}).text
    assert "SOHOA_PUBLIC_URL" in page
    assert "SOHOA_PUBLIC_URL" not in desk.get("/scan/phone").text
    named = TestClient(create_app(replace(office.station, settings=settings)))
    named.cookies.set("sohoa_session", office.token("clerk"))
    page = named.get("/scan/phone", headers={"host": "127.0.0.1:8000"}).text
    assert "https://sohoa.xa.example/phone/" in page and "SOHOA_PUBLIC_URL" not in page
