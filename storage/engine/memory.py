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

    def waiting(self) -> dict[str, int]:
        return {queue.value: 0 for queue in Queue}

    def _runner(self, job: str) -> Callable[..., Any]:
        def step(name: str, function: Callable[..., T], *keys: str | int) -> T:
            if (job, name) not in self._done:
                self._done[job, name] = function(*keys)
                self.steps.append((job, name))
            result: T = self._done[job, name]
            return result

        return step
