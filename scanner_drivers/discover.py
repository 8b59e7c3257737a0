# SPDX-License-Identifier: Apache-2.0
"""Which drivers this machine has: the built-in ones, and those of the group `sohoa.scanners`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from scanner_drivers.driver import (
    EndEvent,
    Event,
    PageEvent,
    PausedEvent,
    ScannerDriver,
    ScanProfile,
)
from scanner_drivers.escl import EsclDriver
from scanner_drivers.sane import SaneDriver, write_config
from scanner_drivers.twain import TwainDriver, find_bridges
from scanner_drivers.virtual import VirtualDriver


def drivers(
    virtual_folder: Path | None = None,
    *,
    network: Sequence[str] = (),
    pins: Path | None = None,
    seconds_a_sheet: float = 0.0,
    sane_backends: Sequence[str] = (),
    sane_config: Path | None = None,
    raw: bool = False,
) -> dict[str, ScannerDriver]:
    """Drivers by name; the virtual one only where there is a folder of images for it.

    `network`: addresses of eSCL scanners that do not announce themselves; `pins`: the file that
    keeps the certificates of those that speak TLS; `seconds_a_sheet`: of the virtual scanner;
    `raw`: pages of SANE as PNM, to be encoded later; `sane_backends`: the only ones SANE asks,
    written down in the folder `sane_config`. TWAIN is there where its bridge is: beside the
    package on Windows, or where SOHOA_TWAIN_BRIDGE says.
    """
    private = write_config(sane_config, sane_backends) if sane_config and sane_backends else None
    found: dict[str, ScannerDriver] = {
        "sane": SaneDriver(private, system_too=True, raw=raw),
        "escl": EsclDriver(devices=tuple(network), pins=pins),
    }
    if bridges := find_bridges():
        found["twain"] = TwainDriver(bridges)
    if virtual_folder is not None:
        found["virtual"] = VirtualDriver(virtual_folder, seconds_a_sheet=seconds_a_sheet)
    for point in entry_points(group="sohoa.scanners"):
        found[point.name] = point.load()()
    return found


def scan_to_folder(
    driver: ScannerDriver,
    device: str,
    profile: ScanProfile,
    folder: Path,
    on_event: Callable[[Event], None],
    ask_to_resume: Callable[[], bool] = lambda: False,
    first: int = 1,
) -> list[PageEvent]:
    """All pages of one scan, through any jam the operator clears; `on_event` sees each event.

    `first`: the number of the first page; those before are other pages of the same folder.
    """
    pages: list[PageEvent] = []
    while True:
        done = _until_stop(
            driver.scan(device, profile, folder, first=first + len(pages)), pages, on_event, first
        )
        if done or not ask_to_resume():
            return pages


def _until_stop(
    events: Iterator[Event],
    pages: list[PageEvent],
    on_event: Callable[[Event], None],
    first: int,
) -> bool:
    for event in events:
        on_event(event)
        if isinstance(event, PageEvent):
            pages.append(event)
        elif isinstance(event, PausedEvent):
            del pages[
                event.last_safe - first + 1 :
            ]  # both sides of the sheet that jammed come again
        elif isinstance(event, EndEvent):
            return True
    return False
