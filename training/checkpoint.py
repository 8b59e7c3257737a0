# SPDX-License-Identifier: Apache-2.0
"""The course in a quarter of the bytes, to be taken up again in a later session.

`python -m training.checkpoint pack build/course/course.pt training/checkpoint/course.pt`
`python -m training.checkpoint unpack training/checkpoint/course.pt build/course/course.pt`

Weights go to float16: one step of training moves a weight by more than what is rounded off. The
optimiser's moments stay behind; they are gathered anew while the rate warms up.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch


def halved(state: dict[str, Any]) -> dict[str, Any]:
    """The course with its weights in float16, without moments."""
    return _cast({k: v for k, v in state.items() if k != "optimiser"}, torch.float16)


def whole(state: dict[str, Any]) -> dict[str, Any]:
    """The course in float32 again, as training loads it."""
    return _cast(state, torch.float32)


def _cast(state: dict[str, Any], kind: torch.dtype) -> dict[str, Any]:
    return state | {
        name: {
            k: v.to(kind).contiguous() if v.dtype.is_floating_point else v
            for k, v in state[name].items()
        }
        for name in ("network", "mean")
    }


def main() -> None:
    what, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    change = {"pack": halved, "unpack": whole}[what]
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(change(torch.load(source, map_location="cpu", weights_only=True)), target)
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
