# SPDX-License-Identifier: Apache-2.0
"""Checking every signature of a PDF: what a person must be told about each one.

Only the validator's bottom line makes a signature VALID: content replaced by an incremental
update leaves `intact` and `valid` true (measured). No network: certificates, revocation lists
and time stamps come from folders and from the file.

`python -m storage.signing.verify FILE OUT.json --trust FOLDER` is the child program that
`SandboxedVerifier` runs on bytes we did not make.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader

from storage.signing.chain import Evidence
from storage.signing.content import active_content
from storage.signing.embedded import Found, find_signatures, said
from storage.signing.judging import check, judge
from storage.signing.levels import evidence_in
from storage.signing.reports import unreadable, verification_as_json
from storage.signing.times import Stamp, document_stamps, told_by
from storage.signing.trust import Trust, load_trust
from workflows.domain.signature import SignatureReport, Verification


class PyHankoVerifier:
    """The `Verifier` port in this process: for files of our own, and inside the sandbox."""

    def __init__(self, *trust_dirs: Path) -> None:
        self._trust_dirs = trust_dirs

    def verify(self, pdf: Path) -> Verification:
        """Every signature in file order. A file nobody can read gives one UNREADABLE report."""
        return verify_bytes(pdf.read_bytes(), load_trusts(self._trust_dirs))


def load_trusts(folders: Sequence[Path]) -> Trust:
    """The folders as one."""
    loaded = [load_trust(folder) for folder in folders]
    return Trust(
        roots=tuple(c for t in loaded for c in t.roots),
        others=tuple(c for t in loaded for c in t.others),
        crls=tuple(c for t in loaded for c in t.crls),
        unusable=tuple(n for t in loaded for n in t.unusable),
    )


def verify_bytes(content: bytes, trust: Trust) -> Verification:
    """As `PyHankoVerifier.verify`; never raises for what the file holds.

    Blocks, and starts an event loop of its own: `RuntimeError` when called inside one, where
    every signature would be told unreadable.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("signatures are verified in a thread, not in the event loop")
    reports, warnings = asyncio.run(_verified(content, trust))
    return Verification(
        signatures=tuple(reports),
        warnings=(
            *(f"Thư mục tin cậy có tệp không đọc được: {name}" for name in trust.unusable),
            *warnings,
        ),
        sha256=hashlib.sha256(content).hexdigest(),
        checked_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
    )


async def _verified(content: bytes, trust: Trust) -> tuple[list[SignatureReport], list[str]]:
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        found = find_signatures(reader, content)
    except Exception as error:  # hostile bytes break parsers in every way
        return [unreadable(f"không đọc được tệp PDF: {said(error)}")], []
    if not found and b"/ByteRange" in content:  # 26_2023_QH15: a later edit dropped the form
        why = "tệp từng được ký nhưng chữ ký không còn gắn với văn bản"
        return [unreadable(why)], []
    evidence = evidence_in(reader, [f.embedded for f in found if f.embedded], trust)
    stamping = [f.embedded for f in found if f.embedded is not None and f.is_timestamp]
    stamps = await document_stamps(stamping, evidence)
    reports = [await _reported(f, content, evidence, stamps) for f in found]
    return reports, active_content(reader)


async def _reported(
    found: Found, content: bytes, evidence: Evidence, stamps: Sequence[Stamp]
) -> SignatureReport:
    if found.embedded is None:
        return _unchecked(found)
    try:
        checked = await check(found.embedded, found.is_timestamp, evidence, stamps)
        return await judge(found, checked, content, evidence)
    except Exception as error:  # the same, one signature at a time
        return unreadable(
            f"không đọc được chữ ký: {said(error)}",
            field=found.field_name,
            is_timestamp=found.is_timestamp,
        )


def _unchecked(found: Found) -> SignatureReport:
    """What its own dictionary says of a signature that cannot be checked: said, not believed."""
    name, times = told_by(found.value)
    when, source = times.best
    return replace(
        unreadable(found.trouble, field=found.field_name, is_timestamp=found.is_timestamp),
        signer_name=name,
        signed_at=when,
        time_source=source,
        token_time=times.token,
        pdf_time=times.pdf,
        signer_time=times.signer,
        notes=tuple(times.notes()),
        page=found.page,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m storage.signing.verify")
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    given = parser.parse_args(arguments)
    told = PyHankoVerifier(*given.trust).verify(given.file)
    given.out.write_text(json.dumps(verification_as_json(told), ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # pyHanko logs whole tracebacks for each odd signature
    raise SystemExit(main())
