# SPDX-License-Identifier: Apache-2.0
"""What `sohoa scan` hands in: one paper, or several where separator sheets lay between them."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import typer

from scanner_drivers.driver import PageEvent, ScanProfile
from service.cli.console import as_user, emit
from service.config import Settings
from service.station.look import Look
from service.wiring import build
from workflows.domain.station import JobPage, ScanJob
from workflows.domain.unit import Actor
from workflows.intake import Arrival
from workflows.separation import Part


def receive_scan(
    pages: Sequence[PageEvent],
    device: str,
    settings: Settings,
    profile: ScanProfile,
    declared_sheets: int | None,
    who: str,
) -> bool:
    """Receive the pages and print a line a paper; False: a person has to look first, nothing went.

    Raises `SohoaError` of intake; papers received before it stay received.
    """
    workstation = build(settings)
    by = as_user(workstation, who)
    job = _job(profile, declared_sheets, by)
    layout = workstation.capture.separation.lay_out(job, _looked_at(pages))
    for question in layout.questions:
        typer.echo(question.text, err=True)
    if layout.questions and not (
        sys.stdin.isatty() and typer.confirm("Vẫn tiếp nhận như đã quét?", err=True)
    ):
        return False
    if not layout.parts:
        typer.echo("Lượt quét chỉ có tờ phân cách.", err=True)
        return False
    for part in layout.parts:
        files = [_chunks(page) for page in part.pages]
        arrival = Arrival(file_name=_name(device, part), source="scanner")
        received = workstation.intake.receive_pages(files, arrival, by=by)
        row = {"scan": received.id, "documents": list(received.document_ids)}
        emit(row | ({"dossier": part.dossier} if part.dossier else {}))
    return True


def _looked_at(pages: Sequence[PageEvent]) -> list[JobPage]:
    look, now = Look(), dt.datetime.now(dt.UTC)
    found = []
    for page in pages:
        flags = (*page.flags, *look.flags(page, _pixels(page)))
        found.append(
            JobPage(
                job_id="",
                seq=page.seq,
                sha256=page.sha256,
                size=page.path.stat().st_size,
                path=str(page.path),
                received_at=now,
                sheet=page.sheet,
                side=page.side,
                flags=flags,
            )
        )
    return found


def _pixels(page: PageEvent) -> np.ndarray:
    flag = cv2.IMREAD_COLOR_RGB if page.mode == "color" else cv2.IMREAD_GRAYSCALE
    pixels = cv2.imdecode(np.fromfile(page.path, np.uint8), flag)
    assert pixels is not None  # noqa: S101 - the driver decoded it before it said so
    return np.asarray(pixels, np.uint8)


def _job(profile: ScanProfile, declared_sheets: int | None, by: Actor) -> ScanJob:
    asked = {
        "source": profile.source,
        "duplex": profile.duplex,
        "manual_duplex": profile.manual_duplex,
    }
    return ScanJob(
        id="",
        station_id="",
        unit_id=by.unit_id,
        created_by=by.id,
        created_at=dt.datetime.now(dt.UTC),
        profile=asked,
        declared_sheets=declared_sheets,
    )


def _chunks(page: JobPage) -> Iterator[bytes]:
    with Path(page.path).open("rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def _name(device: str, part: Part) -> str:
    return f"hs-{part.dossier}.pdf" if part.dossier else f"{device}.pdf"
