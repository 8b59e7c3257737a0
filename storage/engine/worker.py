# SPDX-License-Identifier: Apache-2.0
"""The worker side of the engine: one process, one queue, one job at a time.

A job of a worker that died (kill -9, out of memory, power) is found by the reaper of any living
worker and goes on with its first unfinished step; after `MAX_RESUMES` it is given up, because a
paper that kills its reader must not do so for ever.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from dbos import DBOS, StepOptions
from dbos._error import DBOSMaxStepRetriesExceeded
from sqlalchemy import Engine

from storage.engine.lease import FENCED, Lease, bury, count_resume, forget
from storage.engine.queue import configuration, register_queues
from workflows.errors import HostileDocument, SohoaError, Unavailable
from workflows.ports.engine import Queue, Workflow

__all__ = ["FENCED", "DbosWorker"]
log = structlog.get_logger(__name__)
T = TypeVar("T")
Failed = Callable[[str, str, Exception], None]
"""(workflow, key, error): told once when a job ends in an error."""
MAX_RESUMES = 5


class DbosWorker:
    """Runs jobs until told to stop. `engine`: SQLAlchemy, of the database the jobs stand in."""

    def __init__(
        self,
        url: str,
        engine: Engine,
        *,
        workflows: Mapping[str, Workflow],
        on_failure: Failed,
        lease_s: float = 20.0,
        beat_s: float = 1.0,
    ) -> None:
        self.url = url
        self.engine = engine
        self.workflows = workflows
        self.on_failure = on_failure
        self.lease_s = lease_s
        self.beat_s = beat_s
        self.executor_id = f"w-{uuid.uuid4().hex}"
        self.lease = Lease(engine, self.executor_id)

    def run(self, queues: Sequence[Queue], stop: threading.Event) -> None:
        """Take jobs of `queues` until `stop` is set; then finish the one in hand."""
        self.lease.open()
        DBOS(config=configuration(self.url, self.executor_id))
        for name, workflow in self.workflows.items():
            DBOS.workflow(name=name)(self._job(name, workflow))
        DBOS.listen_queues([queue.value for queue in queues])
        DBOS.launch()
        register_queues()
        try:
            self._live(stop)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=8, destroy_registry=True)
            self.lease.close()

    def _live(self, stop: threading.Event) -> None:
        """Beat, and now and then look for the dead. A lost database is waited for, not died of."""
        turns = 0
        while not stop.wait(self.beat_s):
            self.lease.beat()
            turns += 1
            if turns % max(1, round(self.lease_s / self.beat_s / 4)) == 0:
                self.reap()

    def reap(self) -> int:
        """Hand the jobs of dead workers on; returns how many."""
        dead = bury(self.engine, self.lease_s)
        if not dead:
            return 0
        orphans = DBOS.list_workflows(
            status="PENDING", executor_id=dead, load_input=False, load_output=False
        )
        for job in orphans:
            self._hand_on(job.workflow_id, job.queue_name)
        forget(self.engine, dead)
        return len(orphans)

    def _hand_on(self, workflow_id: str, queue_name: str | None) -> None:
        if count_resume(self.engine, workflow_id) > MAX_RESUMES:
            workflow, _, key = workflow_id.partition(":")
            DBOS.cancel_workflow(workflow_id)
            self.on_failure(workflow, key, HostileDocument("its worker died again and again"))
            return
        # without the queue's name it would land in an internal queue that has no limit
        DBOS.resume_workflow(workflow_id, queue_name=queue_name)

    def _job(self, name: str, workflow: Workflow) -> Callable[[str], str]:
        def run(key: str) -> str:
            try:
                workflow(_step, key)
            except SohoaError as error:
                log.warning("job failed", workflow=name, key=key, code=error.code)
                self.on_failure(name, key, error)
                return error.code
            except Exception as error:
                log.exception("job broke", workflow=name, key=key)
                self.on_failure(name, key, error)
                return type(error).__name__
            return "done"

        return run


def _step(name: str, function: Callable[..., T], *keys: str | int) -> T:
    """A checkpointed step: what the outside refused is tried again, a bad paper is not.

    A refusal is kept as a result, not as an exception: read back by another worker after a kill
    it must still be the same `SohoaError`.
    """
    options: StepOptions = {
        "name": name,
        "retries_allowed": True,
        "max_attempts": 3,
        "interval_seconds": 1.0,
        "backoff_rate": 2.0,
        "should_retry": lambda error: isinstance(error, Unavailable),
    }

    def attempt() -> dict[str, Any]:
        try:
            return {"result": function(*keys)}
        except Unavailable:
            raise
        except SohoaError as error:
            return {"refused": error.code, "detail": error.detail, "message": error.shown}

    try:
        outcome = DBOS.run_step(options, attempt)
    except DBOSMaxStepRetriesExceeded as error:
        raise Unavailable(f"{name}: {error.errors[-1]}") from error
    if "refused" in outcome:
        raise refusal(outcome["refused"], outcome["detail"], outcome["message"])
    result: T = outcome["result"]
    return result


def refusal(code: str, detail: str, message: str) -> SohoaError:
    """The error of the tree that carries this code."""
    kinds = [SohoaError]
    for kind in kinds:
        if kind.code == code:
            return kind(detail, message=message)
        kinds.extend(kind.__subclasses__())
    return SohoaError(f"{code}: {detail}", message=message)
