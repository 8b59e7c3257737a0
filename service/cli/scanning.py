# SPDX-License-Identifier: Apache-2.0
"""`sohoa scan`: pages from a device, into the workstation, a folder or one PDF."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

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
from scanner_drivers.sheets import UnequalSides, collate_manual_duplex
from service.cli.console import emit, log_to_stderr
from service.cli.receiving import receive_scan
from service.config import Settings
from service.errors import ExitCode
from workflows.errors import ScannerFailed

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
    manual_duplex: Annotated[
        bool | None, typer.Option(help="Quét mặt trước, lật cả chồng giấy, quét mặt sau.")
    ] = None,
    dpi: Annotated[int | None, typer.Option(min=50, max=2400, help="Độ phân giải.")] = None,
    mode: Annotated[str | None, typer.Option(help="color, gray hoặc bw.")] = None,
    size: Annotated[str | None, typer.Option(help="A3, A4, A5, A6 hoặc Letter.")] = None,
    virtual: Annotated[
        Path | None, typer.Option(help="Thư mục ảnh làm máy quét ảo `virtual:0`.")
    ] = None,
    sheets: Annotated[
        int | None, typer.Option(min=1, help="Số tờ khai báo; khác số ảnh thì phải xem lại.")
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
        typed = {"source": source, "duplex": duplex, "dpi": dpi, "mode": mode, "size": size}
        wanted = _profile(settings, profile, typed | {"manual_duplex": manual_duplex})
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
        whole = receive_scan(pages, chosen, settings, wanted, sheets, who)
        if whole:
            shutil.rmtree(folder)
        else:
            _keep_aside(folder)
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


def _profile(settings: Settings, name: str, typed: Mapping[str, object]) -> ScanProfile:
    """The named profile with what was typed on top of it; a wrong word is a usage error."""
    known = load_profiles(settings.scan_profiles)
    if name and name not in known:
        raise typer.BadParameter(f"{name}; có: {', '.join(known)}", param_hint="--profile")
    wanted = known[name].profile if name else ScanProfile()
    for option, choices in (("source", ("adf", "flatbed")), ("mode", ("color", "gray", "bw"))):
        if typed[option] is not None and typed[option] not in choices:
            shown = f"{typed[option]}; có: {', '.join(choices)}"
            raise typer.BadParameter(shown, param_hint=f"--{option}")
    return replace(wanted, **{k: v for k, v in typed.items() if v is not None})  # type: ignore[arg-type]


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
        if wanted.manual_duplex and not isinstance(last[0], PausedEvent):
            pages = _with_backs(driver, device, wanted, folder, on_event, pages)
    except (ScannerError, ScannerFailed):
        if folder != output:
            _keep_aside(folder)
        raise
    return pages, folder, not isinstance(last[0], PausedEvent)


def _with_backs(
    driver: ScannerDriver,
    device: str,
    wanted: ScanProfile,
    folder: Path,
    on_event: Callable[[Event], None],
    fronts: list[PageEvent],
) -> list[PageEvent]:
    """The turned stack goes through; files are named anew, f1 b1 f2 b2 … Raises `ScannerFailed`."""
    if not typer.confirm(
        f"Đã quét {len(fronts)} mặt trước. Lật cả chồng giấy, đặt lại vào khay. Quét mặt sau?",
        err=True,
    ):
        raise ScannerFailed("stack not turned", message="Chưa quét mặt sau.")
    first = len(fronts) + 1
    backs = scan_to_folder(driver, device, wanted, folder, on_event, _ask_to_resume, first)
    try:
        faces = collate_manual_duplex(fronts, backs)
    except UnequalSides as uneven:
        raise ScannerFailed(str(uneven), message=uneven.message) from uneven
    for face in faces:
        face.image.path.rename(face.image.path.with_suffix(".turned"))
    pages = []
    for seq, face in enumerate(faces, 1):
        path = folder / f"{seq:04d}{face.image.path.suffix}"
        face.image.path.with_suffix(".turned").rename(path)
        pages.append(replace(face.image, seq=seq, path=path, sheet=face.sheet, side=face.side))
    return pages


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
