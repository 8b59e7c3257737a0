# SPDX-License-Identifier: Apache-2.0
"""The Engine without durability: a workflow runs where it is started. For tests and the demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from workflows.ports.engine import Queue, Workflow

T = TypeVar("T")


class MemoryEngine:
    """Runs jobs inline, once each. `steps` remembers which steps finished, in order."""

    def __init__(
        self,
        workflows: Mapping[str, Workflow] | None = None,
        on_failure: Callable[[str, str, Exception], None] | None = None,
    ) -> None:
        self.workflows = dict(workflows or {})
        self.on_failure = on_failure
        self.steps: list[tuple[str, str]] = []
        self._waiting: list[tuple[str, str, Queue, int]] = []
        self._done: dict[tuple[str, str], Any] = {}
        self._started: set[str] = set()

    def start(self, workflow: str, key: str, *, queue: Queue, priority: int = 5) -> None:
        job = f"{workflow}:{key}"
        if job in self._started:
            return
        self._started.add(job)
        try:
            self.workflows[workflow](self._runner(job), key)
        except Exception as error:
            if self.on_failure is None:
                raise
            self.on_failure(workflow, key, error)

    def enqueue_in(
        self, connection: object, workflow: str, key: str, queue: Queue, priority: int
    ) -> None:
        """Note the job; it runs with `run_waiting`, after the transaction has committed."""
        self._waiting.append((workflow, key, queue, priority))

    def run_waiting(self) -> None:
        while self._waiting:
            workflow, key, queue, priority = self._waiting.pop(0)
            self.start(workflow, key, queue=queue, priority=priority)

    def waiting(self) -> dict[str, int]:
        counts = {queue.value: 0 for queue in Queue}
        for _, _, queue, _ in self._waiting:
            counts[queue.value] += 1
        return counts

    def _runner(self, job: str) -> Callable[..., Any]:
        def step(name: str, function: Callable[..., T], *keys: str | int) -> T:
            if (job, name) not in self._done:
                self._done[job, name] = function(*keys)
                self.steps.append((job, name))
            result: T = self._done[job, name]
            return result

        return step
