"""500 pages, 100 kills of driver and station at random moments, a server that is away in between.

None lost, none doubled, in order, pixel for pixel. The seed is printed; give it as SOHOA_KILL_SEED
to run the same again.
"""

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from office import HERE

from tests.servers.workstation import Program, Server, wait_for
from workflows.domain.unit import EVERYWHERE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
BIN = Path(sys.executable).parent
PAGES, KILLS = 500, 100


def sheet(number):
    """A small page nobody could take for another."""
    picture = np.random.default_rng(number).integers(0, 256, (70, 50, 3), np.uint8)
    picture[:8] = number % 251
    return picture


def pair(server, folder):
    server.sign_in("admin")
    made = server.call("POST", "/api/v1/stations", json={"name": "Quầy", "unit_id": HERE.id})
    address = f"http://127.0.0.1:{server.port}"
    argv = ("sohoa-station", "pair", address, made["station"]["id"], made["code"])
    subprocess.run(
        [str(BIN / argv[0]), *argv[1:], "--dir", str(folder)], check=True, capture_output=True
    )
    server.sign_in("clerk")
    return made["station"]["id"]


def images(server, scan_id):
    """Every page image of the original in the store, in order, as pixels."""
    with server.wired.database.read() as tx:
        scan = tx.scans.get(scan_id, EVERYWHERE)
        document = tx.documents.get(scan.document_ids[0], EVERYWHERE)
    content = server.wired.objects.get(document.original)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            (image,) = page.images.values()
            yield np.asarray(pikepdf.PdfImage(image).as_pil_image().convert("RGB"))


def test_nothing_is_lost_doubled_or_changed_whatever_is_killed(tmp_path):
    """T14: a hundred kills at random moments."""
    seed = int(os.environ.get("SOHOA_KILL_SEED", time.time_ns() % 1_000_000))
    print(f"SOHOA_KILL_SEED={seed}")
    rng = random.Random(seed)
    sheets, spool = tmp_path / "sheets", tmp_path / "station"
    sheets.mkdir()
    for number in range(1, PAGES + 1):
        cv2.imwrite(str(sheets / f"{number:04d}.png"), sheet(number))
    server = Server(tmp_path / "data")
    station = Program(
        *(str(BIN / "sohoa-station"), "run", "--dir", str(spool), "--virtual", str(sheets)),
        *("--pace", "0.15", "--resume-broken"),
    )
    try:
        server.start()
        asked = {"station_id": pair(server, spool), "profile": {"source": "adf", "dpi": 200}}
        station.start()
        job = server.call("POST", "/api/v1/scan-jobs", json=asked)["id"]
        # a driver that dies before its first page is a scan that failed, and says so
        wait_for(lambda: server.call("GET", f"/api/v1/scan-jobs/{job}")["pages"], 60)
        killed = kill_at_random(rng, server, station, job)
        done = wait_for(lambda: over(server, job), 300)
    finally:
        station.end()
        server.end()
    assert killed["station"] + killed["driver"] == KILLS
    assert killed["station"] > 20
    assert killed["driver"] > 20
    assert done["state"] == "delivered"
    (scan_id,) = done["scan_ids"]
    count = 0
    for count, found in enumerate(images(server, scan_id), 1):
        assert np.array_equal(found, sheet(count)[:, :, ::-1]), f"page {count}"
    assert count == PAGES


def kill_at_random(rng, server, station, job):
    """KILLS times; a clerk who presses "go on" whenever the job is paused; one outage."""
    killed = {"station": 0, "driver": 0}
    outage = rng.randint(30, 60)
    while sum(killed.values()) < KILLS:
        until = time.monotonic() + rng.uniform(0.05, 1.2)
        while time.monotonic() < until:
            go_on(server, job)
            time.sleep(0.05)
        if sum(killed.values()) == outage:
            server.end()
        if sum(killed.values()) == outage + 10:
            server.start()
        children = waiting_drivers(server, station, job) if rng.random() < 0.5 else []
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(children), signal.SIGKILL)
                killed["driver"] += 1
        else:
            station.kill()
            station.start()
            killed["station"] += 1
    return killed


def waiting_drivers(server, station, job):
    """The driver's processes; on a busy machine the station needs a while to start one."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if children := station.children():
            return children
        go_on(server, job)
        time.sleep(0.05)
    return []


def go_on(server, job):
    said = server.call("GET", f"/api/v1/scan-jobs/{job}")
    if said and said["state"] == "paused" and not said["order"]:
        server.call("POST", f"/api/v1/scan-jobs/{job}/order", json={"order": "resume"})


def over(server, job):
    go_on(server, job)
    said = server.call("GET", f"/api/v1/scan-jobs/{job}")
    return said if said and said["state"] in ("delivered", "refused", "failed") else None
