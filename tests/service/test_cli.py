"""`sohoa` as typed: JSON on stdout, Vietnamese on stderr, the exit codes of the guide."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest

from service.errors import ExitCode
from service.samples import make_sample, write_sample
from storage.pdf import check

pytestmark = pytest.mark.slow
SOHOA = Path(sys.executable).with_name("sohoa")


@pytest.fixture
def run(tmp_path):
    environment = os.environ | {"SOHOA_DATA_DIR": str(tmp_path / "var")}

    def call(*arguments):
        done = subprocess.run(
            [SOHOA, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        done.exit_code = done.returncode
        return done

    return call


@pytest.fixture
def office(run):
    assert run("db", "upgrade").exit_code == 0
    made = run(
        "user",
        "add",
        "canbo",
        "--full-name",
        "Nguyễn Thị Mẫu",
        "--unit",
        "21907",
        "--role",
        "digitizer",
    )
    assert made.exit_code == 0 and len(made.stdout.split()[1]) >= 14
    return run


def test_read_prints_one_json_object_a_file_and_says_what_is_wrong_with_the_bad_one(run, tmp_path):
    good = write_sample(make_sample("quyet_dinh", 5), tmp_path)
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"<html>")
    done = run("read", good, bad, "--json", "--jobs", "1")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == ExitCode.SOME_FAILED
    assert rows[0]["document_type"]["code"] == "quyet_dinh"
    assert rows[0]["fields"]["full_number"]["value"] and len(rows[0]["sha256"]) == 64
    assert rows[1]["source"] == str(bad)
    assert rows[1]["error"]["code"] == "khong_phai_tai_lieu"
    alone = run("read", bad)
    assert alone.exit_code == ExitCode.BAD_INPUT and "không phải PDF" in alone.stderr


def test_sign_and_verify_work_without_a_server(run, tmp_path):
    paper = write_sample(make_sample("cong_van", 6), tmp_path)
    signed = tmp_path / "signed.pdf"
    assert run("sign", paper, "-o", signed, "--jobs", "1").exit_code == 0
    good = run("verify", signed, "--json")
    assert good.exit_code == 0
    told = json.loads(good.stdout)
    assert told["conclusion"]["verdict"] == "hop_le"
    assert {s["state"] for s in told["signatures"]} == {"hop_le"}
    assert told["sha256"] == hashlib.sha256(signed.read_bytes()).hexdigest()
    report = tmp_path / "report.pdf"
    shown = run("verify", signed, "--report", report)
    assert "Chữ ký hợp lệ: Cán bộ thử" in shown.stdout
    assert check(report.read_bytes()) == []
    with pikepdf.open(report) as pdf:
        assert len(pdf.pages) == 1
    content = bytearray(signed.read_bytes())
    content[len(content) // 3] ^= 1
    signed.write_bytes(content)
    broken = run("verify", signed)
    assert broken.exit_code == ExitCode.FAILED
    assert "Bị sửa sau khi ký" in broken.stdout
    page = tmp_path / "page.pdf"
    page.write_text("<html>", "utf-8")
    assert run("verify", page).exit_code == ExitCode.BAD_INPUT
    assert run("verify", paper).exit_code == ExitCode.FAILED  # no signature at all
    assert run("sign", tmp_path / "nothing.pdf", "-o", signed).exit_code == ExitCode.BAD_INPUT


def test_a_batch_takes_each_file_once_however_often_it_is_run(office, tmp_path):
    box = tmp_path / "box"
    for seed in range(2):
        write_sample(make_sample("quyet_dinh", seed), box)
    (box / "broken.pdf").write_bytes(b"%PDF-1.7 cut")
    report = tmp_path / "report.jsonl"
    for _ in range(2):
        done = office("batch", box, "--report", report, "--no-wait")
        assert done.exit_code == ExitCode.SOME_FAILED
    rows = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [r["state"] for r in rows if "file" in r].count("received") == 2
    assert [r["code"] for r in rows if r.get("state") == "error"] == ["tai_lieu_hong"]
    assert sum("batch" in r for r in rows) == 1


def test_a_virtual_scan_becomes_one_document_of_all_its_pages(office, tmp_path):
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    for n in range(3):
        cv2.imwrite(str(sheets / f"{n}.png"), np.full((1100, 800, 3), 250 - n, np.uint8))
    done = office(
        "scan", "--virtual", sheets, "--device", "virtual:0", "--source", "adf", "--dpi", "200"
    )
    assert done.exit_code == 0, done.stderr
    assert len(json.loads(done.stdout.splitlines()[-1])["documents"]) == 1
    only = office(
        "scan",
        "--virtual",
        sheets,
        "--device",
        "virtual:0",
        "--source",
        "adf",
        "-o",
        tmp_path / "out",
    )
    assert len(only.stdout.split()) == 3
    assert office("scan", "--device", "none").exit_code == ExitCode.UNAVAILABLE


def test_doctor_names_what_is_missing_and_passes_when_all_is_there(run):
    before = run("doctor")
    assert before.exit_code == ExitCode.FAILED and "sohoa db upgrade" in before.stdout
    run("db", "upgrade")
    rows = [json.loads(line) for line in run("doctor", "--json").stdout.splitlines()]
    assert {r["name"] for r in rows} >= {"tesseract", "database", "sandbox", "gói ocr"}
    assert all(r["good"] or not r["required"] for r in rows)
    assert run("doctor", "--ready").exit_code == ExitCode.FAILED  # no server is running


def test_an_unknown_account_is_named_and_refused(office):
    done = office("search", "gì đó", "--as", "ai-do")
    assert done.exit_code == ExitCode.NOT_ALLOWED and "ai-do" in done.stderr
    assert office("audit", "verify").exit_code == 0
