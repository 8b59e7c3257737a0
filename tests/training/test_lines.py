"""The renderer: a seed is a line, on every run; what is drawn can be read again."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ocr.recogniser.line_image import ALPHABET, HEIGHT, STEP
from training.damage import LEVELS
from training.handwriting import Hand
from training.lines import MAX_WIDTH, Renderer
from training.texts import Corpus
from training.typefaces import case

ROOT = Path(__file__).parents[2]
PRINT_LINES = (
    "import hashlib; from training.handwriting import Hand; from training.lines import Renderer;"
    "from training.texts import Corpus; from training.typefaces import case;"
    "draw = Renderer(Corpus(None), case(), Hand([], None));"
    "lines = [draw.line(k) for k in range(40)];"
    "print(hashlib.sha256(b''.join(p.tobytes() + t.encode() for p, t in lines)).hexdigest())"
)


@pytest.fixture(scope="module")
def draw() -> Renderer:
    return Renderer(Corpus(None), case(), Hand([], None))


def test_the_same_seed_draws_the_same_lines_in_every_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_LINES],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].strip()) == 64


@pytest.mark.parametrize("level", LEVELS)
def test_lines_are_inked_and_long_enough_for_their_text(draw: Renderer, level: str):
    for seed in range(30):
        picture, text = draw.line(seed, level)
        assert picture.dtype == np.uint8
        assert picture.shape[0] == HEIGHT
        assert picture.shape[1] <= MAX_WIDTH and picture.shape[1] % STEP == 0
        assert set(text) <= set(ALPHABET) and text == text.strip()
        assert text, "a line without text teaches nothing"
        # CTC needs a step for every character and one more between equal neighbours
        doubles = sum(a == b for a, b in pairwise(text))
        assert picture.shape[1] // STEP >= len(text) + doubles
        assert 0.005 < (picture > 128).mean() < 0.6


def test_different_seeds_draw_different_lines(draw: Renderer):
    assert len({draw.line(seed)[1] for seed in range(60)}) > 40


def test_texts_of_the_measure_are_never_trained_on(tmp_path: Path):
    for k in range(64):
        (tmp_path / f"{k:03}.txt").write_text(f"văn bản số {k} " * 30)
    trained, kept = Corpus(tmp_path), Corpus(tmp_path, held_back=True)
    numbers = [set(corpus.text.split()) - {"văn", "bản", "số"} for corpus in (trained, kept)]
    assert not numbers[0] & numbers[1]
    assert len(numbers[0]) == 60 and len(numbers[1]) == 4


def test_typefaces_of_the_measure_are_never_trained_on():
    trained, kept = case(), case(held_back=True)
    paths = {f.path for group in (trained.serif, trained.sans, trained.others) for f in group}
    assert kept.serif and not paths & {f.path for f in kept.serif}
