"""The spool: nothing said to be safe is lost, nothing lost is hidden."""

import datetime as dt
import shutil

import cv2
import numpy as np
import pytest
from cryptography.exceptions import InvalidTag

from scanner_drivers.driver import ScanProfile
from scanner_drivers.pages import keep_page
from service.station.spool import KEEP_DAYS, Spool, SpooledJob

JOB = "a" * 32


def open_spool(folder):
    spool = Spool(folder)
    spool.open_job(
        SpooledJob(
            id=JOB,
            origin="server",
            device="virtual:0",
            profile=ScanProfile(source="adf", duplex=True, dpi=200),
            state="scanning",
            created_at=dt.datetime.now(dt.UTC).isoformat(),
        )
    )
    return spool


def scanned(spool, seq, tone=9):
    pixels = np.full((30, 20, 3), tone + seq, np.uint8)
    return keep_page(pixels, spool.pages_folder(JOB), seq, dpi=200)


@pytest.fixture
def spool(tmp_path):
    made = open_spool(tmp_path)
    yield made
    made.close()


def test_a_page_is_safe_with_its_row_and_its_bytes(spool):
    page = spool.keep(JOB, scanned(spool, 1))
    assert page.state == "safe"
    assert spool.unsent() == 1
    assert cv2.imdecode(np.frombuffer(spool.content(page), np.uint8), 1)[0, 0, 0] == 10


def test_a_half_page_is_never_safe(spool):
    event = scanned(spool, 1)
    event.path.write_bytes(event.path.read_bytes()[:60])
    with pytest.raises(ValueError, match="no whole image"):
        spool.keep(JOB, event)
    assert spool.pages(JOB) == []


def test_after_a_power_cut_whole_pages_are_adopted_and_parts_go(tmp_path, spool):
    spool.keep(JOB, scanned(spool, 1))
    scanned(spool, 2)  # renamed, the station died before the row
    folder = spool.pages_folder(JOB)
    (folder / "0003.part").write_bytes(b"half")
    (folder / ".scan-x").mkdir()
    spool.close()
    again = Spool(tmp_path)
    broken = again.recover()
    assert [j.state for j in broken] == ["paused"]
    assert [(p.seq, p.sheet, p.side, p.flags) for p in again.pages(JOB)] == [
        (1, 0, "front", ("blank",)),
        (2, 1, "back", ("adopted", "blank")),
    ]
    assert sorted(p.name for p in folder.iterdir()) == ["0001.png", "0002.png"]
    assert again.job(JOB).message
    again.close()


def test_a_lost_file_is_damage_and_not_silence(tmp_path, spool):
    page = spool.keep(JOB, scanned(spool, 1))
    (spool.pages_folder(JOB) / page.file).unlink()
    spool.recover()
    assert [p.state for p in spool.pages(JOB)] == ["damaged"]


def test_a_file_that_changed_on_disk_is_not_sent(spool):
    page = spool.keep(JOB, scanned(spool, 1))
    path = spool.pages_folder(JOB) / page.file
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ValueError, match="not what was scanned"):
        spool.content(page)


def test_a_page_that_is_no_image_is_set_aside_at_recovery(spool):
    (spool.pages_folder(JOB) / "0001.png").write_bytes(b"no image")
    spool.recover()
    assert spool.pages(JOB) == []
    assert (spool.pages_folder(JOB) / "0001.damaged").exists()


def test_delivered_pages_are_sealed_kept_for_days_and_then_erased(spool):
    page = spool.keep(JOB, scanned(spool, 1))
    before = spool.content(page)
    spool.acked(page)
    spool.set_job(JOB, "delivered")
    now = dt.datetime.now(dt.UTC)
    spool.sweep(now)
    sealed = spool.pages_folder(JOB) / "0001.sealed"
    assert before not in sealed.read_bytes()
    assert spool.content(page) == before
    kept = sealed.read_bytes()
    sealed.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(InvalidTag):
        spool.content(page)
    spool.sweep(now + dt.timedelta(days=KEEP_DAYS, hours=1))
    assert not spool.pages_folder(JOB).exists()
    assert spool.job(JOB).state == "erased"


def test_the_same_job_twice_is_once(spool):
    spool.open_job(spool.job(JOB))
    assert len(spool.jobs()) == 1


def test_the_key_of_the_spool_is_its_owners_alone(spool, tmp_path):
    assert (tmp_path / "spool.key").stat().st_mode & 0o077 == 0


def test_a_spool_that_moved_still_opens(tmp_path, spool):
    page = spool.keep(JOB, scanned(spool, 1))
    spool.close()
    moved = tmp_path.parent / "moved"
    shutil.move(tmp_path, moved)
    again = Spool(moved)
    assert again.content(page)
    again.close()
    shutil.move(moved, tmp_path)
