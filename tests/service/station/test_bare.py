"""A desk PC: the base install in a bare venv runs the station, and its tests pass there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TESTS = ("tests/service/station/test_spool.py", "tests/scanner_drivers/test_virtual.py")
SERVERS_ONLY = ("fastapi", "starlette", "sqlalchemy", "pikepdf", "dbos", "tesserocr")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [
            *(str(python), "-m", "pip", "install", "-q", "--no-input"),
            # the versions that everything else is tested with; hashes need the project built first
            *("-c", str(_without_hashes(folder)), str(PROJECT), "pytest", "pytest-timeout"),
        ],
        check=True,
    )
    return python


def _without_hashes(folder):
    lines = (PROJECT / "constraints-dev.txt").read_text().splitlines()
    plain = [line.rstrip(" \\") for line in lines if not line.lstrip().startswith("--hash")]
    path = folder / "versions.txt"
    path.write_text("\n".join(plain))
    return path


def run(python, *arguments, **more):
    return subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, timeout=300, check=False, **more
    )


def test_the_base_install_carries_no_server(bare):
    for name in SERVERS_ONLY:
        assert run(bare, "-c", f"import {name}").returncode != 0, name


def test_the_station_runs_there(bare, tmp_path):
    station = bare.with_name("sohoa-station")
    helped = run(station, "--help")
    assert "pair" in helped.stdout, helped.stderr
    told = run(station, "status", "--dir", str(tmp_path / "station"))
    assert '"unsent": 0' in told.stdout, told.stderr


def test_it_scans_there_into_its_spool(bare, tmp_path):
    make = (
        "import cv2, numpy as np, pathlib, sys; p = pathlib.Path(sys.argv[1]); p.mkdir();"
        "[cv2.imwrite(str(p / f'{n}.png'), np.full((60, 40), 40 * n, np.uint8)) for n in range(3)]"
    )
    sheets, spool = tmp_path / "sheets", tmp_path / "station"
    assert run(bare, "-c", make, str(sheets)).returncode == 0
    station = bare.with_name("sohoa-station")
    done = run(
        station, "scan", "--device", "virtual:0", "--dir", str(spool), "--virtual", str(sheets)
    )
    assert '"state": "scanned"' in done.stdout, done.stderr
    assert '"unsent": 3' in run(station, "status", "--dir", str(spool)).stdout


def test_the_stations_tests_pass_there(bare):
    ran = run(
        *(bare, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", *TESTS),
        cwd=PROJECT,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
