"""Edit, delete, reorder, tail cut: each found at its entry, on SQLite and PostgreSQL."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from servers.postgresql import postgresql  # noqa: F401
from sqlalchemy import text

from storage.database import SqlDatabase, upgrade
from storage.heads import FolderHeads, ObjectHeads
from storage.installation_key import InstallationKey, key_id_of, public_key
from storage.objects import FolderStore
from workflows.audit_proof import AuditDamage, AuditProof, DamageKind, Witness
from workflows.domain.audit import GENESIS, AuditEvent
from workflows.errors import InvalidValue, StorageFull

NOW = dt.datetime(2026, 11, 26, 7, 30, 15, 123456, tzinfo=dt.UTC)
ENTRIES = 12


class FixedClock:
    def now(self):
        return NOW


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.requires_postgresql)]
)
def proof(request, tmp_path) -> AuditProof:
    """A log of 12 entries, the last two in one commit, each witnessed in a folder."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/sohoa.db"
    else:
        url = request.getfixturevalue("postgresql").database()
    upgrade(url)
    database = SqlDatabase(url, enqueue=lambda *_: None)
    made = AuditProof(
        database=database,
        witness=Witness(
            seal=InstallationKey(tmp_path / "key"),
            heads=FolderHeads(tmp_path / "audit"),
            clock=FixedClock(),
        ),
        elsewhere=(ObjectHeads(FolderStore(tmp_path / "store")),),
    )
    database.witness = made.witness
    for n in range(ENTRIES - 2):
        append(database, n)
    append(database, ENTRIES - 2, ENTRIES - 1)
    yield made
    database.dispose()


def append(database, *numbers):
    with database.transaction() as tx:
        for n in numbers:
            tx.audit.append(event(n))


def event(n, **changes):
    made = AuditEvent(
        actor_id="u",
        action="document.viewed",
        subject_kind="document",
        subject_id=f"d{n}",
        unit_id="here",
        at=NOW,
        purpose="vì sao",
        facts={"sha256": "ab", "trang": n},
    )
    return replace(made, **changes)


def tamper(proof, *statements, **values):
    """As one who owns the database does: triggers are off, and on again afterwards."""
    with proof.database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS audit_events_no_{verb}"))
        else:
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER ALL"))
        for one in statements:
            names = {n: v for n, v in values.items() if f":{n}" in one}
            connection.execute(text(one), names)


def rewrite_from(proof, first):
    """The cleverest: content changed and every hash after it computed anew."""
    with proof.database.read() as tx:
        entries = list(tx.audit.entries())
    previous = entries[first - 2][1] if first > 1 else GENESIS
    for sequence, _, one in entries[first - 1 :]:
        changed = replace(one, actor_id="người khác") if sequence == first else one
        previous = changed.chained_hash(previous)
        tamper(
            proof,
            "UPDATE audit_events SET actor_id = :actor, hash = :hash WHERE sequence = :at",
            actor=changed.actor_id,
            hash=previous,
            at=sequence,
        )


def found(proof):
    return [(d.kind.value, d.first, d.last) for d in proof.verify().damages]


def test_an_untouched_log_is_whole_and_wholly_witnessed(proof):
    report = proof.verify()
    assert report.whole
    assert (report.entries, report.last, report.heads, report.witnessed) == (ENTRIES,) * 4


@pytest.mark.parametrize("place", [1, 3, 7, ENTRIES - 1, ENTRIES])
def test_an_edit_is_found_at_its_entry(proof, place):
    tamper(proof, "UPDATE audit_events SET actor_id = 'x' WHERE sequence = :at", at=place)
    assert found(proof) == [("edited", place, place)]


@pytest.mark.parametrize("column", ["purpose", "facts", "unit_id", "action", "subject_id", "at"])
def test_no_column_can_be_edited_unseen(proof, column):
    value = {"facts": '\'{"sha256": "cd"}\'', "at": "1"}.get(column, "'khac'")
    tamper(proof, f"UPDATE audit_events SET {column} = {value} WHERE sequence = 5")  # noqa: S608
    assert found(proof) == [("edited", 5, 5)]


@pytest.mark.parametrize("place", [1, 6, ENTRIES])
def test_an_edit_with_its_own_hash_made_to_fit_is_found(proof, place):
    with proof.database.read() as tx:
        entries = list(tx.audit.entries())
    previous = entries[place - 2][1] if place > 1 else GENESIS
    forged = replace(entries[place - 1][2], actor_id="x").chained_hash(previous)
    tamper(
        proof,
        "UPDATE audit_events SET actor_id = 'x', hash = :hash WHERE sequence = :at",
        hash=forged,
        at=place,
    )
    assert found(proof) == [("edited", place, place)]


def test_a_log_written_anew_from_an_entry_on_is_found_there(proof):
    rewrite_from(proof, 4)
    assert found(proof) == [("edited", 4, ENTRIES)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (5, 8)])
def test_deleted_entries_are_found(proof, first, last):
    tamper(
        proof,
        "DELETE FROM audit_events WHERE sequence BETWEEN :first AND :last",
        first=first,
        last=last,
    )
    assert found(proof) == [("deleted", first, last)]


def test_a_deletion_closed_up_by_numbering_anew_is_found(proof):
    tamper(proof, "DELETE FROM audit_events WHERE sequence = 5")
    for n in range(6, ENTRIES + 1):
        tamper(proof, "UPDATE audit_events SET sequence = :to WHERE sequence = :at", to=n - 1, at=n)
    kinds = found(proof)
    assert kinds[0][:2] == ("deleted", 5)
    assert kinds[-1] == ("cut", ENTRIES, ENTRIES)


def test_a_changed_order_is_found_at_both_places(proof):
    for to, at in ((99, 3), (3, 7), (7, 99)):
        tamper(proof, "UPDATE audit_events SET sequence = :to WHERE sequence = :at", to=to, at=at)
    assert found(proof) == [("reordered", 3, 3), ("reordered", 7, 7)]


@pytest.mark.parametrize("left", [0, 1, 7, ENTRIES - 1])
def test_a_cut_end_is_found_at_the_first_entry_gone(proof, left):
    tamper(proof, "DELETE FROM audit_events WHERE sequence > :left", left=left)
    assert found(proof) == [("cut", left + 1, ENTRIES)]


def test_entries_written_over_a_cut_end_are_found(proof):
    tamper(proof, "DELETE FROM audit_events WHERE sequence > 9")
    proof.database.witness = None
    append(proof.database, 1, 2)
    assert found(proof) == [("edited", 10, 11), ("cut", 12, 12)]


def test_damages_do_not_hide_each_other(proof):
    tamper(
        proof,
        "UPDATE audit_events SET actor_id = 'x' WHERE sequence IN (2, 5)",
        "DELETE FROM audit_events WHERE sequence = 8",
        "DELETE FROM audit_events WHERE sequence = 12",
    )
    assert found(proof) == [
        ("edited", 2, 2),
        ("edited", 5, 5),
        ("deleted", 8, 8),
        ("cut", 12, 12),
    ]


def test_when_the_folder_of_heads_is_lost_the_object_store_still_knows_the_end(proof, tmp_path):
    assert proof.publish().sequence == ENTRIES
    for file in (tmp_path / "audit").iterdir():
        file.unlink()
    assert proof.verify().whole
    tamper(proof, "DELETE FROM audit_events WHERE sequence > 10")
    assert found(proof) == [("cut", 11, ENTRIES)]


def test_a_forged_head_is_told_and_counts_for_nothing(proof, tmp_path):
    [file] = (tmp_path / "audit").iterdir()
    lines = file.read_text().splitlines()
    third = json.loads(lines[2])
    lines[2] = json.dumps(third | {"hash": "00" * 32})
    file.write_text("\n".join([*lines, "not a head", '{"half a line']))
    assert found(proof) == [("forged_head", 0, 0), ("forged_head", 3, 3)]


def test_two_signed_heads_of_one_entry_are_told(proof):
    proof.witness([(4, "00" * 32)])
    assert found(proof) == [("forked", 4, 4)]


def test_only_trusted_keys_count(proof, tmp_path):
    own = proof.witness.seal
    other = InstallationKey(tmp_path / "other")
    seal = InstallationKey(tmp_path / "key", {key_id_of(other.public): other.public})
    outside = replace(proof, witness=replace(proof.witness, seal=seal))
    kinds = {d.kind for d in outside.verify().damages}
    assert kinds == {DamageKind.FORGED_HEAD}
    assert public_key(own.public.hex()) == own.public
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    with pytest.raises(InvalidValue):
        public_key("khong phai khoa")


def test_a_full_disk_for_heads_stops_no_commit_and_is_told_by_what_is_witnessed(proof, caplog):
    class Full:
        def add(self, heads):
            raise StorageFull("no space")

        def heads(self):
            return proof.witness.heads.heads()

    full = replace(proof, witness=replace(proof.witness, heads=Full()))
    proof.database.witness = full.witness
    append(proof.database, 77)
    assert "audit head not written" in caplog.text
    report = full.verify()
    assert report.whole and report.last == ENTRIES + 1 and report.witnessed == ENTRIES


def test_a_transaction_rolled_back_leaves_no_head(proof):
    with pytest.raises(RuntimeError), proof.database.transaction() as tx:
        tx.audit.append(event(5))
        raise RuntimeError
    assert proof.verify().heads == ENTRIES
    assert AuditDamage(kind=DamageKind.CUT, first=1, last=2) not in proof.verify().damages
