# SPDX-License-Identifier: Apache-2.0
"""A guard over four small real documents: the whole reading, pixels to fields.

Not the measure (that is `sohoa evaluate ../shared/data/documents`): it only cries when a change
breaks what stood.
"""

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest

from ocr.evaluation import Outcome, compare
from ocr.opening import load_pages, main
from ocr.reader import Reader

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]
SCHEMA = json.loads((Path(__file__).parent / "contract.schema.json").read_text("utf-8"))
DOCUMENTS = (
    "central/2118_PCCC_CNCH_P6.pdf",
    "moet/2676-QD-BGDDT_2025.pdf",
    "kiengiang/125_GM_SYT_2017.pdf",
    "webimages/mau_van_ban_hanh_chinh_1.png",
)


@pytest.fixture(scope="module")
def reader():
    from ocr.page_reader import default_reader

    return Reader(default_reader().page_reader, today=lambda: dt.date(2026, 11, 24))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_real_document(reader, shared_data, tmp_path, name):
    document = shared_data / "documents" / name
    main(["render", str(document), str(tmp_path), "--first", "1", "--last", "3"])
    extraction = reader.read(load_pages(tmp_path))
    jsonschema.validate(extraction.as_json(), SCHEMA)
    truth_file = document.parent / "truth" / f"{document.name}.json"
    truth = json.loads(truth_file.read_text("utf-8"))
    outcomes = {r.field: r.outcome for r in compare(extraction, truth)}
    right = {Outcome.RIGHT, Outcome.RIGHT_FLAGGED}
    wrong = {f for f in ("symbol", "issuer", "document_type") if outcomes[f] not in right}
    assert wrong == set()
    if not truth["so_viet_tay"]:
        assert outcomes["number"] in right
    silent = {f for f, outcome in outcomes.items() if outcome is Outcome.SILENT}
    assert silent == set()
    assert on_ink(extraction)


def on_ink(extraction):
    """Every box of a field holds at least one word of its page."""
    words = {page.page: page.words for page in extraction.pages}
    return all(
        any(
            r.box.x0 - 0.002 <= w.box.x0
            and w.box.x1 <= r.box.x1 + 0.002
            and r.box.y0 - 0.002 <= w.box.y0
            and w.box.y1 <= r.box.y1 + 0.002
            for w in words[r.page]
        )
        for r in extraction.document.fields.values()
        if r.box is not None
    )
