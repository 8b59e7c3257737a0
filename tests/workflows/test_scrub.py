"""1,000 objects, 50 planted damages: 50 found, 50 mended; and nothing touched that is whole."""

import datetime as dt
import hashlib
import itertools
import json
import os
import random
from pathlib import Path

import pytest
from house import OLD, PDF, Clock, House
from servers.s3 import s3_server  # noqa: F401

from storage.objects import FolderStore
from workflows.domain.document import ReadingStatus
from workflows.domain.holding import Fault, Side
from workflows.domain.unit import EVERYWHERE
from workflows.scrub import Replication, Scrub

_buckets = itertools.count()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, FolderStore(tmp_path / "primary"), FolderStore(tmp_path / "replica"))
    yield made
    made.database.dispose()


def path_of(store: FolderStore, key: str) -> Path:
    return store._objects / key


def flip(store, key):
    path = path_of(store, key)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o640)
    path.write_bytes(content)


def cut(store, key):
    path = path_of(store, key)
    path.chmod(0o640)
    os.truncate(path, path.stat().st_size // 2)


def empty(store, key):
    path = path_of(store, key)
    path.chmod(0o640)
    os.truncate(path, 0)


def lose(store, key):
    path_of(store, key).unlink()


def make_a_folder(store, key):
    lose(store, key)
    (path_of(store, key) / "part").mkdir(parents=True)


def spoil_the_record(store, key):
    record = store._record_path(key)
    record.chmod(0o640)
    record.write_text(json.dumps({"sha256": "00" * 32, "size": 1, "media_type": PDF}))


DAMAGES = {
    flip: Fault.ALTERED,
    cut: Fault.TRUNCATED,
    empty: Fault.EMPTY,  # f11
    lose: Fault.MISSING,
    make_a_folder: Fault.MISSING,  # f39
    spoil_the_record: Fault.RECORD,
}


@pytest.mark.slow
def test_fifty_damages_in_a_thousand_objects_are_found_and_mended(house):
    house.add(250)
    house.replicate()
    kept = house.objects()
    assert len(kept) == 1000
    dice = random.Random(50)
    planted = dict(zip(dice.sample(sorted(kept), 50), itertools.cycle(DAMAGES), strict=False))
    for key, damage in planted.items():
        damage(house.primary, key)
    done = house.scrub().run()
    assert {f.key: f.fault for f in done.findings} == {k: DAMAGES[d] for k, d in planted.items()}
    assert len(done.findings) == 50 and done.unmended == []
    assert all(f.side is Side.PRIMARY for f in done.findings)
    assert done.objects == 2000 and done.documents == 250
    for key, stored in kept.items():
        assert hashlib.sha256(house.primary.get(stored)).hexdigest() == stored.sha256, key
        assert path_of(house.primary, key).stat().st_mode & 0o222 == 0
    assert house.actions().count("object.mended") == 50
    assert house.scrub().run().findings == []


@pytest.mark.slow
@pytest.mark.requires_s3
def test_the_same_on_an_s3_server(tmp_path, s3_server):  # noqa: F811
    house = House(
        tmp_path,
        s3_server.store(f"scrub-{next(_buckets)}"),
        s3_server.store(f"scrub-replica-{next(_buckets)}"),
    )
    house.add(250)
    house.replicate()
    kept = house.objects()
    client, bucket = house.primary._quick, house.primary._bucket
    dice, planted = random.Random(7), {}
    for n, key in enumerate(dice.sample(sorted(kept), 50)):
        body = bytearray(house.primary.get(kept[key]))
        if n % 4 == 3:
            client.remove_object(bucket, key)
            planted[key] = Fault.MISSING
            continue
        body[10] ^= 4
        body, fault = (
            (body, Fault.ALTERED),
            (body[: len(body) // 2], Fault.TRUNCATED),
            (b"", Fault.EMPTY),
        )[n % 4]
        metadata = {"x-amz-meta-sha256": kept[key].sha256}
        client._put_object(bucket, key, bytes(body), metadata)
        planted[key] = fault
    done = house.scrub().run()
    assert {f.key: f.fault for f in done.findings} == planted
    assert len(planted) == 50 and done.unmended == []
    for stored in kept.values():
        assert hashlib.sha256(house.primary.get(stored)).hexdigest() == stored.sha256
    house.database.dispose()


def test_a_pass_stopped_anywhere_goes_on_there(house, monkeypatch):
    monkeypatch.setattr("workflows.scrub._DOCUMENTS_A_STEP", 3)
    monkeypatch.setattr("workflows.scrub._KEYS_A_STEP", 7)
    house.add(11)
    house.replicate()
    kept = sorted(house.objects())
    for key in kept[::5]:
        flip(house.primary, key)
    stray = house.primary.put("orig/ab/" + hashlib.sha256(b"x").hexdigest(), b"x", PDF)
    steps = 0
    while (now := house.scrub().run(steps=1)).stage != "done":
        steps += 1
        assert steps < 60
    assert steps > 15
    assert sorted(f.key for f in now.findings) == sorted([*kept[::5], stray.key])
    assert now.documents == 11
    assert house.scrub().last()["stage"] == "done"
    assert house.scrub().run(steps=1).findings == []


def test_damage_on_the_replica_is_mended_from_the_primary(house):
    house.add(3)
    assert house.scrub().run().replicated == 12
    keys = sorted(house.objects())
    flip(house.replica, keys[0])
    empty(house.replica, keys[1])
    done = house.scrub().run()
    assert [(f.side, f.fault, f.mended) for f in done.findings] == [
        (Side.REPLICA, Fault.ALTERED, True),
        (Side.REPLICA, Fault.EMPTY, True),
    ]
    assert house.scrub().run().findings == []


def test_what_is_damaged_on_both_sides_is_told_and_left_alone(house):
    house.add(2)
    house.replicate()
    key = sorted(house.objects())[0]
    flip(house.primary, key)
    cut(house.replica, key)
    before = path_of(house.primary, key).read_bytes()
    done = house.scrub().run()
    assert {(f.side, f.fault, f.mended) for f in done.unmended} == {
        (Side.PRIMARY, Fault.ALTERED, False),
        (Side.REPLICA, Fault.TRUNCATED, False),
    }
    assert path_of(house.primary, key).read_bytes() == before
    assert "object.damaged" in house.actions()


def test_without_a_replica_damage_is_still_found(house):
    house.add(2)
    key = sorted(house.objects())[3]
    flip(house.primary, key)
    [finding] = house.scrub(replica=None).run().findings
    assert (finding.key, finding.fault, finding.mended) == (key, Fault.ALTERED, False)


def test_damaged_bytes_are_kept_aside_as_evidence(house, tmp_path):
    house.add(1)
    house.replicate()
    key = sorted(house.objects())[0]
    flip(house.primary, key)
    wrong = path_of(house.primary, key).read_bytes()
    house.scrub().run()
    aside = [p for p in (tmp_path / "primary" / "damaged").rglob("*") if p.is_file()]
    assert [p.read_bytes() for p in aside] == [wrong]


def test_a_row_changed_behind_the_log_is_told(house):
    [document] = house.add(1)
    with house.database.transaction() as tx:
        from workflows.audit import record

        record(tx, "received", document, by="u", at=OLD, sha256="ab" * 32)
    [finding] = house.scrub().run().findings
    assert (finding.fault, finding.document_id) == (Fault.DISAGREES, document.id)


def test_orphans_are_told_and_nothing_is_deleted(house):
    house.add(1)
    house.replicate()
    stray = house.primary.put("copy/ab/" + "cd" * 32 + "/x.pdf", b"nobody's", PDF)
    house.primary.put("heads/000000000001-x.json", b"{}", "application/json")
    [finding] = house.scrub().run().findings
    assert (finding.key, finding.fault, finding.mended) == (stray.key, Fault.ORPHAN, False)
    assert house.primary.get(stray) == b"nobody's"


def test_an_object_just_written_may_still_get_its_row(house):
    house.primary.put("copy/ab/" + "cd" * 32 + "/x.pdf", b"on its way", PDF)

    class Now(Clock):
        def now(self):
            return dt.datetime.now(dt.UTC)

    scrub = Scrub(database=house.database, objects=house.primary, replica=None, clock=Now())
    assert scrub.run().findings == []


def test_copies_of_an_erased_paper_leave_the_replica(house):
    [document] = house.add(1)
    house.replicate()
    with house.database.transaction() as tx:
        row = tx.documents.get(document.id, EVERYWHERE)
        tx.readings.forget(document.id, keep_extraction=False)
        from dataclasses import replace

        tx.documents.save(replace(row, failure_code="tai_lieu_mat", copy=None, evidence=None))
    for stored in list(house.primary.list("")):
        house.primary.erase(stored)
    done = house.scrub().run()
    assert len(done.findings) == 4
    assert all(f.fault is Fault.LEFTOVER and f.mended for f in done.findings)
    assert list(house.replica.keys("")) == []


def test_a_paper_not_read_yet_is_not_copied_away(house):
    house.add(1, reading=ReadingStatus.WAITING)
    house.replicate()
    assert list(house.replica.keys("")) == []


def test_replication_follows_the_log(house):
    from workflows.audit import record

    first, second = house.add(2)
    mirror = Replication(
        database=house.database, objects=house.primary, replica=house.replica, clock=Clock()
    )
    with house.database.transaction() as tx:
        record(tx, "read", first, by="u", at=OLD)
    assert mirror.run() == 4 and mirror.run() == 0
    with house.database.transaction() as tx:
        record(tx, "read", first, by="u", at=OLD)
        record(tx, "read", second, by="u", at=OLD)
    assert mirror.run() == 4
    assert {k for k, _ in house.replica.keys("")} == set(house.objects())


def test_reading_is_paced(house):
    house.add(4)
    slept = []
    scrub = house.scrub(replica=None, bytes_per_s=1000.0, sleep=slept.append)
    done = scrub.run()
    assert done.read_bytes > 10_000
    assert sum(slept) == pytest.approx(done.read_bytes / 1000, rel=0.2)
