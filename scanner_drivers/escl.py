# SPDX-License-Identifier: Apache-2.0
"""Network scanners that speak eSCL (AirScan): no driver of the vendor, nothing to install.

The settings are agreed here; the job itself runs in `escl_device`, which can be killed. Pages are
decoded whole and kept as PNG whatever the device sent.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from scanner_drivers.child import DeviceProcess, Watch
from scanner_drivers.driver import (
    Capabilities,
    DeviceInfo,
    EndEvent,
    Event,
    PageEvent,
    PausedEvent,
    ScannerError,
    ScannerFault,
    ScanProfile,
    negotiate,
)
from scanner_drivers.escl_connection import Connection, Pins
from scanner_drivers.escl_device import Job
from scanner_drivers.escl_wire import Description, Input, read_description, scan_settings
from scanner_drivers.pages import keep_page, read_image

_RESUMABLE = frozenset({ScannerFault.JAM, ScannerFault.COVER_OPEN, ScannerFault.DOUBLE_FEED})


class EsclDriver:
    """`devices`: addresses (`http://host:port/eSCL`) of scanners that do not announce themselves.

    `pins`: file of known TLS certificates (first use is trusted); `interfaces`: own addresses to
    search from (all where none is given; `None` does not search); `busy_s`: how long a device
    that is busy is asked again.
    """

    name = "escl"

    def __init__(
        self,
        devices: tuple[str, ...] = (),
        *,
        pins: Path | None = None,
        interfaces: tuple[str, ...] | None = (),
        watch: Watch | None = None,
        busy_s: float = 10.0,
    ) -> None:
        self._devices = devices
        self._pins = Pins(pins)
        self._interfaces = interfaces
        self._watch = watch or Watch()
        self._busy_s = busy_s

    def list_devices(self, timeout_s: float) -> list[DeviceInfo]:
        """The ones given that answer, then the ones that announce themselves."""
        found = {}
        for base in self._devices:
            with suppress(ScannerError):
                device = self._describe(base, min(timeout_s, 5.0))
                found[base.rstrip("/")] = (device.model.partition(" ")[0], device.model)
        if self._interfaces is not None:
            from scanner_drivers.escl_discovery import announced

            for one in announced(timeout_s, self._interfaces):
                found.setdefault(one.base, (one.vendor, one.model))
        return [
            DeviceInfo(id=f"escl:{b}", driver="escl", vendor=v, model=m, transport="network")
            for b, (v, m) in found.items()
        ]

    def capabilities(self, device: str) -> Capabilities:
        return self._describe(_base(device)).capabilities()

    def scan(
        self, device: str, profile: ScanProfile, folder: Path, *, first: int = 1
    ) -> Iterator[Event]:
        base = _base(device)
        scanner = self._describe(base)
        way_in = negotiate(scanner.capabilities(), profile).applied
        applied = negotiate(scanner.capabilities_for(way_in), way_in).applied
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".scan-") as room:
            job = Job(
                base=base,
                pin=self._pins.known(base),
                room=room,
                settings=scan_settings(scanner, applied),
                feeder=applied.source == "adf",
                page_s=self._watch.first_byte_s,
                quiet_s=self._watch.between_s,
                busy_s=self._busy_s,
            )
            way = scanner.inputs[scanner.input_for(applied)]
            yield from _Run(job, applied, way, folder, first, self._watch).events()

    def _describe(self, base: str, timeout_s: float = 10.0) -> Description:
        """ScannerCapabilities; what the certificate was is known from then on."""
        pin, limit = self._pins.known(base), min(timeout_s, self._watch.first_byte_s)
        with Connection(base, pin=pin, timeout_s=limit) as scanner:
            device = read_description(scanner.xml("ScannerCapabilities"))
            self._pins.keep(base, scanner.pin)
        return device


@dataclass(slots=True)
class _Run:
    """One job: what the child says, as events. `kept` counts the pages of this job."""

    job: Job
    applied: ScanProfile
    way: Input
    folder: Path
    first: int
    watch: Watch
    kept: int = 0
    address: str = ""
    over: bool = False

    def events(self) -> Iterator[Event]:
        process = DeviceProcess(
            [sys.executable, "-m", "scanner_drivers.escl_device", json.dumps(asdict(self.job))],
            Path(self.job.room),
            watch=self.watch,
            environment={"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            yield from self._pages(process)
            yield EndEvent(pages=self.first + self.kept - 1)
        except ScannerError as error:
            if not (self.kept or error.fault in _RESUMABLE):
                raise
            yield PausedEvent(fault=error.fault, last_safe=self._last_safe(), detail=error.detail)
        finally:
            self._stop(process)

    def _pages(self, process: DeviceProcess) -> Iterator[PageEvent]:
        for line in process.lines():
            said = json.loads(line)
            self.address = said.get("job", self.address)
            if "page" in said:
                yield self._keep(Path(said["page"]))
            self.over = self.over or "end" in said or "fault" in said
            if "fault" in said:
                raise ScannerError(ScannerFault(said["fault"]), said["detail"])
        if not self.over:
            detail = process.errors.decode("utf-8", "replace")[-300:]
            raise ScannerError(ScannerFault.DRIVER_CRASHED, detail)
        if not self.kept:
            empty = ScannerFault.OUT_OF_PAPER if self.job.feeder else ScannerFault.DAMAGED
            raise ScannerError(empty, "no page came")

    def _keep(self, path: Path) -> PageEvent:
        pixels, claimed = read_image(path)
        path.unlink()
        seq, duplex = self.first + self.kept, self.applied.duplex
        dpi = self._resolution(pixels.shape[1], claimed)
        page = keep_page(
            pixels,
            self.folder,
            seq,
            dpi=float(dpi),
            flags=() if dpi == self.applied.dpi else ("other_dpi",),
            sheet=(seq + 1) // 2 if duplex else seq,
            side="back" if duplex and seq % 2 == 0 else "front",
        )
        self.kept += 1
        return page

    def _resolution(self, width: int, claimed: float) -> int:
        """What was asked for, unless the file claims otherwise and its width agrees.

        Neither alone is believed: firmware writes 72 dpi into anything, and narrow paper is cut.
        """
        region, other = self.way.region(self.applied.size)[0], round(claimed)
        if other != self.applied.dpi and abs(width * 300 / region - other) <= 0.03 * other:
            return other
        return self.applied.dpi

    def _last_safe(self) -> int:
        """Both sides of the sheet that stopped are scanned anew."""
        last = self.first + self.kept - 1
        return last - last % 2 if self.applied.duplex else last

    def _stop(self, process: DeviceProcess) -> None:
        """Tell the device, then kill: a job nobody ends keeps the device busy for everybody.

        Some devices hear nothing while they send a page, so they are told again after the kill.
        """
        tell = bool(self.address) and not self.over
        told = tell and process.returncode is None and self._tell()
        process.kill()
        if tell and not told:
            self._tell()

    def _tell(self) -> bool:
        with Connection(self.job.base, pin=self.job.pin, timeout_s=2.0) as scanner:
            return scanner.delete(self.address, wait_s=min(2.0, self.watch.cancel_s))


def _base(device: str) -> str:
    return device.removeprefix("escl:").rstrip("/")
