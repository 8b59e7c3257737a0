"""`sohoa evaluate`: a perfect reader scores perfectly, a failing one does not; runs go on."""

import json
import re

import pytest
from typer.testing import CliRunner

from ocr.calibration import shipped
from ocr.document_types import shipped_document_types
from ocr.extraction import Extraction, FieldReading, Part, TypeGuess
from ocr.page import Box, PageText, Word
from service import folder_evaluation
from service.cli import app
from service.config import Settings
from service.kept_readings import all_kept
from service.reading_desk import reader_of
from service.sample_evaluation import CURLED, Paper, sample_papers, score_papers
from service.sample_report import LEVEL_HEAD, SECTION, Report, record

BROKEN = "nghi_quyet"


class PerfectReader:
    """Gives back the truth it is shown; cannot read resolutions. Counts what it was asked to."""

    def __init__(self):
        self.read_papers = []
        self.truths = {}

    def __call__(self):
        return self

    def read(self, sample):
        self.read_papers.append(sample.name)
        if sample.type_code == BROKEN:
            raise ValueError("no")
        pages = [self._page(sample.truth, page) for page in sample.truth["pages"]]
        self.truths[pages[0].text] = sample.truth
        return pages

    def _page(self, truth, page):
        words = []
        for number, line in enumerate(truth["lines"]):
            if line["page"] != page["page"]:
                continue
            x0, y0, x1, y1 = line["box"]
            wide, x = (x1 - x0) / len(line["text"]), x0
            for token in line["text"].split():
                box = Box(x, y0, x + wide * len(token), y1)
                words.append(Word(text=token, box=box, confidence=0.99, line=number))
                x += wide * (len(token) + 1)
        return PageText(
            page=page["page"], width=page["width"], height=page["height"], dpi=page["dpi"],
            rotation=page["rotation"], blank=page["blank"], words=tuple(words),
            text=" ".join(w.text for w in words), engine="perfect 1",
        )  # fmt: skip

    def assemble(self, pages):
        truth = self.truths[pages[0].text]
        kind = shipped_document_types()[truth["document_type"]["code"]]
        guess = TypeGuess(code=kind.code, name=kind.name, confidence=0.99, needs_review=False)
        fields = {
            key: FieldReading(value=value, confidence=0.99, needs_review=False)
            for key, value in truth["fields"].items()
        }
        part = Part(first_page=1, last_page=len(pages), document_type=guess, fields=fields)
        return Extraction(document=part, pages=tuple(pages), engines=("perfect 1",))


def run(reader, papers, folder=None):
    report = Report(seed=40)
    for score in score_papers(papers, jobs=1, folder=folder, reader=reader):
        report.add(score)
    return report


def test_the_shipped_reader_weighs_its_fields_by_the_shipped_fit():
    reader = reader_of(Settings(review_below=0.9))
    assert reader.calibration == shipped()
    assert reader.review_below == 0.9
    assert reader_of(Settings()).review_below is None


def test_all_levels_of_a_paper_follow_each_other_with_types_in_turn():
    papers = list(sample_papers(2, 40, ("L1", CURLED)))
    assert [(p.type_code, p.seed, p.level) for p in papers] == [
        ("quyet_dinh", 40, "L1"), ("quyet_dinh", 40, "L5c"),
        ("nghi_quyet", 41, "L1"), ("nghi_quyet", 41, "L5c"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_perfect_reading_has_no_error_and_a_failed_one_nothing_but():
    report = run(PerfectReader(), sample_papers(2, 40, ("L1", "L4")))
    assert sorted(report.levels) == ["L1", "L4"]
    for group in report.levels.values():
        assert (group.papers, group.failed) == (2, 1)
        perfect, failed = group.plain
        assert perfect.characters.edits == perfect.words.edits == 0
        assert failed.characters.edits == failed.characters.length > 0
        assert group.as_json()["nd30_fields"]["passing"] == 1.0
    assert [name for name, _ in report.failures] == ["nghi_quyet_L1_41", "nghi_quyet_L4_41"]
    assert "not read: nghi_quyet_L1_41: ValueError: no" in report.as_markdown()


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on_and_reads_nothing_twice(tmp_path):
    reader = PerfectReader()
    papers = list(sample_papers(3, 40, ("L1",)))
    first = run(reader, papers[:1], tmp_path)
    assert [k.name for k in all_kept(tmp_path)] == ["quyet_dinh_L1_40"]
    whole = run(reader, papers, tmp_path)
    again = run(reader, papers, tmp_path)
    # a paper that failed is tried again, what was read is not
    assert reader.read_papers == [
        "quyet_dinh_L1_40", "nghi_quyet_L1_41", "cong_van_L1_42", "nghi_quyet_L1_41",
    ]  # fmt: skip
    assert first.levels["L1"].as_json()["nd30_fields"] != whole.levels["L1"].as_json()
    assert again.as_markdown() == whole.as_markdown()


@pytest.mark.slow
def test_a_page_left_turned_is_named():
    class Blind(PerfectReader):
        def _page(self, truth, page):
            return super()._page(truth, page | {"rotation": 0})

    papers = [Paper(type_code="cong_van", seed=3, level="L3", turned=turned) for turned in (0, 180)]
    report = run(Blind(), papers)
    assert report.turned_wrong == ["cong_van_L3_3_180"]
    assert run(PerfectReader(), papers).turned_wrong == []


@pytest.mark.slow
def test_a_silent_error_is_counted_and_shown():
    class Sure(PerfectReader):
        def assemble(self, pages):
            read = super().assemble(pages)
            fields = dict(read.document.fields)
            wrong = FieldReading(value="999", confidence=0.97, needs_review=False)
            fields["number"] = wrong
            part = Part(
                first_page=1, last_page=1, document_type=read.document.document_type, fields=fields
            )
            return Extraction(document=part, pages=read.pages)

    report = run(Sure(), [Paper(type_code="cong_van", seed=3, level="L1")])
    body = report.as_json()
    assert [(s["paper"], s["field"], s["value"]) for s in body["silent"]] == [
        ("cong_van_L1_3", "number", "999")
    ]
    assert body["levels"][0]["nd30_fields"]["wrong_silent"] == 1
    assert re.search(r"silent: cong_van_L1_3: number: '999', true '\d+' \(0\.970\)",
                     report.as_markdown())  # fmt: skip
    assert "| cong_van | " in report.as_markdown()


def test_a_run_is_added_at_the_end_of_its_own_section(tmp_path):
    file = tmp_path / "benchmarks.md"
    file.write_text("# Benchmarks\n\nolder\n")
    record("first run", SECTION, "sohoa evaluate --seed 40", file)
    with file.open("a") as told:
        told.write("\n## Another section\n\nits text\n")
    record("second run", SECTION, "sohoa evaluate --seed 41", file)
    told = file.read_text()
    order = ["older", SECTION, "--seed 40", "first run", "--seed 41", "second run",
             "## Another section", "its text"]  # fmt: skip
    assert [told.index(part) for part in order] == sorted(told.index(part) for part in order)
    assert told.count(SECTION) == 1
    assert LEVEL_HEAD.count("|\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "--synthetic"), (["--synthetic", "1", "--levels", "L1,L9"], "L5c")],
)
def test_what_cannot_be_run_is_refused_with_a_word_on_what_to_give(arguments, told):
    ran = CliRunner().invoke(app, ["evaluate", *arguments])
    assert ran.exit_code == 2
    assert told in ran.output


def test_documents_are_read_once_and_judged_again(tmp_path, monkeypatch):
    home = tmp_path / "office"
    (home / "truth").mkdir(parents=True)
    for name in ("a.pdf", "b.pdf"):
        (home / name).write_bytes(b"%PDF")
        truth = {"file": name, "document_type": "khac", "number": "47"}
        (home / "truth" / f"{name}.json").write_text(json.dumps(truth), "utf-8")
    reader, asked = PerfectReader(), []
    page = PageText(page=1, width=10, height=14, dpi=200, text="x", engine="perfect 1")
    reader.truths["x"] = {"document_type": {"code": "khac"}, "fields": {"number": "47"}}

    def read_files(paths, jobs):
        asked.extend(p.name for p in paths)
        for path in paths:
            broken = path.name == "b.pdf"
            yield path, ValueError("no") if broken else reader.assemble([page]).as_json()

    monkeypatch.setattr(folder_evaluation, "read_files", read_files)
    monkeypatch.setattr(folder_evaluation, "shipped_reader", reader)
    for _ in range(2):
        report, cost = folder_evaluation.evaluate_documents(tmp_path, 1, tmp_path / "kept")
        assert report.by_field()["number (typed)"].right == 1
        assert report.failures == (("office/b.pdf", "ValueError: no"),)
        assert "passing" in report.as_json()
    assert asked == ["a.pdf", "b.pdf", "b.pdf"]
    assert cost.told == "Nothing was read anew."
