# SPDX-License-Identifier: Apache-2.0
"""Character error by level on lines set in faces held back: `python -m training.measure --to F`."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from ocr.recogniser.line_image import ALPHABET, BLANK
from training.damage import LEVELS
from training.network import LineNetwork
from training.train import options, renderer

SEED = 900_000_000  # far from every training line


def decoded(scores: np.ndarray) -> str:
    """Best path of [t, classes]."""
    best = scores.argmax(-1)
    kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
    return "".join(ALPHABET[k - 1] for k in kept if k != BLANK)


def plain(text: str) -> str:
    """Letters without their marks: what differs only here is an error of marks."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def main() -> None:
    parser = options()
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(chosen.to / "course.pt", map_location="cpu", weights_only=True)
    network = LineNetwork().eval()
    network.load_state_dict(state["mean"])
    draw = renderer(chosen, held_back=True)
    for level in LEVELS:
        wrong = letters = marks = 0
        for k in range(chosen.lines):
            picture, text = draw.line(SEED + k, level)
            if not text:
                continue
            with torch.no_grad():
                x = torch.from_numpy(picture).float().div_(255)[None, None]
                found = decoded(network(x)[:, 0].numpy()).strip()
            wrong += Levenshtein.distance(found, text)
            marks += Levenshtein.distance(plain(found), plain(text))
            letters += len(text)
            if chosen.show and found != text:
                print(f"{level}: {text!r}\n     -> {found!r}")
        row = {"level": level, "lines_seen": state["seen"], "cer": round(100 * wrong / letters, 2)}
        print(json.dumps(row | {"cer_without_marks": round(100 * marks / letters, 2)}), flush=True)


if __name__ == "__main__":
    main()
