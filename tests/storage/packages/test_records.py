"""Values of the domain through JSON and back, and any text through XML, CSV and XLSX."""

import csv
import datetime as dt
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from storage.packages import markup, nd30
from storage.packages.records import (
    document_as_json,
    document_digest,
    document_from_json,
    extractions_as_json,
)
from workflows.domain.document import (
    Document,
    ExtractionRecord,
    FieldValue,
    PageRecord,
    Scan,
    SignedCopy,
    StoredObject,
)
from workflows.domain.dossier import Filing
from workflows.domain.package import DocumentRecord

text = st.text(max_size=30)
times = st.datetimes(timezones=st.just(dt.UTC))
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(text, plain, max_size=3)
objects = st.builds(StoredObject, key=text, sha256=text, size=st.integers(0), media_type=text)
known = {dt.datetime: times, StoredObject: objects, str: text}
for kind, strategy in known.items():
    st.register_type_strategy(kind, strategy)
pages = st.builds(PageRecord, reading=bodies, dpi=st.floats(1, 2400), number=st.integers(1, 5000))
records = st.builds(
    DocumentRecord,
    document=st.builds(Document),
    scan=st.builds(Scan),
    pages=st.lists(pages, max_size=2).map(tuple),
    extractions=st.lists(st.builds(ExtractionRecord, body=bodies), max_size=2).map(tuple),
    fields=st.lists(st.builds(FieldValue, value=plain), max_size=3).map(tuple),
    signed_copies=st.lists(st.builds(SignedCopy), max_size=2).map(tuple),
    filings=st.lists(st.builds(Filing), max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(records)
def test_a_record_comes_back_equal(record):
    back = document_from_json(document_as_json(record), extractions_as_json(record))
    assert back == record
    assert document_digest(back) == document_digest(record)


@given(st.text())
def test_any_text_survives_xml_but_for_what_xml_cannot_hold(words):
    root = markup.document("r", {})
    root.append(markup.node("x", words))
    kept = markup.read(markup.write(root)).findtext("x") or ""
    assert kept == markup.clean(words)
    for lost in set(words) - set(kept):
        with pytest.raises(ValueError):
            etree.Element("x").text = lost


@given(st.dictionaries(st.sampled_from(list(nd30.FILE_COLUMNS)), st.text(), min_size=1))
def test_any_cell_survives_csv_and_never_begins_a_formula(cells):
    row = dict.fromkeys(nd30.FILE_COLUMNS, "") | cells
    content = nd30.as_csv(nd30.FILE_COLUMNS, [row]).decode("utf-8-sig", "surrogatepass")
    (back,) = csv.DictReader(io.StringIO(content, newline=""))
    for name, value in row.items():
        assert not back[name].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert back[name].removeprefix("'") == value.removeprefix("'")
