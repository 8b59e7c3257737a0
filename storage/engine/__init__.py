# SPDX-License-Identifier: Apache-2.0
"""Durable steps and queues: DBOS on SQLite or PostgreSQL behind the Engine port."""

from storage.engine.memory import MemoryEngine
from storage.engine.queue import DbosEngine, prepare
from storage.engine.worker import FENCED, DbosWorker

__all__ = ["FENCED", "DbosEngine", "DbosWorker", "MemoryEngine", "prepare"]
