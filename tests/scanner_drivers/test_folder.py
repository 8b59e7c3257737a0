"""T13: the hot folder takes files whole, once, and lets go only when told (f08, f09)."""

import io
import os
import struct
import time

import numpy as np
import pytest
from PIL import Image

from scanner_drivers.folder import HotFolder, SetAside
from scanner_drivers.whole import ARCHIVE, CUT_OFF, EMPTY, HEIF, TRAILED, UNKNOWN, shortfall

PDF = b"%PDF-1.7\n" + b"x" * 5000 + b"\n%%EOF\n"


@pytest.fixture
def hot(tmp_path):
    made = HotFolder(tmp_path / "in", stable_s=2, give_up_s=60)
    made.prepare()
    return made


def drop(hot, name, content):
    path = hot.folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_taken_after_it_stood_still(hot):
    drop(hot, "a.pdf", PDF)
    assert hot.scan_once(now=0) == []
    assert hot.scan_once(now=1) == []
    taken = hot.scan_once(now=3)
    assert [t.name for t in taken] == ["a.pdf"] and taken[0].path.read_bytes() == PDF
    assert not (hot.folder / "a.pdf").exists()
    hot.confirm(taken[0])
    assert list(hot.taken.iterdir()) == []


def test_a_writer_that_dribbles_or_stalls_is_never_taken_half(hot):
    for second in range(0, 60, 5):
        drop(hot, "slow.pdf", PDF[: 400 * (second // 5 + 1)])
        os.utime(hot.folder / "slow.pdf", ns=(second, second))
        assert hot.scan_once(now=second) == []
        assert hot.scan_once(now=second + 4) == []  # stood still 4 s, yet has no end
    drop(hot, "slow.pdf", PDF)
    hot.scan_once(now=100)
    assert [t.path.read_bytes() for t in hot.scan_once(now=103)] == [PDF]


def test_what_never_becomes_whole_is_set_aside_with_its_reason(hot):
    for name, content in (("empty.pdf", b""), ("cut.jpg", b"\xff\xd8\xff cut")):
        drop(hot, name, content)
    hot.scan_once(now=0)
    assert hot.scan_once(now=30) == []
    told = {f.name: f.reason for f in hot.scan_once(now=61)}
    assert "0 byte" in told["empty.pdf"] and "quét lại" in told["cut.jpg"]
    names = sorted(p.name.partition("-")[2] for p in hot.quarantined.iterdir())
    assert names == ["cut.jpg", "cut.jpg.txt", "empty.pdf", "empty.pdf.txt"]


def test_links_pipes_hidden_and_unfinished_names_are_left_alone(hot, tmp_path):
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (hot.folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    os.mkfifo(hot.folder / "pipe.pdf")
    for name in (".a.pdf", "a.pdf.part", "a.tmp", "note.txt"):
        drop(hot, name, PDF)
    hot.scan_once(now=0)
    assert hot.scan_once(now=10) == []


def test_what_a_crash_left_taken_is_handed_over_again(hot):
    drop(hot, "a.pdf", PDF)
    hot.scan_once(now=0)
    hot.scan_once(now=3)
    again = HotFolder(hot.folder).left_over()
    assert [(t.name, t.path.read_bytes()) for t in again] == [("a.pdf", PDF)]


def picture(kind, size=(200, 300), **options):
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind, **options)
    return out.getvalue()


WHOLE = {
    "a.png": picture("png"),
    "a.jpg": picture("jpeg"),
    "progressive.jpg": picture("jpeg", progressive=True),
    "restarts.jpg": picture("jpeg", restart_marker_blocks=4),
    "a.tif": picture("tiff"),
    "lzw.tif": picture("tiff", compression="tiff_lzw"),
    "pages.tif": picture("tiff", save_all=True, append_images=[Image.new("RGB", (300, 300))]),
    "a.pdf": PDF,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_is_whole_only_to_the_last_byte_that_matters(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    assert shortfall(path) is None
    size = len(WHOLE[name])
    for cut in {16, 100, size // 4, size // 2, size * 3 // 4, size - 100, size - 9}:
        path.write_bytes(WHOLE[name][:cut])
        assert shortfall(path) == CUT_OFF, cut


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(tmp_path):
    thumbnail = picture("jpeg", size=(20, 20))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = WHOLE["a.jpg"][:2] + segment + WHOLE["a.jpg"][2:]
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[: 2 + len(segment) + 300])
    assert shortfall(path) == CUT_OFF
    path.write_bytes(whole + b"a telephone's own trailer" * 4000)
    assert shortfall(path) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", EMPTY),
        (bytes(5000), CUT_OFF),  # allotted, not yet filled
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", HEIF),
        (b"PK\x03\x04 and so on", ARCHIVE),
        (b"<html><body>404</body></html>", UNKNOWN),
        (PDF[:-6], CUT_OFF),
        (PDF + b"12 0 obj << /Type /Sig", TRAILED),
        (PDF + b"\r\n\0\0", None),
    ],
)
def test_what_a_file_lacks_is_told_apart(tmp_path, content, told):
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    assert shortfall(path) == told


def test_no_bytes_whatever_make_the_look_fail(tmp_path):
    chance, path = np.random.default_rng(5), tmp_path / "a"
    for content in WHOLE.values():
        for _ in range(60):
            harmed = bytearray(content)
            for at in chance.integers(0, min(len(harmed), 600), 5):
                harmed[at] = chance.integers(0, 256)
            path.write_bytes(harmed)
            shortfall(path)  # an answer, whichever, and soon


def test_a_revision_being_appended_is_waited_for_and_then_left_to_the_parsers(hot):
    drop(hot, "signed.pdf", PDF + b"12 0 obj << /Type /Sig")
    hot.scan_once(now=0)
    assert hot.scan_once(now=16) == []  # f09: a stall of fifteen seconds
    assert [t.name for t in hot.scan_once(now=31)] == ["signed.pdf"]


@pytest.mark.skipif(os.name == "nt", reason="Windows shares say by locking")
def test_a_whole_file_that_somebody_holds_open_is_not_taken(hot):
    path = drop(hot, "a.pdf", PDF)
    with path.open("ab"):
        hot.scan_once(now=0)
        assert hot.scan_once(now=59) == []
    assert [t.name for t in hot.scan_once(now=60)] == ["a.pdf"]


def test_sub_folders_are_routes_and_only_those_declared(tmp_path):
    hot = HotFolder(tmp_path / "in", routes=("ho-tich", "Đất đai"))
    hot.prepare()
    (hot.folder / "other").mkdir()
    for where in ("", "ho-tich", "Đất đai", "other"):
        (hot.folder / where / "a.pdf").write_bytes(PDF)
    hot.scan_once(now=0)
    found = hot.scan_once(now=3)
    assert sorted(t.route for t in found) == ["", "ho-tich", "Đất đai"]
    again = HotFolder(hot.folder, routes=hot.routes[1:]).left_over()
    assert sorted((t.route, t.name, t.again) for t in again) == sorted(
        (t.route, "a.pdf", True) for t in found
    )


def test_a_kind_a_person_may_have_meant_is_told_and_others_stay(hot):
    for name in ("IMG_1.HEIC", "tờ khai.docx", "Thumbs.db", "job.xml"):
        drop(hot, name, b"\0\0\0\x18ftypheic" if name.endswith("HEIC") else b"something else")
    hot.scan_once(now=0)
    told = {f.name: f.reason for f in hot.scan_once(now=3)}
    assert all(isinstance(f, SetAside) for f in [*hot.scan_once(now=3)])
    assert "Tương thích nhất" in told["IMG_1.HEIC"] and set(told) == {"IMG_1.HEIC", "tờ khai.docx"}
    assert {"Thumbs.db", "job.xml"} <= {p.name for p in hot.folder.iterdir()}


def test_names_as_long_as_the_disk_allows_are_taken(hot):
    name = "ă" * 125 + ".pdf"
    drop(hot, name, PDF)
    hot.scan_once(now=0)
    (taken,) = hot.scan_once(now=3)
    assert taken.name == name
    assert hot.quarantine(taken, "lý do").path.name.endswith(".pdf")


def test_the_age_of_what_waits_counts_from_the_drop_not_from_the_writing(hot, tmp_path):
    old = tmp_path / "old.pdf"
    old.write_bytes(PDF)
    os.utime(old, (1, 1))
    old.rename(hot.folder / "old.pdf")
    (since,) = hot.pending()
    assert time.time() - since < 60
    hot.scan_once(now=0)
    hot.scan_once(now=3)
    assert len(hot.pending()) == 1  # taken, not handed over


def test_a_file_replaced_between_the_look_and_the_move_goes_back(hot, monkeypatch):
    path = drop(hot, "a.pdf", PDF)
    hot.scan_once(now=0)
    rename = type(path).rename

    def writer_comes_first(self, target):
        if self == path:
            with self.open("ab") as file:
                file.write(b"more")
        return rename(self, target)

    monkeypatch.setattr(type(path), "rename", writer_comes_first)
    assert hot.scan_once(now=3) == []
    assert path.read_bytes() == PDF + b"more" and hot.left_over() == []
