# SPDX-License-Identifier: Apache-2.0
"""The object graph, built once: which adapter stands behind which port, in one page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from argon2 import PasswordHasher

from ocr.document_types import DocumentTypes, shipped_document_types
from ocr.reader import Reader
from service.accounts import Accounts
from service.config import Settings
from service.opening_desk import dpi_of
from service.signing_parts import signing_parts
from storage.database import SqlDatabase
from storage.engine import DbosEngine
from storage.heads import FolderHeads, ObjectHeads
from storage.installation_key import InstallationKey, key_id_of, public_key
from storage.objects import FolderInbox, FolderStore, S3Settings, S3Store, UploadFolder
from storage.packages import ZipPackages
from storage.packages.sandboxed import SandboxedCheck
from storage.pdf import PikepdfArchivalPdf
from storage.sandbox import best_sandbox
from storage.signing.authority import Subject
from storage.signing.many import SandboxedMany
from storage.signing.sandboxed import SandboxedVerifier
from workflows.audit_proof import AuditProof, Witness
from workflows.batch import BatchDesk
from workflows.capture import CaptureDesk
from workflows.catalogue import Catalogue
from workflows.checking import SignatureCheck
from workflows.coding import Coding
from workflows.confirming import Confirming
from workflows.copying import Copying
from workflows.deferred_signing import DeferredSigning
from workflows.destruction import DestructionDesk
from workflows.export import ExportDesk
from workflows.export_requests import ExportRequests
from workflows.filing import FilingDesk
from workflows.importing import ImportDesk
from workflows.indicators import IndicatorDesk
from workflows.intake import Intake
from workflows.keeping import Keeping
from workflows.opening import Opener
from workflows.organisation_signing import OrganisationSigning
from workflows.ports.clock import Clock, SystemClock
from workflows.ports.database import Database
from workflows.ports.engine import Engine
from workflows.ports.objects import Inbox, KeptStore, ObjectStore
from workflows.ports.sandbox import Sandbox, SandboxLevel
from workflows.preserving import Preserving
from workflows.quarantine import QuarantineDesk
from workflows.reading import Reading, SecrecyCheck
from workflows.retention import RetentionSchedule
from workflows.reuse import Reuse
from workflows.road import Road
from workflows.separation import Separation
from workflows.shelf import Shelf
from workflows.stations import StationDesk
from workflows.trust import Trusting


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """Everything a door may call, ready to use."""

    settings: Settings
    version: str
    database: SqlDatabase
    objects: KeptStore
    inbox: Inbox
    uploads: UploadFolder
    sandbox: Sandbox
    engine: Engine
    document_types: DocumentTypes
    accounts: Accounts
    intake: Intake
    quarantine: QuarantineDesk
    copying: Copying
    checking: SignatureCheck
    trusting: Trusting
    preserving: Preserving
    organisation: OrganisationSigning
    deferred: DeferredSigning
    confirming: Confirming
    filing: FilingDesk
    reuse: Reuse
    shelf: Shelf
    batches: BatchDesk
    stations: StationDesk
    capture: CaptureDesk
    catalogue: Catalogue
    indicators: IndicatorDesk
    audit: AuditProof
    disposal: DestructionDesk
    exports: ExportDesk
    export_requests: ExportRequests
    imports: ImportDesk
    road: Road

    def checks(self) -> Mapping[str, Callable[[], Any]]:
        """What readiness asks, by name; each raises or tells its version."""
        return {
            "database": self.database.ping,
            "objects": lambda: sum(1 for _ in self.objects.list("health/")),
            "queue": self.engine.waiting,
            "sandbox": lambda: self.sandbox.level.name,
        }


def build(
    settings: Settings, *, clock: Clock | None = None, reader: Reader | None = None
) -> Workstation:
    """The whole object graph. The database must have been migrated (`sohoa db upgrade`)."""
    # here and not above: loading Tesseract costs half a second that most commands need not pay
    from service.reading_desk import reader_of

    clock = clock or SystemClock()
    engine = DbosEngine(settings.database)
    database = SqlDatabase(settings.database, enqueue=engine.enqueue_in)
    return assemble(settings, database, engine, clock, reader or reader_of(settings))


def assemble(
    settings: Settings, database: SqlDatabase, engine: Engine, clock: Clock, reader: Reader
) -> Workstation:
    """The stages over a given database and engine (a worker's database carries a fence)."""
    objects = object_store(settings)
    audit = audit_proof(settings, database, objects, clock)
    database.witness = audit.witness
    inbox = FolderInbox(settings.data_dir / "inbox")
    sandbox = best_sandbox(SandboxLevel(settings.sandbox_min))
    opener = Opener(sandbox=sandbox, scratch=settings.data_dir / "scratch")
    types = shipped_document_types()
    signing = signing_parts(
        settings,
        sandbox=sandbox,
        clock=clock,
        subject_of=lambda who: _subject(database, who),
        name_of=lambda who: _declared_name(database, who),
    )
    trusted = [signing.trust_dir, *([settings.trust_dir] if settings.trust_dir else [])]
    copying = Copying(
        database=database,
        objects=objects,
        archival=PikepdfArchivalPdf(),
        signer=signing.signer,
        verifier=SandboxedVerifier(sandbox, *trusted),
        clock=clock,
        personal=signing.profiles["ca_nhan"],
        mark_code=settings.mark_code,
    )
    preserving = Preserving(
        database=database,
        objects=objects,
        preserver=signing.preserver,
        profiles=signing.profiles,
        clock=clock,
    )
    reading = Reading(
        database=database,
        objects=objects,
        opener=opener,
        reader=reader,
        clock=clock,
        dpi=dpi_of(settings),
        keep_card_images=settings.keep_card_images,
    )
    intake = Intake(
        database=database,
        objects=objects,
        inbox=inbox,
        opener=opener,
        secrecy=SecrecyCheck(opener=opener, reader=reader),
        clock=clock,
        check_first=signing.profiles["ca_nhan"].check_first,
    )
    confirming = Confirming(database=database, document_types=types, reader=reader, clock=clock)
    many = SandboxedMany(sandbox, *trusted)
    trusting = Trusting(database=database, objects=objects, verifier=many, clock=clock)
    packages = ZipPackages(settings.data_dir / "packages", objects, SandboxedCheck(sandbox))
    exports = ExportDesk(
        database=database,
        objects=objects,
        packages=packages,
        verifier=many,
        clock=clock,
        archive_code=settings.archive_code,
        software=version("sohoa"),
    )
    export_requests = ExportRequests(database=database, desk=exports, clock=clock)
    road = Road(
        reading=reading,
        copying=copying,
        coding=Coding(database=database, clock=clock, template=settings.result_code_template),
        keeping=Keeping(database=database, objects=objects, document_types=types, clock=clock),
        preserving=preserving,
        exporting=export_requests,
    )
    return Workstation(
        settings=settings,
        version=version("sohoa"),
        database=database,
        objects=objects,
        inbox=inbox,
        uploads=UploadFolder(settings.data_dir / "uploads"),
        sandbox=sandbox,
        engine=engine,
        document_types=types,
        accounts=accounts(settings, database, clock),
        intake=intake,
        quarantine=QuarantineDesk(database=database, inbox=inbox, intake=intake, clock=clock),
        copying=copying,
        preserving=preserving,
        organisation=OrganisationSigning(
            database=database,
            objects=objects,
            signer=signing.signer,
            seal=signing.profiles["co_quan"],
            certified_copy=signing.profiles["sao_y"],
            clock=clock,
        ),
        deferred=DeferredSigning(
            database=database,
            objects=objects,
            copying=copying,
            confirming=confirming,
            signer=signing.deferred,
            profile=signing.profiles["ca_nhan"],
            clock=clock,
        ),
        confirming=confirming,
        filing=FilingDesk(database=database, clock=clock, trusting=trusting),
        trusting=trusting,
        checking=SignatureCheck(
            database=database, inbox=inbox, verifier=copying.verifier, clock=clock
        ),
        reuse=Reuse(database=database, trusting=trusting, clock=clock),
        shelf=Shelf(database=database, objects=objects, clock=clock),
        batches=BatchDesk(database=database, clock=clock),
        stations=StationDesk(database=database, clock=clock),
        capture=CaptureDesk(
            database=database,
            intake=intake,
            clock=clock,
            separation=Separation(
                key=slip_key(settings), patches=frozenset(settings.separator_patches.split())
            ),
        ),
        catalogue=Catalogue(database=database),
        indicators=IndicatorDesk(database=database, clock=clock),
        audit=audit,
        disposal=disposal_desk(settings, database, objects, clock),
        exports=exports,
        export_requests=export_requests,
        imports=ImportDesk(
            database=database,
            objects=objects,
            packages=packages,
            verifier=many,
            clock=clock,
        ),
        road=road,
    )


def object_store(settings: Settings) -> KeptStore:
    if settings.object_store == "folder":
        return FolderStore(settings.data_dir / "objects")
    return s3_store(settings, bucket=settings.s3_bucket)


def replica_store(settings: Settings) -> KeptStore | None:
    """The second copy: a folder on another disk, or a bucket of another server."""
    if settings.replica_dir is not None:
        return FolderStore(settings.replica_dir)
    if not settings.replica_s3_bucket:
        return None
    return s3_store(
        settings,
        bucket=settings.replica_s3_bucket,
        endpoint=settings.replica_s3_endpoint,
        access_key=settings.replica_s3_access_key,
        secret_key=settings.replica_s3_secret_key.get_secret_value(),
    )


def s3_store(
    settings: Settings,
    *,
    bucket: str,
    endpoint: str = "",
    access_key: str = "",
    secret_key: str = "",
) -> S3Store:
    """A bucket; what is not named is as for the main store."""
    return S3Store(
        S3Settings(
            endpoint=endpoint or settings.s3_endpoint,
            access_key=access_key or settings.s3_access_key,
            secret_key=secret_key or settings.s3_secret_key.get_secret_value(),
            bucket=bucket,
            tls=settings.s3_secure,
            ca_file=settings.s3_ca_file,
            prefix=settings.s3_prefix,
            lock=settings.s3_object_lock,
            encryption=settings.s3_encryption,
        )
    )


def installation_key(settings: Settings) -> InstallationKey:
    """What this installation signs with; trusts itself unless other public keys are named."""
    trusted = {key_id_of(k): k for k in map(public_key, settings.audit_public_keys)}
    return InstallationKey(
        settings.installation_key or settings.data_dir / "installation.key", trusted
    )


def audit_proof(
    settings: Settings, database: SqlDatabase, objects: ObjectStore, clock: Clock
) -> AuditProof:
    heads = FolderHeads(settings.audit_dir or settings.data_dir / "audit")
    witness = Witness(seal=installation_key(settings), heads=heads, clock=clock)
    return AuditProof(database=database, witness=witness, elsewhere=(ObjectHeads(objects),))


def disposal_desk(
    settings: Settings, database: Database, objects: KeptStore, clock: Clock
) -> DestructionDesk:
    return DestructionDesk(
        database=database,
        objects=objects,
        replica=replica_store(settings),
        schedule=RetentionSchedule.read(settings.retention_rules),
        clock=clock,
    )


def slip_key(settings: Settings) -> bytes:
    """Signs dossier slips; of its own, so that a slip's code tells nothing about sessions."""
    return hashlib.sha256(b"sohoa.slip:" + settings.signing_key()).digest()


def accounts(settings: Settings, database: Database, clock: Clock) -> Accounts:
    return Accounts(
        database=database,
        clock=clock,
        signing_key=hashlib.sha256(settings.signing_key()).digest(),
        session_minutes=settings.session_minutes,
        login_tries=settings.login_tries,
        lock_minutes=settings.login_lock_minutes,
        hasher=PasswordHasher(),
    )


def _subject(database: Database, who: str) -> Subject | None:
    """Whom a signature names: the user, of their Unit; or the Unit itself."""
    with database.read() as tx:
        user = tx.accounts.user(user_id=who)
        units = tx.catalogue.units_by_id([user.unit_id if user else who])
    if user is not None:
        return Subject(name=user.full_name, organisation=units[0].name if units else "")
    return Subject(name=units[0].name) if units else None


def _declared_name(database: Database, who: str) -> str | None:
    """Under which name a key is declared: the user name, or the Unit's code."""
    with database.read() as tx:
        user = tx.accounts.user(user_id=who)
        units = () if user else tx.catalogue.units_by_id([who])
    return user.username if user else units[0].code if units else None
