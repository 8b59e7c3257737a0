# SPDX-License-Identifier: Apache-2.0
"""Verbs that bring paper in: scan from a device, a whole folder as a batch."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.batch_report import BatchReport
from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.domain.document import ReadingStatus
from workflows.domain.unit import Actor
from workflows.errors import ScannerFailed, SohoaError
from workflows.intake import Arrival

if TYPE_CHECKING:
    from service.wiring import Workstation

SUFFIXES = {".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
_FINAL = {ReadingStatus.READ, ReadingStatus.FAILED, ReadingStatus.QUARANTINED}


def scan(
    list_devices: Annotated[bool, typer.Option(help="Liệt kê máy quét.")] = False,
    device: Annotated[str, typer.Option(help="Mã máy quét, như `sane:test:0`.")] = "",
    source: Annotated[str, typer.Option(help="adf hoặc flatbed.")] = "flatbed",
    duplex: Annotated[bool, typer.Option(help="Quét hai mặt.")] = False,
    dpi: Annotated[int, typer.Option(help="Độ phân giải.")] = 300,
    mode: Annotated[str, typer.Option(help="color, gray hoặc bw.")] = "color",
    virtual: Annotated[
        Path | None, typer.Option(help="Thư mục ảnh làm máy quét ảo `virtual:0`.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", help="Chỉ lưu trang vào thư mục này, không tiếp nhận.")
    ] = None,
    who: Annotated[str, typer.Option("--as", help="Tài khoản đứng tên.")] = "",
) -> None:
    """Quét từ máy quét (SANE, máy ảo) và tiếp nhận thành một giấy tờ."""
    from scanner_drivers.discover import drivers, scan_to_folder
    from scanner_drivers.driver import ScannerError, ScanProfile

    log_to_stderr()
    known = drivers(virtual)
    if list_devices:
        for each in known.values():
            for found in each.list_devices(timeout_s=10.0):
                emit({"device": found.id, "vendor": found.vendor, "model": found.model})
        return
    profile = ScanProfile(source=source, duplex=duplex, dpi=dpi, mode=mode)
    driver = known.get(device.split(":", 1)[0])
    if driver is None:
        raise ScannerFailed(device, message="Chưa chọn máy quét; xem `sohoa scan --list-devices`.")
    with tempfile.TemporaryDirectory() as room:
        folder = output or Path(room)
        try:
            pages = scan_to_folder(
                driver, device, profile, folder, on_event=lambda e: typer.echo(str(e), err=True)
            )
        except ScannerError as error:
            raise ScannerFailed(str(error), message=error.message) from error
        if output is not None:
            for page in pages:
                typer.echo(str(page.path))
            return
        from service.wiring import build

        station = build(Settings())
        files = [p.path.open("rb") for p in pages]
        try:
            received = station.intake.receive_pages(
                [iter(lambda f=f: f.read(1 << 20), b"") for f in files],  # type: ignore[misc]
                Arrival(file_name=f"{device}.pdf", source="scanner"),
                by=as_user(station, who),
            )
        finally:
            for file in files:
                file.close()
    emit({"scan": received.id, "documents": list(received.document_ids)})


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


VERBS = (scan, batch)
