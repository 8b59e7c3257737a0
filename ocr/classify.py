# SPDX-License-Identifier: Apache-2.0
"""Which type a paper is: its title, the type in its symbol, "V/v" under the number, its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from ocr.document_types import UNKNOWN, DocumentType, DocumentTypes
from ocr.extraction import TypeGuess
from ocr.header import Header
from ocr.layout import Line, PageLayout
from ocr.normalise import plain, squeeze
from ocr.page import Word

SURE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRow:
    """The row (or more) that holds the type's title, and how well it matches (0..100).

    `beginning`: the row only begins with the title ("KẾ HOẠCH TRIỂN KHAI …"), which for this type
    is unusual. `whole`: as many letters as the title has; a word less may make another type of it.
    """

    type: DocumentType
    line: Line
    score: float
    alone: bool
    rows: int = 1
    beginning: bool = False
    whole: bool = True


class Classifier:
    """Tells types apart by the titles, symbols and labels of their data files."""

    def __init__(self, types: DocumentTypes) -> None:
        self.types = types
        titles = [(_letters(t), kind) for kind in types for t in kind.squeezed_titles]
        self._titles = sorted(titles, key=lambda pair: -len(pair[0]))
        self._texts = [title for title, _ in self._titles]
        self._exact = frozenset(self._texts)
        self._openings = sorted(
            ((squeeze(t), kind) for kind in types for t in kind.openings),
            key=lambda pair: -len(pair[0]),
        )
        self._symbols = [(s, kind) for kind in types for s in kind.symbols if len(s) > 1]

    def is_title(self, line: Line) -> bool:
        """A row that is nothing but a type's title, or begins with one (ends the header)."""
        if not line.is_capitals():
            return False
        text = squeeze(line.text)
        return text.replace(" ", "") in self._exact or self._opening(text) is not None

    def find_title(self, layout: PageLayout, header: Header | None) -> TitleRow | None:
        """The first title below the header; two rows together count ("GIẤY CHỨNG NHẬN / …")."""
        top = header.bottom if header else 0.0
        rows = [r for r in layout.rows if r.y >= top - layout.pitch and r.y < max(0.62, top + 0.3)]
        for i, row in enumerate(rows):
            # "TỜ KHAI CẤP GIẤY XÁC NHẬN …" holds the title of what it asks for
            opened = self._open_row(layout, row)
            joined = self._two_rows(layout, row, rows[i + 1 : i + 3])
            best = opened or joined or self._in_row(layout, row)
            if best:
                return best
        begun = (found for row in rows if (found := self._beginning(layout, row)))
        return next(begun, None)

    def _two_rows(
        self, layout: PageLayout, row: Line, following: Sequence[Line]
    ) -> TitleRow | None:
        if not row.is_capitals():
            return None
        line, count = row, 1
        alone = len(_letters(squeeze(row.text)))
        for below in following:
            if not below.is_capitals():
                break
            count += 1
            line = Line(page=row.page, words=(*line.words, *below.words), y=row.y)
            text = _letters(squeeze(line.text))
            for title, kind in self._titles:
                if len(title) <= max(14, alone):
                    break  # the longest come first
                if not text.startswith(title[:14]) or len(text) > len(title) + 24:
                    continue
                score = fuzz.ratio(text[: len(title)], title)
                if score >= 90:
                    return TitleRow(type=kind, line=line, score=score, alone=True, rows=count)
        return None

    def _in_row(self, layout: PageLayout, row: Line) -> TitleRow | None:
        """A window of capitals in the row that is a title; the rest of the row must be noise."""
        best: TitleRow | None = None
        for start, end in _runs_of_capitals(row):
            window = Line(page=row.page, words=row.words[start:end], y=row.y)
            found = self._match(window)
            if found is None:
                continue
            kind, score = found
            rest = row.words[:start] + row.words[end:]
            if not _stands_apart(layout, window, rest):
                continue
            if best is None or (score, len(window.words)) > (best.score, len(best.line.words)):
                size = len(_letters(squeeze(window.text)))
                whole = any(abs(len(_letters(t)) - size) < 2 for t in kind.squeezed_titles)
                best = TitleRow(type=kind, line=window, score=score, alone=not rest, whole=whole)
        return best

    def _match(self, window: Line) -> tuple[DocumentType, float] | None:
        text = _letters(squeeze(window.text))
        # short titles differ in two letters (THÔNG BÁO, THÔNG CÁO): only exact ones count
        floor = 100.0 if len(text) < 8 else 87.0
        alike = process.extract(text, self._texts, scorer=fuzz.ratio, score_cutoff=floor - 3)
        if not alike or alike[0][1] < floor:
            return None
        kind = self._titles[alike[0][2]][1]
        rival = max((s for _, s, n in alike if self._titles[n][1] is not kind), default=0.0)
        return (kind, alike[0][1]) if alike[0][1] - rival >= 3 else None

    def _open_row(self, layout: PageLayout, row: Line) -> TitleRow | None:
        """A title of the forms that say in it what is asked: "ĐƠN ĐỀ NGHỊ CẤP GIẤY PHÉP …"."""
        for segment in _middle_capitals(layout, row):
            if found := self._opening(squeeze(segment.text)):
                return TitleRow(type=found, line=segment, score=99, alone=True)
        return None

    def _opening(self, text: str) -> DocumentType | None:
        begun = (kind for title, kind in self._openings if text.startswith(f"{title} "))
        return next(begun, None)

    def _beginning(self, layout: PageLayout, row: Line) -> TitleRow | None:
        """Title and abstract in one row of capitals: only where no row is a title alone."""
        for segment in _middle_capitals(layout, row):
            words = squeeze(segment.text).split()
            for size in range(min(9, len(words) - 1), 1, -1):
                if (title := "".join(words[:size])) in self._exact:
                    kind = self._titles[self._texts.index(title)][1]
                    return TitleRow(type=kind, line=segment, score=95, alone=True, beginning=True)
        return None

    def by_symbol(self, symbol: str | None) -> DocumentType | None:
        """The type that the first token of "QĐ-UBND" names; None when it is an office."""
        if not symbol:
            return None
        first = re.split(r"[-/.]", symbol)[0]
        if re.fullmatch(r"QH\d+", first):
            return self.types.by_code.get("luat")
        exact = [kind for symbol, kind in self._symbols if symbol == first]
        alike = [kind for symbol, kind in self._symbols if plain(symbol) == plain(first)]
        # HD/HĐ, DA/ĐA: the letter as read decides only where nothing else does
        return next(iter(exact or alike), None)

    def classify(
        self,
        layouts: Sequence[PageLayout],
        title: TitleRow | None,
        symbol: str | None,
        *,
        about_line: bool,
        codes: Sequence[str] = (),
    ) -> TypeGuess:
        """`about_line`: "V/v" stands under the number, which only a công văn has."""
        named = self.by_symbol(symbol)
        if title is not None:
            return self._by_title(title, named, symbol)
        if about_line:
            why = ["Không có tên loại, có “V/v” dưới số ký hiệu"]
            return self._guess("cong_van", 0.95, why)
        if found := self._by_labels(layouts):
            return found
        if named is not None:
            why = [f"Ký hiệu “{symbol}” có chữ viết tắt tên loại; không đọc được tên loại"]
            return self._guess(named.code, 0.85, why)
        if symbol and _has_addressee(layouts):
            why = ["Không có tên loại; có số ký hiệu và “Kính gửi”"]
            return self._guess("cong_van", 0.85, why)
        return self._guess(UNKNOWN, 0.5, ["Không tìm thấy tên loại nào đã biết"])

    def _by_title(
        self, title: TitleRow, named: DocumentType | None, symbol: str | None
    ) -> TypeGuess:
        why = [f"Tên loại “{title.line.text}” ở trang {title.line.page}"]
        confidence = 0.96 if title.score >= 99 else 0.9
        if title.beginning or not title.whole:
            confidence = 0.8
        if not title.alone:
            confidence -= 0.03
        first = plain(re.split(r"[-/.]", symbol or "")[0])
        same = any(plain(s) == first for s in title.type.symbols)
        if same or (named is not None and named.code == title.type.code):
            why.append(f"Ký hiệu “{symbol}” cùng tên loại")
            confidence = 0.99
        elif named is not None and len(title.type.symbols) and title.type.symbols[0] != "QH":
            why.append(f"Ký hiệu “{symbol}” lại chỉ tên loại {named.name}")
            confidence = 0.7
        return self._guess(title.type.code, confidence, why)

    def _by_labels(self, layouts: Sequence[PageLayout]) -> TypeGuess | None:
        """Cards and forms whose title is lost: their printed anchors."""
        text = squeeze(" ".join(row.text for page in layouts[:2] for row in page.rows))
        for kind in self.types:
            hits = [a for a in kind.anchors if squeeze(a) in text]
            if hits and len(hits) >= min(2, len(kind.anchors)):
                return self._guess(kind.code, 0.8, [f"Có chữ “{', '.join(hits)}”"])
        return None

    def _guess(self, code: str, confidence: float, why: list[str]) -> TypeGuess:
        kind = self.types[code]
        return TypeGuess(
            code=kind.code,
            name=kind.name,
            confidence=confidence,
            needs_review=confidence < SURE,
            evidence=tuple(why),
        )


def _letters(squeezed: str) -> str:
    return squeezed.replace(" ", "")


def _runs_of_capitals(row: Line) -> Iterator[tuple[int, int]]:
    """Windows of up to 14 words inside the runs of capitals of a row."""
    bare = [not any(c.islower() for c in w.text) for w in row.words]
    for start, capital in enumerate(bare):
        if not capital:
            continue
        for end in range(start + 1, min(len(bare), start + 14) + 1):
            if not bare[end - 1]:
                break
            if any(c.isalpha() for w in row.words[start:end] for c in w.text):
                yield start, end


def _middle_capitals(layout: PageLayout, row: Line) -> Iterator[Line]:
    """The stretches of the row that are capitals and stand in the middle of the page."""
    if row.is_capitals():
        for segment in layout.segments(row):
            if 0.33 < (segment.box.x0 + segment.box.x1) / 2 < 0.67:
                yield segment


def _stands_apart(layout: PageLayout, window: Line, rest: Sequence[Word]) -> bool:
    """Alone in its row, or set off by a gap from stamps and noise; never inside a sentence."""
    if not rest:
        return True
    gap = 1.0 * layout.pitch / max(layout.aspect, 0.1)
    for word in rest:
        right = 0 <= word.box.x0 - window.box.x1 < gap
        left = 0 <= window.box.x0 - word.box.x1 < gap
        if (right or left) and word.confidence >= 0.7 and sum(c.isalpha() for c in word.text) > 1:
            return False
    middle = (window.box.x0 + window.box.x1) / 2
    return 0.3 < middle < 0.72


def _has_addressee(layouts: Sequence[PageLayout]) -> bool:
    return any(squeeze(r.text).startswith("kinh gui") for p in layouts[:1] for r in p.rows)
