"""Encryption at rest: what lies on the server's disk, and a server that only pretends."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from servers.s3 import OPTIONS, stop, wait_until_it_stores
from servers.s3 import start as start_server

from storage.objects import S3Store
from storage.objects.disk import is_on_encrypted_disk
from workflows.errors import InvalidValue, StorageUnavailable

pytestmark = [pytest.mark.requires_s3, pytest.mark.slow]
MARK = b"Nguoi-dan-khong-muon-ai-doc-duoc-dieu-nay-tren-dia"
PDF = "application/pdf"


def lies_on_disk(folder: Path, mark: bytes) -> bool:
    return any(
        mark in path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_size < 200 << 20
    )


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("WEED_S3_SSE_KEK", "ab" * 32)
    process, made = start_server(tmp_path)
    try:
        wait_until_it_stores(process, made)
        yield made
    finally:
        stop(process, made.ports)


def test_the_shipped_server_keeps_only_cipher_text_and_gives_the_bytes_back(server, tmp_path):
    """Single puts and multipart ones; the same content without encryption is the control."""
    assert OPTIONS
    plain = server.store("plain")
    sealed = S3Store(replace(server.settings, bucket="sealed", encryption="SSE-S3"))
    sealed.ensure_bucket()
    assert plain.encrypted() is None and sealed.encrypted() is None
    secret, open_mark = MARK + b"-kin", MARK + b"-mo"
    small = sealed.put("copy/a", secret * 9, PDF)
    large = sealed.put("copy/b", secret + os.urandom(65 << 20) + secret, PDF)
    control = plain.put("copy/a", open_mark * 9, PDF)
    assert hashlib.sha256(sealed.get(small)).hexdigest() == small.sha256
    assert sealed.measure("copy/b").sha256 == large.sha256
    assert plain.get(control) == open_mark * 9
    assert sealed.encrypted() is True and plain.encrypted() is False
    assert lies_on_disk(tmp_path, open_mark), "the control must be found, or the look is blind"
    assert not lies_on_disk(tmp_path, secret)


def test_a_server_that_says_nothing_of_encryption_is_not_believed(server, monkeypatch):
    sealed = S3Store(replace(server.settings, bucket="deaf", encryption="SSE-S3"))
    sealed.ensure_bucket()
    monkeypatch.setattr(sealed, "_sse_headers", {})  # as if the server passed them over
    with pytest.raises(StorageUnavailable) as refused:
        sealed.put("copy/a", b"x", PDF)
    assert "s3_encryption" in refused.value.shown


def test_an_unknown_kind_is_refused_at_the_start(server):
    with pytest.raises(InvalidValue):
        S3Store(replace(server.settings, encryption="ROT13"))


def test_a_disk_is_told_encrypted_only_when_the_kernel_says_so(tmp_path, monkeypatch):
    """A block device of sysfs, as the kernel shows plain, LUKS, and LVM upon LUKS."""
    from storage.objects import disk

    def device(name, uuid="", below=()):
        folder = tmp_path / name
        (folder / "slaves").mkdir(parents=True)
        if uuid:
            (folder / "dm").mkdir()
            (folder / "dm/uuid").write_text(uuid)
        for lower in below:
            (folder / "slaves" / lower.name).symlink_to(lower)
        return folder

    plain, luks = device("sda1"), device("dm-0", "CRYPT-LUKS2-4f2a-cr\n")
    assert not disk._is_encrypted(plain)
    assert disk._is_encrypted(luks)
    assert disk._is_encrypted(device("dm-1", "LVM-xyz", [luks]))
    assert not disk._is_encrypted(device("dm-2", "LVM-abc", [plain]))
    assert is_on_encrypted_disk(tmp_path) in (True, False, None)
