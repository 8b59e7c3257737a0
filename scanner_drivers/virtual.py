# SPDX-License-Identifier: Apache-2.0
"""A scanner made of image files: for the demo, for tests, for practice without a device.

Its device code runs in a child process like any other, so jams, crashes and hangs are real.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

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
from scanner_drivers.pages import keep_page

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pnm", ".ppm", ".pgm")
_FAULTS = {
    5: ScannerFault.DOUBLE_FEED,
    6: ScannerFault.JAM,
    7: ScannerFault.OUT_OF_PAPER,
    3: ScannerFault.BUSY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What the next scan meets. Sheets count from 1; 0 is never.

    `double_feed_at`: the sheet comes through, flagged, and the feeder stops after it.
    """

    jam_at: int = 0
    double_feed_at: int = 0
    crash_at: int = 0
    hang_at: int = 0
    busy: bool = False


class VirtualDriver:
    """Feeds the images of a folder, in order of name, one a sheet."""

    name = "virtual"

    def __init__(
        self,
        folder: Path,
        *,
        faults: Faults | None = None,
        watch: Watch | None = None,
        seconds_a_sheet: float = 0.0,
        tray: int = 0,
    ) -> None:
        """`seconds_a_sheet`: how long a sheet takes, as with a device of metal.

        `tray`: how many sheets lie in the feeder at a time; 0: all of the folder.
        """
        self.tray = tray
        self.folder = folder
        self.seconds_a_sheet = seconds_a_sheet
        self.faults = faults or Faults()
        self._watch = watch or Watch()

    def list_devices(self, timeout_s: float) -> list[DeviceInfo]:
        if not self.folder.is_dir():
            return []
        return [DeviceInfo(id="virtual:0", driver="virtual", vendor="Sohoa", model="Máy quét ảo")]

    def capabilities(self, device: str) -> Capabilities:
        return Capabilities(
            sources=("adf", "flatbed"), modes=("color", "gray"), dpi=(200, 300), duplex=True
        )

    def scan(
        self, device: str, profile: ScanProfile, folder: Path, *, first: int = 1
    ) -> Iterator[Event]:
        applied = negotiate(self.capabilities(device), profile).applied
        folder.mkdir(parents=True, exist_ok=True)
        faults = self.faults
        process = DeviceProcess(
            [
                sys.executable,
                "-m",
                "scanner_drivers.virtual",
                str(self.folder),
                str(first),
                applied.source,
                str(faults.jam_at),
                str(faults.crash_at),
                str(faults.hang_at),
                str(int(faults.busy)),
                str(self.seconds_a_sheet),
                str(self.tray),
                str(faults.double_feed_at),
            ],
            folder,
            watch=self._watch,
            environment={"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        kept = 0
        try:
            for line in process.lines():
                pixels = _pixels(Path(line), applied.mode)
                seq = first + kept
                doubled = seq == faults.double_feed_at
                yield keep_page(
                    pixels,
                    folder,
                    seq,
                    dpi=float(applied.dpi),
                    sheet=(seq + 1) // 2 if applied.duplex else seq,
                    side="back" if applied.duplex and seq % 2 == 0 else "front",
                    flags=("double_feed",) if doubled else (),
                )
                kept += 1
        except ScannerError as error:
            if not kept:
                raise
            yield PausedEvent(fault=error.fault, last_safe=first + kept - 1, detail=error.detail)
            return
        finally:
            process.kill()
        yield from _end(process.returncode, first + kept - 1, kept)


def _end(code: int | None, last: int, kept: int) -> Iterator[Event]:
    if code == 0 and kept:
        yield EndEvent(pages=last)
        return
    fault = _FAULTS.get(code or 7, ScannerFault.DRIVER_CRASHED)
    if fault is ScannerFault.JAM or kept:
        yield PausedEvent(fault=fault, last_safe=last)
        return
    raise ScannerError(fault)


def _pixels(path: Path, mode: str) -> np.ndarray:
    flag = cv2.IMREAD_COLOR_RGB if mode == "color" else cv2.IMREAD_GRAYSCALE
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), flag)
    if pixels is None:
        raise ScannerError(ScannerFault.DAMAGED, str(path))
    return pixels


def main(argv: list[str]) -> int:
    """The device's side: names one image a line as its sheet goes through."""
    folder, first, source = Path(argv[0]), int(argv[1]), argv[2]
    jam_at, crash_at, hang_at, busy = (int(v) for v in argv[3:7])
    seconds_a_sheet, tray, double_feed_at = float(argv[7]), int(argv[8]), int(argv[9])
    if busy:
        return 3
    sheets = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if source == "flatbed":
        sheets = sheets[:first]
    for number, sheet in enumerate(sheets, 1):
        if number < first:
            continue
        if number == jam_at:
            return 6
        if number == crash_at:
            os.abort()
        if number == hang_at:
            time.sleep(3600)
        time.sleep(seconds_a_sheet)
        sys.stdout.write(f"{sheet}\n")
        sys.stdout.flush()
        if number == double_feed_at:
            return 5
        if tray and number % tray == 0:
            break
    return 0 if len(sheets) >= first else 7


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
