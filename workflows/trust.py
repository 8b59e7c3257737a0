# SPDX-License-Identifier: Apache-2.0
"""Mức tin cậy 1-5 of a paper, from the evidence itself, looked at again whenever it is reused.

1 unsigned image; 2 scan with a personal signature; 3 SAO Y, certified or sealed by an
organisation; 4 electronic original with the issuer's signatures; 5 data of a national database.
Reuse picks the highest (NĐ 224/2026 Đ.17; TT 01/2023/TT-VPCP, Đ.10).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workflows.audit import SYSTEM, record
from workflows.domain.document import Document, SignedCopy, TrustLevel
from workflows.domain.dossier import Component
from workflows.domain.signature import SignatureState, Verification
from workflows.domain.unit import EVERYWHERE
from workflows.errors import IntegrityViolation, NotFound
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import ObjectStore
from workflows.ports.packages import ManyVerifier
from workflows.verification import conclude

NAMES = {
    TrustLevel.IMAGE: "bản chụp chưa có chữ ký số hợp lệ",
    TrustLevel.SIGNED_SCAN: "bản số hóa có chữ ký cá nhân",
    TrustLevel.CERTIFIED_COPY: "bản sao y, chứng thực hoặc có chữ ký cơ quan",
    TrustLevel.SIGNED_ORIGINAL: "bản gốc điện tử có chữ ký số",
    TrustLevel.DATABASE: "dữ liệu từ cơ sở dữ liệu quốc gia",
}
LEAST = TrustLevel.SIGNED_SCAN
"""Below it a paper is no digitisation result at all (TT 01/2023/TT-VPCP, Đ.8)."""

# NĐ 30/2020/NĐ-CP, PL I: the form of copy is printed in capitals; Luật/NĐ 23/2015: lời chứng
_COPY = re.compile(r"\bSAO Y\b|\bSAO LỤC\b|\bTRÍCH SAO\b|[Cc]hứng thực bản sao")


def required_trust(component: Component | None) -> TrustLevel:
    """What the slot of the Procedure asks for; its data may say more than the least."""
    return TrustLevel(max(LEAST, component.min_trust)) if component else LEAST


def assess(
    document: Document, told: Verification, copies: Sequence[SignedCopy], *, first_page: str = ""
) -> tuple[TrustLevel, str]:
    """The level and why. `copies`: our signed revisions; `first_page`: what was read there."""
    if document.trust is TrustLevel.DATABASE:
        return document.trust, NAMES[document.trust]
    if not told.personal:
        lost = document.came_signed or bool(copies)
        return TrustLevel.IMAGE, "chữ ký số không còn trong tệp" if lost else "chưa ký số"
    enough = _HOLD if document.came_signed else _HOLD | {SignatureState.REVOCATION_UNKNOWN}
    if any(r.state not in enough for r in told.signatures):
        return TrustLevel.IMAGE, conclude(told).said
    level = _of_original(told, first_page) if document.came_signed else _of_scan(document, copies)
    waiting = " (chờ ký cơ quan)" if document.awaiting_org_signature else ""
    return level, NAMES[level] + waiting


_HOLD = {state for state in SignatureState if state.holds}


def _of_original(told: Verification, first_page: str) -> TrustLevel:
    said = " ".join([first_page, *(r.purpose for r in told.personal)])
    return TrustLevel.CERTIFIED_COPY if _COPY.search(said) else TrustLevel.SIGNED_ORIGINAL


def _of_scan(document: Document, copies: Sequence[SignedCopy]) -> TrustLevel:
    """The first revision is the clerk's own; another profile after it is the organisation's."""
    sealed = len({c.profile for c in copies}) > 1
    if sealed and not document.awaiting_org_signature:
        return TrustLevel.CERTIFIED_COPY
    return TrustLevel.SIGNED_SCAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A Document with what its evidence showed just now; its `trust` is what that gave."""

    document: Document
    told: Verification

    def shortfall(self, component: Component | None) -> str:
        """Why it may not be reused for this slot; empty when it may."""
        needed = required_trust(component)
        if self.document.trust >= needed:
            return ""
        have = f"mức tin cậy {int(self.document.trust)}: {self.document.trust_reason}"
        return f"{have}; cần mức {int(needed)} ({NAMES[needed]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusting:
    """Looks at the evidence of Documents and keeps their level true."""

    database: Database
    objects: ObjectStore
    verifier: ManyVerifier
    clock: Clock

    def look(self, documents: Sequence[Document]) -> list[Looked]:
        """In the order given. A level that changed is saved and logged with its reason."""
        with tempfile.TemporaryDirectory(prefix="sohoa-trust-") as room:
            paths = [self._fetched(d, Path(room) / f"{n}.pdf") for n, d in enumerate(documents)]
            there = [p for p in paths if p is not None]
            answers = iter(self.verifier.verify_each(there))
            told = [next(answers) if p is not None else None for p in paths]
        return [self.settle(d, t) for d, t in zip(documents, told, strict=True)]

    def _fetched(self, document: Document, path: Path) -> Path | None:
        try:
            path.write_bytes(self.objects.get(document.evidence or document.original))
        except (IntegrityViolation, NotFound):
            return None  # the scrub will report the object itself
        return path

    def settle(self, document: Document, told: Verification | None) -> Looked:
        """The level that `told` gives, saved when it is another; None: the file is not whole."""
        with self.database.read() as tx:
            copies = tx.signed_copies.revisions(document.id)
            pages = tx.readings.pages(document.id) if document.came_signed else ()
        if told is None:
            level, why = TrustLevel.IMAGE, "tệp trong kho không còn nguyên vẹn"
        else:
            first = pages[0].text if pages else ""
            level, why = assess(document, told, copies, first_page=first)
        if (level, why) != (document.trust, document.trust_reason):
            document = self._saved(document, level, why)
        return Looked(document=document, told=told or Verification())

    def _saved(self, document: Document, level: TrustLevel, why: str) -> Document:
        with self.database.transaction() as tx:
            current = tx.documents.get(document.id, EVERYWHERE)
            saved = tx.documents.save(replace(current, trust=level, trust_reason=why))
            if level is not document.trust:
                record(
                    tx,
                    "trust_changed",
                    saved,
                    by=SYSTEM,
                    at=self.clock.now(),
                    before=int(document.trust),
                    after=int(level),
                )
        return saved
