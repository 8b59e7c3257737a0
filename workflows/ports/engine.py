# SPDX-License-Identifier: Apache-2.0
"""Durable steps. In memory a plain call; in `storage.engine` a checkpointed DBOS step."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Queue(StrEnum):
    """Counter work always outranks batch work: each has its own slot.

    SERVER: what is written into the server's own data folder; one process beside the web takes it.
    """

    COUNTER = "counter"
    BATCH = "batch"
    SERVER = "server"


class StepRunner(Protocol):
    """Handed to a workflow function. Steps run at least once, so each must be idempotent."""

    def __call__(self, name: str, function: Callable[..., T], *keys: str | int) -> T:
        """Run `function(*keys)` unless this workflow already finished the step `name`.

        Keys and results are small JSON values: names of things, never pixels or bytes.
        """
        ...


Workflow = Callable[[StepRunner, str], Any]
"""A workflow takes the step runner and the id of what it works on."""


class Engine(Protocol):
    """Runs registered workflows somewhere, durably. Enqueueing happens in a Transaction."""

    def start(self, workflow: str, key: str, *, queue: Queue, priority: int = 5) -> None:
        """Ask for `workflow` on `key`, outside a transaction. Asking twice runs it once."""
        ...

    def waiting(self) -> dict[str, int]:
        """Jobs not yet finished, by queue."""
        ...
