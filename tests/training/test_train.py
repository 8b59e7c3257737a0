"""The course: a stretch that was cut goes on where it stood."""

import argparse
import json
import queue
from pathlib import Path

import pytest

try:
    import torch

    from training.checkpoint import halved, whole
    from training.train import ON_GPU, Batch, Course, _feed, batches, options, renderer, work
except ImportError:
    pass  # the marker leaves every test here out, with the reason

pytestmark = pytest.mark.requires_torch


def stretch(folder: Path, *more: str) -> argparse.Namespace:
    folder.mkdir(exist_ok=True)
    return options().parse_args(["--to", str(folder), "--processes", "1", *more])


def test_a_cut_course_goes_on_as_if_it_had_not_been_cut(tmp_path: Path):
    chosen = stretch(tmp_path / "whole")
    drawn = batches(renderer(chosen), 0, 1)[:6]
    torch.manual_seed(1)
    whole = Course(chosen, 0)
    whole.network.eval()  # no dropout, no batch statistics: the arithmetic alone
    for batch in drawn:
        whole.step(batch)
    cut = Course(stretch(tmp_path / "cut"), 0)
    cut.network.eval()
    for batch in drawn[:3]:
        cut.step(batch)
    cut.save()
    again = Course(stretch(tmp_path / "cut"), 0)
    again.network.eval()
    assert again.steps == 3
    for batch in drawn[3:]:
        again.step(batch)
    for name, value in whole.network.state_dict().items():
        assert torch.allclose(value.float(), again.network.state_dict()[name].float(), atol=1e-5)
    for name, value in whole.mean.state_dict().items():
        assert torch.allclose(value.float(), again.mean.state_dict()[name].float(), atol=1e-5)


def test_the_rate_is_constant_and_decays_only_when_told(tmp_path: Path):
    course = Course(stretch(tmp_path / "a"), 0)
    course.steps = 10_000
    assert course.rate() == pytest.approx(1.5e-3)
    course = Course(stretch(tmp_path / "b", "--finish", "1000"), 0)
    course.steps, course.seen = 10_000, 500
    assert course.rate() == pytest.approx(1.5e-3)  # the decay starts here
    course.seen += 500
    assert course.rate() == pytest.approx(0.75e-3)


def test_a_finished_course_is_taken_up_at_a_rate_of_its_own(tmp_path: Path):
    course = Course(stretch(tmp_path, "--finish", "1000"), 0)
    course.steps, course.seen = 10_000, 500
    course.rate()
    course.seen += 1000
    course.save()
    again = Course(stretch(tmp_path, "--again", "--rate", "1e-3", "--finish", "2000"), 0)
    assert again.seen == 1500
    assert again.rate() == pytest.approx(1e-3)
    again.seen += 1000
    assert again.rate() == pytest.approx(0.5e-3)


def test_a_stretch_writes_its_curve_and_its_loss_falls(tmp_path: Path):
    work(0, stretch(tmp_path / "short", "--minutes", "0.4", "--save-s", "6"))
    rows = [json.loads(r) for r in (tmp_path / "short" / "curve.jsonl").read_text().splitlines()]
    assert rows[-1]["lines"] > 0
    assert (tmp_path / "short" / "course.pt").exists()
    losses = [row["loss"] for row in rows if row["loss"]]
    assert losses[-1] < losses[0]


def test_a_packed_course_goes_on_as_the_whole_one(tmp_path: Path):
    chosen = stretch(tmp_path / "c")
    course = Course(chosen, 0)
    drawn = batches(renderer(chosen), 0, 1)[:4]
    for batch in drawn:
        course.step(batch)
    course.save()
    state = torch.load(course.file, weights_only=True)
    back = whole(halved(state))
    torch.save(back, course.file)
    again = Course(chosen, 0)
    assert (again.seen, again.steps) == (course.seen, course.steps)
    for name, value in course.network.state_dict().items():
        assert torch.allclose(
            value.float(), again.network.state_dict()[name].float(), rtol=2e-3, atol=1e-6
        )
    again.network.eval()
    course.network.eval()
    assert abs(again.step(drawn[0]) - course.step(drawn[0])) < 0.02


def test_a_packed_course_warms_up_again(tmp_path: Path):
    course = Course(stretch(tmp_path), 0)
    course.steps = 10_000
    course.save()
    torch.save(whole(halved(torch.load(course.file, weights_only=True))), course.file)
    again = Course(stretch(tmp_path), 0)
    assert again.steps == 10_000
    assert again.rate() == pytest.approx(1.5e-3 / 300)  # it has no moments yet
    again.steps += 600
    assert again.rate() == pytest.approx(1.5e-3)


def test_one_cycle_brings_the_rate_to_nought_within_its_minutes(tmp_path: Path):
    course = Course(stretch(tmp_path, "--one-cycle", "--minutes", "20", "--rate", "2e-3"), 0)
    course.steps = 10_000
    assert course.rate() == pytest.approx(2e-3, rel=0.01)
    course.started -= 15 * 60
    assert course.rate() == pytest.approx(0.5e-3, rel=0.01)
    course.started -= 5 * 60
    assert course.rate() < 1e-5


def test_renderers_fill_every_batch(tmp_path: Path):
    """A network on another device waits a third of a second for each new shape."""
    chosen = stretch(tmp_path, "--renderers", "1")
    drawn: queue.Queue[Batch] = queue.Queue(2)
    with pytest.raises(queue.Full):
        _feed(_Impatient(drawn), chosen, 5)
    for _ in range(2):
        pictures, targets, counts = drawn.get_nowait()
        assert len(pictures) == len(counts) == ON_GPU // pictures.shape[2]
        assert targets.shape == (counts.sum(),)


class _Impatient:
    """A queue that never waits for room."""

    def __init__(self, kept: "queue.Queue[Batch]") -> None:
        self.put = kept.put_nowait
