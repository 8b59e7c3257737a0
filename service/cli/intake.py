# SPDX-License-Identifier: Apache-2.0
"""`sohoa batch`: a whole folder of scanned files; `sohoa intake`: how the other ways in fare."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scanner_drivers.folder import SUFFIXES
from service.batch_report import BatchReport
from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from service.intakes.journal import WHAT
from workflows.domain.document import ReadingStatus
from workflows.domain.unit import Actor
from workflows.errors import SohoaError
from workflows.intake import Arrival

if TYPE_CHECKING:
    from service.wiring import Workstation

intake = typer.Typer(no_args_is_help=True)
_FINAL = {ReadingStatus.READ, ReadingStatus.FAILED, ReadingStatus.QUARANTINED}


def batch(
    folder: Annotated[Path, typer.Argument(help="Thư mục tệp quét.", exists=True, file_okay=False)],
    report: Annotated[
        Path | None, typer.Option(help="Tệp báo cáo JSON Lines; chạy lại sẽ làm tiếp.")
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Chờ đọc xong (cần `sohoa serve` hoặc `work`).")
    ] = True,
    who: Annotated[str, typer.Option("--as", help="Tài khoản đứng tên.")] = "",
) -> None:
    """Tiếp nhận cả thư mục thành một lô. Ngắt giữa chừng rồi chạy lại: không sót, không trùng."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    actor = as_user(station, who)
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    book = BatchReport(report or folder / "sohoa-batch.jsonl")
    if book.batch_id is None:
        name = f"{folder.resolve().name} {dt.datetime.now(dt.UTC):%Y-%m-%d}"
        book.start(station.batches.open(name, len(files), by=actor).id)
    with _progress() as bar:
        _send(station, actor, folder, files, book, bar)
        if wait:
            _follow(station, actor, book, bar)
    failed = book.count("error") + book.count("failed")
    typer.echo(f"{book.path}: {len(files)} tệp, {failed} lỗi", err=True)
    if failed:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


def _send(
    station: Workstation,
    actor: Actor,
    folder: Path,
    files: list[Path],
    book: BatchReport,
    bar: Progress,
) -> None:
    task = bar.add_task("Tiếp nhận", total=len(files))
    for path in files:
        name = str(path.relative_to(folder))
        if not book.has(name):
            try:
                with path.open("rb") as file:
                    received = station.intake.receive(
                        iter(lambda: file.read(1 << 20), b""),
                        Arrival(
                            file_name=path.name,
                            source="batch",
                            batch_id=book.batch_id,
                            urgent=False,
                        ),
                        by=actor,
                    )
                book.received(name, received.document_ids[0])
            except SohoaError as error:
                book.refused(name, error.code, error.shown)
        bar.advance(task)


def _follow(station: Workstation, actor: Actor, book: BatchReport, bar: Progress) -> None:
    waiting = book.waiting()
    task = bar.add_task("Đọc", total=len(waiting))
    while waiting:
        for name, document_id in list(waiting.items()):
            document = station.shelf.document(document_id, by=actor)
            if document.reading in _FINAL:
                book.finished(name, document)
                del waiting[name]
                bar.advance(task)
        if waiting:
            time.sleep(0.5)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


@intake.command("status")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="In JSON.")] = False,
    events: Annotated[bool, typer.Option(help="Kèm các tệp gần đây của từng nguồn.")] = False,
) -> None:
    """Các nguồn nhận tệp: đang chạy không, tệp chờ lâu nhất, lỗi, tệp để riêng và lý do."""
    from service.intakes.status import on_screen, statuses

    log_to_stderr()
    found = statuses(Settings(), dt.datetime.now(dt.UTC))
    for one in found:
        if as_json:
            recent = {"events": [asdict(e) for e in one.events]} if events else {}
            emit(one.as_json() | {"advice": one.advice} | recent)
            continue
        typer.echo(f"{'✓' if one.good else '✗'} {one.title}: {one.advice}")
        for event in one.events if events else ():
            said = (on_screen(event.at), WHAT[event.what], event.name, event.reason)
            typer.echo("    " + " ".join(filter(None, said)))
    if not found:
        typer.echo("Chưa khai nguồn nào (SOHOA_CONSUME_DIR, SOHOA_INTAKES).", err=True)
    if not all(one.good for one in found):
        raise typer.Exit(int(ExitCode.FAILED))
