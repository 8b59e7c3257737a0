# SPDX-License-Identifier: Apache-2.0
"""SANE through `scanimage`: a child process a job, killed when it stalls.

The exit code of scanimage is the SANE status, with exceptions that were met: an open that fails
gives 1, an empty feeder after pages gives 0, a jam prints "1 page scanned" without a page.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scanner_drivers.child import DeviceProcess, Watch
from scanner_drivers.driver import (
    Capabilities,
    DeviceInfo,
    EndEvent,
    Event,
    PausedEvent,
    ScannerError,
    ScannerFault,
    ScanProfile,
    negotiate,
)
from scanner_drivers.pages import keep_page, read_pnm

_STATUS = {
    1: ScannerFault.OFFLINE,
    2: ScannerFault.CANCELLED,
    3: ScannerFault.BUSY,
    4: ScannerFault.BAD_SETTING,
    6: ScannerFault.JAM,
    7: ScannerFault.OUT_OF_PAPER,
    8: ScannerFault.COVER_OPEN,
    9: ScannerFault.OFFLINE,
    10: ScannerFault.DRIVER_CRASHED,
    11: ScannerFault.OFFLINE,
    12: ScannerFault.BUSY,
    13: ScannerFault.BUSY,
}
_RESUMABLE = frozenset({ScannerFault.JAM, ScannerFault.COVER_OPEN, ScannerFault.DOUBLE_FEED})
_MODES = {"color": ("Color", "24bit Color"), "gray": ("Gray", "True Gray"), "bw": ("Lineart",)}
_SOURCES = {"adf": ("Automatic Document Feeder", "ADF"), "flatbed": ("Flatbed",)}


class SaneDriver:
    """`config`: a private SANE_CONFIG_DIR; None takes the system's. `options`: device options."""

    name = "sane"

    def __init__(
        self,
        config: Path | None = None,
        *,
        options: tuple[str, ...] = (),
        watch: Watch | None = None,
    ) -> None:
        self._environment = {"SANE_CONFIG_DIR": str(config)} if config else {}
        self._options = options
        self._watch = watch or Watch()

    def list_devices(self, timeout_s: float) -> list[DeviceInfo]:
        if shutil.which("scanimage") is None:
            return []
        listed = self._ask(["-f", "%d%t%v%t%m%n".replace("%t", "\t")], timeout_s)
        found = []
        for line in listed.splitlines():
            parts = line.split("\t")
            if len(parts) == 3:
                found.append(
                    DeviceInfo(
                        id=f"sane:{parts[0]}", driver="sane", vendor=parts[1], model=parts[2]
                    )
                )
        return found

    def capabilities(self, device: str) -> Capabilities:
        """Parsed from the device's own option list."""
        said = self._ask(["-d", _native(device), *self._options, "--help"], 30)
        modes = _choices(said, "mode")
        sources = _choices(said, "source")
        dpi = re.search(r"--resolution (\S+?)(?:dpi)? ?[\[(]", said)
        values: tuple[int, ...] = ()
        limits: tuple[int, int] | None = None
        if dpi and (span := re.match(r"([\d.]+)\.\.([\d.]+)", dpi[1])):
            limits = (round(float(span[1])), round(float(span[2])))
        elif dpi:
            values = tuple(round(float(v)) for v in dpi[1].split("|") if _number(v))
        return Capabilities(
            sources=_ours(sources, _SOURCES) or ("flatbed",),
            modes=_ours(modes, _MODES) or ("gray",),
            dpi=values,
            dpi_range=limits,
            native={
                **{f"mode.{n}": _theirs(modes, _MODES[n]) for n in _ours(modes, _MODES)},
                **{f"source.{n}": _theirs(sources, _SOURCES[n]) for n in _ours(sources, _SOURCES)},
            },
        )

    def scan(
        self, device: str, profile: ScanProfile, folder: Path, *, first: int = 1
    ) -> Iterator[Event]:
        can = self.capabilities(device)
        applied = negotiate(can, profile).applied
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".scan-") as room:
            process = DeviceProcess(
                self._command(device, applied, can, Path(room)),
                Path(room),
                watch=self._watch,
                environment=self._environment,
            )
            try:
                yield from self._events(process, applied, folder, first)
            finally:
                process.kill()

    def _events(
        self, process: DeviceProcess, applied: ScanProfile, folder: Path, first: int
    ) -> Iterator[Event]:
        kept, stalled = 0, None
        try:
            for line in process.lines():
                path = Path(line.strip())
                if path.suffix == ".pnm" and path.is_file():
                    yield keep_page(read_pnm(path), folder, first + kept, dpi=float(applied.dpi))
                    path.unlink()
                    kept += 1
        except ScannerError as error:
            if error.fault is not ScannerFault.DRIVER_STALLED or not kept:
                raise
            stalled = error
        fault = stalled.fault if stalled else _fault(process.returncode, kept)
        if fault is None:
            yield EndEvent(pages=first + kept - 1)
        elif kept or fault in _RESUMABLE:
            detail = process.errors.decode("utf-8", "replace")[-300:]
            yield PausedEvent(fault=fault, last_safe=first + kept - 1, detail=detail)
        else:
            raise ScannerError(fault, process.errors.decode("utf-8", "replace")[-300:])

    def _command(
        self, device: str, applied: ScanProfile, can: Capabilities, room: Path
    ) -> list[str]:
        argv = ["scanimage", "-d", _native(device), "--format=pnm"]
        argv += [f"--batch={room}/%04d.pnm", "--batch-print"]
        if applied.source != "adf":
            argv.append("--batch-count=1")
        if can.dpi or can.dpi_range:
            argv.append(f"--resolution={applied.dpi}")
        if mode := can.native.get(f"mode.{applied.mode}"):
            argv.append(f"--mode={mode}")
        if source := can.native.get(f"source.{applied.source}"):
            argv.append(f"--source={source}")
        return [*argv, *self._options]

    def _ask(self, arguments: list[str], timeout_s: float) -> str:
        import os

        try:
            ran = subprocess.run(
                ["scanimage", *arguments],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                env={**os.environ, **self._environment},
            )
        except subprocess.TimeoutExpired as error:
            raise ScannerError(ScannerFault.DRIVER_STALLED, "scanimage") from error
        if ran.returncode != 0:
            fault = _STATUS.get(ran.returncode, ScannerFault.DRIVER_CRASHED)
            raise ScannerError(fault, ran.stderr[-300:])
        return ran.stdout


def _fault(code: int | None, kept: int) -> ScannerFault | None:
    """None: a good end. An empty feeder after pages is one; no page at all never is."""
    if code == 0:
        return None if kept else ScannerFault.OUT_OF_PAPER
    if code == 7 and kept:
        return None
    if code is None or code < 0:
        return ScannerFault.DRIVER_CRASHED
    return _STATUS.get(code, ScannerFault.DRIVER_CRASHED)


def _native(device: str) -> str:
    return device.removeprefix("sane:")


def _choices(said: str, option: str) -> tuple[str, ...]:
    found = re.search(rf"--{option} (.+?) \[", said)
    return tuple(found[1].split("|")) if found else ()


def _ours(theirs: tuple[str, ...], names: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(n for n, native in names.items() if any(v in theirs for v in native))


def _theirs(theirs: tuple[str, ...], native: tuple[str, ...]) -> str:
    return next(v for v in native if v in theirs)


def _number(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return True
    return False
