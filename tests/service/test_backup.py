"""The drill: out of one office, into another folder and database; equal to the last verdict."""

import datetime as dt
import io
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pikepdf
import pytest
import structlog
from office import make_sample, open_office
from pydantic import SecretStr
from servers.issuer import Issuer
from servers.postgresql import postgresql  # noqa: F401
from servers.s3 import s3_server  # noqa: F401
from sqlalchemy import text
from typer.testing import CliRunner

from service.backups import backup_of, kept, restore_into, vaults
from service.cli import app
from service.config import Settings
from service.errors import ExitCode
from service.upkeep import custodian
from storage.age import AgeCipher, make_key_file
from storage.objects import FolderStore
from storage.signing.sandboxed import SandboxedVerifier
from workflows.backup import Kept
from workflows.backup.workroom import alone
from workflows.domain.unit import EVERYWHERE
from workflows.errors import BackupFailed, Conflict, IntegrityViolation, InvalidValue, NotFound
from workflows.intake import Arrival

pytestmark = pytest.mark.slow
_buckets = itertools.count()


@pytest.fixture(scope="module")
def safe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("safe") / "backup.key"
    make_key_file(path)
    return path


@pytest.fixture(scope="module")
def full_office(tmp_path_factory, safe):
    """Two papers that went all the way; made once, copied for each test."""
    made = open_office(tmp_path_factory.mktemp("office"), backup_recipients=public_of(safe))
    for number in (1, 2):
        made.store(make_sample("quyet_dinh", number))
    made.station.database.dispose()
    return made


@pytest.fixture
def key(safe) -> Path:
    return safe


def public_of(key: Path) -> str:
    return key.read_text().split()[3]


@pytest.fixture
def office(full_office, tmp_path) -> Settings:
    """The settings of an office of its own."""
    shutil.copytree(full_office.folder, tmp_path / "var")
    given = {"backup_recipients": full_office.station.settings.backup_recipients}
    return Settings(data_dir=tmp_path / "var", **given)


def moved(office, folder, **changes) -> Settings:
    """The settings of another machine that has the installation's key, from the safe."""
    folder.mkdir(exist_ok=True)
    shutil.copy(office.data_dir / "installation.key", folder)
    given = {"backup_recipients": office.backup_recipients} | changes
    return Settings(data_dir=folder, **given)


def hashes(here):
    with here.database.read() as tx:
        return {
            o.key: here.objects.measure(o.key).sha256
            for h in tx.holdings.after("", limit=1000)
            for o in h.objects
        }


def verdicts(here, station, trust):
    """Everything told of every signature of every signed file: evidence and each revision."""
    found = {}
    with here.database.read() as tx:
        for holding in tx.holdings.after("", limit=1000):
            document = tx.documents.get(holding.document_id, EVERYWHERE)
            copies = tx.signed_copies.revisions(document.id)
            for stored in {document.evidence, *(c.object for c in copies)}:
                path = here.settings.data_dir / "evidence.pdf"
                path.write_bytes(here.objects.get(stored))
                reports = SandboxedVerifier(station.sandbox, trust).verify(path)
                found[stored.key] = [r.as_json() for r in reports]
    return found


def blank_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.save(out)
    return out.getvalue()


def rows(here, table):
    with here.database.engine.connect() as connection:
        return sorted(map(str, connection.execute(text(f"SELECT * FROM {table}"))))  # noqa: S608


def test_the_drill_on_another_folder_and_database(full_office, office, tmp_path, key):
    here = custodian(office)
    [made] = backup_of(here).make(
        vaults(here.settings, [str(tmp_path / "nas")]), kept=kept(here.settings)
    )
    assert made.trouble == "" and made.missing == () and made.copied == made.objects > 8
    there = custodian(moved(office, tmp_path / "new"))
    vault = FolderStore(tmp_path / "nas")
    checked = backup_of(there, key_file=key).check(vault)
    assert checked.good and checked.opened and checked.objects == made.objects
    done, audit = restore_into(there, backup_of(there, key_file=key), vault, None)
    assert done.lost == [] and done.copied == made.objects
    assert audit.whole and audit.heads == audit.entries > 10
    assert hashes(there) == hashes(here)
    for table in ("documents", "pages", "field_values", "signed_copies", "users", "search_texts"):
        assert rows(there, table) == rows(here, table), table
    was = verdicts(here, full_office.station, here.settings.certificates / "trust")
    assert was == verdicts(there, full_office.station, there.settings.certificates / "trust")
    assert all(reports for reports in was.values()) and len(was) == 4  # B-T, then B-LTA, of two
    assert there.audit.verify().whole
    with pytest.raises(Conflict):
        backup_of(there, key_file=key).restore(vault)


@pytest.mark.requires_postgresql
@pytest.mark.requires_s3
def test_the_drill_in_the_office_shape(tmp_path, key, postgresql, s3_server):  # noqa: F811
    names = [f"backup-{next(_buckets)}-{n}" for n in ("from", "vault", "to")]
    for name in names:
        s3_server.store(name)
    shape = {
        "object_store": "s3",
        "s3_endpoint": s3_server.settings.endpoint,
        "s3_access_key": s3_server.settings.access_key,
        "s3_secret_key": SecretStr(s3_server.settings.secret_key),
        "s3_secure": False,
        "backup_recipients": public_of(key),
    }
    made = open_office(
        tmp_path / "var", database_url=postgresql.database(), s3_bucket=names[0], **shape
    )
    papers = [made.store(make_sample("quyet_dinh", number)) for number in (1, 2)]
    made.station.organisation.certify(papers[0], by=made.actor("signer"))  # SAO Y
    issuer = Issuer()
    came = issuer.sign_for_long(blank_pdf(), issuer.certificate("Nơi Phát Hành"))
    made.reader.show(make_sample("quyet_dinh", 3))
    made.station.intake.receive(iter([came]), Arrival(file_name="den.pdf"), by=made.actor("clerk"))
    made.run_jobs()
    office = made.station.settings
    here = custodian(made.station.settings)
    issuer.put_trust(here.settings.certificates / "trust")
    targets = vaults(here.settings, [f"s3:{names[1]}", str(tmp_path / "nas")])
    first = backup_of(here).make(targets, kept=kept(here.settings))
    assert [m.trouble for m in first] == ["", ""] and {m.copied for m in first} == {
        first[0].objects
    }
    there = custodian(
        moved(
            office,
            tmp_path / "new",
            database_url=postgresql.database(),
            s3_bucket=names[2],
            **shape,
        )
    )
    vault = targets[f"s3:{names[1]}"]
    done, audit = restore_into(there, backup_of(there, key_file=key), vault, None)
    assert done.lost == [] and audit.whole
    assert hashes(there) == hashes(here) != {}
    for table in ("documents", "pages", "field_values", "signed_copies", "users"):
        assert rows(there, table) == rows(here, table), table
    was = verdicts(here, made.station, here.settings.certificates / "trust")
    assert was == verdicts(there, made.station, there.settings.certificates / "trust")
    told = [r for reports in was.values() for r in reports]
    assert {r["state"] for r in told} == {"hop_le"}
    assert {"Cán bộ clerk", "Phường Mẫu", "Nơi Phát Hành"} <= {r["signer"] for r in told}
    with pytest.raises(Exception, match="append-only"), there.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_events"))
    wrong_kind = custodian(moved(office, tmp_path / "third"))
    with pytest.raises(BackupFailed):
        backup_of(wrong_kind, key_file=key).restore(vault)


def test_one_planted_missing_object_is_named_and_the_rest_comes_back(office, tmp_path, key):
    here = custodian(office)
    backup_of(here).make(vaults(here.settings, [str(tmp_path / "nas")]), kept=kept(here.settings))
    files = sorted((tmp_path / "nas" / "objects" / "objects").rglob("*.age"))
    files[2].unlink()
    changed = bytearray(files[4].read_bytes())
    changed[-1] ^= 1
    files[4].chmod(0o640)
    files[4].write_bytes(changed)
    there = custodian(moved(office, tmp_path / "new"))
    vault = FolderStore(tmp_path / "nas")
    checked = backup_of(there).check(vault)
    assert sorted(what for _, what in checked.problems) == ["bị đổi", "mất"] and not checked.good
    done, audit = restore_into(there, backup_of(there, key_file=key), vault, None)
    lost = {
        wanted
        for wanted, digest in hashes(here).items()
        if digest in {files[2].stem, files[4].stem}
    }
    assert {name for name, _ in done.lost} == lost and len(lost) == 2
    assert audit.whole


def test_a_restore_that_goes_on_mends_what_the_first_left_harmed(
    office, tmp_path, key, monkeypatch
):
    here = custodian(office)
    backup_of(here).make(vaults(office, [str(tmp_path / "nas")]), kept=kept(office))
    vault = FolderStore(tmp_path / "nas")
    there = custodian(moved(office, tmp_path / "new"))
    backup = backup_of(there, key_file=key)
    with monkeypatch.context() as cut, pytest.raises(ZeroDivisionError):
        cut.setattr(type(backup.copies), "load", lambda *_: 1 / 0)
        backup.restore(vault)
    objects = sorted(p for p in (tmp_path / "new/objects/objects").rglob("*") if p.is_file())
    records = sorted(p for p in (tmp_path / "new/objects/records").rglob("*.json"))
    assert len(objects) == len(records) > 8
    for path in (*objects[:4], *records[4:7]):
        path.chmod(0o640)
    objects[0].write_bytes(b"")
    objects[1].write_bytes(bytes(objects[1].stat().st_size))  # the right length, no content
    objects[2].unlink()
    objects[3].write_bytes(objects[3].read_bytes()[:-1])
    records[4].write_bytes(b"")
    records[5].write_bytes(bytes(9))
    records[6].unlink()
    done, audit = restore_into(there, backup, vault, None)
    assert done.lost == [] and audit.whole
    assert done.copied == 7, "what was whole is not copied again"
    assert hashes(there) == hashes(here)
    assert not there.scrub(mb_per_s=0).run().findings


def test_an_object_damaged_in_the_store_comes_from_the_replica_or_is_named(office, tmp_path):
    settings = office.model_copy(update={"replica_dir": tmp_path / "replica"})
    here = custodian(settings)
    here.replicate()
    keys = sorted(hashes(here))
    for name in keys[:2]:
        (settings.data_dir / "objects" / "objects" / name).unlink()
    (tmp_path / "replica" / "objects" / keys[0]).unlink()
    [made] = backup_of(here).make(vaults(settings, [str(tmp_path / "nas")]), kept=kept(settings))
    assert made.missing == (keys[0],) and made.copied == len(keys) - 1
    checked = backup_of(here).check(FolderStore(tmp_path / "nas"))
    assert [name for name, _ in checked.problems] == [keys[0]]


def test_the_second_backup_copies_only_what_is_new(office, tmp_path, key):
    here = custodian(office)
    targets = vaults(here.settings, [str(tmp_path / "nas")])
    [first] = backup_of(here).make(targets, kept=kept(here.settings))
    [same] = backup_of(here).make(targets, kept=kept(here.settings))
    assert (same.copied, same.objects) == (0, first.objects)
    [page] = [k for k in hashes(here) if k.endswith(".jpg")][:1]
    (tmp_path / "nas" / "objects" / "objects" / hashes(here)[page][:2]).joinpath(
        f"{hashes(here)[page]}.age"
    ).unlink()
    [third] = backup_of(here).make(targets, kept=kept(here.settings))
    assert third.copied == 1 and backup_of(here, key_file=key).check(*targets.values()).good


def test_nothing_readable_lies_in_the_target(office, tmp_path):
    here = custodian(office)
    backup_of(here).make(vaults(here.settings, [str(tmp_path / "nas")]), kept=kept(here.settings))
    told = b"".join(p.read_bytes() for p in (tmp_path / "nas").rglob("*") if p.is_file())
    assert b"%PDF" not in told and b"SQLite format" not in told and b"PRIVATE KEY" not in told
    assert not list((here.settings.data_dir / "scratch").glob("backup-*"))


def test_a_changed_manifest_or_another_installations_is_refused(office, tmp_path, key):
    here = custodian(office)
    backup_of(here).make(vaults(here.settings, [str(tmp_path / "nas")]), kept=kept(here.settings))
    vault = FolderStore(tmp_path / "nas")
    stranger = custodian(
        Settings(data_dir=tmp_path / "x", backup_recipients=here.settings.backup_recipients)
    )
    assert not backup_of(stranger).check(vault).signed
    with pytest.raises(IntegrityViolation):
        backup_of(stranger, key_file=key).restore(vault)
    [manifest] = (tmp_path / "nas" / "objects" / "snapshots").rglob("manifest.json")
    manifest.chmod(0o640)
    manifest.write_text(manifest.read_text().replace('"missing": []', '"missing": ["x"]'))
    with pytest.raises(IntegrityViolation):
        backup_of(here).check(vault)
    with pytest.raises(NotFound):
        backup_of(here).check(FolderStore(tmp_path / "empty"))


def test_the_wrong_key_opens_nothing(office, tmp_path):
    here = custodian(office)
    backup_of(here).make(vaults(here.settings, [str(tmp_path / "nas")]), kept=kept(here.settings))
    other = tmp_path / "other.key"
    make_key_file(other)
    vault = FolderStore(tmp_path / "nas")
    assert not backup_of(here, key_file=other).check(vault).good
    there = custodian(moved(office, tmp_path / "new"))
    with pytest.raises(BackupFailed):
        backup_of(there, key_file=other).restore(vault)
    assert not list((tmp_path / "new").glob("*.db"))
    with pytest.raises(InvalidValue):
        AgeCipher(["age1khong-phai-khoa"])
    with pytest.raises(InvalidValue):
        make_key_file(other)


def SqlFiles(folder):
    return list(folder.glob("*.db"))


def test_old_snapshots_go_and_objects_still_named_stay(office, tmp_path, key):
    here = custodian(office)
    target = {"nas": FolderStore(tmp_path / "nas")}
    backup = backup_of(here)
    [first] = backup.make(target, kept=kept(here.settings))
    names = [s for s, _ in backup.snapshots(target["nas"])]
    [second] = backup.make(target, kept=kept(here.settings))
    # two of one day: the newer stays for day, week and month
    assert second.pruned == 1 and names == [first.id]
    assert [s for s, _ in backup.snapshots(target["nas"])] == [second.id]
    checked = backup_of(here, key_file=key).check(target["nas"])
    assert checked.good and checked.objects == first.objects


KILLED = """
import sys
from service.backups import backup_of, kept, vaults
from service.config import Settings
from service.upkeep import custodian
settings = Settings()
backup_of(custodian(settings)).make(vaults(settings, [sys.argv[1]]), kept=kept(settings))
"""


def test_a_run_killed_anywhere_leaves_no_snapshot_and_is_finished_by_the_next(
    office, tmp_path, key
):
    environment = os.environ | {
        "SOHOA_DATA_DIR": str(office.data_dir),
        "SOHOA_BACKUP_RECIPIENTS": public_of(key),
    }
    nas = tmp_path / "nas"
    stopped = 0
    for wanted in (1, 3, 5):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(nas)], env=environment, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while len(list((nas / "objects").rglob("*.age"))) < wanted and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        stopped += process.wait() == -signal.SIGKILL
    assert stopped >= 2
    here = custodian(office)
    [made] = backup_of(here).make({"nas": FolderStore(nas)}, kept=kept(here.settings))
    assert made.copied < made.objects
    assert backup_of(here, key_file=key).check(FolderStore(nas)).good


def test_as_typed(office, tmp_path, key, monkeypatch):
    def sohoa(*arguments, var=office.data_dir):
        monkeypatch.setenv("SOHOA_DATA_DIR", str(var))
        monkeypatch.setenv("SOHOA_BACKUP_RECIPIENTS", public_of(key))
        try:
            return CliRunner().invoke(app, [str(a) for a in arguments])
        finally:
            structlog.reset_defaults()

    assert sohoa("backup").exit_code == ExitCode.BAD_INPUT
    assert sohoa("backup", office.data_dir / "x").exit_code == ExitCode.BAD_INPUT
    made = sohoa("backup", tmp_path / "nas")
    assert made.exit_code == 0 and "chép mới" in made.stdout
    assert len(sohoa("backup", "list", tmp_path / "nas").stdout.splitlines()) == 1
    checked = sohoa("backup", "verify", tmp_path / "nas", "--key", key)
    assert checked.exit_code == 0 and "đã mở thử" in checked.stdout
    moved(office, tmp_path / "new")
    done = sohoa("restore", tmp_path / "nas", "--key", key, var=tmp_path / "new")
    assert done.exit_code == 0 and "nguyên vẹn" in done.stdout
    again = sohoa("restore", tmp_path / "nas", "--key", key, var=tmp_path / "new")
    assert again.exit_code == ExitCode.CONFLICT and "còn trống" in again.stderr
    public = sohoa("backup", "key", tmp_path / "second.key").stdout.strip()
    assert public.startswith("age1") and public in (tmp_path / "second.key").read_text()


def test_the_newest_of_each_day_week_and_month_stays():
    start = dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC)
    made = [(f"s{h}", start + dt.timedelta(hours=h)) for h in range(0, 24 * 200, 8)]
    chosen = Kept(days=3, weeks=2, months=4).choose(made)
    kept_at = sorted(at for name, at in made if name in chosen)
    assert kept_at[-1] == made[-1][1]
    days = {at.date() for at in kept_at}
    last = made[-1][1].date()
    assert {last, last - dt.timedelta(days=1), last - dt.timedelta(days=2)} <= days
    assert len(chosen) <= 3 + 2 + 4
    assert {at.month for at in kept_at} == {4, 5, 6, 7}
    assert Kept(days=1, weeks=0, months=0).choose(made) == {made[-1][0]}


def test_two_runs_at_once_do_not_throw_away_each_others_objects(office, tmp_path):
    backup = backup_of(custodian(office))
    with alone(backup.scratch), pytest.raises(Conflict):
        backup.make({"nas": FolderStore(tmp_path / "nas")}, kept=kept(office))
    [made] = backup.make({"nas": FolderStore(tmp_path / "nas")}, kept=kept(office))
    assert not made.trouble and not backup.due(every_hours=1)


def test_of_two_snapshots_of_one_second_the_later_stays():
    at = dt.datetime(2026, 11, 26, 15, 33, 5, tzinfo=dt.UTC)
    made = [("20261126T153305Z-083858", at), ("20261126T153305Z-518621", at)]
    for order in (made, made[::-1]):
        assert Kept(days=1, weeks=1, months=1).choose(order) == {"20261126T153305Z-518621"}
