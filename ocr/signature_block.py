# SPDX-License-Identifier: Apache-2.0
"""The signature block read again: the one place where three inks lie on one another.

A seal in red, a signature in blue, the name in black, or stamped in red as the seal is. No single
preparation shows them all: lifting red takes the stamped name along, keeping it leaves the seal's
letters in the name; on a grey scan only darkness tells print from seal. So the block alone is read
in several inks, by the network where there is one and by Tesseract, and of each reading only the
lines are taken that say what stands there by NĐ 30/2020 (PL I, ô 7): the authority, the title, the
name. A name is sure when two readings say it letter by letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.clean import ink_mask, red_mask
from ocr.closing import block_zone, said_in_block
from ocr.hidden_names import FINE_DPI, clear_end, hidden_name
from ocr.layout import PageLayout
from ocr.line_finder import find_lines
from ocr.lines import by_line, join_text
from ocr.normalise import comparable, squeeze
from ocr.page import Box, PageText, Pixels, Word
from ocr.recognise import Recogniser
from ocr.recogniser.reader import NetRecogniser
from ocr.second_reading import ALONE
from ocr.signer_names import is_nearly_named
from ocr.tesseract import placed, read_scattered

_NET_DPI = 200
"""Coarser scans are enlarged; for the network no further: half as much time again, no name more."""
_SURE = 0.95
"""What is read surely already is left alone."""
_AGREED = 0.96
"""Both readers say the same name."""
_DISPUTED = 0.6
_STROKE = 0.3
_TITLE = 0.3
_BESIDE, _INKED = 1.2, 0.04
"""Beside a line, so many heights far, so large a share of ink is a word that was not read."""
_RED = 0.0005
"""Share of the block that is red before it is worth reading red alone."""
_COLOURED = 0.002
_CLOSE, _ROOM = 0.25, 2.0
"""Heights of its line on each side of a name: as found, and for words the network did not see."""
_CUT = 2
"""Pixels: as near the edge of the block is a line that goes on beyond it."""
_DARKER = (0.45, 0.35)
"""Print is darker than the seal of a grey scan: what stays of the way from print to paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A line of the block as one reader saw it in one ink."""

    reader: str
    ink: int
    words: list[Word]

    @property
    def spelled(self) -> str:
        return _spelled(self.words)

    @property
    def weakest(self) -> float:
        return _weakest(self.words)


def with_signature_block(
    page: PageText,
    layout: PageLayout,
    pixels: Pixels,
    recogniser: Recogniser,
    net: NetRecogniser | None = None,
) -> PageText:
    """The page with its block read again where a name or a title is missing or doubtful.

    `pixels`: the upright page the boxes refer to, grey or RGB.
    """
    zone = block_zone(layout)
    if zone is None or _is_clear(layout, zone):
        return page
    words = list(page.words)
    named = _has_sure_name([line for line in by_line(page.words) if _inside(zone, line)])
    seen: list[Seen] = []
    for lines in _readings(pixels, page.dpi, zone, recogniser, net, named=named):
        seen += [line for line in lines if not _begins_outside(line.words, zone, page.words)]
        if _has_sure_name(_agreed(seen)):
            break
    # what is nearly a name only where there is none
    for line in sorted(_agreed(seen), key=lambda line: said_in_block(line) is None):
        if said_in_block(line) or not _holds_name(words, zone):
            words = _put(words, line)
    if net is not None:
        words = _with_hidden_name(words, page, pixels, zone, net, recogniser)
    if len(words) == len(page.words) and tuple(words) == page.words:
        return page
    return replace(page, words=tuple(words), text=join_text(words))


def _holds_name(words: Sequence[Word], zone: Box) -> bool:
    lines = (line for line in by_line(words) if _inside(zone, line))
    return any(said_in_block(line) == "name" for line in lines)


def _with_hidden_name(
    words: list[Word],
    page: PageText,
    pixels: Pixels,
    zone: Box,
    net: NetRecogniser,
    recogniser: Recogniser,
) -> list[Word]:
    """Where nobody read a name, the one that fits best what the seal has left of it."""
    found = clear_end([line for line in by_line(words) if _inside(zone, line)])
    if found is None:
        return words
    x0, y0, x1, y1 = zone.pixels(pixels.shape)
    height, width = pixels.shape[:2]
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    scale = max(1.0, FINE_DPI / page.dpi)
    inks = [_enlarged(ink, scale) for ink in _distinct(_inks(pixels[y0:y1, x0:x1]))]
    row, centre = _within(place, found[0]), (found[1] - place.x0) / place.width
    line = list(placed(hidden_name(inks, row, centre, net, recogniser), place))
    if not line:
        return words
    box = _box(line)
    number = 1 + max((w.line for w in words), default=-1)
    beside = [w for w in words if not box.holds_middle_of(w.box) and not _covers(w, line)]
    return [*beside, *(replace(w, line=number) for w in line)]


def _is_clear(layout: PageLayout, zone: Box) -> bool:
    """The name was read surely, a title too: nothing to gain."""
    lines = [line for line in by_line(layout.page.words) if _inside(zone, line)]
    return _has_sure_name(lines) and any(said_in_block(line) == "title" for line in lines)


def _has_sure_name(lines: Sequence[Sequence[Word]]) -> bool:
    return any(_weakest(line) >= _SURE and said_in_block(line) == "name" for line in lines)


def _readings(
    pixels: Pixels,
    dpi: float,
    zone: Box,
    recogniser: Recogniser,
    net: NetRecogniser | None,
    *,
    named: bool,
) -> Iterator[list[Seen]]:
    """Lines of the block that say something, reading after reading."""
    height, width = pixels.shape[:2]
    x0, x1 = int(zone.x0 * width), int(zone.x1 * width)
    y0, y1 = int(zone.y0 * height), int(zone.y1 * height)
    crop = pixels[y0:y1, x0:x1]
    if min(crop.shape[:2]) < 16:
        return
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    scale = max(1.0, (FINE_DPI if net is None else _NET_DPI) / dpi)
    inks = [_enlarged(ink, scale) for ink in _distinct(_inks(crop))]
    if net is None:
        for n, ink in enumerate(inks):
            seen = by_line(read_scattered(recogniser, ink, dpi * scale))
            yield _placed_lines(("tesseract", n), seen, ink, place)
        return
    found = list[Box]()
    for n, ink in enumerate(inks):  # in turn: most names are sure after the second ink
        lines = _placed_lines(("net", n), _by_net(net, ink, dpi * scale), ink, place)
        for line in lines:
            box = _within(place, _box(line.words))
            if said_in_block(line.words) == "name" and not any(_same_place(box, b) for b in found):
                found.append(box)
        yield lines
        if not named:  # else only a title was wanting: the network's word is enough to look at
            yield _witnessed(recogniser, n, ink, found, dpi * scale, place, _CLOSE)
    if named:
        return
    for n, ink in enumerate(inks if found else ()):
        yield _witnessed(recogniser, n, ink, found, dpi * scale, place, _ROOM)
    if not found:  # no name for the network anywhere: one look for lines wherever they stand
        seen = by_line(read_scattered(recogniser, inks[0], dpi * scale))
        yield _placed_lines(("tesseract", 0), seen, inks[0], place)


def _witnessed(
    recogniser: Recogniser,
    n: int,
    ink: Pixels,
    names: Sequence[Box],
    dpi: float,
    place: Box,
    room: float,
) -> list[Seen]:
    """The names' lines by Tesseract, which looks nowhere else: a tenth of the time."""
    seen = [list(w) for box in names if (w := _by_witness(recogniser, ink, box, dpi, room))]
    return _placed_lines(("tesseract", n), seen, ink, place)


def _within(outer: Box, box: Box) -> Box:
    """The box in fractions of `outer`."""
    return Box(
        (box.x0 - outer.x0) / outer.width,
        (box.y0 - outer.y0) / outer.height,
        (box.x1 - outer.x0) / outer.width,
        (box.y1 - outer.y0) / outer.height,
    )


def _by_witness(
    recogniser: Recogniser, ink: Pixels, box: Box, dpi: float, room: float
) -> tuple[Word, ...]:
    """A name's line, with `room` heights at each end for what the network did not see."""
    height, width = ink.shape
    x0, y0, x1, y1 = box.pixels(ink.shape)
    high = y1 - y0
    x0, x1 = max(0, x0 - round(room * high)), min(width, x1 + round(room * high))
    y0, y1 = max(0, y0 - high // 4), min(height, y1 + high // 4)
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    return placed(recogniser.read_line(np.ascontiguousarray(ink[y0:y1, x0:x1]), dpi), place)


def _by_net(net: NetRecogniser, ink: Pixels, dpi: float) -> list[list[Word]]:
    """What the network reads; alone it is never sure enough to pass.

    A line cut by the upper edge belongs to the text above: half a line reads as anything.
    """
    boxes = [box for box in find_lines(ink, dpi).boxes if box.y0 * ink.shape[0] > _CUT]
    read = net.read_lines(ink, boxes)
    return [
        [replace(word, confidence=min(word.confidence, ALONE)) for word in line.words]
        for line in read
        if line.words
    ]


def _placed_lines(
    by: tuple[str, int], lines: Sequence[list[Word]], ink: Pixels, place: Box
) -> list[Seen]:
    said = [_doubted_beside_ink(words, ink) for line in lines if (words := _said(line))]
    return [Seen(reader=by[0], ink=by[1], words=list(placed(tuple(line), place))) for line in said]


def _enlarged(ink: Pixels, scale: float) -> Pixels:
    if scale <= 1:
        return ink
    fine = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.uint8)


def _doubted_beside_ink(line: list[Word], image: Pixels) -> list[Word]:
    """A line with ink right beside it may have lost a word to the seal: it goes to a person."""
    height, width = image.shape
    box = _box(line)
    high = (box.y1 - box.y0) * height
    rows = slice(max(0, int(box.y0 * height)), int(box.y1 * height) + 1)
    left, right = int(box.x0 * width - 0.15 * high), int(box.x1 * width + 0.15 * high)
    reach = round(_BESIDE * high)
    ink = ink_mask(image)
    for beside in (
        ink[rows, max(0, left - reach) : max(0, left)],
        ink[rows, right : right + reach],
    ):
        if beside.size and cv2.countNonZero(beside) > _INKED * beside.size:
            return [replace(w, confidence=min(w.confidence, _DISPUTED)) for w in line]
    return line


def _inks(crop: Pixels) -> Iterator[Pixels]:
    """The block without its colours, then in the ways that show a stamped or a faded name."""
    if crop.ndim == 2:
        yield from _grey_inks(np.ascontiguousarray(crop))
        return
    high, low = crop.max(axis=2), crop.min(axis=2)
    colour = cv2.subtract(high, low)
    if np.count_nonzero(colour > 45) < _COLOURED * colour.size:
        yield from _grey_inks(np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8))
        return
    # the more colour, the whiter: red and blue strokes go, also where they cross black letters
    black = cv2.add(high, cv2.convertScaleAbs(colour, alpha=3))
    yield np.asarray(black, np.uint8)
    yield _dark(np.asarray(black, np.uint8), _DARKER[0])
    yield np.ascontiguousarray(high)
    if cv2.countNonZero(red_mask(crop)) > _RED * crop.shape[0] * crop.shape[1]:
        red, green, blue = cv2.split(crop)
        over = cv2.subtract(red, cv2.max(green, blue))
        yield np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(over, alpha=255 / 120)), np.uint8)


def _distinct(inks: Iterable[Pixels]) -> Iterator[Pixels]:
    """A bilevel scan looks the same in every ink: it is read once."""
    seen: list[Pixels] = []
    for ink in inks:
        if not any(np.array_equal(ink, other) for other in seen):
            seen.append(ink)
            yield ink


def _grey_inks(grey: Pixels) -> Iterator[Pixels]:
    for share in _DARKER:
        yield _dark(grey, share)
    yield grey


def _dark(grey: Pixels, share: float) -> Pixels:
    """Only what is nearly as dark as print: a seal scanned in grey fades to paper."""
    darkest, paper = float(np.percentile(grey, 0.5)), float(np.median(grey))
    slope = 255 / max(1.0, share * (paper - darkest))
    return np.asarray(np.clip((grey - darkest) * slope, 0, 255), np.uint8)


def _said(line: Sequence[Word]) -> list[Word]:
    """The words of a line that are an authority, a title or a name; [] when it is none.

    Strokes are taken off its ends only: a doubtful word inside is a part of the name. A title
    is never sure here: the ink around it may be the KT. or PHÓ that makes another of it.
    """
    kept = list(line)
    while kept and not _is_word(kept[0]):
        del kept[0]
    while kept and not _is_word(kept[-1]):
        del kept[-1]
    said = said_in_block(kept) if kept else None
    if said == "name":
        return kept
    if said is None and is_nearly_named([w.text.strip(" .,:;") for w in kept]):
        return [replace(w, confidence=min(w.confidence, _DISPUTED)) for w in kept]
    return [replace(w, confidence=min(w.confidence, _TITLE)) for w in kept] if said else []


def _is_word(word: Word) -> bool:
    return word.confidence > _STROKE and any(c.isalpha() for c in word.text)


def _agreed(lines: Sequence[Seen]) -> list[list[Word]]:
    """One line for each place: what most readings say, of those the surest.

    A name is as sure as two readers are when both say it, and not in one ink only: a stroke that
    crosses a letter makes the same mark of it for both. Where one says other marks, the words that
    differ are in doubt.
    """
    best: list[list[Word]] = []
    for place in _places(lines):
        said = [seen for seen in place if said_in_block(seen.words) == "name"] or place
        votes = Counter(seen.spelled for seen in said)
        text = max(votes, key=lambda t: (votes[t], max(s.weakest for s in said if s.spelled == t)))
        chosen = [seen for seen in said if seen.spelled == text]
        line = list(max(chosen, key=lambda seen: seen.weakest).words)
        alike = min(len({s.reader for s in chosen}), len({s.ink for s in chosen}))
        if alike > 1 and said_in_block(line) == "name":
            line = [replace(w, confidence=max(w.confidence, _AGREED)) for w in line]
        best.append(_doubted_where_others_differ(line, said))
    return best


def _places(lines: Sequence[Seen]) -> list[list[Seen]]:
    places: list[list[Seen]] = []
    for seen in sorted(lines, key=lambda seen: _box(seen.words).y0):
        here = _box(seen.words)
        home = next((p for p in places if _same_place(_box(p[0].words), here)), None)
        if home is None:
            places.append([seen])
        else:
            home.append(seen)
    return places


def _doubted_where_others_differ(line: list[Word], others: Sequence[Seen]) -> list[Word]:
    for other in others:
        if len(other.words) != len(line):
            continue
        for n, (word, rival) in enumerate(zip(line, other.words, strict=True)):
            differs = squeeze(word.text) == squeeze(rival.text) and word.text != rival.text
            if differs and rival.confidence >= _DISPUTED:
                line[n] = replace(word, confidence=min(word.confidence, _DISPUTED))
    return line


def _put(words: Sequence[Word], line: Sequence[Word]) -> list[Word]:
    """The line in place of what stood there: a name read more surely, a title where none was."""
    box = _box(line)
    under = [w for w in words if box.holds_middle_of(w.box)]
    said = said_in_block(under) if under else None
    if said == "name" and _spelled(under) != _spelled(line):
        # two readings of one name: whichever stands, a person looks
        under, line = list(under), list(line)
        stays = under if len(under) > len(line) or _weakest(line) < _DISPUTED else line
        line = [replace(w, confidence=min(w.confidence, _DISPUTED)) for w in stays]
    elif said and (said != "name" or _weakest(under) >= _weakest(line)):
        return list(words)
    number = 1 + max((w.line for w in words), default=-1)
    fresh = [replace(w, line=number) for w in line]
    return [*(w for w in words if w not in under and not _covers(w, fresh)), *fresh]


def _covers(word: Word, fresh: Sequence[Word]) -> bool:
    """As tall as the seal it was read with, it lies over words that are read now."""
    return any(word.box.holds_middle_of(w.box) for w in fresh)


def _spelled(line: Sequence[Word]) -> str:
    return comparable(" ".join(w.text for w in line).casefold()).strip(" .,:;")


def _weakest(line: Sequence[Word]) -> float:
    return min((w.confidence for w in line if any(c.isalnum() for c in w.text)), default=0.0)


def _box(line: Sequence[Word]) -> Box:
    box = Box.around(w.box for w in line)
    assert box is not None  # noqa: S101 - lines have words
    return box


def _begins_outside(line: Sequence[Word], zone: Box, words: Sequence[Word]) -> bool:
    """The left edge of the block has cut a line of text: its rest must not take its place."""
    box = _box(line)
    return any(
        w.box.x0 < zone.x0 < w.box.x1
        and box.x0 < zone.x0 + w.box.height
        and w.box.y0 < (box.y0 + box.y1) / 2 < w.box.y1
        for w in words
    )


def _inside(zone: Box, line: Sequence[Word]) -> bool:
    return zone.holds_middle_of(_box(line))


def _same_place(a: Box, b: Box) -> bool:
    """One line, not two close ones: "GIÁM ĐỐC" stands right above "PHÓ GIÁM ĐỐC"."""
    apart = abs(a.y0 + a.y1 - b.y0 - b.y1) / 2
    return a.x0 < b.x1 and b.x0 < a.x1 and apart < 0.5 * min(a.height, b.height)
