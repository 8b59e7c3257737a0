# SPDX-License-Identifier: Apache-2.0
"""T14: the station is killed at every step of a page's way through the spool.

A child process runs the real station code against a server made of a dictionary on disk, and ends
itself by SIGKILL at one named step. Another child then recovers. No page is lost, none is doubled.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from service.station.spool import Spool

PAGES, DIE_AT = 4, 2
CHILD = """
import hashlib, json, os, signal, sys, time
from pathlib import Path

import scanner_drivers.pages as pages
import service.station.spool as spooling
from scanner_drivers.driver import EndEvent, ScanProfile
from service.station.agent import Agent
from service.station.spool import Spool

folder, point, die_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
calls = {}

def die(name):
    calls[name] = calls.get(name, 0) + 1
    if name == point and calls[name] == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

def around(owner, attribute, before="", after=""):
    wrapped = getattr(owner, attribute)
    def call(*args, **more):
        if before: die(before)
        result = wrapped(*args, **more)
        if after: die(after)
        return result
    setattr(owner, attribute, call)

around(pages, "settle", "before the page has its name", "after the page has its name")
around(spooling, "_whole", "before it is decoded", "after it is decoded")
around(Spool, "_write", "before its row", "after its row")
around(Spool, "content", "before it is read to be sent", "after it is read to be sent")
around(Spool, "acked", "before it is marked acknowledged", "after it is marked acknowledged")

class Raw:
    '''A driver in this process, that keeps pages raw as SANE does.'''
    name = "raw"
    def list_devices(self, timeout_s): return []
    def scan(self, device, profile, room, *, first=1):
        room.mkdir(exist_ok=True)
        for seq in range(first, 5):
            source = room / f"{seq}.part"
            source.write_bytes((folder / "sheets" / f"{seq}.pnm").read_bytes())
            yield pages.keep_raw(source, room, seq, dpi=200, sheet=seq)
        yield EndEvent(pages=4)

class Server:
    '''Keeps what it is sent, page by page, whole and once.'''
    def begin(self, job): return {}
    def report(self, *told): return {}
    def orders(self, *asked): time.sleep(0.1); return {"orders": [], "erase": [], "settled": {}}
    def send(self, page, content):
        kept = folder / "server" / f"{page.job}-{page.seq}"
        die("before the server has it")
        if kept.exists():
            assert hashlib.sha256(kept.read_bytes()).hexdigest() == page.sha256, "another page"
        else:
            part = kept.with_suffix(".part"); part.write_bytes(content); part.replace(kept)
        die("after the server has it")
        return hashlib.sha256(content).hexdigest()
    def finish(self, job, hashes):
        die("before it is finished")
        (folder / "server" / f"{job}.done").write_text(json.dumps(hashes))
        die("after it is finished")
        return {"state": "delivered", "message": ""}

agent = Agent(spool=Spool(folder / "spool"), drivers={"raw": Raw()}, link=Server(),
              resume_broken=True, wait_s=0.1)
if not agent.spool.jobs():
    agent.begin_here("raw:0", ScanProfile(source="adf", dpi=200))
import threading
threading.Thread(target=agent.run, daemon=True).start()
until = time.monotonic() + 60
while time.monotonic() < until and not agent.spool.jobs("delivered"):
    time.sleep(0.02)
agent.stop.set()
sys.exit(0 if agent.spool.jobs("delivered") else 3)
"""
POINTS = [
    f"{when} {step}"
    for step in (
        "the page has its name",
        "it is decoded",
        "its row",
        "it is read to be sent",
        "the server has it",
        "it is marked acknowledged",
        "it is finished",
    )
    for when in ("before", "after")
]


def sheet(number):
    return np.random.default_rng(number).integers(0, 256, (80, 60, 3), np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_every_page_arrives_once(point, tmp_path):
    """T14: kill, start again, and look at what the server has, pixel by pixel."""
    (tmp_path / "sheets").mkdir()
    (tmp_path / "server").mkdir()
    for number in range(1, PAGES + 1):
        cv2.imwrite(str(tmp_path / "sheets" / f"{number}.pnm"), sheet(number))
    die_at = 1 if "finished" in point else DIE_AT
    first = run(tmp_path, point, die_at)
    assert first.returncode == -signal.SIGKILL, f"{point} was never reached: {first.stderr}"
    second = run(tmp_path, "nowhere", 1)
    assert second.returncode == 0, second.stderr
    (done,) = (tmp_path / "server").glob("*.done")
    job = done.stem
    arrived = sorted(p.name for p in (tmp_path / "server").glob(f"{job}-*"))
    assert arrived == [f"{job}-{n}" for n in range(1, PAGES + 1)]
    assert len(json.loads(done.read_text())) == PAGES
    for number in range(1, PAGES + 1):
        path = tmp_path / "server" / f"{job}-{number}"
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(picture, sheet(number)), f"page {number}"
    spool = Spool(tmp_path / "spool")
    assert [p.state for p in spool.pages(job)] == ["acked"] * PAGES
    left = {p.suffix for p in spool.pages_folder(job).iterdir()}
    spool.close()
    assert left <= {".png", ".sealed"}


def run(folder, point, die_at):
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), point, str(die_at)],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
