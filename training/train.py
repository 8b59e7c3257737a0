# SPDX-License-Identifier: Apache-2.0
"""Train in stretches: `python -m training.train --to FOLDER --texts CORPUS --minutes 60`.

One schedule over all stretches of a course: warm-up, a constant rate, and the decay only when
`--finish` says this stretch is the last; `--again` takes up a finished course. `--one-cycle`: the
rate falls to nought over the minutes of this one stretch (a lent GPU). Weights,
optimiser, averaged weights and the count of lines seen are saved every few minutes, so a stretch
may be cut anywhere. Lines are a function of (seed, count).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import random
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from ocr.recogniser.line_image import ALPHABET
from training.handwriting import Hand
from training.lines import Renderer
from training.network import LineNetwork
from training.texts import Corpus
from training.typefaces import case

POOL = 384  # lines drawn at once, then sorted into batches of like width
COLUMNS = 9600  # columns of a batch, all lines together
ON_GPU = 5 * COLUMNS  # a GPU takes so many in one step
SEED_STEP = 1_000_003  # lines between two seeds
STEP_WIDTH = 96
RATE, WARM_UP = 1.5e-3, 300
CLASS_OF = {c: k + 1 for k, c in enumerate(ALPHABET)}
Line = tuple[np.ndarray, str]
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]  # pictures, characters, their counts


def renderer(options: argparse.Namespace, *, held_back: bool = False) -> Renderer:
    faces = sorted(options.hands.glob("*/files/*-latin-400-normal.woff")) if options.hands else []
    return Renderer(
        Corpus(options.texts, held_back=held_back),
        case(held_back=held_back),
        Hand(faces, options.digits),
    )


def batches(draw: Renderer, first: int, seed: int) -> list[Batch]:
    """POOL lines from number `first`, in batches [n, 40, w]; the order is drawn too."""
    lines = [draw.line(seed * SEED_STEP + first + k) for k in range(POOL)]
    lines = sorted((line for line in lines if line[1]), key=_width)
    found, k = list[Batch](), 0
    while k < len(lines):
        wide = _width(lines[k])
        group = [line for line in lines[k : k + max(1, COLUMNS // wide)] if _width(line) == wide]
        k += len(group)
        found.append(_batch(group, wide))
    random.Random(first).shuffle(found)
    return found


def _width(line: Line) -> int:
    return -(-line[0].shape[1] // STEP_WIDTH) * STEP_WIDTH


def _batch(lines: list[Line], wide: int) -> Batch:
    pictures = np.zeros((len(lines), 40, wide), np.uint8)
    for row, (picture, _) in zip(pictures, lines, strict=True):
        row[:, : picture.shape[1]] = picture
    targets = np.array([CLASS_OF[c] for _, text in lines for c in text], np.int32)
    return pictures, targets, np.array([len(text) for _, text in lines], np.int32)


def average_gradients(network: nn.Module) -> None:
    if not dist.is_initialized():
        return
    flat = torch.cat([p.grad.reshape(-1) for p in network.parameters() if p.grad is not None])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    at = 0
    for p in network.parameters():
        if p.grad is not None:
            p.grad.copy_(flat[at : at + p.numel()].view_as(p))
            at += p.numel()


def loss_of(network: nn.Module, batch: Batch, device: torch.device) -> torch.Tensor:
    pictures, targets, lengths = batch
    x = torch.from_numpy(pictures).to(device).float().div_(255).unsqueeze(1)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16):
        scores = network(x)
    steps = torch.full((len(lengths),), scores.shape[0], dtype=torch.int32, device=device)
    return nn.functional.ctc_loss(
        scores,
        torch.from_numpy(targets).to(device),
        steps,
        torch.from_numpy(lengths).to(device),
        zero_infinity=True,
    )


class Course:
    """Everything a stretch needs and leaves behind."""

    def __init__(self, options: argparse.Namespace, rank: int) -> None:
        self.options, self.rank = options, rank
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(options.seed)
        self.network = LineNetwork().to(self.device, memory_format=torch.channels_last)
        self.mean = LineNetwork().to(self.device, memory_format=torch.channels_last)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01,
            fused=self.device.type == "cuda",
        )  # fmt: skip
        self.seen, self.steps, self.finishing_from, self.warming_from = 0, 0, 0, 0
        self.started = time.monotonic()
        self.file = options.to / "course.pt"
        if self.file.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.seen, self.steps = state["seen"], state["steps"]
        if "optimiser" in state:
            self.optimiser.load_state_dict(state["optimiser"])
        else:  # packed without its moments: they are gathered anew while the rate warms up
            self.warming_from = self.steps
        self.finishing_from = 0 if self.options.again else state.get("finishing_from", 0)

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(), "mean": self.mean.state_dict(), "steps": self.steps,
            "optimiser": self.optimiser.state_dict(), "seen": self.seen, "finishing_from": self.finishing_from,
        }  # fmt: skip
        part = self.file.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.file)

    def rate(self) -> float:
        if self.options.finish and not self.finishing_from:
            self.finishing_from = self.seen
        warm_up = 3 * WARM_UP if self.options.one_cycle else WARM_UP  # from nothing, at full rate
        warm = self.options.rate * min(1.0, (self.steps - self.warming_from + 1) / warm_up)
        if self.options.one_cycle:
            return warm * max(0.001, 1 - self.minutes() / self.options.minutes)
        if self.finishing_from:
            gone = (self.seen - self.finishing_from) / max(1, self.options.finish)
            return warm * max(0.01, 1 - gone)
        return warm

    def minutes(self) -> float:
        return (time.monotonic() - self.started) / 60

    def step(self, batch: Batch) -> torch.Tensor:
        """Takes one step; its loss a character stays on the device until somebody asks."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss = loss_of(self.network, batch, self.device)
        loss.backward()
        average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.steps += 1
        keep = min(0.999, self.steps / (self.steps + 20))
        with torch.no_grad():
            now, mean = self.network.state_dict(), self.mean.state_dict()
            counts = [k for k, v in now.items() if not v.dtype.is_floating_point]
            for k in counts:
                mean.pop(k).copy_(now.pop(k))
            torch._foreach_lerp_(list(mean.values()), list(now.values()), 1 - keep)
        return loss.detach()


def work(rank: int, options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if options.processes > 1:
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(options.port))
        dist.init_process_group("gloo", rank=rank, world_size=options.processes)
    course, draw = Course(options, rank), renderer(options)
    course.network.train()
    if torch.cuda.is_available():
        _on_gpu(course, options)
        return
    saved, shown = time.monotonic(), list[torch.Tensor]()
    while _goes_on(course):
        drawn = batches(draw, course.seen + rank * POOL, options.seed)
        count = torch.tensor(len(drawn))
        if dist.is_initialized():  # every process takes the same number of steps
            dist.all_reduce(count, dist.ReduceOp.MIN)
        shown += [course.step(batch) for batch in drawn[: int(count)]]
        course.seen += POOL * options.processes
        if rank == 0 and time.monotonic() - saved > options.save_s:
            saved = time.monotonic()
            _report(course, shown)
            shown.clear()
    if rank == 0:
        _report(course, shown)


def _on_gpu(course: Course, options: argparse.Namespace) -> None:
    """Renderers fill a queue from every core; the network never waits for long."""
    drawn: Any = multiprocessing.Queue(64)
    for k in range(options.renderers):
        multiprocessing.Process(
            target=_feed, args=(drawn, options, course.seen + k), daemon=True
        ).start()
    ready = queue.Queue[Batch](8)
    threading.Thread(target=_unpack, args=(drawn, ready), daemon=True).start()
    saved, shown = time.monotonic(), list[torch.Tensor]()
    while _goes_on(course):
        batch = ready.get()
        shown.append(course.step(batch))
        course.seen += len(batch[0])
        if time.monotonic() - saved > options.save_s:
            saved = time.monotonic()
            _report(course, shown)
            shown.clear()
    _report(course, shown)


def _feed(drawn: Any, options: argparse.Namespace, number: int) -> None:
    """Batches that are always full: cuDNN plans anew, for a third of a second, at each new shape."""
    draw, waiting = renderer(options), defaultdict[int, list[Line]](list)
    while True:
        line = draw.line(options.seed * SEED_STEP + number)
        number += options.renderers
        if line[1]:
            wide = _width(line)
            waiting[wide].append(line)
            if len(waiting[wide]) == ON_GPU // wide:
                drawn.put(_batch(waiting.pop(wide), wide))


def _unpack(drawn: Any, ready: queue.Queue[Batch]) -> None:
    """Beside the steps, which would wait for it."""
    while True:
        ready.put(drawn.get())


def _goes_on(course: Course) -> bool:
    if course.finishing_from and course.seen - course.finishing_from >= course.options.finish:
        return False
    over = torch.tensor(int(course.minutes() > course.options.minutes))
    if dist.is_initialized():
        dist.all_reduce(over, dist.ReduceOp.MAX)
    return not int(over)


def _report(course: Course, losses: list[torch.Tensor]) -> None:
    course.save()
    row = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "lines": course.seen, "steps": course.steps,
        "loss": round(float(torch.stack(losses).mean()), 4) if losses else None, "rate": round(course.rate(), 6),
        "minutes": round(course.minutes(), 1),
    }  # fmt: skip
    with (course.options.to / "curve.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="folder of the course")
    parser.add_argument("--texts", type=Path, help="corpus: text, .jsonl, .gz, or a folder of them")
    parser.add_argument("--hands", type=Path, help="folder of @fontsource packages (handwriting)")
    parser.add_argument("--digits", type=Path, help="folder of 0.json … 9.json (28×28 digits)")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--finish", type=int, default=0, help="decay to nought over so many lines")
    parser.add_argument("--rate", type=float, default=RATE, help="of the constant part")
    parser.add_argument("--again", action="store_true", help="the last decay is over: a new course")
    parser.add_argument("--one-cycle", action="store_true", help="the rate falls over --minutes")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--renderers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-s", type=float, default=120)
    parser.add_argument("--port", type=int, default=29_517)
    return parser


def main() -> None:
    chosen = options().parse_args()
    chosen.to.mkdir(parents=True, exist_ok=True)
    if torch.cuda.is_available() or chosen.processes == 1:
        chosen.processes = 1
        work(0, chosen)
    else:
        torch.multiprocessing.spawn(work, (chosen,), nprocs=chosen.processes)


if __name__ == "__main__":
    main()
