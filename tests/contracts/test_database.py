"""What every Database promises: the same suite over SQLite and PostgreSQL."""

import datetime as dt
import threading
import unicodedata
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from servers.postgresql import postgresql  # noqa: F401
from sqlalchemy import text

from storage.database import SqlDatabase, current, import_units, newest, upgrade
from workflows.domain.audit import GENESIS, AuditEvent
from workflows.domain.document import (
    Batch,
    Document,
    DocumentFilter,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    PageRecord,
    ReadingStatus,
    Scan,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.dossier import (
    Component,
    Dossier,
    DossierStatus,
    Filing,
    FilingOrigin,
    FilingRole,
    Holder,
    HolderKind,
    Procedure,
)
from workflows.domain.signing import (
    ItemState,
    PreparedSignature,
    SigningItem,
    SigningRequest,
    SigningState,
)
from workflows.domain.station import Capture, ScanJob, Station
from workflows.domain.unit import EVERYWHERE, ApiKey, Role, Scope, Unit, UnitLevel, User
from workflows.errors import Conflict, InvalidValue, NotFound, StaleVersion
from workflows.ports.engine import Queue

NOW = dt.datetime(2026, 11, 24, 7, 30, 15, 123456, tzinfo=dt.UTC)
HERE, THERE = Scope(frozenset({"here"})), Scope(frozenset({"there"}))
PDF = StoredObject(key="orig/ab/ab", sha256="ab" * 32, size=10, media_type="application/pdf")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.requires_postgresql)]
)
def database(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/sohoa.db"
    else:
        url = request.getfixturevalue("postgresql").database()
    upgrade(url)
    jobs = []

    def enqueue(connection, workflow, key, queue, priority):
        connection.execute(text("SELECT 1"))
        jobs.append((workflow, key, queue, priority))

    made = SqlDatabase(url, enqueue=enqueue)
    made.jobs = jobs
    with made.transaction() as tx:
        for name, parent in (("top", None), ("here", "top"), ("there", "top")):
            tx.catalogue.put(
                Unit(
                    id=name, code=name, name=f"Xã {name}", level=UnitLevel.COMMUNE, parent_id=parent
                )
            )
    yield made
    made.dispose()


def scan(**changes):
    made = Scan(
        id=uuid.uuid4().hex,
        unit_id="here",
        idempotency_key=uuid.uuid4().hex,
        content_sha256="ab" * 32,
        source="upload",
        received_at=NOW,
        received_by="u",
        document_ids=("d",),
    )
    return replace(made, **changes)


def add_document(database, **changes):
    one = scan(unit_id=changes.get("unit_id", "here"))
    made = Document(
        id=uuid.uuid4().hex,
        scan_id=one.id,
        unit_id="here",
        original=PDF,
        file_name="a.pdf",
        state=DocumentState.RECEIVED,
        reading=ReadingStatus.WAITING,
        created_at=NOW,
        created_by="u",
        page_count=1,
    )
    made = replace(made, **changes)
    with database.transaction() as tx:
        tx.scans.add(one)
        tx.documents.add(made)
    return made


def page(document, number=1, content="Quyết định về đất đai"):
    return PageRecord(
        document_id=document.id,
        number=number,
        image=PDF,
        width=10,
        height=20,
        dpi=200.0,
        rotation=0,
        blank=False,
        text=content,
        reading={"page": number, "words": []},
    )


def get(database, document_id, scope=EVERYWHERE):
    with database.read() as tx:
        return tx.documents.get(document_id, scope)


def test_what_is_written_comes_back_equal(database):
    document = add_document(
        database,
        copy=PDF,
        trust=TrustLevel.SIGNED_SCAN,
        valid_to=dt.date(2027, 1, 1),
        state_before=DocumentState.CAPTURED,
        stored_at=NOW,
        set_aside_reason="mờ",
    )
    assert get(database, document.id) == document
    copy = SignedCopy(
        id="c",
        document_id=document.id,
        object=PDF,
        revision=1,
        profile="ca_nhan",
        signer_name="Nguyễn",
        signed_by="u",
        signed_at=NOW,
        level="B-B",
    )
    extraction = ExtractionRecord(
        id="e", document_id=document.id, engine="x", created_at=NOW, body={"fields": {"số": "1"}}
    )
    batch = Batch(
        id="b",
        unit_id="here",
        name="Hộp",
        declared_files=3,
        created_at=NOW,
        created_by="u",
        patches={"IV": "remove"},
    )
    with database.transaction() as tx:
        tx.signed_copies.add(copy)
        tx.readings.add_extraction(extraction)
        tx.readings.add_page(page(document))
        tx.batches.add(batch)
    with database.read() as tx:
        assert list(tx.signed_copies.revisions(document.id)) == [copy]
        assert tx.readings.extraction(document.id) == extraction
        assert list(tx.readings.pages(document.id)) == [page(document)]
        assert tx.batches.get("b", HERE) == batch


def test_another_units_rows_are_not_found(database):
    document = add_document(database)
    assert get(database, document.id, HERE) == document
    for scope in (THERE, Scope(frozenset())):
        with pytest.raises(NotFound):
            get(database, document.id, scope)
        with database.read() as tx:
            assert tx.documents.find(DocumentFilter(), scope).hits == ()
            with pytest.raises(NotFound):
                tx.scans.get(document.scan_id, scope)


def test_scope_is_the_unit_and_all_below(database):
    with database.read() as tx:
        assert tx.accounts.scope_of("top").unit_ids == {"top", "here", "there"}
        assert tx.accounts.scope_of("here").unit_ids == {"here"}


def test_only_the_current_version_can_be_saved(database):
    document = add_document(database)
    with database.transaction() as tx:
        saved = tx.documents.save(replace(document, type_code="cong_van"))
    assert saved.version == 2 and get(database, document.id) == saved
    with pytest.raises(StaleVersion), database.transaction() as tx:
        tx.documents.save(replace(document, type_code="bao_cao"))
    assert get(database, document.id).type_code == "cong_van"


def test_a_failed_transaction_leaves_nothing_and_no_job(database):
    one = scan()
    with pytest.raises(RuntimeError), database.transaction() as tx:
        tx.scans.add(one)
        tx.audit.append(event("x"))
        tx.jobs.enqueue("digitise", "d", queue=Queue.COUNTER)
        raise RuntimeError
    with database.read() as tx:
        assert tx.scans.by_key("here", one.idempotency_key) is None
        assert tx.audit.entries() == []


def test_an_idempotency_key_counts_once_in_each_unit(database):
    with database.transaction() as tx:
        tx.scans.add(scan(idempotency_key="k"))
        tx.scans.add(scan(idempotency_key="k", unit_id="there"))
    with pytest.raises(Conflict), database.transaction() as tx:
        tx.scans.add(scan(idempotency_key="k"))


def test_a_page_read_twice_is_kept_once(database):
    document = add_document(database)
    for _ in range(2):
        with database.transaction() as tx:
            tx.readings.add_page(page(document))
    with database.read() as tx:
        assert len(tx.readings.pages(document.id)) == 1


def test_a_person_says_whether_a_page_is_blank(database):
    document = add_document(database)
    with pytest.raises(NotFound), database.transaction() as tx:
        tx.readings.set_blank(document.id, 1, True)
    with database.transaction() as tx:
        tx.readings.add_page(page(document))
        tx.readings.set_blank(document.id, page(document).number, True)
    with database.read() as tx:
        assert [p.blank for p in tx.readings.pages(document.id)] == [True]


def test_the_sheets_of_a_scanned_document_come_back(database):
    document = add_document(database)
    station = Station(id="s", name="Quầy", unit_id="here", created_by="u", created_at=NOW)
    job = ScanJob(
        id="j", station_id="s", unit_id="here", created_by="u", created_at=NOW, profile={}
    )
    sides = ({"seq": 1, "sheet": 1, "side": "front", "variant": 0, "flags": ["restored"]},)
    capture = Capture(document_id=document.id, job_id="j", pages=sides, dossier="H1")
    with database.transaction() as tx:
        tx.stations.put(station)
        tx.scan_jobs.put(job)
        assert tx.captures.of_document(document.id) is None
        tx.captures.put(replace(capture, dossier=None))
        tx.captures.put(capture)
    with database.read() as tx:
        assert tx.captures.of_document(document.id) == capture
        assert capture.said_blank(1) is False
        assert capture.said_blank(2) is None


def test_field_values_keep_their_history(database):
    document = add_document(database)
    base = FieldValue(
        document_id=document.id, name="number", value="47", confirmed_by="u", confirmed_at=NOW
    )
    with database.transaction() as tx:
        assert tx.fields.put(base).version == 1
        assert tx.fields.put(replace(base, value=["48"], corrected=True)).version == 2
    with database.read() as tx:
        assert tx.fields.values(document.id)["number"].value == ["48"]
        assert [v.value for v in tx.fields.history(document.id, "number")] == ["47", ["48"]]


def test_lists_page_by_cursor_without_gap_or_repeat(database):
    ids = [
        add_document(database, created_at=NOW + dt.timedelta(seconds=n // 3)).id for n in range(10)
    ]
    seen, cursor = [], None
    while True:
        with database.read() as tx:
            found = tx.documents.find(DocumentFilter(), HERE, limit=3, cursor=cursor)
        seen += [h.document.id for h in found.hits]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids) and len(seen) == len(set(seen))
    with pytest.raises(InvalidValue), database.read() as tx:
        tx.documents.find(DocumentFilter(), HERE, cursor="rubbish")


LETTERS = (
    "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
)


def found(database, asked):
    with database.read() as tx:
        return {h.document.id for h in tx.documents.find(DocumentFilter(text=asked), HERE).hits}


def test_every_vietnamese_letter_is_found_in_any_form(database):
    document = add_document(database)
    words = [f"x{letter}z" for letter in LETTERS]
    with database.transaction() as tx:
        tx.readings.add_page(page(document, content=" ".join(words)))
    bare = str.maketrans("đ", "d")
    for word in words:
        plain = "".join(
            c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)
        )
        for asked in (
            word,
            word.upper(),
            unicodedata.normalize("NFD", word),
            plain.translate(bare),
        ):
            assert found(database, asked) == {document.id}, asked


def test_the_marks_typed_come_first(database):
    dat, dat_ = add_document(database), add_document(database)
    with database.transaction() as tx:
        tx.readings.add_page(page(dat, content="dất"))
        tx.readings.add_page(page(dat_, content="đất"))
    with database.read() as tx:
        hits = tx.documents.find(DocumentFilter(text="đất"), HERE).hits
    assert [h.document.id for h in hits] == [dat_.id, dat.id]


@pytest.mark.parametrize(
    "asked", ['"', "a OR b", "NEAR(a b)", "*", "đất:*", "a AND", "(", "';--", "&|!"]
)
def test_query_syntax_is_only_text(database, asked):
    add_document(database)
    assert found(database, asked) == set()


def test_numbers_codes_and_values_are_found(database):
    document = add_document(database, result_code="KQ.21907.2026.000001", file_name="thu moi.pdf")
    value = FieldValue(
        document_id=document.id,
        name="full_number",
        value="47/QĐ-UBND",
        confirmed_by="u",
        confirmed_at=NOW,
    )
    with database.transaction() as tx:
        tx.fields.put(value)
    for asked in ("47/QĐ-UBND", "47/qd-ubnd", "47", "KQ.21907.2026.000001", "thu moi"):
        assert found(database, asked) == {document.id}, asked


def test_forgotten_papers_leave_no_text(database):
    document = add_document(database)
    with database.transaction() as tx:
        tx.readings.add_page(page(document))
        tx.readings.forget(document.id, keep_extraction=False)
    with database.read() as tx:
        assert tx.readings.pages(document.id) == []
    assert found(database, "đất đai") == set()


def holder(number="051090000001"):
    return Holder(id=uuid.uuid4().hex, kind=HolderKind.CITIZEN, name="Nguyễn Văn A", number=number)


def test_reuse_offers_only_valid_papers_of_the_holder_best_first(database):
    one, other = holder(), holder("051090000002")
    with database.transaction() as tx:
        tx.holders.add(one)
        tx.holders.add(other)
    stored = {"state": DocumentState.STORED, "type_code": "giay_khai_sinh", "holder_id": one.id}
    good = add_document(database, **stored)
    better = add_document(database, **stored, trust=TrustLevel.SIGNED_ORIGINAL)
    old = add_document(database, **stored)
    add_document(database, **stored, valid_to=dt.date(2026, 1, 1))
    add_document(database, **stored | {"state": DocumentState.CAPTURED})
    add_document(database, **stored | {"holder_id": other.id})
    add_document(database, **stored | {"type_code": "cong_van"})
    newer = add_document(database, **stored, supersedes=old.id)
    with database.read() as tx:
        offered = tx.reuse.candidates(one.id, ["giay_khai_sinh"], NOW.date())
        assert next(d.id for d in offered) == better.id
        assert {d.id for d in offered} == {good.id, better.id, newer.id}
        assert len(tx.reuse.candidates(one.id, [], NOW.date())) == 4
    with database.transaction() as tx:
        tx.reuse.grant("p", good.id, "vì sao", NOW)
    with database.read() as tx:
        assert tx.reuse.granted("p", good.id, NOW - dt.timedelta(days=1)) == "vì sao"
        assert tx.reuse.granted("p", good.id, NOW + dt.timedelta(seconds=1)) is None
        assert tx.reuse.granted("q", good.id, NOW - dt.timedelta(days=1)) is None


def test_a_slot_takes_a_paper_once(database):
    one, document = holder(), add_document(database)
    procedure = Procedure(
        code="1.000001", name="Thử", components=(Component(code="TP01", name="A"),)
    )
    dossier = Dossier(
        id="d",
        code="H1",
        procedure_code="1.000001",
        holder_id=one.id,
        unit_id="here",
        status=DossierStatus.ACCEPTED,
        received_on=NOW.date(),
        created_at=NOW,
        created_by="u",
    )
    filing = Filing(
        id="f",
        dossier_id="d",
        document_id=document.id,
        role=FilingRole.COMPONENT,
        origin=FilingOrigin.REUSED,
        filed_at=NOW,
        filed_by="u",
        component_code="TP01",
    )
    result = replace(filing, id="g", role=FilingRole.RESULT, component_code=None)
    with database.transaction() as tx:
        tx.catalogue.put(procedure)
        tx.holders.add(one)
        tx.dossiers.add(dossier)
        tx.filings.add(filing)
        tx.filings.add(result)
    for again in (filing, result):
        with pytest.raises(Conflict), database.transaction() as tx:
            tx.filings.add(replace(again, id=uuid.uuid4().hex))
    with pytest.raises(Conflict), database.transaction() as tx:
        tx.dossiers.add(replace(dossier, id="e"))
    with database.read() as tx:
        assert list(tx.filings.of_dossier("d")) == [filing, result]
        assert tx.dossiers.by_code("H1", HERE) == dossier
        assert list(tx.dossiers.find(HERE, text="nguyen van")) == [dossier]
        assert tx.dossiers.find(HERE, text="khong co") == []
        assert tx.catalogue.procedures(text="thu") == [procedure]
        assert tx.indicators(HERE, NOW.date(), NOW.date()) == {
            "dossiers": 1,
            "digitized": 1,
            "reused": 1,
            "documents": 1,
            "stored": 0,
        }


def test_series_count_without_gap_or_repeat_under_rivalry(database):
    numbers, failures = [], []

    def take():
        try:
            for _ in range(5):
                with database.transaction() as tx:
                    numbers.append(tx.next_number("kq"))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(numbers) == list(range(1, 101))


def event(subject="d", **changes):
    made = AuditEvent(
        actor_id="u",
        action="document.viewed",
        subject_kind="document",
        subject_id=subject,
        unit_id="here",
        at=NOW,
        purpose="vì sao",
        facts={"sha256": "ab", "trang": 3},
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_events SET actor_id = 'x'", "DELETE FROM audit_events"]
)
def test_the_audit_log_refuses_change(database, sql):
    with database.transaction() as tx:
        tx.audit.append(event())
    with pytest.raises(Exception, match="append-only"), database.engine.begin() as connection:
        connection.exec_driver_sql(sql)


def test_rivals_append_to_one_chain(database):
    threads = [threading.Thread(target=lambda n=n: _append(database, f"d{n}")) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        entries = list(tx.audit.entries())
    assert [s for s, _, _ in entries] == list(range(1, 13))
    previous = GENESIS
    for _, digest, one in entries:
        assert one.chained_hash(previous) == digest
        previous = digest


def _append(database, subject):
    with database.transaction() as tx:
        tx.audit.append(event(subject))


def test_accounts_come_back_by_name_id_and_key(database):
    user = User(
        id="u1",
        username="canbo",
        full_name="Nguyễn",
        unit_id="here",
        roles=frozenset({Role.SIGNER, Role.ADMIN}),
        password_hash="h",
        locked_until=NOW,
    )
    key = ApiKey(
        id="k",
        name="LGSP",
        secret_sha256="cd" * 32,
        unit_id="here",
        purposes=("a", "b"),
        created_at=NOW,
    )
    with database.transaction() as tx:
        tx.accounts.put(user)
        tx.accounts.put(key)
        tx.accounts.put(replace(user, failures=2))
    with database.read() as tx:
        assert tx.accounts.user(username="canbo") == replace(user, failures=2)
        assert tx.accounts.user(user_id="u1") == tx.accounts.user(username="canbo")
        assert tx.accounts.user(username="khong co") is None
        assert tx.accounts.key("cd" * 32) == key


def test_the_catalogue_knows_codes_before_and_after_the_merger(database):
    with database.transaction() as tx:
        assert import_units(tx) > 14_000
        assert import_units(tx) == 0
    with database.read() as tx:
        old = [
            u.name
            for u in tx.catalogue.units(on=dt.date(2020, 1, 1), text="15")
            if u.level is UnitLevel.PROVINCE
        ]
        new = [
            u.name
            for u in tx.catalogue.units(on=dt.date(2026, 1, 1), text="15")
            if u.level is UnitLevel.PROVINCE
        ]
        named = tx.catalogue.units(on=dt.date(2026, 1, 1), text="da nang")
    assert (old, new) == (["Tỉnh Yên Bái"], ["Tỉnh Lào Cai"])
    assert "Thành phố Đà Nẵng" in [u.name for u in named]


def signed(document, revision, level, **changes):
    made = SignedCopy(
        id=uuid.uuid4().hex,
        document_id=document.id,
        object=PDF,
        revision=revision,
        profile="ca_nhan",
        signer_name="A",
        signed_by="u",
        signed_at=NOW,
        level=level,
    )
    return replace(made, **changes)


def test_what_is_owed_to_signatures_is_found_by_the_newest_revision(database):
    ends = NOW + dt.timedelta(days=100)
    stored = {"state": DocumentState.STORED}
    low, done, other, ageing = (add_document(database, **stored) for _ in range(4))
    open_now = add_document(database)
    with database.transaction() as tx:
        for copy in (
            signed(low, 1, "B-T"),
            signed(done, 1, "B-B"),
            signed(done, 2, "B-LTA", stamp_ends=ends + dt.timedelta(days=999)),
            signed(other, 1, "B-T", profile="co_quan"),
            signed(ageing, 1, "B-LTA", stamp_ends=ends),
            signed(open_now, 1, "B-B"),
        ):
            tx.signed_copies.add(copy)

    def owed(**asked):
        given = {"signed_before": NOW, "stamps_until": NOW, "limit": 10} | asked
        with database.read() as tx:
            found = tx.signed_copies.to_preserve("ca_nhan", ["B-LTA"], **given)
        return {copy.document_id for copy in found}

    assert owed() == {low.id}
    assert owed(signed_before=NOW + dt.timedelta(hours=1)) == {low.id, open_now.id}
    assert owed(stamps_until=ends + dt.timedelta(days=1)) == {low.id, ageing.id}
    assert len(owed(stamps_until=ends + dt.timedelta(days=1), limit=1)) == 1


def test_signatures_that_wait_for_a_token_come_back_whole(database):
    document = add_document(database)
    station = Station(
        id="s", name="Quầy", unit_id="here", created_by="u", created_at=NOW, paired_at=NOW
    )
    user = User(
        id="u9",
        username="u9",
        full_name="Nguyễn",
        unit_id="here",
        roles=frozenset({Role.DIGITIZER}),
        password_hash="h",
    )
    request = SigningRequest(
        id="r",
        unit_id="here",
        station_id="s",
        user_id="u9",
        profile="ca_nhan",
        created_at=NOW,
        expires_at=NOW + dt.timedelta(minutes=30),
        certificates=("3000", "3001"),
    )
    prepared = PreparedSignature(
        increment=bytes(range(256)) * 80,
        start=10,
        end=20,
        digest=b"\x00" * 32,
        attributes=b"\x31\x00",
        field_name="ChuKy1",
        signed_at=NOW,
    )
    item = SigningItem(
        request_id="r",
        position=0,
        document_id=document.id,
        state=ItemState.PREPARED,
        base=PDF,
        prepared=prepared,
    )
    with database.transaction() as tx:
        tx.stations.put(station)
        tx.accounts.put(user)
        tx.signing_requests.put(request)
        tx.signing_requests.put_item(item)
    with database.read() as tx:
        assert tx.signing_requests.get("r", HERE) == request
        assert list(tx.signing_requests.items("r")) == [item]
        assert list(tx.signing_requests.find(HERE, station_id="s")) == [request]
        assert list(tx.signing_requests.find(THERE, station_id="s")) == []
        with pytest.raises(NotFound):
            tx.signing_requests.get("r", THERE)
    done = replace(request, state=SigningState.DONE)
    ended = replace(item, state=ItemState.SIGNED, base=None, prepared=None)
    with database.transaction() as tx:
        tx.signing_requests.put(done)
        tx.signing_requests.put_item(ended)
    with database.read() as tx:
        assert list(tx.signing_requests.items("r")) == [ended]
        assert list(tx.signing_requests.find(HERE, user_id="u9")) == []
        assert list(tx.signing_requests.find(HERE, user_id="u9", open_only=False)) == [done]


def test_the_tables_are_those_the_migrations_make(database):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from storage.database.tables import metadata

    assert current(database.url) == newest()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        changes = [
            c
            for c in compare_metadata(context, metadata)
            if not (c[0] in ("remove_table", "remove_index") and "search" in str(c[1]))
        ]
    assert changes == []


def test_rows_from_before_get_the_hash_of_their_original(request, tmp_path):
    urls = [f"sqlite:///{tmp_path}/old.db"]
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        urls.append(request.getfixturevalue("postgresql").database())
    for url in urls:
        upgrade(url, "0004")
        old = SqlDatabase(url, enqueue=lambda *_: None)
        with old.engine.begin() as connection:
            for statement in OLD_ROWS:
                connection.execute(text(statement))
        upgrade(url)
        with old.read() as tx:
            holdings, erased = tx.holdings.of_original("cd" * 32)
        assert ([h.document_id for h in holdings], erased) == (["d"], False)
        old.dispose()


OLD_ROWS = (
    "INSERT INTO units (id, code, name, folded, level) VALUES ('here', '1', 'X', 'x', 'commune')",
    "INSERT INTO scans (id, unit_id, idempotency_key, content_sha256, source, received_at, "
    "received_by, document_ids) VALUES ('s', 'here', 'k', 'x', 'upload', 0, 'u', '[]')",
    "INSERT INTO documents (id, scan_id, unit_id, original, file_name, state, reading, created_at, "
    "created_by, type_code, type_name, page_count, came_signed, trust, awaiting_org_signature, "
    "urgent, version) VALUES ('d', 's', 'here', "
    '\'{"key": "orig/cd/x", "sha256": "' + "cd" * 32 + '", "size": 1, "media_type": "a/b"}\', '
    "'f', 'stored', 'read', 0, 'u', 'khac', 'Khác', 1, false, 1, false, true, 1)",
)
