# SPDX-License-Identifier: Apache-2.0
"""`sohoa scan`: pages from a device, into the workstation, a folder or one PDF."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner_drivers.discover import drivers, scan_to_folder
from scanner_drivers.driver import (
    DeviceInfo,
    Event,
    PageEvent,
    PausedEvent,
    ScannerDriver,
    ScannerError,
    ScanProfile,
    negotiate,
)
from scanner_drivers.profiles import load_profiles
from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.errors import ScannerFailed, SohoaError
from workflows.intake import Arrival

if TYPE_CHECKING:
    from workflows.domain.document import Scan

_FIND_S = 10.0
_SIDES = {"front": "mặt trước", "back": "mặt sau"}


def scan(
    list_devices: Annotated[
        bool, typer.Option("--list-devices", "-L", help="Liệt kê máy quét.")
    ] = False,
    list_profiles: Annotated[bool, typer.Option(help="Liệt kê cấu hình quét.")] = False,
    device: Annotated[
        str, typer.Option("--device", "-d", help="Mã máy quét; bỏ trống khi chỉ có một máy.")
    ] = "",
    profile: Annotated[
        str, typer.Option(help="Cấu hình quét: counter, archive, card hoặc của đơn vị.")
    ] = "",
    source: Annotated[str | None, typer.Option(help="adf hoặc flatbed.")] = None,
    duplex: Annotated[bool | None, typer.Option(help="Quét hai mặt.")] = None,
    dpi: Annotated[int | None, typer.Option(min=50, max=2400, help="Độ phân giải.")] = None,
    mode: Annotated[str | None, typer.Option(help="color, gray hoặc bw.")] = None,
    size: Annotated[str | None, typer.Option(help="A3, A4, A5, A6 hoặc Letter.")] = None,
    virtual: Annotated[
        Path | None, typer.Option(help="Thư mục ảnh làm máy quét ảo `virtual:0`.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Chỉ lưu vào thư mục hoặc tệp .pdf, không tiếp nhận."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Ghi đè kết quả đã có.")] = False,
    who: Annotated[str, typer.Option("--as", help="Tài khoản đứng tên.")] = "",
) -> None:
    """Quét từ máy quét (SANE, eSCL qua mạng, máy ảo) và tiếp nhận thành một giấy tờ."""
    log_to_stderr()
    settings = Settings()
    try:
        if list_profiles:
            return _list_profiles(settings)
        known = _drivers(settings, virtual)
        if list_devices:
            return _list_devices(known)
        wanted = _profile(settings, profile, source, duplex, dpi, mode, size)
        _refuse_overwriting(output, force)
        chosen = device or _only_device(known)
        driver = known.get(chosen.split(":", 1)[0])
        if driver is None:
            raise _not_chosen(chosen)
        for warning in negotiate(driver.capabilities(chosen), wanted).warnings:
            typer.echo(f"Máy quét đổi thiết lập: {warning}", err=True)
        pages, folder, whole = _scan(driver, chosen, wanted, output, settings)
    except ScannerError as error:
        raise ScannerFailed(str(error), message=_told(error)) from error
    if output is not None:
        _deliver(pages, folder, output)
    elif whole:
        received = _receive(pages, folder, chosen, settings, who)
        emit({"scan": received.id, "documents": list(received.document_ids)})
    else:
        _keep_aside(folder)
    if not whole:
        raise typer.Exit(int(ExitCode.SOME_FAILED))
    return None


def _list_profiles(settings: Settings) -> None:
    for name, one in load_profiles(settings.scan_profiles).items():
        row = {f: getattr(one.profile, f) for f in ("source", "duplex", "dpi", "mode", "size")}
        emit({"profile": name, "title": one.title} | row)


def _list_devices(known: dict[str, ScannerDriver]) -> None:
    for found in _devices(known):
        emit({"device": found.id, "vendor": found.vendor, "model": found.model})


def _devices(known: dict[str, ScannerDriver]) -> Iterator[DeviceInfo]:
    """One driver that fails hides no other one's devices."""
    for name, driver in known.items():
        try:
            yield from driver.list_devices(timeout_s=_FIND_S)
        except ScannerError as error:
            typer.echo(f"{name}: {_told(error)}", err=True)


def _drivers(settings: Settings, virtual: Path | None) -> dict[str, ScannerDriver]:
    return drivers(
        virtual,
        network=settings.escl_devices.replace(",", " ").split(),
        pins=settings.data_dir / "scanner-certificates.json",
        sane_backends=settings.sane_backends.replace(",", " ").split(),
        sane_config=settings.data_dir / "sane",
    )


def _profile(
    settings: Settings,
    name: str,
    source: str | None,
    duplex: bool | None,
    dpi: int | None,
    mode: str | None,
    size: str | None,
) -> ScanProfile:
    """The named profile with what was typed on top of it; a wrong word is a usage error."""
    known = load_profiles(settings.scan_profiles)
    if name and name not in known:
        raise typer.BadParameter(f"{name}; có: {', '.join(known)}", param_hint="--profile")
    wanted = known[name].profile if name else ScanProfile()
    for value, choices, hint in (
        (source, ("adf", "flatbed"), "--source"),
        (mode, ("color", "gray", "bw"), "--mode"),
    ):
        if value is not None and value not in choices:
            raise typer.BadParameter(f"{value}; có: {', '.join(choices)}", param_hint=hint)
    return replace(
        wanted,
        source=wanted.source if source is None else source,
        duplex=wanted.duplex if duplex is None else duplex,
        dpi=wanted.dpi if dpi is None else dpi,
        mode=wanted.mode if mode is None else mode,
        size=wanted.size if size is None else size,
    )


def _only_device(known: dict[str, ScannerDriver]) -> str:
    found = [device.id for device in _devices(known)]
    if len(found) != 1:
        raise _not_chosen(", ".join(found))
    return found[0]


def _not_chosen(detail: str) -> ScannerFailed:
    shown = f" ({detail})" if detail else ""
    return ScannerFailed(
        detail, message=f"Chưa chọn máy quét{shown}; xem `sohoa scan --list-devices`."
    )


def _told(error: ScannerError) -> str:
    return f"{error.message[:-1]} ({error.detail})." if error.detail else error.message


def _is_pdf(path: Path) -> bool:
    return path.suffix.lower() == ".pdf"


def _refuse_overwriting(output: Path | None, force: bool) -> None:
    """Paper that was scanned once may be gone: nothing is written over without `--force`."""
    if output is None or force or not output.exists():
        return
    if _is_pdf(output) or any(output.glob("[0-9][0-9][0-9][0-9].png")):
        raise typer.BadParameter(f"{output} đã có; thêm --force để ghi đè", param_hint="-o")


def _scan(
    driver: ScannerDriver,
    device: str,
    wanted: ScanProfile,
    output: Path | None,
    settings: Settings,
) -> tuple[list[PageEvent], Path, bool]:
    """(pages, where they are, whether the scan came to its end)."""
    if output is not None and not _is_pdf(output):
        folder = output
    else:
        room = output.parent if output is not None else settings.data_dir / "scanning"
        room.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=room, prefix=".scan-" if output else "scan-"))
    last: list[Event] = []

    def on_event(event: Event) -> None:
        last[:] = [event]
        typer.echo(_line(event), err=True)

    try:
        pages = scan_to_folder(driver, device, wanted, folder, on_event, _ask_to_resume)
    except ScannerError:
        if folder != output:
            _keep_aside(folder)
        raise
    return pages, folder, not isinstance(last[0], PausedEvent)


def _line(event: Event) -> str:
    if isinstance(event, PageEvent):
        sheet = f", tờ {event.sheet} {_SIDES[event.side]}" if event.sheet else ""
        size = f"{event.width}×{event.height}, {event.dpi:g} dpi"
        return f"Trang {event.seq}{sheet}: {size} {' '.join(event.flags)}".rstrip()
    return str(event) if isinstance(event, PausedEvent) else f"Xong: {event.pages} trang."


def _ask_to_resume() -> bool:
    """Only a person at the device can clear a jam; a script gets the pages so far and exit 9."""
    return sys.stdin.isatty() and typer.confirm("Đã xử lý xong, quét tiếp?", err=True)


def _deliver(pages: Sequence[PageEvent], folder: Path, output: Path) -> None:
    if not _is_pdf(output):
        for page in pages:
            typer.echo(str(page.path))
        return
    if pages:
        import img2pdf

        part = folder / "whole.part"
        part.write_bytes(img2pdf.convert([str(page.path) for page in pages]))
        part.replace(output)
        typer.echo(str(output))
    shutil.rmtree(folder)


def _keep_aside(folder: Path) -> None:
    """Pages nobody took over stay on disk, and the clerk learns where."""
    if any(folder.glob("*.png")):
        typer.echo(f"Chưa tiếp nhận; các trang đã quét nằm ở {folder}.", err=True)
    else:
        shutil.rmtree(folder)


def _receive(
    pages: Sequence[PageEvent], folder: Path, device: str, settings: Settings, who: str
) -> Scan:
    from service.wiring import build

    files = [page.path.open("rb") for page in pages]
    try:
        station = build(settings)
        received = station.intake.receive_pages(
            [iter(lambda f=f: f.read(1 << 20), b"") for f in files],  # type: ignore[misc]
            Arrival(file_name=f"{device}.pdf", source="scanner"),
            by=as_user(station, who),
        )
    except SohoaError:
        _keep_aside(folder)
        raise
    finally:
        for file in files:
            file.close()
    shutil.rmtree(folder)
    return received


VERBS = (scan,)
