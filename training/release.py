# SPDX-License-Identifier: Apache-2.0
"""From the course to the shipped file: `python -m training.release --to COURSE --texts CORPUS`.

The averaged weights become ONNX, then int8 (QDQ, one scale a channel, calibrated on drawn lines;
the LSTM and the head in int8 with the scale of what they are given, as they are given it).
The file is kept only if it reads like the network it came from; the card beside it names its
sha-256 and what was measured. `--reads` says where the product may prefer it (see the card).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from rapidfuzz.distance import Levenshtein

from ocr.recogniser.line_image import ALPHABET, HEIGHT
from ocr.recogniser.model import SHIPPED
from training.lines import Renderer
from training.measure import SEED, decoded
from training.network import LineNetwork
from training.train import options, renderer

CALIBRATION_LINES = 160
COMPARED_LINES = 400
MOST_LOST = 1.04
"""The errors of int8 over those of the floating network, on the same unseen lines."""


class _Lines(CalibrationDataReader):
    """Drawn lines, one a batch, as the product feeds them."""

    def __init__(self, draw: Renderer, count: int) -> None:
        self._batches: Iterator[dict[str, np.ndarray]] = (
            {"lines": (draw.line(SEED // 2 + k)[0][None, None] / 255).astype(np.float32)}
            for k in range(count)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        return next(self._batches, None)


def export(network: LineNetwork, path: Path) -> None:
    """Floating ONNX; lines and width stay free."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own successor
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 1, HEIGHT, 96),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["lines"],
            output_names=["scores"],
            dynamic_axes={"lines": {0: "n", 3: "w"}, "scores": {0: "t", 1: "n"}},
        )


def quantise(floating: Path, to: Path, draw: Renderer) -> None:
    prepared, halfway = floating.with_suffix(".prepared.onnx"), floating.with_suffix(".half.onnx")
    quant_pre_process(floating, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        halfway,
        _Lines(draw, CALIBRATION_LINES),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Relu", "Add"],  # a ReLU is then part of its convolution
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        # one stray activation among 640 lines stretched the scales until int8 erred four times as
        # often; the average of the ranges loses nothing (.0307 against .0301 and .0311 floating)
        extra_options={"CalibMovingAverage": True, "CalibMovingAverageConstant": 0.02},
    )
    quantize_dynamic(
        halfway, to, op_types_to_quantize=["LSTM", "MatMul"], per_channel=True,
        weight_type=QuantType.QInt8,
    )  # fmt: skip


def texts_of(path: Path, pictures: list[np.ndarray]) -> list[str]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for picture in pictures:
        batch = (picture[None, None] / 255).astype(np.float32)
        found.append(decoded(session.run(None, {"lines": batch})[0][:, 0]))
    return found


def errors(truth: list[str], read: list[str]) -> float:
    """Character error rate over all lines together."""
    edits = sum(Levenshtein.distance(x, y) for x, y in zip(truth, read, strict=True))
    return edits / max(1, sum(map(len, truth)))


def main() -> None:
    parser = options()
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--reads", default="", help="doubtful,copies,digits: where it is better")
    parser.add_argument("--figures", type=Path, help="JSON lines of training.measure for the card")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    state: dict[str, Any] = torch.load(
        chosen.to / "course.pt", map_location="cpu", weights_only=True
    )
    network = LineNetwork()
    network.load_state_dict(state["mean"])
    draw = renderer(chosen, held_back=True)
    with tempfile.TemporaryDirectory() as folder:
        floating, small = Path(folder) / "line.onnx", Path(folder) / "int8.onnx"
        export(network, floating)
        quantise(floating, small, draw)
        lines = [draw.line(SEED + 77_000 + k) for k in range(COMPARED_LINES)]
        pictures, truth = [p for p, _ in lines], [t for _, t in lines]
        cer = {k.stem: errors(truth, texts_of(k, pictures)) for k in (floating, small)}
        print(f"character error: {cer}")
        kept = small if cer["int8"] <= MOST_LOST * cer["line"] + 0.0003 else floating
        coded = kept.read_bytes()
    chosen.out.write_bytes(coded)
    figures = chosen.figures.read_text().splitlines() if chosen.figures else []
    card = {
        "version": datetime.now(UTC).strftime("%Y.%m.%d"),
        "sha256": hashlib.sha256(coded).hexdigest(),
        "bytes": len(coded),
        "int8": kept == small,
        "cer_floating": round(cer["line"], 5),
        "cer_int8": round(cer["int8"], 5),
        "lines_seen": state["seen"],
        "classes": len(ALPHABET) + 1,
        "reads": [name for name in chosen.reads.split(",") if name],
        "figures": [json.loads(row) for row in figures],
    }
    chosen.out.with_suffix(".json").write_text(
        json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(json.dumps(card, ensure_ascii=False))


if __name__ == "__main__":
    main()
