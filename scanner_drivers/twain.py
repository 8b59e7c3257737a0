# SPDX-License-Identifier: Apache-2.0
"""TWAIN sources through the bridge, a small program of its own (`twain_bridge/`).

A source is a library of the scanner's maker, loaded into the process that uses it: it must have
the bitness of that process, and takes it along when it crashes or hangs. So the bridge runs as a
child that can be killed, says what happens in JSON lines, and leaves the pixels in files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scanner_drivers.child import DeviceProcess, Watch
from scanner_drivers.driver import (
    Capabilities,
    DeviceInfo,
    EndEvent,
    Event,
    PageEvent,
    PausedEvent,
    Policy,
    ScannerError,
    ScannerFault,
    ScanProfile,
    negotiate,
)
from scanner_drivers.pages import keep_page, read_pnm

SETTING = "SOHOA_TWAIN_BRIDGE"
_NAME = re.compile(r"twain_bridge(32|64)\.exe")
_RESUMABLE = frozenset({ScannerFault.JAM, ScannerFault.COVER_OPEN, ScannerFault.DOUBLE_FEED})
_EXITS = {42: (ScannerFault.OFFLINE, "no TWAIN source manager is installed")}
_Said = dict[str, Any]


def find_bridges(named: str | None = None) -> tuple[Path, ...]:
    """The bridge programs, 32-bit first: a program or folder that is named, or beside this file.

    Only Windows looks beside this file; elsewhere the bridge needs Wine, and to be asked for.
    """
    named = named or os.environ.get(SETTING)
    place = Path(named) if named else Path(__file__).parent if sys.platform == "win32" else None
    if place is None:
        return ()
    candidates = sorted(place.glob("twain_bridge*.exe")) if place.is_dir() else [place]
    return tuple(p for p in candidates if p.is_file() and _NAME.fullmatch(p.name))


class TwainDriver:
    """`bridges`: the programs, at most one of each bitness; their devices are listed together.

    `launcher` runs a Windows program (found by itself: nothing on Windows, else Wine);
    `environment`: for the bridge, such as WINEPREFIX; `manager`: another Data Source Manager.
    """

    name = "twain"

    def __init__(
        self,
        bridges: Sequence[Path],
        *,
        launcher: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        manager: Path | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._bridges = {_bits(path): path for path in bridges}
        self._launcher = wine_launcher() if launcher is None else tuple(launcher)
        self._arguments = ("--dsm", native_path(manager)) if manager else ()
        self.environment = dict(environment or {})
        self._watch = watch or Watch()

    def list_devices(self, timeout_s: float) -> list[DeviceInfo]:
        """Every source of every bridge; a bridge without a source manager has none."""
        found = []
        limit = Watch(first_byte_s=timeout_s, between_s=timeout_s, cancel_s=2.0)
        for bits in self._bridges:
            try:
                with self._bridge(bits, limit) as bridge:
                    said = [s for s in bridge.ask("list") if s["event"] == "device"]
            except ScannerError as error:
                if error.fault is ScannerFault.OFFLINE:
                    continue
                raise
            found += [
                DeviceInfo(
                    id=f"twain:{bits}:{s['name']}",
                    driver="twain",
                    vendor=s["vendor"],
                    model=s["name"],
                    transport=f"{bits} bit",
                )
                for s in said
            ]
        return found

    def capabilities(self, device: str) -> Capabilities:
        bits, name = _native(device)
        with self._bridge(bits, self._watch) as bridge:
            bridge.do("open", device=name)
            return _capabilities(bridge.one("caps"))

    def scan(
        self, device: str, profile: ScanProfile, folder: Path, *, first: int = 1
    ) -> Iterator[Event]:
        bits, name = _native(device)
        folder.mkdir(parents=True, exist_ok=True)
        with self._bridge(bits, self._watch, folder) as bridge:
            bridge.do("open", device=name)
            wanted = negotiate(_capabilities(bridge.one("caps")), profile).applied
            applied = _settle(bridge, wanted)
            yield from _Run(bridge, applied, folder, first).events()

    def _bridge(self, bits: str, watch: Watch, folder: Path | None = None) -> _Bridge:
        if bits not in self._bridges:
            raise ScannerError(ScannerFault.OFFLINE, f"no {bits}-bit bridge")
        argv = (*self._launcher, str(self._bridges[bits]), *self._arguments)
        return _Bridge(argv, self.environment, watch, folder)


class _Bridge:
    """The program for as long as the `with` lasts; asked to end after it, killed when it will not.

    `room` is its own folder for raw pages, inside `folder` where there is one.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        watch: Watch,
        folder: Path | None,
    ) -> None:
        self._argv, self._environment, self._watch = argv, environment, watch
        self._temporary = tempfile.TemporaryDirectory(dir=folder, prefix=".scan-")
        self.room = Path(self._temporary.name)

    def __enter__(self) -> _Bridge:
        self._process = DeviceProcess(
            self._argv,
            self.room,
            watch=self._watch,
            environment=self._environment,
            commands=True,
        )
        self._lines = self._process.lines()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        if self._process.returncode is None:
            self._process.finish()
        self._process.kill()
        self._temporary.cleanup()

    def ask(self, command: str, **values: object) -> Iterator[_Said]:
        """What is said about a command until it ends; raises the fault, a crash or a stall."""
        self._process.send(json.dumps({"do": command, **values}))
        for line in self._lines:
            said = _event(line)
            if said["event"] == "fault":
                raise _fault(said)
            if said["event"] == "end":
                return
            if said["event"] == "ready":  # many sources say so before the lamp is warm
                self._process.warming_up()
            yield said
        fault, why = _EXITS.get(
            self._process.returncode or 0,
            (ScannerFault.DRIVER_CRASHED, f"exit {self._process.returncode}"),
        )
        errors = self._process.errors.decode("utf-8", "replace")[-300:]
        raise ScannerError(fault, f"{why} {errors}".strip())

    def do(self, command: str, **values: object) -> None:
        for _ in self.ask(command, **values):
            pass

    def one(self, command: str, **values: object) -> _Said:
        """The event named as the answer to `command`."""
        (said,) = (s for s in self.ask(command, **values) if s["event"] in ("caps", "applied"))
        return said


@dataclass(slots=True)
class _Run:
    """One job: what the bridge says, as events. `kept` counts the pages of this job."""

    bridge: _Bridge
    applied: ScanProfile
    folder: Path
    first: int
    kept: int = 0
    paper: int = 0  # what the source counted before the first sheet of this job

    def events(self) -> Iterator[Event]:
        try:
            for said in self.bridge.ask(
                "scan", folder=native_path(self.bridge.room), first=self.first
            ):
                if said["event"] == "page":
                    yield self._keep(said)
        except ScannerError as error:
            if not (self.kept or error.fault in _RESUMABLE):
                raise
            yield PausedEvent(fault=error.fault, last_safe=self._last_safe(), detail=error.detail)
            return
        if not self.kept:
            raise ScannerError(ScannerFault.OUT_OF_PAPER, "no page came")
        yield EndEvent(pages=self.first + self.kept - 1)

    def _keep(self, said: _Said) -> PageEvent:
        raw = self.bridge.room / str(said["file"])
        pixels = read_pnm(raw)
        if pixels.shape[:2] != (said["rows"], said["width"]):
            raise ScannerError(ScannerFault.DAMAGED, f"{pixels.shape} is not what was announced")
        seq, duplex = self.first + self.kept, self.applied.duplex
        sheet, side = self._place(said, seq)
        page = keep_page(
            pixels,
            self.folder,
            seq,
            dpi=float(said["dpi_x"]) or float(self.applied.dpi),
            sheet=sheet if duplex else seq,
            side=side if duplex else "front",
        )
        raw.unlink()
        self.kept += 1
        return page

    def _place(self, said: _Said, seq: int) -> tuple[int, str]:
        """Sheet and side: by what the source counts, else by front and back taking turns."""
        if not self.kept:
            self.paper = said.get("paper", 0) - 1
        turn = "back" if seq % 2 == 0 else "front"
        sheet = (self.first + 1) // 2 - 1 + said["paper"] - self.paper if "paper" in said else 0
        return sheet or (seq + 1) // 2, str(said.get("side", turn))

    def _last_safe(self) -> int:
        """Both sides of the sheet that stopped are scanned anew."""
        last = self.first + self.kept - 1
        return last - last % 2 if self.applied.duplex else last


def _settle(bridge: _Bridge, wanted: ScanProfile) -> ScanProfile:
    """Set, and what the source read back; what differs is refused where the profile says so."""
    said = bridge.one(
        "set",
        source=wanted.source,
        duplex=wanted.duplex,
        dpi=wanted.dpi,
        mode=wanted.mode,
        size=wanted.size,
    )
    if abs(said["dpi_x"] - said["dpi_y"]) > 1:  # the page would come out stretched
        raise ScannerError(ScannerFault.BAD_SETTING, f"{said['dpi_x']} x {said['dpi_y']} dpi")
    applied = replace(
        wanted,
        source=said["source"],
        duplex=said["duplex"],
        dpi=round(said["dpi_x"]) if said["dpi_x"] > 0 else wanted.dpi,
        mode=said["mode"] or wanted.mode,
    )
    if applied != wanted and wanted.policy is Policy.FAIL:
        raise ScannerError(ScannerFault.BAD_SETTING, f"{wanted} became {applied}")
    return applied


def _capabilities(said: _Said) -> Capabilities:
    limits = said.get("dpi_range")
    return Capabilities(
        sources=tuple(said["sources"]) or ("flatbed",),
        modes=tuple(said["modes"]) or ("color",),
        dpi=tuple(said.get("dpi", ())),
        dpi_range=(limits[0], limits[1]) if limits else None,
        duplex=said["duplex"],
    )


def _event(line: str) -> _Said:
    try:
        said: _Said = json.loads(line)
        return said | {"event": str(said["event"])}
    except (ValueError, TypeError, LookupError) as error:
        raise ScannerError(ScannerFault.DRIVER_CRASHED, f"no event: {line[:200]}") from error


def _fault(said: _Said) -> ScannerError:
    known = set(ScannerFault)
    fault = ScannerFault(said["fault"]) if said["fault"] in known else ScannerFault.DRIVER_CRASHED
    return ScannerError(fault, f"{said['of']} rc {said['rc']} cc {said['cc']} {said['detail']}")


def native_path(path: Path) -> str:
    """The path as a Windows program sees it: Wine shows the whole disk as drive Z."""
    whole = str(path.resolve())
    return whole if sys.platform == "win32" else "Z:" + whole.replace("/", "\\")


def wine_launcher() -> tuple[str, ...]:
    """Debian's wine64 alone puts nothing on the path."""
    if sys.platform == "win32":
        return ()
    found = shutil.which("wine64") or shutil.which("wine")
    return (found or "/usr/lib/wine/wine64",)


def _bits(path: Path) -> str:
    named = _NAME.fullmatch(path.name)
    if named is None:
        raise ValueError(f"{path.name} is not twain_bridge32.exe or twain_bridge64.exe")
    return named[1]


def _native(device: str) -> tuple[str, str]:
    bits, _, name = device.removeprefix("twain:").partition(":")
    return bits, name
