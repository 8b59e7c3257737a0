# SPDX-License-Identifier: Apache-2.0
"""Feeding what lies in the hot folder into intake: one bad file never stops the next."""

from __future__ import annotations

import threading
from functools import partial

import structlog

from scanner_drivers.folder import HotFolder, Taken
from workflows.domain.document import Scan
from workflows.domain.unit import Actor
from workflows.errors import SohoaError, Unavailable
from workflows.intake import Arrival, Intake

log = structlog.get_logger(__name__)
RETRY_S = 10.0


def feed(folder: HotFolder, intake: Intake, actor: Actor, stop: threading.Event) -> None:
    """Until `stop`: every whole file becomes a Document, or is set aside with its reason."""
    for taken in folder.watch(stop):
        hand_over(folder, intake, taken, actor, stop)
        if stop.is_set():
            return


def hand_over(
    folder: HotFolder, intake: Intake, taken: Taken, actor: Actor, stop: threading.Event
) -> Scan | None:
    """One file. What the store refuses is kept and tried again; what is bad is set aside."""
    while True:
        try:
            with taken.path.open("rb") as file:
                scan = intake.receive(
                    iter(partial(file.read, 1 << 20), b""),
                    Arrival(file_name=taken.name, source="hot_folder"),
                    by=actor,
                )
        except Unavailable as error:
            log.warning("hot folder waits", code=error.code)
            if stop.wait(RETRY_S):
                return None
            continue
        except SohoaError as error:
            log.info("hot folder set aside", code=error.code)
            folder.quarantine(taken, f"{error.shown} {error.remedy} [{error.code}]")
            return None
        folder.confirm(taken)
        return scan
