"""How the intakes fare, told from outside: waiting files raise an alarm (f05), trouble is named."""

import datetime as dt
import json
import shutil
import time

import pytest
from fastapi.testclient import TestClient
from office import open_office
from service_intakes import picture
from typer.testing import CliRunner

from service.app import create_app
from service.cli import app as commands
from service.config import Settings
from service.intakes import status
from service.intakes.journal import Journal, read_record
from service.intakes.running import Intaking, hot_folder, intakes, journals
from service.intakes.sources import declared
from service.intakes.status import statuses
from workflows.errors import InvalidValue
from workflows.ports.clock import SystemClock

DECLARED = """
[folder.tang-1]
path = "{folder}/tang1"
account = "clerk"
[folder.tang-1.sub]
ho-tich = "stranger"
[mailbox.mot-cua]
host = "localhost"
user = "x"
password_file = "{folder}/password"
account = "clerk"
[smtp]
senders = {{ "@xa.example" = "clerk" }}
[ftp]
plain = true
[ftp.device.may-1]
password_file = "{folder}/password"
account = "clerk"
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    (folder / "tang1").mkdir()
    (folder / "intakes.toml").write_text(DECLARED.format(folder=folder))
    return open_office(folder / "data", intakes=folder / "intakes.toml")


@pytest.fixture(autouse=True)
def nothing_ran_yet(office, monkeypatch):
    shutil.rmtree(journals(office.station.settings.data_dir), ignore_errors=True)
    monkeypatch.setattr(status, "LOOK_S", 60.0)  # a busy machine is no share that hangs


def now(seconds=0.0):
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


def by_title(settings, at):
    return {one.title: one for one in statuses(settings, at)}


def test_every_declared_intake_is_told_and_none_runs_yet(office):
    found = by_title(office.station.settings, now())
    assert set(found) == {
        "Thư mục nóng tang-1",
        "Hộp thư mot-cua",
        "Nhận thư smtp",
        "FTP may-1",
        "Máy chủ FTP server",
    }
    assert not any(one.running for one in found.values())
    assert all("chưa chạy" in one.advice for one in found.values())


def test_a_file_that_waits_five_minutes_is_an_alarm(office):
    settings = office.station.settings
    path = settings.intakes.parent / "tang1" / "a.png"
    path.write_bytes(b"x")
    try:
        assert by_title(settings, now(290))["Thư mục nóng tang-1"].good
        late = by_title(settings, now(301))["Thư mục nóng tang-1"]
        assert not late.good and "1 tệp chờ, lâu nhất 5 phút" in late.advice
    finally:
        path.unlink()


def test_a_folder_that_went_away_is_told_even_when_nothing_runs(office):
    settings = office.station.settings
    folder = settings.intakes.parent / "tang1"
    folder.rename(folder.with_name("away"))
    try:
        found = by_title(settings, now())["Thư mục nóng tang-1"]
        assert not found.good and "Không có thư mục" in found.advice
    finally:
        folder.with_name("away").rename(folder)


def test_a_share_that_hangs_does_not_hang_who_asks(office, monkeypatch):
    import threading
    from pathlib import Path

    released, asked = threading.Event(), []

    def hangs(self):
        asked.append(self)
        released.wait(60)
        return True

    monkeypatch.setattr(status, "LOOK_S", 0.2)
    monkeypatch.setattr(Path, "is_dir", hangs)
    settings = office.station.settings
    try:
        started = time.monotonic()
        for _ in range(5):
            found = by_title(
                settings.model_copy(update={"intakes": only_a_folder(settings)}), now()
            )
            assert "không trả lời" in found["Thư mục nóng tang-1"].advice
        assert time.monotonic() - started < 10 and len(asked) == 1
    finally:
        released.set()
        for look in status._looking.values():
            look.join(60)


def only_a_folder(settings):
    path = settings.intakes.with_name("folder.toml")
    path.write_text(f"[folder.tang-1]\npath = '{path.parent}/tang1'\naccount = 'clerk'\n")
    return path


def test_what_an_intake_ran_into_is_told_until_it_is_over(office):
    settings = office.station.settings
    journal = Journal(journals(settings.data_dir), "folder", "tang-1", SystemClock())

    class Feed:
        def run(self, stop):
            stop.set()
            raise ConnectionError("share went away")

    import threading

    Intaking(make=Feed, journal=journal).run(threading.Event(), 0)
    told = by_title(settings, now())["Thư mục nóng tang-1"]
    assert told.running and not told.good and "share went away" in told.advice
    assert not by_title(settings, now(400))["Thư mục nóng tang-1"].running
    journal.well()
    assert by_title(settings, now())["Thư mục nóng tang-1"].good


def test_the_health_page_tells_no_file_names_and_stays_in_service(office):
    settings = office.station.settings
    journal = Journal(journals(settings.data_dir), "folder", "tang-1", SystemClock())
    here = office.actor("clerk").unit_id
    journal.set_aside("Nguyễn Văn A.pdf", unit_id=here, code="tai_lieu_hong", reason="hỏng")
    journal.trouble("kho_tep_khong_phan_hoi", "Kho tệp không phản hồi.")
    client = TestClient(create_app(office.station))
    ready = client.get("/health/ready")
    assert ready.status_code == 200 and "Nguyễn" not in ready.text
    rows = {r["name"]: r for r in ready.json()["intakes"]["detail"]}
    assert rows["tang-1"]["ok"] is False
    assert rows["tang-1"]["last_error"] == "kho_tep_khong_phan_hoi"
    metrics = client.get("/metrics").text
    assert 'sohoa_intake_well{kind="folder",name="tang-1"} 0.0' in metrics
    assert 'sohoa_intake_oldest_pending_seconds{kind="ftp",name="may-1"} 0.0' in metrics


def test_a_clerk_sees_why_files_of_the_own_unit_were_set_aside(office):
    settings = office.station.settings
    journal = Journal(journals(settings.data_dir), "folder", "tang-1", SystemClock())
    for who, name in (("clerk", "của ta.pdf"), ("stranger", "của họ.pdf")):
        unit = office.actor(who).unit_id
        journal.set_aside(name, unit_id=unit, code="tai_lieu_hong", reason="Hãy quét lại.")
    client = TestClient(create_app(office.station))
    client.cookies.set("sohoa_session", office.token("clerk"))
    page = client.get("/intakes").text
    assert "của ta.pdf" in page and "Hãy quét lại." in page and "của họ.pdf" not in page


def test_the_command_tells_the_same_and_fails_on_trouble(office, monkeypatch):
    settings = office.station.settings
    monkeypatch.setenv("SOHOA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SOHOA_INTAKES", str(settings.intakes))
    journal = Journal(journals(settings.data_dir), "folder", "tang-1", SystemClock())
    here = office.actor("clerk").unit_id
    journal.set_aside("hỏng.pdf", unit_id=here, code="tai_lieu_hong", reason="Hãy quét lại.")
    journal.trouble("loi", "Hỏng.")
    told = CliRunner().invoke(commands, ["intake", "status", "--json", "--events"])
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 1 and {r["kind"] for r in rows} == {
        "folder",
        "mailbox",
        "smtp",
        "ftp",
        "ftpd",
    }
    recent = next(r for r in rows if r["kind"] == "folder")["events"]
    assert [e["code"] for e in recent][:1] == ["tai_lieu_hong"]
    journal.well()
    assert CliRunner().invoke(commands, ["intake", "status"]).exit_code == 0


def test_a_journal_that_is_damaged_is_begun_anew(tmp_path):
    (tmp_path / "folder-a.json").write_text("{half")
    journal = Journal(tmp_path, "folder", "a", SystemClock())
    journal.received("a.png", unit_id="here", scan_id="1")
    assert read_record(tmp_path / "folder-a.json").counts == {"received": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[folder.A]\npath='/x'\naccount='a'", "folder"),
        ("[folder.a]\npath='/x'", "account"),
        ("[folder.a]\npath='/x'\naccount='a'\nwhat=1", "what"),
        ("[folder.a]\npath='/x'\naccount='a'\n[folder.a.sub]\n'../b'='c'", "sub"),
        ("not toml", "Không đọc được"),
        ("[folder.a]\npath='/x/in'\naccount='a'\n[folder.b]\npath='/x/in/b'\naccount='a'", "lồng"),
        ("[ftp]\n[ftp.device.m]\npassword_file='/p'\naccount='a'", "plain = true"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path, text, told):
    (tmp_path / "i.toml").write_text(text)
    with pytest.raises(InvalidValue) as refused:
        declared(Settings(data_dir=tmp_path / "data", intakes=tmp_path / "i.toml"))
    assert told in refused.value.shown


def test_a_folder_around_our_own_data_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match=r"folder\.consume"):
        declared(Settings(data_dir=tmp_path / "in" / "data", consume_dir=tmp_path / "in"))


def test_all_that_is_declared_is_run_and_no_mount_point_is_made(office, tmp_path):
    import threading

    (tmp_path / "i.toml").write_text(f"[folder.a]\npath='{tmp_path}/mnt'\naccount='clerk'\n")
    settings = office.station.settings.model_copy(update={"intakes": tmp_path / "i.toml"})
    stop = threading.Event()
    (one,) = intakes(office.station, declared(settings), stop)
    with pytest.raises(FileNotFoundError):
        one.make()
    assert not (tmp_path / "mnt").exists()
    (tmp_path / "mnt").mkdir()
    feed = one.make()
    feed.folder.prepare()
    (tmp_path / "mnt" / "a.png").write_bytes(picture(1))
    feed.look(0)
    feed.look(3)
    assert read_record(journals(settings.data_dir) / "folder-a.json").counts == {"received": 1}
    assert hot_folder(declared(settings).folder["a"]).pending() == []
