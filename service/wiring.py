# SPDX-License-Identifier: Apache-2.0
"""The object graph, built once: which adapter stands behind which port, in one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from ocr.document_types import DocumentTypes
from ocr.extraction import Extraction
from ocr.opening import RENDER_DPI
from ocr.reader import Reader
from service.accounts import Accounts
from service.config import Settings
from storage.database import SqlDatabase
from storage.engine import DbosEngine
from storage.objects import FolderInbox, FolderStore, S3Settings, S3Store
from storage.pdf import PikepdfArchivalPdf
from storage.sandbox import best_sandbox
from storage.signing import PyHankoSigner, SandboxedVerifier, load_profiles
from workflows.batch import BatchDesk
from workflows.catalogue import Catalogue
from workflows.coding import Coding
from workflows.confirming import Confirming
from workflows.copying import Copying
from workflows.filing import FilingDesk
from workflows.indicators import IndicatorDesk
from workflows.intake import Intake
from workflows.keeping import Keeping
from workflows.opening import Opener
from workflows.ports.clock import Clock, SystemClock
from workflows.ports.database import Database
from workflows.ports.engine import Engine
from workflows.ports.objects import Inbox, ObjectStore
from workflows.ports.sandbox import Sandbox, SandboxLevel
from workflows.reading import Reading, SecrecyCheck
from workflows.reuse import Reuse
from workflows.road import Road
from workflows.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """Everything a door may call, ready to use."""

    settings: Settings
    version: str
    database: Database
    objects: ObjectStore
    inbox: Inbox
    sandbox: Sandbox
    engine: Engine
    document_types: DocumentTypes
    accounts: Accounts
    intake: Intake
    copying: Copying
    confirming: Confirming
    filing: FilingDesk
    reuse: Reuse
    shelf: Shelf
    batches: BatchDesk
    catalogue: Catalogue
    indicators: IndicatorDesk
    road: Road

    def checks(self) -> Mapping[str, Callable[[], Any]]:
        """What readiness asks, by name; each raises or tells its version."""
        return {
            "database": self.database.ping,
            "objects": lambda: sum(1 for _ in self.objects.list("health/")),
            "queue": self.engine.waiting,
            "sandbox": lambda: self.sandbox.level.name,
        }
