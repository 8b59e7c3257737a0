"""`sohoa scan` as typed, against the virtual network scanner."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from office import HERE, PASSWORD
from servers.escl import virtual_scanner

from scanner_drivers.escl_wire import read_xml
from service.config import Settings
from service.errors import ExitCode
from service.setup import prepare
from service.slips import slip_of
from service.wiring import build, slip_key
from workflows.domain.unit import EVERYWHERE, Role

pytestmark = pytest.mark.slow
SOHOA = Path(sys.executable).with_name("sohoa")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeder")
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.full((600, 300, 3), 250 - 40 * n, np.uint8))
    with virtual_scanner(folder) as server:
        yield server


@pytest.fixture
def scan(running, tmp_path):
    running.control()
    environment = os.environ | {"SOHOA_DATA_DIR": str(tmp_path / "var")}
    environment |= {"SOHOA_ESCL_DEVICES": running.url, "SOHOA_SANE_BACKENDS": "pnm"}

    def call(*arguments, device=running.device, typed=None, verb="scan"):
        chosen = ["-d", device] if device else []
        return subprocess.run(
            [SOHOA, verb, *chosen, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            **({"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}),
        )

    return call


def rows(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_devices_and_profiles_are_listed(scan, running):
    found = {row["device"] for row in rows(scan("--list-devices", device=""))}
    assert {running.device, "sane:pnm:0"} <= found
    assert {r["profile"] for r in rows(scan("--list-profiles"))} == {"counter", "archive", "card"}


def test_a_profile_is_asked_for_and_what_is_typed_overrides_it(scan, running, tmp_path):
    done = scan("--profile", "counter", "--mode", "gray", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "out" / f"000{n}.png") for n in (1, 2, 3)]
    assert "Trang 2, tờ 1 mặt sau" in done.stderr
    asked = {e.tag: e.text for e in read_xml(running.told()["settings"][-1].encode()).iter()}
    assert (asked["ColorMode"], asked["Duplex"], asked["XResolution"]) == (
        "Grayscale8",
        "true",
        "300",
    )


def test_one_pdf_of_all_pages_is_lossless_and_never_written_over(scan, tmp_path):
    path = tmp_path / "box.pdf"
    first = scan("--source", "adf", "-o", path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.split() == [str(path)]
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 3
        image = pikepdf.PdfImage(next(iter(pdf.pages[1].images.values()))).as_pil_image()
        assert np.all(np.asarray(image.convert("L")) == 210)
        assert [round(float(v)) for v in pdf.pages[0].mediabox] == [0, 0, 72, 144]
    assert [p.name for p in tmp_path.iterdir() if p.name != "var"] == ["box.pdf"]
    before = path.read_bytes()
    again = scan("--source", "adf", "-o", path)
    assert again.returncode == ExitCode.USAGE and "--force" in again.stderr
    assert path.read_bytes() == before
    assert scan("--source", "flatbed", "--force", "-o", path).returncode == 0
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 1


def test_a_jam_nobody_clears_gives_the_safe_pages_and_says_so(scan, running, tmp_path):
    running.control(jam=3)
    done = scan("--source", "adf", "-o", tmp_path / "out")
    assert done.returncode == ExitCode.SOME_FAILED
    assert len(done.stdout.split()) == 2 and "Kẹt giấy. Đã lưu an toàn 2 trang" in done.stderr
    running.control(jam=3)
    lost = scan("--source", "adf")  # would be taken in: an unfinished paper is not
    assert lost.returncode == ExitCode.SOME_FAILED and "Chưa tiếp nhận" in lost.stderr
    assert len(list((tmp_path / "var" / "scanning").rglob("*.png"))) == 2


def test_a_fault_is_told_in_vietnamese_and_leaves_nothing_behind(scan, running, tmp_path):
    running.control(empty=True)
    done = scan("--source", "adf", "-o", tmp_path / "box.pdf")
    assert done.returncode == ExitCode.UNAVAILABLE and "Hết giấy trong khay" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] in ([], ["var"])
    for wrong in (("--profile", "none"), ("--source", "adff"), ("--mode", "colour")):
        assert scan(*wrong).returncode == ExitCode.USAGE


def test_manual_duplex_asks_to_turn_the_stack_and_pairs_the_sides(scan, tmp_path):
    done = scan("--source", "adf", "--manual-duplex", "-o", tmp_path / "out", typed="y\n")
    assert done.returncode == 0, done.stderr
    assert "Lật cả chồng giấy" in done.stderr
    tones = [int(cv2.imread(str(p))[0, 0, 0]) for p in sorted((tmp_path / "out").glob("*.png"))]
    assert tones == [250, 170, 210, 210, 170, 250]  # the same three sheets, the last one first
    left = scan("--source", "adf", "--manual-duplex", "-o", tmp_path / "two", typed="n\n")
    assert left.returncode == ExitCode.UNAVAILABLE
    assert "Chưa quét mặt sau" in left.stderr


def test_a_slip_is_printed_once_and_a_separator_too(scan, tmp_path):
    for argument, name in ((["H29-1"], "H29-1"), (["--patch", "II"], "II")):
        path = tmp_path / f"{name}.pdf"
        done = scan(*argument, "-o", path, verb="slip", device="")
        assert done.stdout.split() == [str(path)], done.stderr
        with pikepdf.open(path) as pdf:
            assert len(pdf.pages) == 1
        assert scan(*argument, "-o", path, verb="slip", device="").returncode != 0
    assert scan("một hồ sơ", "-o", tmp_path / "x.pdf", verb="slip", device="").returncode != 0


def test_a_stack_with_a_slip_in_it_is_received_as_two_papers(scan, tmp_path):
    settings = Settings(data_dir=tmp_path / "var")
    prepare(settings)
    wired = build(settings)
    with wired.database.transaction() as tx:
        tx.catalogue.put(HERE)
    wired.accounts.add_user("canbo", "canbo", PASSWORD, HERE.id, frozenset({Role.RECEIVER}))
    (tmp_path / "slip.pdf").write_bytes(slip_of("21907-261126-0001", slip_key(settings)))
    stack = tmp_path / "stack"
    stack.mkdir()
    render = ["pdftoppm", "-gray", "-r", "200", "-png", "-singlefile"]
    subprocess.run([*render, tmp_path / "slip.pdf", stack / "1"], check=True)
    for number in (0, 2, 3):
        picture = np.full((600, 400), 255, np.uint8)
        cv2.putText(picture, f"To so {number}", (30, 60 + 120 * number), 0, 2, 0, 5)
        cv2.imwrite(str(stack / f"{number}.png"), picture)
    virtual = ("--virtual", stack, "--source", "adf", "--dpi", "200")
    held = scan(*virtual, "--sheets", "4", device="virtual:0")
    assert held.returncode == ExitCode.SOME_FAILED
    assert "Khai 4 tờ" in held.stderr
    assert held.stdout == ""
    done = rows(scan(*virtual, "--sheets", "3", device="virtual:0"))
    assert [row.get("dossier") for row in done] == [None, "21907-261126-0001"]
    with wired.database.read() as tx:
        papers = [tx.documents.get(row["documents"][0], EVERYWHERE) for row in done]
    assert [p.page_count for p in papers] == [1, 2]
