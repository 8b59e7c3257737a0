# SPDX-License-Identifier: Apache-2.0
"""The benchmark against OCRmyPDF may not count a run that read nothing."""

import datetime as dt
import importlib.util
import sys
from pathlib import Path

import pikepdf
import pytest

from service.samples import make_sample, write_sample

FILE = Path(__file__).parents[3] / "benchmarks" / "against_ocrmypdf.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("against_ocrmypdf", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return write_sample(make_sample("giay_moi", 1, "L3"), tmp_path_factory.mktemp("scan"))


def runner(bench, command):
    return bench.Contender(name="x", command=command)


def test_copying_the_scan_is_no_result(bench, scan):
    with pytest.raises(bench.RunRefused, match="PDF/A"):
        bench.race([runner(bench, "cp {in} {out}")], scan, 1, runs=1)


def test_a_pdfa_claim_without_letters_is_no_result(bench, scan, tmp_path):
    claimed = tmp_path / "claimed.pdf"
    with pikepdf.open(scan) as pdf:
        with pdf.open_metadata() as about:
            about["pdfaid:part"], about["pdfaid:conformance"] = "2", "B"
        pdf.save(claimed)
    with pytest.raises(bench.RunRefused, match="0 letters"):
        bench.check_result(claimed, 1)
    with pytest.raises(bench.RunRefused, match="1 pages, not 2"):
        bench.check_result(claimed, 2)


def test_failing_and_silent_commands_are_no_result(bench, scan):
    with pytest.raises(bench.RunRefused, match="ended with"):
        bench.race([runner(bench, "false")], scan, 1, runs=1)
    with pytest.raises(bench.RunRefused, match="not written"):
        bench.race([runner(bench, "true")], scan, 1, runs=1)


def test_both_sides_run_in_turn(bench, scan, monkeypatch):
    order = []
    monkeypatch.setattr(bench, "_timed", lambda c, *files: order.append(c.name) or 2.0)
    monkeypatch.setattr(bench, "check_result", lambda path, pages: 900)
    sides = [bench.Contender(name=n, command="true") for n in "ab"]
    first, _ = bench.race(sides, scan, 10)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert first.rates == [300.0, 300.0, 300.0]


def test_rows_are_added_to_the_table_and_kept(bench, tmp_path):
    report = tmp_path / "benchmarks.md"
    report.write_text("# Benchmarks\n\nother text\n", "utf-8")
    side = bench.Contender(name="x", command="true")
    measured = bench.Measured(contender=side, pages=20, seconds=(10.0, 12.0, 15.0), letters=9)
    row = measured.row(dt.date(2026, 11, 24), "m")
    assert "| 3 | 100.0 | 80.0-120.0 |" in row
    bench.add_to_report([row], report)
    other = "## Another table\n\n| a |\n|---|\n| 1 |\n"
    report.write_text(f"{report.read_text('utf-8')}\n{other}", "utf-8")
    bench.add_to_report([row], report)
    text = report.read_text("utf-8")
    assert text.endswith(other)
    assert text.count(row) == 2 and text.count("| date |") == 1 and "other text" in text


@pytest.mark.shared_data
def test_the_pages_of_the_race_are_twenty_plain_scans(bench, shared_data, tmp_path):
    target = tmp_path / "pages.pdf"
    bench.cut_pages(bench.plain_scans(bench.SCANS), target, 20)
    with pikepdf.open(target) as pdf:
        assert len(pdf.pages) == 20
    assert bench.letters_of(target) == 0
