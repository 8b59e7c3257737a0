# SPDX-License-Identifier: Apache-2.0
"""One interface for every scanner: devices, capabilities, a scan as a stream of events.

Drivers hang, crash, truncate and round settings without a word; so device code runs in a child
process that can be killed, every setting is read back, and files are counted, not messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class ScannerFault(StrEnum):
    """What can go wrong, the same for every driver."""

    OUT_OF_PAPER = "out_of_paper"
    JAM = "jam"
    DOUBLE_FEED = "double_feed"
    COVER_OPEN = "cover_open"
    BUSY = "busy"
    OFFLINE = "offline"
    BAD_SETTING = "bad_setting"
    CANCELLED = "cancelled"
    DAMAGED = "damaged"
    DRIVER_STALLED = "driver_stalled"
    DRIVER_CRASHED = "driver_crashed"


_SHOWN = {
    ScannerFault.OUT_OF_PAPER: "Hết giấy trong khay.",
    ScannerFault.JAM: "Kẹt giấy.",
    ScannerFault.DOUBLE_FEED: "Kéo đúp tờ.",
    ScannerFault.COVER_OPEN: "Nắp máy đang mở.",
    ScannerFault.BUSY: "Máy quét đang bận.",
    ScannerFault.OFFLINE: "Không thấy máy quét.",
    ScannerFault.BAD_SETTING: "Máy không nhận thiết lập.",
    ScannerFault.CANCELLED: "Đã dừng.",
    ScannerFault.DAMAGED: "Ảnh không đạt.",
    ScannerFault.DRIVER_STALLED: "Trình điều khiển không phản hồi.",
    ScannerFault.DRIVER_CRASHED: "Trình điều khiển không phản hồi.",
}


class ScannerError(Exception):
    """A fault of the device or its driver. `message` is for the clerk, `detail` for the log."""

    def __init__(self, fault: ScannerFault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail

    @property
    def message(self) -> str:
        return _SHOWN[self.fault]


class Policy(StrEnum):
    """What to do when the device does not support a value asked for."""

    IGNORE = "ignore"
    NEAREST = "nearest"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """`id` is `<driver>:<the driver's own name of it>`."""

    id: str
    driver: str
    vendor: str
    model: str
    transport: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanProfile:
    """What the clerk asks for: `dpi` dots per inch, `mode` color | gray | bw, `size` A4, A5, A3.

    `manual_duplex`: the stack goes through twice, turned in between. A driver takes no notice of
    it: whoever calls it scans the fronts, has the stack turned, and scans the backs.
    """

    source: str = "flatbed"  # flatbed | adf
    duplex: bool = False
    dpi: int = 300
    mode: str = "color"
    size: str = "A4"
    policy: Policy = Policy.NEAREST
    manual_duplex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Our names only; `native` says what the device calls them."""

    sources: tuple[str, ...]
    modes: tuple[str, ...]
    dpi: tuple[int, ...] = ()
    dpi_range: tuple[int, int] | None = None
    native: Mapping[str, str] = field(default_factory=dict)
    duplex: bool = False

    def nearest_dpi(self, wanted: int) -> int:
        if self.dpi:
            return min(self.dpi, key=lambda value: abs(value - wanted))
        if self.dpi_range:
            return max(self.dpi_range[0], min(self.dpi_range[1], wanted))
        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedProfile:
    """What was asked, what the device will do (read back), and where they differ."""

    requested: ScanProfile
    applied: ScanProfile
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvent:
    """A whole page is on disk, decoded and synced. `seq` counts images from 1.

    `sheet` counts sheets of paper from 1 (0: the driver does not tell), `side` is front | back,
    `flags` holds what was noticed about this page and did not stop the scan (`double_feed`,
    `other_dpi`: the device took a resolution of its own).
    """

    seq: int
    path: Path
    sha256: str
    width: int
    height: int
    dpi: float
    mode: str
    sheet: int = 0
    side: str = "front"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedEvent:
    """The device stopped; pages up to `last_safe` are kept. Resume with the sheet after it."""

    fault: ScannerFault
    last_safe: int
    detail: str = ""

    def __str__(self) -> str:
        return (
            f"{_SHOWN[self.fault]} Đã lưu an toàn {self.last_safe} trang; "
            f"đặt lại giấy từ trang {self.last_safe + 1}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent:
    """The feeder is empty or the flatbed page is done."""

    pages: int


Event = PageEvent | PausedEvent | EndEvent


class ScannerDriver(Protocol):
    """Implemented by SANE, eSCL, TWAIN and the virtual scanner."""

    name: str

    def list_devices(self, timeout_s: float) -> list[DeviceInfo]: ...

    def capabilities(self, device: str) -> Capabilities: ...

    def scan(
        self, device: str, profile: ScanProfile, folder: Path, *, first: int = 1
    ) -> Iterator[Event]:
        """Pages into `folder` as `0001.png`, … from number `first` (resume: last safe + 1).

        Ends with an EndEvent or a PausedEvent. Raises `ScannerError` when no page came at all.
        Closing the iterator cancels: the child is killed and no half page stays.
        """
        ...


def negotiate(capabilities: Capabilities, want: ScanProfile) -> AppliedProfile:
    """The nearest the device can do; raises BAD_SETTING where the policy says so."""
    dpi = capabilities.nearest_dpi(want.dpi)
    mode = want.mode if want.mode in capabilities.modes else capabilities.modes[0]
    source = want.source if want.source in capabilities.sources else capabilities.sources[0]
    duplex = want.duplex and capabilities.duplex
    applied = replace(want, source=source, duplex=duplex, dpi=dpi, mode=mode)
    changed = [
        f"{name}: {asked} → {got}"
        for name, asked, got in (
            ("dpi", want.dpi, dpi),
            ("mode", want.mode, mode),
            ("source", want.source, source),
            ("duplex", want.duplex, duplex),
        )
        if asked != got
    ]
    if changed and want.policy is Policy.FAIL:
        raise ScannerError(ScannerFault.BAD_SETTING, "; ".join(changed))
    shown = () if want.policy is Policy.IGNORE else tuple(changed)
    return AppliedProfile(requested=want, applied=applied, warnings=shown)
