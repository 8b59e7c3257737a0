# SPDX-License-Identifier: Apache-2.0
"""The course in half the bytes, to go on with in a later session on the one schedule.

`python -m training.checkpoint pack build/course/course.pt training/checkpoint/course.pt`
`python -m training.checkpoint unpack training/checkpoint/course.pt build/course/course.pt`

Weights go to float16, the optimiser's moments to bfloat16 (squares of gradients are below what
float16 can hold); one step of training moves a weight by more than what is rounded off.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch


def halved(state: dict[str, Any]) -> dict[str, Any]:
    """The course with weights in float16 and moments in bfloat16."""
    return state | {
        "network": {k: _to(v, torch.float16) for k, v in state["network"].items()},
        "mean": {k: _to(v, torch.float16) for k, v in state["mean"].items()},
        "optimiser": _moments(state["optimiser"], torch.bfloat16),
    }


def whole(state: dict[str, Any]) -> dict[str, Any]:
    """The course in float32 again, as training loads it."""
    return state | {
        "network": {k: _to(v, torch.float32) for k, v in state["network"].items()},
        "mean": {k: _to(v, torch.float32) for k, v in state["mean"].items()},
        "optimiser": _moments(state["optimiser"], torch.float32),
    }


def _to(value: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    return value.to(kind) if value.dtype.is_floating_point else value


def _moments(optimiser: dict[str, Any], kind: torch.dtype) -> dict[str, Any]:
    moments = {
        number: {k: _to(v, kind) if k.startswith("exp_avg") else v for k, v in kept.items()}
        for number, kept in optimiser["state"].items()
    }
    return optimiser | {"state": moments}


def main() -> None:
    what, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    change = {"pack": halved, "unpack": whole}[what]
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(change(torch.load(source, map_location="cpu", weights_only=True)), target)
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
