# SPDX-License-Identifier: Apache-2.0
"""The network behind onnxruntime: pictures of lines in, scores out, batched by width.

One ONNX file (int8, 2.3 MB) and its card; the card names the file's sha-256 and a file that
is another one is not loaded. Without onnxruntime or without the file Tesseract reads alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr.recogniser.decoding import Picture, Scores
from ocr.recogniser.line_image import ALPHABET, HEIGHT

SHIPPED = Path(__file__).parent / "line.onnx"
BATCH_COLUMNS = 2048
"""Columns of one batch, all lines together: what the processor's cache holds."""
_WIDTH_STEP = 16  # a multiple of it: fewer widths to plan for, and hardly any padding
_WIDER = 1.08


class ModelMissing(RuntimeError):
    """No model to read lines with; the text says why: no file, another file, no onnxruntime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Who the model is: its version, its sha-256, what it was measured to do."""

    version: str
    sha256: str
    lines_seen: int
    reads: frozenset[str]
    """Where it is measured better than Tesseract: `pages`, or `doubtful` lines alone."""


def read_card(path: Path = SHIPPED) -> Card:
    """The card beside the model. Raises `ModelMissing` when there is none."""
    try:
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except FileNotFoundError as trouble:
        raise ModelMissing(f"no card beside {path}") from trouble
    return Card(
        version=str(told["version"]),
        sha256=str(told["sha256"]),
        lines_seen=int(told["lines_seen"]),
        reads=frozenset(told["reads"]),
    )


class LineModel:
    """The loaded network; one per worker process, not for threads."""

    def __init__(self, path: Path = SHIPPED) -> None:
        self.card = read_card(path)
        try:
            coded = path.read_bytes()
        except FileNotFoundError as trouble:
            raise ModelMissing(f"no model at {path}") from trouble
        if hashlib.sha256(coded).hexdigest() != self.card.sha256:
            raise ModelMissing(f"{path} is not the model its card describes")
        self._coded = coded

    @property
    def name(self) -> str:
        return f"sohoa-line {self.card.version}"

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as trouble:
            raise ModelMissing(
                "onnxruntime is not installed: pip install sohoa[server]"
            ) from trouble
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps the largest page's memory for ever
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            self._coded, options, providers=["CPUExecutionProvider"]
        )
        self._coded = b""
        return session

    def load(self) -> None:
        """Build the session now, so that a missing onnxruntime is known before the first line."""
        assert self._session is not None  # noqa: S101

    def scores(self, pictures: Sequence[Picture]) -> list[Scores]:
        """Scores of each picture [HEIGHT, w], as `line_image` makes them, in the order given."""
        found: list[Scores | None] = [None] * len(pictures)
        for group in _by_width([p.shape[1] for p in pictures]):
            wide = -(-max(pictures[k].shape[1] for k in group) // _WIDTH_STEP) * _WIDTH_STEP
            batch = np.zeros((len(group), 1, HEIGHT, wide), np.float32)
            for row, k in enumerate(group):
                place = batch[row, 0, :, : pictures[k].shape[1]]
                np.divide(pictures[k], np.float32(255), out=place, dtype=np.float32)
            made: npt.NDArray[np.float32] = self._session.run(None, {"lines": batch})[0]
            if made.shape[2] != len(ALPHABET) + 1:
                raise ModelMissing("the model speaks another alphabet")
            for row, k in enumerate(group):
                found[k] = made[: pictures[k].shape[1] * made.shape[0] // wide, row]
        return [scores for scores in found if scores is not None]


def _by_width(widths: Sequence[int]) -> list[list[int]]:
    """Indices in batches of like width, narrow ones first; none padded by more than a twelfth."""
    order = sorted(range(len(widths)), key=lambda k: (widths[k], k))
    groups: list[list[int]] = []
    for k in order:
        home = groups[-1] if groups else None
        fits = home and widths[k] <= _WIDER * widths[home[0]] + _WIDTH_STEP
        if home and fits and (len(home) + 1) * widths[k] <= BATCH_COLUMNS:
            home.append(k)
        else:
            groups.append([k])
    return groups
