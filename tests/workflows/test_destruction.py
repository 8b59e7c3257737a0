"""Two people, a reason, a finished period, no hold, no lock: only then is anything destroyed."""

import datetime as dt
from dataclasses import replace

import pytest
from house import Clock, House
from sqlalchemy import text

from storage.objects import FolderStore
from workflows.destruction import DestructionDesk
from workflows.domain.document import DocumentState, FieldValue
from workflows.domain.retention import DestructionState
from workflows.domain.unit import EVERYWHERE, Actor, Role, Scope
from workflows.errors import (
    Conflict,
    InvalidValue,
    NotAllowed,
    NotFound,
    RetentionRunning,
    StorageUnavailable,
    UnderLegalHold,
)
from workflows.ports.objects import Protection
from workflows.retention import Protecting, RetentionSchedule

STORED_AT = dt.datetime(2015, 6, 1, tzinfo=dt.UTC)
WHY = "Hết giá trị, theo biên bản số 3"


def actor(name, unit="here"):
    return Actor(
        id=name,
        name=name,
        unit_id=unit,
        roles=frozenset({Role.ARCHIVIST}),
        scope=Scope(frozenset({unit})),
    )


HOA, BINH, STRANGER = actor("hoa"), actor("binh"), actor("la", "there")


@pytest.fixture
def schedule(tmp_path) -> RetentionSchedule:
    own = tmp_path / "retention.toml"
    own.write_text('[cong_van]\nyears = 10\nbasis = "QĐ 12/QĐ-UBND"\n', "utf-8")
    return RetentionSchedule.read(own)


class Locked(FolderStore):
    """A folder that behaves as a bucket with object lock does."""

    def __init__(self, root):
        super().__init__(root)
        self.until = {}

    def protect(self, stored, until):
        self.until[stored.key] = max(until, self.until.get(stored.key, until))
        return Protection.LOCKED

    def protected_until(self, stored):
        return self.until.get(stored.key)

    def erase(self, stored):
        if self.until.get(stored.key, STORED_AT) > Clock().now():
            raise StorageUnavailable("locked")
        super().erase(stored)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, Locked(tmp_path / "primary"), FolderStore(tmp_path / "replica"))
    yield made
    made.database.dispose()


@pytest.fixture
def desk(house, schedule):
    return DestructionDesk(
        database=house.database,
        objects=house.primary,
        replica=house.replica,
        schedule=schedule,
        clock=Clock(),
    )


def paper(house, **changes):
    given = {
        "state": DocumentState.STORED,
        "type_code": "cong_van",
        "type_name": "Công văn",
        "stored_at": STORED_AT,
        "owner_name": "Nguyễn Văn A",
        "result_code": f"KQ.{next(house.numbers)}",
    } | changes
    [document] = house.add(1, **given)
    house.replicate()
    return document


def events(house, document):
    with house.database.read() as tx:
        return [e for _, _, e in tx.audit.entries(subject_id=document.id)]


def row(house, document):
    with house.database.read() as tx:
        return tx.documents.get(document.id, EVERYWHERE)


def destroy(desk, document):
    asked = desk.request(document.id, WHY, by=HOA)
    return desk.decide(asked.id, approve=True, reason="Đã đối chiếu danh mục", by=BINH)


def test_asked_by_one_decided_by_another_then_nothing_is_left_but_the_stone(house, desk):
    document, other = paper(house), paper(house)
    with house.database.transaction() as tx:
        tx.fields.put(
            FieldValue(
                document_id=document.id,
                name="abstract",
                value="về việc của ông A",
                confirmed_by="u",
                confirmed_at=STORED_AT,
            )
        )
    assert [d.id for d, _ in desk.due(by=HOA)] == [document.id, other.id]
    done = destroy(desk, document)
    assert done.state is DestructionState.DONE and len(done.objects) == 4
    kept = {o.key for o in house.objects().values()}
    for store in (house.primary, house.replica):
        assert {k for k, _ in store.keys("")} == kept and len(kept) == 4
    stone = row(house, document)
    assert stone.state is DocumentState.DESTROYED and stone.result_code == document.result_code
    assert (stone.file_name, stone.owner_name, stone.copy, stone.evidence) == ("", None, None, None)
    with house.database.read() as tx:
        assert tx.readings.pages(document.id) == [] and tx.fields.values(document.id) == {}
    acts = events(house, document)
    assert [e.action.split(".")[1] for e in acts] == [
        "destruction_requested",
        "destruction_approved",
        "destroyed",
    ]
    assert [e.actor_id for e in acts] == ["hoa", "binh", "system"]
    assert acts[2].facts["approved_by"] == "binh" and "QĐ 12" in acts[2].facts["basis"]
    assert "ông A" not in str(acts) and "Nguyễn" not in str(acts)
    assert house.scrub().run().findings == []
    assert desk.carry_on() == 0


def test_nobody_destroys_alone_and_the_database_holds_it_too(house, desk):
    document = paper(house)
    asked = desk.request(document.id, WHY, by=HOA)
    with pytest.raises(NotAllowed):
        desk.decide(asked.id, approve=True, reason="Tôi tự duyệt", by=HOA)
    assert row(house, document).state is DocumentState.STORED
    with pytest.raises(Exception, match="two_people"), house.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE destructions SET decided_by = requested_by WHERE id = :i"), {"i": asked.id}
        )


def test_a_refusal_leaves_the_paper_and_a_new_request_may_follow(house, desk):
    document = paper(house)
    asked = desk.request(document.id, WHY, by=HOA)
    with pytest.raises(Conflict):
        desk.request(document.id, WHY, by=BINH)
    refused = desk.decide(asked.id, approve=False, reason="Còn cần cho thanh tra", by=BINH)
    assert refused.state is DestructionState.REFUSED
    with pytest.raises(Conflict):
        desk.decide(asked.id, approve=True, reason="Đổi ý rồi", by=BINH)
    assert row(house, document).state is DocumentState.STORED and len(house.objects()) == 4
    assert desk.request(document.id, WHY, by=HOA).state is DestructionState.REQUESTED
    assert [d.state.value for d in desk.destructions(by=BINH)].count("requested") == 1


def test_a_legal_hold_stops_it_at_each_step(house, desk):
    document = paper(house)
    hold = desk.hold(document.id, "Thanh tra tỉnh yêu cầu", by=HOA)
    assert desk.due(by=HOA) == []
    with pytest.raises(UnderLegalHold):
        desk.request(document.id, WHY, by=HOA)
    desk.release(hold.id, "Thanh tra đã kết thúc", by=BINH)
    with pytest.raises(Conflict):
        desk.release(hold.id, "Gỡ lần nữa", by=BINH)
    asked = desk.request(document.id, WHY, by=HOA)
    second = desk.hold(document.id, "Tòa án yêu cầu", by=BINH)
    with pytest.raises(UnderLegalHold):
        desk.decide(asked.id, approve=True, reason="Đã đối chiếu", by=BINH)
    assert [h.id for h in desk.holds(document.id, by=HOA)] == [hold.id, second.id]
    assert row(house, document).state is DocumentState.STORED
    words = [e.action for e in events(house, document)]
    assert words.count("document.held") == 2 and words.count("document.released") == 1


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"stored_at": dt.datetime(2016, 3, 1, tzinfo=dt.UTC)}, RetentionRunning),
        ({"stored_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, RetentionRunning),
        ({"type_code": "giay_khai_sinh"}, RetentionRunning),  # vĩnh viễn
        ({"type_code": "hop_dong"}, RetentionRunning),  # no rule: never
        ({"state": DocumentState.EXTRACTED}, Conflict),
        ({"state": DocumentState.SET_ASIDE}, Conflict),
    ],
)
def test_what_may_not_be_destroyed(house, desk, changes, trouble):
    document = paper(house, **changes)
    with pytest.raises(trouble):
        desk.request(document.id, WHY, by=HOA)
    assert desk.due(by=HOA) == []


def test_the_period_ends_with_whole_calendar_years(schedule, house):
    document = paper(house)
    assert schedule.ends(document)[0] == dt.date(2026, 1, 1)
    edge = replace(document, stored_at=dt.datetime(2015, 12, 31, 17, 30, tzinfo=dt.UTC))
    assert schedule.ends(edge)[0] == dt.date(2027, 1, 1)  # 00:30 on 1/1/2016 in Viet Nam


def test_another_units_paper_and_empty_reasons(house, desk):
    document = paper(house)
    for call in (desk.request, desk.hold):
        with pytest.raises(NotFound):
            call(document.id, WHY, by=STRANGER)
        with pytest.raises(InvalidValue):
            call(document.id, "  x ", by=HOA)
    asked = desk.request(document.id, WHY, by=HOA)
    with pytest.raises(NotFound):
        desk.decide(asked.id, approve=True, reason=WHY, by=STRANGER)
    assert desk.due(by=STRANGER) == [] == list(desk.destructions(by=STRANGER))


def test_an_object_lock_is_waited_for_and_nothing_is_half_gone(house, desk):
    document = paper(house)
    ends = Clock().now() + dt.timedelta(days=3)
    house.primary.protect(document.original, ends)
    waiting = destroy(desk, document)
    assert (waiting.state, waiting.waits_until) == (DestructionState.APPROVED, ends)
    assert row(house, document).state is DocumentState.STORED and len(house.objects()) == 4
    assert desk.carry_on() == 0
    house.primary.until[document.original.key] = STORED_AT
    assert desk.carry_on() == 1
    assert row(house, document).state is DocumentState.DESTROYED
    assert list(house.primary.keys("")) == []


def test_interrupted_between_rows_and_bytes_it_is_finished_and_nothing_comes_back(
    house, desk, monkeypatch
):
    document = paper(house)

    def stopped(stored):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(house.replica, "erase", stopped)
    act = destroy(desk, document)
    assert act.state is DestructionState.APPROVED and act.objects
    assert row(house, document).state is DocumentState.DESTROYED
    monkeypatch.undo()
    scrubbed = house.scrub().run()
    assert all(f.fault.value == "leftover" for f in scrubbed.findings)
    assert desk.carry_on() == 1
    assert list(house.primary.keys("")) == [] == list(house.replica.keys(""))
    assert events(house, document)[-1].action == "document.destroyed"


def test_bytes_another_paper_shares_stay(house, desk):
    document = paper(house)
    twin = replace(document, id="twin", scan_id="twin", unit_id="here", result_code=None)
    with house.database.transaction() as tx:
        scan = tx.scans.get(document.scan_id, EVERYWHERE)
        tx.scans.add(replace(scan, id="twin", idempotency_key="twin", document_ids=("twin",)))
        tx.documents.add(twin)
    done = destroy(desk, document)
    assert done.state is DestructionState.DONE
    assert {o.key for o in done.objects}.isdisjoint({twin.original.key, twin.copy.key})
    assert house.primary.get(twin.original) and house.primary.get(twin.copy)
    assert house.scrub().run().findings == []


def test_stored_papers_are_locked_but_never_past_their_period(house, schedule):
    from workflows.audit import record

    recent = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    soon, late = paper(house), paper(house, stored_at=recent)
    open_one = paper(house, state=DocumentState.CAPTURED, stored_at=None)
    with house.database.transaction() as tx:
        for document in (soon, late, open_one):
            record(tx, "stored", document, by="u", at=recent)
    protecting = Protecting(
        database=house.database,
        objects=house.primary,
        replica=house.replica,
        schedule=schedule,
        lock_days=20 * 365,
    )
    assert protecting.run() == 8 and protecting.run() == 0
    until = house.primary.until
    first_day = dt.datetime(2025, 12, 31, 17, tzinfo=dt.UTC)  # 1/1/2026 in Viet Nam
    assert until[soon.original.key] == first_day
    assert until[late.original.key] == dt.datetime(2036, 12, 31, 17, tzinfo=dt.UTC)
    assert open_one.original.key not in until
    assert replace(protecting, lock_days=0).run() == 0


def test_a_table_of_periods_that_cannot_be_read_is_named(tmp_path):
    bad = tmp_path / "bang.toml"
    for content in ("[x]\nyears = 1", "[x", '[x]\nyears = "m"\nbasis = ""'):
        bad.write_text(content)
        with pytest.raises(InvalidValue, match=r"bang\.toml"):
            RetentionSchedule.read(bad)
    with pytest.raises(NotFound):
        RetentionSchedule.read(tmp_path / "khong co")
