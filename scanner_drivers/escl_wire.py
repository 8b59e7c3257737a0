# SPDX-License-Identifier: Apache-2.0
"""The XML of eSCL: what a network scanner says of itself, how it is, and what it is asked for.

Elements are read by their local name: firmware disagrees about namespaces and versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from scanner_drivers.driver import Capabilities, ScannerError, ScannerFault, ScanProfile

# 1/300 inch, portrait. Asked for explicitly: the device's largest region comes white-padded.
SIZES = {
    "A3": (3508, 4961),
    "A4": (2480, 3508),
    "A5": (1748, 2480),
    "A6": (1240, 1748),
    "Letter": (2550, 3300),
}
_MODES = {"RGB24": "color", "Grayscale8": "gray", "BlackAndWhite1": "bw"}
_INPUTS = {
    "PlatenInputCaps": "flatbed",
    "AdfSimplexInputCaps": "adf",
    "AdfDuplexInputCaps": "adf_duplex",
}
_ADF_FAULTS = {
    "ScannerAdfEmpty": ScannerFault.OUT_OF_PAPER,
    "ScannerAdfJam": ScannerFault.JAM,
    "ScannerAdfMispick": ScannerFault.JAM,
    "ScannerAdfMultipickDetected": ScannerFault.DOUBLE_FEED,
    "ScannerAdfHatchOpen": ScannerFault.COVER_OPEN,
}
_OVER = {"Completed", "Canceled", "Aborted"}


def read_xml(content: bytes) -> Element:
    """A tree of local names. A document type is refused: entities can grow without end."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        builder.start(name.rpartition(" ")[2], {})

    def end(name: str) -> None:
        builder.end(name.rpartition(" ")[2])

    def refuse(*_: Any) -> None:
        raise ScannerError(ScannerFault.OFFLINE, "a document type in the device's answer")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, AssertionError) as error:
        raise ScannerError(ScannerFault.OFFLINE, f"no eSCL answer: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One way in: the glass, the feeder, the feeder with both sides. Sizes in 1/300 inch."""

    modes: Mapping[str, str]
    dpi: tuple[int, ...]
    dpi_range: tuple[int, int] | None
    width: int
    height: int
    formats: tuple[str, ...]

    def region(self, size: str) -> tuple[int, int]:
        """The paper asked for, or as much of it as the device can see."""
        if size not in SIZES:
            raise ScannerError(ScannerFault.BAD_SETTING, f"size {size}")
        width, height = SIZES[size]
        return min(width, self.width or width), min(height, self.height or height)

    @property
    def format(self) -> str:
        """PNG where there is one: it loses nothing."""
        return "image/png" if "image/png" in self.formats else "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """ScannerCapabilities. `inputs` by flatbed | adf | adf_duplex."""

    version: str
    model: str
    uuid: str
    inputs: Mapping[str, Input]

    def capabilities(self) -> Capabilities:
        """Of all inputs together, for choosing from; a scan looks at its own input only."""
        return _capabilities(self, list(self.inputs.values()))

    def input_for(self, want: ScanProfile) -> str:
        if want.source == "adf" and want.duplex and "adf_duplex" in self.inputs:
            return "adf_duplex"
        if want.source in self.inputs:
            return want.source
        return next(iter(self.inputs))

    def capabilities_for(self, want: ScanProfile) -> Capabilities:
        return _capabilities(self, [self.inputs[self.input_for(want)]])


def _capabilities(device: Description, inputs: list[Input]) -> Capabilities:
    names = device.inputs
    sources = [s for s in ("flatbed", "adf") if s in names]
    modes = {ours: native for one in inputs for ours, native in one.modes.items()}
    ranges = [one.dpi_range for one in inputs if one.dpi_range]
    return Capabilities(
        sources=tuple(sources or ["adf"]),
        modes=tuple(m for m in ("color", "gray", "bw") if m in modes),
        dpi=tuple(sorted({value for one in inputs for value in one.dpi})),
        dpi_range=(min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else None,
        native={f"mode.{ours}": native for ours, native in modes.items()},
        duplex="adf_duplex" in names,
    )


def read_description(content: bytes) -> Description:
    """Tolerates devices without <Platen>, without profiles, with resolutions as a range."""
    root = read_xml(content)
    inputs = {ours: _input(found) for tag, ours in _INPUTS.items() for found in root.iter(tag)}
    if "adf" not in inputs and "adf_duplex" in inputs:
        inputs["adf"] = inputs["adf_duplex"]
    if not inputs:
        raise ScannerError(ScannerFault.OFFLINE, "no input in ScannerCapabilities")
    return Description(
        version=_text(root, "Version") or "2.63",
        model=_text(root, "MakeAndModel") or "eSCL",
        uuid=_text(root, "UUID"),
        inputs=inputs,
    )


def _input(caps: Element) -> Input:
    modes = {_MODES[v]: v for v in _texts(caps, "ColorMode") if v in _MODES}
    dpi = {_number(one, "XResolution") for one in caps.iter("DiscreteResolution")} - {0}
    spans = [
        (low, high)
        for tag in ("XResolutionRange", "ResolutionRange")
        for one in caps.iter(tag)
        if (low := _number(one, "Min")) and (high := _number(one, "Max"))
    ]
    return Input(
        modes=modes or {"color": "RGB24", "gray": "Grayscale8"},
        dpi=tuple(sorted(dpi)),
        dpi_range=spans[0] if spans and not dpi else None,
        width=_number(caps, "MaxWidth"),
        height=_number(caps, "MaxHeight"),
        formats=(*_texts(caps, "DocumentFormatExt"), *_texts(caps, "DocumentFormat")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """ScannerStatus: `state` Idle | Processing | Stopped | Testing | Down, jobs by their path."""

    state: str
    adf: str
    jobs: Mapping[str, tuple[str, int]]

    @property
    def fault(self) -> ScannerFault | None:
        return _ADF_FAULTS.get(self.adf)

    @property
    def loaded(self) -> bool:
        return self.adf == "ScannerAdfLoaded"

    def job(self, address: str) -> tuple[str, int]:
        """(state, images still to fetch) of our job; ("", 0) where the device does not tell."""
        number = address.rstrip("/").rpartition("/")[2]
        return self.jobs.get(number, ("", 0))

    def working(self, address: str) -> bool:
        state, _ = self.job(address)
        return self.state == "Processing" or state in ("Pending", "Processing")

    def more(self, address: str) -> bool:
        """May pages still come though NextDocument answered 404 (Brother MFC-L2710DW)?"""
        state, images = self.job(address)
        if state in ("Canceled", "Aborted"):
            return False
        return images > 0 or (self.loaded and state not in _OVER and self.working(address))


def read_status(content: bytes) -> Status:
    root = read_xml(content)
    jobs = {}
    for one in root.iter("JobInfo"):
        number = _text(one, "JobUri").rstrip("/").rpartition("/")[2]
        jobs[number] = (_text(one, "JobState"), _number(one, "ImagesToTransfer"))
    return Status(state=_text(root, "State"), adf=_text(root, "AdfState"), jobs=jobs)


def scan_settings(device: Description, applied: ScanProfile) -> str:
    """The ScanSettings of one job; every setting is spoken, none left to the device's default."""
    way = device.inputs[device.input_for(applied)]
    width, height = way.region(applied.size)
    feeder = applied.source == "adf"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<scan:ScanSettings xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" '
        'xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03">'
        f"<pwg:Version>{escape(device.version)}</pwg:Version>"
        "<scan:Intent>Document</scan:Intent>"
        "<pwg:ScanRegions><pwg:ScanRegion>"
        "<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>"
        "<pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset>"
        f"<pwg:Width>{width}</pwg:Width><pwg:Height>{height}</pwg:Height>"
        "</pwg:ScanRegion></pwg:ScanRegions>"
        f"<pwg:InputSource>{'Feeder' if feeder else 'Platen'}</pwg:InputSource>"
        f"<scan:ColorMode>{way.modes[applied.mode]}</scan:ColorMode>"
        f"<pwg:DocumentFormat>{way.format}</pwg:DocumentFormat>"
        f"<scan:DocumentFormatExt>{way.format}</scan:DocumentFormatExt>"
        f"<scan:XResolution>{applied.dpi}</scan:XResolution>"
        f"<scan:YResolution>{applied.dpi}</scan:YResolution>"
        + (f"<scan:Duplex>{str(applied.duplex).lower()}</scan:Duplex>" if feeder else "")
        + "</scan:ScanSettings>"
    )


def _texts(root: Element, name: str) -> list[str]:
    return [(one.text or "").strip() for one in root.iter(name)]


def _text(root: Element, name: str) -> str:
    return next(iter(_texts(root, name)), "")


def _number(root: Element, name: str) -> int:
    """0 where there is none: firmware leaves elements empty."""
    text = _text(root, name)
    return int(text) if text.isdecimal() and len(text) < 9 else 0
