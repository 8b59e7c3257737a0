"""What the inbox promises: durable, deletable, nothing half-kept."""

import errno
import hashlib
import os
import time
from pathlib import Path

import pytest

from storage.objects import FolderInbox, disk
from workflows.domain.quarantine import Refused
from workflows.errors import NotFound, StorageFull, TooLarge


@pytest.fixture
def inbox(tmp_path) -> FolderInbox:
    return FolderInbox(tmp_path / "inbox")


def files(inbox_root: Path) -> list[Path]:
    return sorted(path for path in inbox_root.rglob("*") if path.is_file())


def test_receives_a_stream_whole(inbox):
    chunks = [os.urandom(70_000) for _ in range(5)]
    path, sha256, size = inbox.receive(iter(chunks), limit=350_000)
    assert path.read_bytes() == b"".join(chunks)
    assert (sha256, size) == (hashlib.sha256(b"".join(chunks)).hexdigest(), 350_000)
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_byte_over_the_limit_keeps_nothing(inbox, tmp_path):
    with pytest.raises(TooLarge):
        inbox.receive(iter([b"x" * 10, b"y"]), limit=10)
    assert files(tmp_path) == []


def test_a_sender_that_breaks_off_keeps_nothing(inbox, tmp_path):
    def broken():
        yield b"half"
        raise ConnectionResetError("gone")

    with pytest.raises(Exception, match="gone"):
        inbox.receive(broken(), limit=100)
    assert files(tmp_path) == []


def test_a_full_disk_is_said_and_keeps_nothing(inbox, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(StorageFull):
        inbox.receive(iter([b"x"]), limit=10)
    monkeypatch.undo()
    assert files(tmp_path) == []


def test_two_files_with_the_same_bytes_stay_apart(inbox):
    first, *_ = inbox.receive(iter([b"same"]), limit=10)
    second, *_ = inbox.receive(iter([b"same"]), limit=10)
    inbox.erase(first)
    assert second.read_bytes() == b"same"


def test_erase_overwrites_before_it_unlinks(inbox, tmp_path):
    path, *_ = inbox.receive(iter([b"secret" * 1000]), limit=10_000)
    witness = tmp_path / "witness"
    os.link(path, witness)  # the same blocks under a second name
    inbox.erase(path)
    assert not path.exists()
    assert witness.read_bytes() == bytes(6000)


def test_erase_is_idempotent(inbox):
    path, *_ = inbox.receive(iter([b"x"]), limit=10)
    inbox.erase(path)
    inbox.erase(path)


@pytest.mark.parametrize("trick", ["outside", "up", "link"])
def test_erase_cannot_be_talked_into_another_folder(inbox, tmp_path, trick):
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep me")
    inside, *_ = inbox.receive(iter([b"x"]), limit=10)
    link = inside.with_name("link")
    link.symlink_to(precious)
    path = {
        "outside": precious,
        "up": inside.parent / ".." / ".." / ".." / "precious",
        "link": link,
    }[trick]
    if trick == "link":
        inbox.erase(path)
    else:
        with pytest.raises(NotFound):
            inbox.erase(path)
    assert precious.read_bytes() == b"keep me"


def test_quarantine_keeps_the_file_and_says_why(inbox):
    path, *_ = inbox.receive(iter([b"broken pdf"]), limit=100)
    why = Refused(code="tai_lieu_hong", reason="hai bộ đọc không thống nhất số trang", unit_id="u")
    aside = inbox.quarantine(path, why)
    assert not path.exists()
    assert aside.read_bytes() == b"broken pdf"
    reason = aside.with_name(aside.name + ".reason.json")
    (kept,) = inbox.quarantined()
    assert (kept.path, kept.why, kept.size) == (aside, why, 10)
    again = Refused(code="x", reason="again")
    assert inbox.quarantine(path, again) == inbox.quarantine(aside, again) == aside
    assert inbox.quarantined() == [kept]
    inbox.erase(aside)
    assert not aside.exists()
    assert not reason.exists()
    assert inbox.quarantined() == []


@pytest.mark.parametrize("note", [None, b"", b"{", b"[]", b'{"unknown": 1}'])
def test_a_quarantined_file_whose_note_is_lost_is_still_listed(inbox, note):
    path, *_ = inbox.receive(iter([b"x"]), limit=100)
    aside = inbox.quarantine(path, Refused(code="x", reason="y"))
    reason = aside.with_name(aside.name + ".reason.json")
    reason.unlink() if note is None else reason.write_bytes(note)
    (kept,) = inbox.quarantined()
    assert kept.path == aside and kept.why.reason


def test_quarantining_what_was_erased_is_not_found(inbox):
    path, *_ = inbox.receive(iter([b"x"]), limit=10)
    inbox.erase(path)
    with pytest.raises(NotFound):
        inbox.quarantine(path, Refused(code="x", reason="late"))


def test_sweep_erases_old_parts_only(inbox, tmp_path):
    whole, *_ = inbox.receive(iter([b"whole"]), limit=10)
    part = tmp_path / "inbox" / "part"
    (part / "old").write_bytes(b"from a crash")
    (part / "young").write_bytes(b"still arriving")
    yesterday = time.time() - 86_400
    os.utime(part / "old", (yesterday, yesterday))
    assert inbox.sweep() == 1
    assert [path.name for path in part.iterdir()] == ["young"]
    assert whole.read_bytes() == b"whole"


def test_names_what_was_left_behind(inbox):
    old, *_ = inbox.receive(iter([b"old"]), limit=10)
    inbox.receive(iter([b"new"]), limit=10)
    yesterday = time.time() - 90_000
    os.utime(old, (yesterday, yesterday))
    assert inbox.left_behind() == [old]
