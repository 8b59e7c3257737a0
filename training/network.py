# SPDX-License-Identifier: Apache-2.0
"""The network: seven convolutions, six mixing blocks, one bidirectional LSTM, CTC.

Input [n, 1, 40, w] float, ink 1; output [w / 4, n, classes] log-probabilities, class 0 the blank
(Graves et al. 2006, "Connectionist temporal classification").
"""

from __future__ import annotations

import torch
from torch import nn

from ocr.recogniser.line_image import ALPHABET, HEIGHT

CLASSES = len(ALPHABET) + 1


def _conv(
    inside: int, outside: int, kernel: tuple[int, int], stride: tuple[int, int]
) -> nn.Sequential:
    padding = (kernel[0] // 2 if kernel[0] == 3 else 0, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class Again(nn.Module):
    """A second look at the same size; residual (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm(self.look(x)))


class Mixing(nn.Module):
    """A depthwise look to both sides, then a small MLP; residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, width, (1, 9), padding=(0, 4), groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.think = nn.Sequential(
            nn.Conv2d(width, 2 * width, 1), nn.ReLU(inplace=True), nn.Conv2d(2 * width, width, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.think(self.norm(self.look(x)))


class LineNetwork(nn.Module):
    def __init__(self, width: int = 208, state: int = 160, mixings: int = 6) -> None:
        super().__init__()
        self.eyes = nn.Sequential(
            _conv(1, 16, (3, 3), (2, 2)),
            _conv(16, 32, (3, 3), (1, 1)),
            _conv(32, 64, (3, 3), (2, 2)),
            _conv(64, 96, (3, 3), (1, 1)),
            _conv(96, 128, (3, 3), (2, 1)),
            Again(128),
            _conv(128, width, (HEIGHT // 8, 1), (1, 1)),
        )
        self.mix = nn.Sequential(*(Mixing(width) for _ in range(mixings)))
        self.rest = nn.Dropout(0.05)
        self.memory = nn.LSTM(width, state, bidirectional=True)
        self.head = nn.Linear(2 * state, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = self.mix(self.eyes(x)).squeeze(2).permute(2, 0, 1)  # [t, n, width]
        read, _ = self.memory(self.rest(steps))
        return torch.log_softmax(self.head(read).float(), dim=-1)
