"""Fitted probabilities: evidence weighs the right way, and what a rule forbids stays forbidden."""

from dataclasses import replace

import pytest

from ocr.calibration import (
    Calibration,
    calibrated,
    features,
    first_reader,
    kind_of,
    shipped,
    stands,
    sureness,
)
from ocr.calibration import surroundings as around_of
from ocr.evidence import Evidence
from ocr.extraction import FieldReading, FieldStatus, Part, TypeGuess
from ocr.page import Box, PageText, ReadingSource, Word

FITTED = {"readers": ["tesseract"]}
GUESS = TypeGuess(code="quyet_dinh", name="Quyết định", confidence=0.96, needs_review=False)
EVIDENCE = Evidence(kind="number", token=0.95, mean=0.96, words=1, letters=2)
PAGE = PageText(
    page=1, width=100, height=140, dpi=200, engine="tesserocr 2",
    words=(Word(text="Quyết", box=Box(0, 0, 1, 1), confidence=0.9),
           Word(text="-", box=Box(0, 0, 1, 1), confidence=0.1)),
)  # fmt: skip


def reading(value="47", *, confidence=0.98, flagged=False, evidence=EVIDENCE, **more):
    return FieldReading(
        value=value, page=1, confidence=confidence, needs_review=flagged, evidence=evidence,
        source=ReadingSource.OCR, status=FieldStatus.PRESENT, **more,
    )  # fmt: skip


def part(**fields):
    return Part(first_page=1, last_page=1, document_type=GUESS, fields=fields)


def probability(seen, key="number", model=None):
    return (model or shipped()).probability(features(key, seen, around_of([PAGE], part())))


def test_words_without_letters_say_nothing_of_a_page():
    assert sureness(PAGE) == 0.9
    assert sureness(replace(PAGE, words=())) == 1.0


@pytest.mark.parametrize(
    "worse",
    [
        {"token": 0.5}, {"mean": 0.5}, {"grammar": False}, {"position": False},
        {"conflict": True}, {"repaired": True},
    ],
)  # fmt: skip
def test_worse_evidence_never_makes_a_value_more_probable(worse):
    for kind in ("number", "date", "symbol", "name", "text", "office"):
        good = replace(EVIDENCE, kind=kind, witnesses=1)
        bad = replace(good, **worse)
        assert probability(reading(evidence=bad)) <= probability(reading(evidence=good))


BY_NETWORK = replace(PAGE, quality={"witnessed": 3})
"""The fit speaks of what the network read; other readers' values keep what the rules say."""
BAD = replace(EVIDENCE, token=0.3, mean=0.3)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("number", "number", "47"),
        ("name", "signer", "Trần Văn An"),
        ("text", "abstract", "Về việc"),
    ],
)
def test_the_shipped_fit_is_sure_of_the_sure(kind, key, value):
    seen = reading(value, evidence=replace(EVIDENCE, kind=kind, token=0.97, mean=0.97))
    assert shipped().probability(features(key, seen, around_of([BY_NETWORK], part()))) > 0.9
    assert 0.9 <= shipped().review_below <= 0.99
    assert shipped().fitted["real_papers"] >= 37


def test_the_shipped_fit_doubts_the_doubtful():
    seen = reading("Trần Văn An", confidence=0.02, evidence=replace(BAD, kind="name"))
    assert shipped().probability(features("signer", seen, around_of([BY_NETWORK], part()))) < 0.6


@pytest.mark.parametrize("kind", ["number", "date"])
def test_what_may_be_written_by_hand_is_looked_at_however_probable(kind):
    """Most digits so doubted are right, and the fit says so; yet a person looks."""
    seen = reading(confidence=0.02, flagged=True, evidence=replace(BAD, kind=kind))
    made = calibrated(part(number=seen), [BY_NETWORK], shipped()).fields["number"]
    assert made.needs_review


@pytest.mark.parametrize(
    ("seen", "final"),
    [
        (reading(flagged=True), False),
        (reading(flagged=True, evidence=replace(EVIDENCE, position=False)), False),
        (reading(flagged=True, evidence=replace(EVIDENCE, conflict=True)), True),
        (reading(flagged=True, evidence=replace(EVIDENCE, repaired=True)), True),
        (reading(flagged=True, evidence=replace(EVIDENCE, grammar=False)), True),
        (reading(["Bộ Y tế"], flagged=True), True),
        (reading(None, flagged=True), True),
        (reading(flagged=True, evidence=None), True),
        (reading(flagged=True, evidence=replace(EVIDENCE, token=0.79)), True),
        (reading(flagged=True, evidence=replace(EVIDENCE, kind="office", token=0.5)), True),
        (reading(flagged=True, evidence=replace(EVIDENCE, kind="text", position=False)), True),
    ],
)
def test_what_no_ink_can_tell_stays_flagged(seen, final):
    always_sure = Calibration(
        weights={"always": 9.0}, review_below=0.97, fitted={"readers": ["tesseract"]}
    )
    assert stands(seen) is final
    made = calibrated(part(number=seen), [PAGE], always_sure).fields["number"]
    assert made.confidence == pytest.approx(0.999)
    assert made.needs_review is final


def test_what_a_code_says_is_not_weighed_by_its_ink():
    doubting = Calibration(weights={"always": -9.0}, review_below=0.97, fitted=FITTED)
    seen = replace(reading(), source=ReadingSource.QR)
    assert calibrated(part(id=seen), [PAGE], doubting).fields["id"] == seen


def test_an_office_beside_an_issuer_that_reads_well_is_told_from_one_beside_a_lost_one():
    fields = {"issuer": reading("Sở Y tế", confidence=0.99)}
    well, lost = (
        features("parent_issuer", FieldReading(value=None), around_of([PAGE], part(**given)))
        for given in (fields, {"issuer": FieldReading(value=None)})
    )
    assert well["absent company"] > 0 > lost["absent company"]


def test_a_value_the_rules_let_pass_is_flagged_where_the_fit_doubts_it():
    doubting = Calibration(
        weights={"always": 2.0}, review_below=0.97, fitted={"readers": ["tesseract"]}
    )
    made = calibrated(part(number=reading()), [PAGE], doubting).fields["number"]
    assert made.needs_review and made.confidence == pytest.approx(0.8808, abs=1e-4)


def test_an_office_sets_its_own_threshold():
    doubting = Calibration(
        weights={"always": 2.0}, review_below=0.97, fitted={"readers": ["tesseract"]}
    )
    fields = part(number=reading())
    assert not calibrated(fields, [PAGE], doubting, 0.8).fields["number"].needs_review
    assert calibrated(fields, [PAGE], doubting, 0.9).fields["number"].needs_review


def test_what_a_reader_unknown_to_the_fit_read_keeps_what_the_rules_say():
    doubting = Calibration(weights={"always": 2.0}, review_below=0.97, fitted={"readers": ["x"]})
    fields = part(number=reading())
    assert calibrated(fields, [PAGE], doubting) == fields
    by_net = replace(PAGE, quality={"witnessed": 3})
    assert (first_reader(PAGE), first_reader(by_net)) == ("tesseract", "network")


def test_a_field_that_was_not_found_is_judged_by_the_worst_page():
    worse = replace(PAGE, page=2, words=(replace(PAGE.words[0], confidence=0.4),))
    whole = Part(first_page=1, last_page=2, document_type=GUESS, fields={})
    around = around_of([PAGE, worse], whole)
    assert (around.page(1), around.page(2), around.page(None)) == (0.9, 0.4, 0.4)
    assert kind_of(FieldReading(value=None)) == "absent"


def test_the_file_holds_what_was_fitted():
    again = Calibration.from_json(shipped().as_json())
    assert again.as_json() == shipped().as_json()
    assert again.weights and all(isinstance(w, float) for w in again.weights.values())
