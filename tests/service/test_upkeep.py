"""The verbs and the process that look after what is kept, as an administrator meets them."""

import json
import os
import tempfile
import threading
from pathlib import Path

import pytest
import structlog
from office import make_sample, open_office
from typer.testing import CliRunner

from service import upkeep
from service.cli import app
from service.errors import ExitCode


@pytest.fixture
def office(tmp_path, monkeypatch):
    made = open_office(tmp_path / "var", replica_dir=tmp_path / "replica")
    monkeypatch.setenv("SOHOA_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("SOHOA_REPLICA_DIR", str(tmp_path / "replica"))
    return made


def sohoa(*arguments):
    try:
        return CliRunner().invoke(app, [str(a) for a in arguments])
    finally:
        structlog.reset_defaults()  # the log of the verb went to a stream that is closed now


def objects_in(folder):
    return sorted(p for p in (folder / "objects").rglob("*") if p.is_file())


def damage(path):
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-3])


def test_scrub_as_typed(office, tmp_path):
    office.store(make_sample("quyet_dinh", 1))
    done = sohoa("scrub", "--rate", "0")
    assert done.exit_code == 0 and "0 lỗi" in done.stdout
    kept = objects_in(tmp_path / "var" / "objects")
    assert len(objects_in(tmp_path / "replica")) == len(kept) > 3
    damage(kept[0])
    done = sohoa("scrub", "--rate", "0")
    assert done.exit_code == 0 and "đã khôi phục" in done.stderr
    damage(kept[0])
    damage(tmp_path / "replica" / kept[0].relative_to(tmp_path / "var" / "objects"))
    done = sohoa("scrub", "--rate", "0", "--json")
    assert done.exit_code == ExitCode.SOME_FAILED
    report = json.loads(done.stdout)
    assert [f["mended"] for f in report["findings"]] == [False, False]
    assert report["algorithm"] == "sha256" and report["stage"] == "done"
    assert sohoa("audit", "verify").exit_code == 0


def test_the_upkeep_process_replicates_anchors_and_scrubs_by_itself(office, tmp_path, monkeypatch):
    document = office.store(make_sample("quyet_dinh", 1))
    [image, *_] = [p for p in objects_in(tmp_path / "var" / "objects") if p.suffix == ".jpg"]
    monkeypatch.setattr(upkeep, "_TICK_S", 0.01)
    scratch = office.station.settings.data_dir / "scratch"
    scratch.mkdir(exist_ok=True)
    left = [Path(tempfile.mkdtemp(prefix="sohoa-given-"))]  # by processes that were killed
    left += [Path(tempfile.mkdtemp(prefix="sohoa-paper-", dir=scratch))]
    for folder in left:
        (folder / "0").write_bytes(b"someone's paper")
        os.utime(folder, (0, 0))
    monkeypatch.setattr(upkeep.os, "nice", lambda _: 0)
    stop = threading.Event()
    process = threading.Thread(target=upkeep.run, args=(office.station.settings, stop))
    process.start()
    try:
        here = upkeep.custodian(office.station.settings)
        for _ in range(6000):
            if here.scrub().last() is not None:
                break
            stop.wait(0.02)
    finally:
        stop.set()
        process.join(60)
    assert not process.is_alive()
    assert not [folder for folder in left if folder.exists()]
    assert here.scrub().last()["findings"] == []
    assert (tmp_path / "replica" / image.relative_to(tmp_path / "var" / "objects")).is_file()
    assert [k for k, _ in office.station.objects.keys("heads/")]
    assert not here.scrub().due(every_days=7)
    with office.station.database.read() as tx:
        assert tx.holdings.of([document.id])[0].document_id == document.id
    assert office.station.audit.verify().whole


def test_one_chore_that_fails_stops_no_other():
    done = []

    def broken():
        raise RuntimeError

    chores = [
        upkeep._Chore(name="a", every_s=0, do=broken),
        upkeep._Chore(name="b", every_s=10, do=lambda: done.append(1)),
    ]
    for now in (1.0, 2.0, 12.0):
        for chore in chores:
            chore.tend(now)
    assert done == [1, 1]
