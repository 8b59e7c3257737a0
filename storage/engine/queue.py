# SPDX-License-Identifier: Apache-2.0
"""The client side of the engine: a job is put into the very transaction that needs it.

Each queue has worker processes of its own, so that a counter job never waits behind a batch
job; priority (lower first, 0 is DBOS's highest) only orders jobs within one queue.
"""

from __future__ import annotations

from functools import cached_property

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy import Connection

from workflows.ports.engine import Queue

APPLICATION = "sohoa"
VERSION = "road-1"
"""Raised only when the order of steps changes; drain the queues first. Left to DBOS it would be a
hash of the source, and every edit would strand the work in flight."""
POLL_S = 0.1


def configuration(url: str, executor_id: str) -> DBOSConfig:
    """Settings of one process. Portable JSON: with pickle, database access is code execution."""
    return {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": executor_id,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
    }


def register_queues() -> None:
    """One job at a time in each worker process: a recogniser is not shared by threads."""
    for queue in Queue:
        DBOS.register_queue(queue.value, worker_concurrency=1, polling_interval_sec=POLL_S)


def prepare(url: str) -> None:
    """Create or migrate the engine's own tables. Once, before clients and workers start."""
    DBOS(config=configuration(url, "prepare"))
    DBOS.listen_queues([])
    DBOS.launch()
    register_queues()
    DBOS.destroy(destroy_registry=True)


class DbosEngine:
    """Asks for work; runs none. Safe in the web process."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def client(self) -> DBOSClient:
        return DBOSClient(
            system_database_url=self.url,
            application_name=APPLICATION,
            serializer=DBOSPortableJSONSerializer(),
            lazy=True,
        )

    def enqueue_in(
        self, connection: Connection, workflow: str, key: str, queue: Queue, priority: int
    ) -> None:
        """The job exists if and only if the connection's transaction commits."""
        self.client.enqueue_in_transaction(
            connection, _options(workflow, key, queue, priority), key
        )

    def start(self, workflow: str, key: str, *, queue: Queue, priority: int = 5) -> None:
        self.client.enqueue(_options(workflow, key, queue, priority), key)

    def waiting(self) -> dict[str, int]:
        """Jobs enqueued or running, by queue."""
        counts = {queue.value: 0 for queue in Queue}
        for job in self.client.list_queued_workflows(load_input=False):
            if job.queue_name in counts:
                counts[job.queue_name] += 1
        return counts

    def close(self) -> None:
        self.client.destroy()


def _options(workflow: str, key: str, queue: Queue, priority: int) -> EnqueueOptions:
    # the id is the idempotency key: the same work asked for twice runs once
    return {
        "workflow_name": workflow,
        "queue_name": queue.value,
        "workflow_id": f"{workflow}:{key}",
        "priority": priority,
        "app_version": VERSION,
    }
