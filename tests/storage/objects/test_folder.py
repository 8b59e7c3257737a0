"""What only a folder can suffer: crashes, full disks, bits that turn."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from storage.objects import FolderStore, disk, folder
from storage.sandbox import describe
from workflows.domain.document import StoredObject
from workflows.errors import Conflict, IntegrityViolation, StorageFull, StorageUnavailable

PDF = "application/pdf"


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root) -> FolderStore:
    return FolderStore(root)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def on_disk(root: Path, key: str) -> Path:
    return root / "objects" / key


def alter(path: Path, content: bytes) -> None:
    """As a failing disk does: the permissions do not stop it."""
    path.chmod(0o640)
    path.write_bytes(content)


def test_an_object_is_a_plain_read_only_file(store, root):
    store.put("copy/a.pdf", b"%PDF-", PDF)
    path = on_disk(root, "copy/a.pdf")
    assert path.read_bytes() == b"%PDF-"
    assert path.stat().st_mode & 0o222 == 0
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("damage", [b"", b"onE", b"one more"])
def test_changed_bytes_are_never_given(store, root, damage):
    stored = store.put("copy/a", b"one", PDF)
    alter(on_disk(root, "copy/a"), damage)
    with pytest.raises(IntegrityViolation):
        store.get(stored)
    # putting the right bytes again does not hide the damage either
    with pytest.raises(IntegrityViolation):
        store.put("copy/a", b"one", PDF)
    # a scrub sees it without reading a byte where the size changed, else by reading
    [listed] = store.list("copy/")
    assert listed.sha256 == stored.sha256
    assert listed.size == len(damage)


def test_a_damaged_record_is_told(store, root):
    store.put("copy/a", b"one", PDF)
    alter(root / "records" / "copy" / "a.json", b"{")
    with pytest.raises(IntegrityViolation):
        list(store.list(""))


def test_a_key_below_an_object_is_a_conflict(store):
    store.put("copy/a", b"one", PDF)
    with pytest.raises(Conflict):
        store.put("copy/a/b", b"two", PDF)
    store.put("copy/c/d", b"three", PDF)
    with pytest.raises(Conflict):
        store.put("copy/c", b"four", PDF)


def test_a_crash_between_link_and_record_is_finished_by_the_retry(store, root, monkeypatch):
    monkeypatch.setattr(FolderStore, "_record", lambda _store, stored: stored)
    store.put("copy/a", b"one", PDF)
    monkeypatch.undo()
    assert not (root / "records" / "copy" / "a.json").exists()
    [listed] = store.list("")
    assert listed.sha256 == sha256(b"one")
    assert store.put("copy/a", b"one", PDF).media_type == PDF
    assert [found.media_type for found in store.list("")] == [PDF]


def test_a_file_that_changes_while_it_is_stored_is_refused(store, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(b"first")

    def write_then_change(path, pieces, **mode):
        disk.write_synced(path, pieces, **mode)
        source.write_bytes(b"other")

    monkeypatch.setattr(folder, "write_synced", write_then_change)
    with pytest.raises(IntegrityViolation):
        store.put("copy/a", source, PDF)
    assert list(store.list("")) == []


def test_bytes_the_disk_did_not_keep_are_refused(store, monkeypatch):
    """f38: a full disk answered "ok" and kept something else."""

    def lose_the_end(path, pieces, **mode):
        disk.write_synced(path, iter([b"".join(pieces)[:-1]]), **mode)

    monkeypatch.setattr(folder, "write_synced", lose_the_end)
    with pytest.raises(IntegrityViolation):
        store.put("copy/a", b"whole", PDF)
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
    ],
)
@pytest.mark.parametrize("moment", ["open", "fsync", "link"])
def test_a_refusing_disk_is_told_and_leaves_nothing(store, root, monkeypatch, number, kind, moment):
    def refuse(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder.os if moment == "link" else disk.os, moment, refuse)
    with pytest.raises(kind):
        store.put("copy/a", b"one", PDF)
    monkeypatch.undo()
    assert [path for path in root.rglob("*") if path.is_file()] == []
    assert store.put("copy/a", b"one", PDF).size == 3


def test_sweep_removes_what_a_crash_left_and_nothing_else(store, root):
    store.put("copy/a", b"one", PDF)
    (root / "tmp" / "old").write_bytes(b"half")
    (root / "tmp" / "young").write_bytes(b"half")
    yesterday = time.time() - 86_400
    os.utime(root / "tmp" / "old", (yesterday, yesterday))
    assert store.sweep() == 1
    assert [path.name for path in (root / "tmp").iterdir()] == ["young"]
    assert store.sweep(0) == 1
    assert [found.key for found in store.list("")] == ["copy/a"]


def test_every_step_is_synced_before_it_is_said(store, root, monkeypatch):
    """The content, its record, and each folder that got a new name (f37)."""
    synced: list[Path] = []
    real = os.fsync

    def fsync(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(disk.os, "fsync", fsync)
    store.put("copy/ab/a", b"one", PDF)
    paths = [path.relative_to(root) for path in synced]
    assert [str(path) for path in paths if path.parts[0] != "tmp"] == [
        "objects",
        "objects/copy",
        "objects/copy/ab",
        "records",
        "records/copy",
        "records/copy/ab",
    ]
    assert len([path for path in paths if path.parts[0] == "tmp"]) == 2


WRITER = textwrap.dedent("""
    import hashlib, os, sys
    from pathlib import Path
    from storage.objects import FolderStore
    from workflows.ports.objects import original_key
    store = FolderStore(Path(sys.argv[1]))
    while True:
        content = os.urandom(1000) * 300
        stored = store.put(original_key(hashlib.sha256(content).hexdigest()), content, "x/y")
        os.write(1, (stored.sha256 + "\\n").encode())
""")


@pytest.mark.slow
def test_thirty_kills_lose_nothing_that_was_acknowledged(store, root):
    """kill -9 at random moments: every name holds its bytes, every acknowledged one is there."""
    dice = random.Random(4)
    acknowledged: set[str] = set()
    started = 0
    for _ in range(30):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        acknowledged.add(process.stdout.readline().decode().strip())  # it is at work now
        time.sleep(dice.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged.update(line for line in rest.decode().split("\n")[:-1])
        started += 1
    found = {stored.sha256 for stored in store.list("orig/")}
    for stored in store.list("orig/"):
        assert sha256(store.get(stored)) == Path(stored.key).name
    assert started == 30
    assert len(acknowledged) >= 30
    assert acknowledged <= found
    left = len(list((root / "tmp").iterdir()))
    assert store.sweep(0) == left
    assert list((root / "tmp").iterdir()) == []


FILL = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    from storage.objects import FolderInbox, FolderStore
    from workflows.errors import StorageFull
    root = Path(sys.argv[1])
    store, inbox = FolderStore(root), FolderInbox(root / "inbox")
    store.put("copy/small", b"fits", "x/y")
    refused = 0
    for attempt in (
        lambda: store.put("copy/large", os.urandom(6 << 20), "x/y"),
        lambda: inbox.receive(iter([os.urandom(1 << 20)] * 6), limit=10 << 20),
    ):
        try:
            attempt()
        except StorageFull:
            refused += 1
    again = store.put("copy/again", os.urandom(2 << 20), "x/y").size
    inbox.receive(iter([b"x"] * 1000), limit=1000)
    print(refused, again, [s.key for s in store.list("")], len(list((root / "tmp").iterdir())))
""")


@pytest.mark.parametrize("where", ["memory disk"] if describe()["bubblewrap"] == "ok" else [])
def test_a_really_full_disk_is_told_and_recovers(tmp_path, where):
    disk_of_4_mb = ["--size", str(4 << 20), "--tmpfs", str(tmp_path)]
    ran = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", *disk_of_4_mb, sys.executable, "-c", FILL, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout.decode().strip() == "2 2097152 ['copy/again', 'copy/small'] 0", ran.stderr


def test_a_store_that_cannot_be_opened_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        FolderStore(tmp_path / "file" / "store")


def test_a_missing_source_file_is_told(store, tmp_path):
    with pytest.raises(StorageUnavailable):
        store.put("copy/a", tmp_path / "gone", PDF)
    assert list(store.list("")) == []


def test_reading_a_folder_as_an_object_is_not_found(store):
    stored = store.put("copy/a", b"one", PDF)
    with pytest.raises(Exception, match="copy"):
        store.get(StoredObject(key="copy", sha256=stored.sha256, size=3, media_type=PDF))


def test_lost_bytes_are_not_replaced_by_others_in_silence(store, root):
    stored = store.put("copy/a", b"one", PDF)
    on_disk(root, "copy/a").unlink()
    with pytest.raises(IntegrityViolation):
        store.put("copy/a", b"two", PDF)
    assert store.find("copy/a") is None
    assert store.put("copy/a", b"one", PDF) == stored
