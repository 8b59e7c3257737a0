# SPDX-License-Identifier: Apache-2.0
"""Which type a paper is: its title, the type in its symbol, "V/v" under the number, its labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.document_types import UNKNOWN, DocumentType, DocumentTypes
from ocr.extraction import TypeGuess
from ocr.layout import Header, Line, PageLayout
from ocr.normalise import plain, squeeze
from ocr.page import Word

SURE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRow:
    """The row (or two) that holds the type's title, and how well it matches (0..100)."""

    type: DocumentType
    line: Line
    score: float
    alone: bool
    rows: int = 1


class Classifier:
    """Tells types apart by the titles, symbols and labels of their data files."""

    def __init__(self, types: DocumentTypes) -> None:
        self.types = types
        titles = [(t.replace(" ", ""), kind) for kind in types for t in kind.squeezed_titles]
        self._titles = sorted(titles, key=lambda pair: -len(pair[0]))
        self._symbols = [(s, kind) for kind in types for s in kind.symbols if len(s) > 1]

    def is_title(self, line: Line) -> bool:
        """A row that is nothing but a type's title (ends the search for the header)."""
        if not line.is_capitals():
            return False
        text = squeeze(line.text).replace(" ", "")
        return any(text == title for title, _ in self._titles)

    def find_title(self, layout: PageLayout, header: Header | None) -> TitleRow | None:
        """The first title below the header; two rows together count ("GIẤY CHỨNG NHẬN / …")."""
        top = header.bottom if header else 0.0
        rows = [r for r in layout.rows if r.y >= top - layout.pitch and r.y < max(0.62, top + 0.3)]
        for i, row in enumerate(rows):
            joined = self._two_rows(layout, row, rows[i + 1 : i + 3])
            best = joined or self._in_row(layout, row)
            if best:
                return best
        return None

    def _two_rows(
        self, layout: PageLayout, row: Line, following: Sequence[Line]
    ) -> TitleRow | None:
        line, count = row, 1
        for below in following:
            if not (line.is_capitals() and below.is_capitals()):
                break
            count += 1
            line = Line(page=row.page, words=(*line.words, *below.words), y=row.y)
            text = squeeze(line.text).replace(" ", "")
            for title, kind in self._titles:
                if len(title) > 14 and text.startswith(title[:14]):
                    score = fuzz.ratio(text[: len(title)], title)
                    whole = len(text) <= len(title) + 24
                    if (
                        score >= 90
                        and whole
                        and len(title) > len(squeeze(row.text).replace(" ", ""))
                    ):
                        return TitleRow(type=kind, line=line, score=score, alone=True, rows=count)
        return None

    def _in_row(self, layout: PageLayout, row: Line) -> TitleRow | None:
        """A window of capitals in the row that is a title; the rest of the row must be noise."""
        best: TitleRow | None = None
        for start in range(len(row.words)):
            for end in range(start + 1, min(len(row.words), start + 14) + 1):
                window = Line(page=row.page, words=row.words[start:end], y=row.y)
                if not window.is_capitals():
                    continue
                found = self._match(window)
                if found is None:
                    continue
                kind, score = found
                rest = row.words[:start] + row.words[end:]
                if not _stands_apart(layout, window, rest):
                    continue
                if best is None or (score, len(window.words)) > (best.score, len(best.line.words)):
                    best = TitleRow(type=kind, line=window, score=score, alone=not rest)
        return best

    def _match(self, window: Line) -> tuple[DocumentType, float] | None:
        text = squeeze(window.text).replace(" ", "")
        scored = [(fuzz.ratio(text, title), kind) for title, kind in self._titles]
        score, kind = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        rival = max((s for s, k in scored if k is not kind), default=0.0)
        # short titles differ in two letters (THÔNG BÁO, THÔNG CÁO): only exact ones count
        floor = 100.0 if len(text) < 8 else 87.0
        if kind is None or score < floor or score - rival < 3:
            return None
        return kind, score

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
