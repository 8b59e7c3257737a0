# SPDX-License-Identifier: Apache-2.0
"""The tables. Values of the domain are columns; machine views are JSON beside them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.database.types import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Id = String(64)

units = Table(
    "units",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(35), nullable=False),
    Column("name", String(300), nullable=False),
    Column("folded", String(300), nullable=False),
    Column("level", String(20), nullable=False),
    Column("parent_id", Id, nullable=True, index=True),
    Column("valid_from", Date),
    Column("valid_to", Date),
    # codes were given anew in 2025: (15, 2020) is Yên Bái, (15, 2026) is Lào Cai
    UniqueConstraint("level", "code", "valid_from", "name"),
)
unit_successors = Table(
    "unit_successors",
    metadata,
    Column("old_id", Id, ForeignKey("units.id"), primary_key=True),
    Column("new_id", Id, ForeignKey("units.id"), primary_key=True),
)
procedures = Table(
    "procedures",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("field", String(300), nullable=False),
    Column("level", String(100), nullable=False),
    Column("components", JSON, nullable=False),
    Column("result_types", JSON, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
legal_rules = Table(
    "legal_rules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("citation", String(200), nullable=False, index=True),
    Column("article", String(100), nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date),
    Column("supersedes", Id),
    Column("params", JSON, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified_by", String(200)),
)
users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("password_hash", String(300), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
)
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("purposes", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)
holders = Table(
    "holders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", String(300), nullable=False),
    Column("number", String(40), unique=True),
    Column("born_on", String(10)),
)
batches = Table(
    "batches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False, index=True),
    Column("name", String(300), nullable=False),
    Column("declared_files", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("closed_at", UtcDateTime),
)
scans = Table(
    "scans",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("idempotency_key", String(300), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("source", String(20), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_by", Id, nullable=False),
    Column("document_ids", JSON, nullable=False),
    Column("batch_id", Id, ForeignKey("batches.id")),
    Column("declared_sheets", Integer),
    UniqueConstraint("unit_id", "idempotency_key"),
)
documents = Table(
    "documents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scan_id", Id, ForeignKey("scans.id"), nullable=False, index=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("original", JSON, nullable=False),
    Column("file_name", String(300), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reading", String(20), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("type_code", String(40), nullable=False),
    Column("type_name", String(200), nullable=False),
    Column("holder_id", Id, ForeignKey("holders.id")),
    Column("owner_name", String(300)),
    Column("page_count", Integer, nullable=False),
    Column("came_signed", Boolean, nullable=False),
    Column("copy", JSON),
    Column("evidence", JSON),
    Column("trust", Integer, nullable=False),
    Column("result_code", String(200), unique=True),
    Column("valid_to", Date),
    Column("awaiting_org_signature", Boolean, nullable=False),
    Column("supersedes", Id),
    Column("failure_code", String(60)),
    Column("set_aside_reason", Text),
    Column("state_before", String(20)),
    Column("batch_id", Id, ForeignKey("batches.id")),
    Column("urgent", Boolean, nullable=False),
    Column("stored_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_documents_unit_created", "unit_id", "created_at", "id"),
    Index("ix_documents_unit_state", "unit_id", "state", "created_at"),
    Index("ix_documents_holder_type", "holder_id", "type_code", "state"),
    Index("ix_documents_batch", "batch_id", "reading"),
)
pages = Table(
    "pages",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("image", JSON, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("dpi", Float, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("blank", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("reading", JSON, nullable=False),
)
extractions = Table(
    "extractions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", Id, ForeignKey("documents.id"), nullable=False, index=True),
    Column("engine", String(300), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
)
field_values = Table(
    "field_values",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id"), primary_key=True),
    Column("name", String(60), primary_key=True),
    # every version stays: the newest is the value, the older ones its history
    Column("version", Integer, primary_key=True),
    Column("value", JSON),
    Column("confirmed_by", Id, nullable=False),
    Column("confirmed_at", UtcDateTime, nullable=False),
    Column("extraction_id", Id),
    Column("corrected", Boolean, nullable=False),
)
signed_copies = Table(
    "signed_copies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", Id, ForeignKey("documents.id"), nullable=False),
    Column("object", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("profile", String(40), nullable=False),
    Column("signer_name", String(300), nullable=False),
    Column("signed_by", Id, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("level", String(10), nullable=False),
    UniqueConstraint("document_id", "revision"),
)
dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(60), nullable=False, unique=True),
    Column("procedure_code", String(60), ForeignKey("procedures.code"), nullable=False),
    Column("holder_id", Id, ForeignKey("holders.id"), nullable=False, index=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("status", Integer, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("due_on", Date),
    Column("version", Integer, nullable=False),
    Index("ix_dossiers_unit_received", "unit_id", "received_on"),
)
filings = Table(
    "filings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("document_id", Id, ForeignKey("documents.id"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("filed_at", UtcDateTime, nullable=False),
    Column("filed_by", Id, nullable=False),
    # "" for a result: a unique constraint does not see two NULLs as equal
    Column("component_code", String(60), nullable=False),
    UniqueConstraint("dossier_id", "document_id", "role", "component_code"),
)
reuse_grants = Table(
    "reuse_grants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("actor_id", Id, nullable=False),
    Column("document_id", Id, ForeignKey("documents.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_reuse_grants_actor_document", "actor_id", "document_id", "at"),
)
audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject_kind", String(20), nullable=False),
    Column("subject_id", Id, nullable=False, index=True),
    Column("unit_id", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("purpose", Text),
    Column("facts", JSON, nullable=False),
)
series = Table(
    "series",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("last", Integer, nullable=False),
    CheckConstraint("last >= 1", name="positive"),
)
search_texts = Table(
    "search_texts",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id"), primary_key=True),
    # what was read and confirmed, as printed (NFC) and without marks
    Column("exact", Text, nullable=False),
    Column("folded", Text, nullable=False),
)
