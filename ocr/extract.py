# SPDX-License-Identifier: Apache-2.0
"""From pages to documents (`split_documents`), from a document to its type and fields."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from ocr.abstract import about_lines, read_abstract
from ocr.classify import Classifier, TitleRow
from ocr.codes import codes_of, statements, with_statements
from ocr.confidence import Evidence, absent, reading, weakest
from ocr.cross_checks import cross_check
from ocr.document_types import DocumentType, DocumentTypes, FieldSpec
from ocr.extraction import FieldReading, Fields, Part, TypeGuess
from ocr.form_fields import read_labelled
from ocr.header import Header, find_header, is_annex
from ocr.identifiers import parse_card_code, parse_document_number
from ocr.issuer import read_issuer
from ocr.layout import Line, PageLayout
from ocr.normalise import clean_symbol, comparable, digits_of, squeeze
from ocr.number_line import read_number, split_number_line
from ocr.office_names import known_office
from ocr.page import ReadingSource
from ocr.place_and_date import read_closing_date, read_date, read_date_line
from ocr.receivers import read_addressees, read_recipients
from ocr.settling import annex_heads, with_annexes, with_drafter, with_offices
from ocr.signer import read_signer
from ocr.spelling import with_spelling, with_unit_names

URGENCIES = ("HỎA TỐC", "THƯỢNG KHẨN", "KHẨN")
_PLACED_ZONES = frozenset({"issuer", "parent_issuer", "place", "addressees"})
SECRECIES = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first look at a document: its header and its title row."""

    header: Header | None
    title: TitleRow | None


class Extractor:
    """Reads the fields of a document from the text of its pages. Pure: same pages, same Part."""

    def __init__(self, types: DocumentTypes) -> None:
        self.types = types
        self.classifier = Classifier(types)

    def split_documents(
        self, pages: Sequence[PageLayout], today: dt.date
    ) -> list[list[PageLayout]]:
        """Several documents in one file: a page with a header of its own starts the next.

        Annex heads and blank forms carry a Quốc hiệu but no number of their own: no start.
        """
        parts: list[list[PageLayout]] = []
        for layout in pages:
            if not parts or (not layout.page.blank and self._starts(layout, parts[-1], today)):
                parts.append([layout])
            else:
                parts[-1].append(layout)
        return parts

    def _starts(self, layout: PageLayout, before: Sequence[PageLayout], today: dt.date) -> bool:
        header = find_header(layout, self.classifier.is_title)
        if header is None or header.date_line is None or header.top > 0.3 or is_annex(layout):
            return False
        if all(p.page.blank for p in before):
            return True
        if header.number_line is not None:
            split = split_number_line(header.number_line, party=header.party)
            symbol = clean_symbol(split.symbol)
            if len(symbol) > 2 and parse_document_number(f"1/{symbol}") is not None:
                return True
        # no number: a list, a receipt under its own Quốc hiệu, dated; a blank form is not dated
        return header.sure and read_date_line(header.date_line, today).value is not None

    def extract(
        self, pages: Sequence[PageLayout], today: dt.date, as_type: str | None = None
    ) -> Part:
        """Type and fields of one document; `as_type`: the code a person has chosen for it."""
        inked = [p for p in pages if not p.page.blank] or list(pages)
        first = inked[0]
        header = find_header(first, self.classifier.is_title)
        title = self.classifier.find_title(first, header)
        guess = self._chosen(as_type) if as_type else self._type(inked, header, title)
        kind = self.types[guess.code]
        zones = self._zones(inked, Opening(header=header, title=title), kind, today)
        fields = _with_source(self._of_type(kind, zones, inked, today), pages)
        return Part(
            first_page=pages[0].number,
            last_page=pages[-1].number,
            document_type=guess,
            fields=fields,
        )

    def _type(
        self, pages: Sequence[PageLayout], header: Header | None, title: TitleRow | None
    ) -> TypeGuess:
        symbol = None
        if header and header.number_line:
            symbol = clean_symbol(split_number_line(header.number_line, party=header.party).symbol)
        if title is None and (card := self._by_card_code(pages)):
            return card
        about = title is None and bool(about_lines(pages[0], header))
        return self.classifier.classify(pages, title, symbol or None, about_line=about)

    def _chosen(self, code: str) -> TypeGuess:
        return TypeGuess(
            code=code,
            name=self.types[code].name,
            confidence=1.0,
            needs_review=False,
            evidence=("Cán bộ chọn loại giấy tờ",),
        )

    def _by_card_code(self, pages: Sequence[PageLayout]) -> TypeGuess | None:
        """A card whose title is lost still says what it is in its QR."""
        texts = [code.text for page in pages for code in codes_of(page.page)]
        if not any(parse_card_code(text) for text in texts):
            return None
        words = squeeze(" ".join(row.text for page in pages for row in page.rows))
        kind = self.types["cccd" if "cong dan" in words or "citizen" in words else "can_cuoc"]
        return TypeGuess(
            code=kind.code,
            name=kind.name,
            confidence=0.9,
            needs_review=False,
            evidence=("Mã QR có dạng của thẻ căn cước",),
        )

    def _of_type(
        self, kind: DocumentType, zones: Fields, pages: Sequence[PageLayout], today: dt.date
    ) -> Fields:
        """The type's own keys in its own order: zones of the letter layout, labels of the form."""
        labelled = read_labelled(kind, pages, today)
        fields: Fields = {}
        for spec in kind.fields:
            if spec.zone is not None:
                found = zones.get(spec.zone, absent(unsure=spec.required))
                expected = kind.is_letter or spec.required or _is_signature(spec, kind)
                expected |= spec.zone == "parent_issuer"  # doubted only over an office under one
                fields[spec.key] = found if expected else _if_printed(found)
            else:
                fields[spec.key] = labelled[spec.key]
            if spec.zone in _PLACED_ZONES or spec.type in ("place", "org"):
                fields[spec.key] = with_unit_names(fields[spec.key], is_name=spec.zone == "place")
        return cross_check(with_statements(fields, statements(pages, today)), today)

    def _zones(
        self, pages: Sequence[PageLayout], opening: Opening, kind: DocumentType, today: dt.date
    ) -> Fields:
        first, header, title = pages[0], opening.header, opening.title
        issuers = read_issuer(header)
        if header is not None:
            heading = tuple(w for line in header.issuer_lines for w in line.words)
            issuers = {
                key: seen
                if known_office(str(seen.value))
                else with_spelling(seen, pages[:4], heading)
                for key, seen in issuers.items()
            }
        number = read_number(header, kind, issuers["issuer"])
        dated = header is not None and header.date_line is not None
        at_foot = not kind.is_letter and not dated
        dates = read_closing_date(pages, today) if at_foot else read_date(header, today)
        parliament = str(number["symbol"].value or "").startswith(("QH", "UBTVQH"))
        if kind.code == "luat" or (parliament and not dated):
            adopted = _adopted_on(pages, today)
            known = adopted.value is not None or not dated
            issued = adopted if known else read_date(header, today)["issued_on"]
            dates = {"issued_on": issued, "place": absent(unsure=False)}
        under_header = title if kind.code != "cong_van" else None
        if header is not None and header.date_line is not None:
            dates |= {"place": with_spelling(dates["place"], pages[:4], header.date_line.words)}
        receivers = read_recipients(pages)
        head = with_annexes({**issuers, **number, **dates}, annex_heads(pages[1:]))
        head = with_drafter(head, receivers["recipients"])
        if header is not None:
            head = with_offices(head, pages[:4], heading)
        return {
            **head,
            "abstract": read_abstract(pages, header, under_header),
            "addressees": read_addressees(
                first, header, expected=kind.code in ("cong_van", "to_trinh")
            ),
            **read_signer(pages),
            **receivers,
            "urgency": _urgency(first, header, title, kind),
            "secrecy": _mark(first, header, title, SECRECIES),
            "page_count": _printed_page_count(first),
        }


def _with_source(fields: Fields, pages: Sequence[PageLayout]) -> Fields:
    """A value taken from a believed text layer says so; QR and MRZ keep their own source."""
    layers = {p.number for p in pages if p.page.source is ReadingSource.TEXT_LAYER}
    return {
        key: replace(seen, source=ReadingSource.TEXT_LAYER)
        if seen.page in layers and seen.source is ReadingSource.OCR
        else seen
        for key, seen in fields.items()
    }


def _is_signature(spec: FieldSpec, kind: DocumentType) -> bool:
    """Papers are signed: a name, on certificates a title, not found may lie under the seal."""
    return not kind.card and (
        spec.zone == "signer" or (kind.certificate and spec.zone == "signer_title")
    )


def _if_printed(found: FieldReading) -> FieldReading:
    """A certificate without a header or a signature block of the letter kind is no doubt."""
    return absent(unsure=False) if found.value is None and found.raw is None else found


def _adopted_on(pages: Sequence[PageLayout], today: dt.date) -> FieldReading:
    """Acts of Quốc hội: "… thông qua ngày 27 tháng 11 năm 2023", at the end of the text."""
    for layout in reversed(pages):
        for i, row in enumerate(layout.rows):
            low = row.plain
            if not re.search(r"thong qua", low):
                continue
            follow = [row, *layout.rows[i + 1 : i + 2]]
            words = tuple(w for r in follow for w in r.words)
            line = Line(page=row.page, words=words, y=row.y)
            at = re.search(r"thong qua.{0,12}?ng[ao]y", line.plain)
            if at is None:
                continue
            kept = line.words_between(at.end() - 4, len(line.text))
            found = read_date_line(Line(page=row.page, words=kept, y=row.y), today)
            if found.value is not None:
                return found
    return absent(unsure=True)


def _mark(
    layout: PageLayout, header: Header | None, title: TitleRow | None, marks: Sequence[str]
) -> FieldReading:
    """A boxed mark in the header zone: words in capitals that stand alone."""
    bottom = max(header.bottom if header else 0.2, title.line.y if title else 0.0) + 0.16
    for row in layout.rows:
        if row.y > bottom:
            break
        for segment in layout.segments(row, gap=1.2):
            if found := _mark_in(segment, marks):
                sure = squeeze(segment.text) == squeeze(found)
                evidence = Evidence(
                    kind="office",
                    token=weakest(segment.words),
                    grammar=sure,
                    catalogue=True,
                    settled=sure and " " in found,  # all letters of one mark out of three
                )
                return reading(found, segment.words, layout.number, evidence)
    return absent(unsure=False)


def _urgency(
    layout: PageLayout, header: Header | None, title: TitleRow | None, kind: DocumentType
) -> FieldReading:
    """Độ khẩn. Where the type's own title could not be read, a boxed mark may be lost with it."""
    found = _mark(layout, header, title, URGENCIES)
    lost = title is None and bool(kind.titles)
    return absent(unsure=True) if found.value is None and lost else found


def _mark_in(segment: Line, marks: Sequence[str]) -> str | None:
    letters = re.sub(r"[^\w\s]", " ", segment.text)
    words = letters.split()
    # a frame close around the letters makes small ones of them: "HỎA rốc]"
    if not 0 < len(words) <= 3 or sum(map(str.isupper, letters)) < 2:
        return None
    seen = squeeze(letters)
    for mark in marks:
        if seen == squeeze(mark) and segment.is_capitals() and _same_marks(letters, mark):
            return mark
        # the whole mark, not a part: "TUYẾT" alone in a row is somebody's name
        if " " in mark and words[0][:1].isupper() and fuzz.ratio(seen, squeeze(mark)) >= 85:
            return mark
    return None


def _same_marks(letters: str, mark: str) -> bool:
    """A lone "MAT" or "KHAN" is no mark: one-word marks must carry their own diacritics."""
    return " " in mark or comparable(letters.strip()) == mark


def _printed_page_count(layout: PageLayout) -> FieldReading:
    """Printed "(Văn bản này gồm 03 trang)": pages scanned are counted elsewhere."""
    for row in layout.rows:
        found = re.search(r"\bgom\s*(?:co)?\s*(\d{1,3})\s*trang\b", row.plain)
        if found and (digits := digits_of(found[1])):
            words = row.words_between(found.start(1), found.end(1))
            evidence = Evidence(kind="number", token=weakest(words), position=False)
            return reading(int(digits.digits), words, layout.number, evidence)
    return absent(unsure=False)


def secrecy_on(layout: PageLayout) -> str | None:
    """The secrecy mark in the upper part of a page (Luật Bảo vệ bí mật nhà nước), or None.

    "MẬT" must stand alone with its mark; the two-word marks may be a little damaged.
    """
    for row in layout.rows:
        if row.y > 0.4:
            break
        for segment in layout.segments(row, gap=1.2):
            if (found := _mark_in(segment, SECRECIES)) and weakest(segment.words) >= 0.5:
                return found
    return None


def without_text(part: Part, mark: str) -> Part:
    """A secret paper keeps the fact of its mark and nothing it says."""
    kept = part.fields.get("secrecy", absent(unsure=False))
    guess = replace(part.document_type, code="khac", name="Khác", evidence=("Có dấu chỉ độ mật",))
    return replace(
        part, document_type=guess, fields={"secrecy": replace(kept, value=mark, raw=mark)}
    )
