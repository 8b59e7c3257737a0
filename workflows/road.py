# SPDX-License-Identifier: Apache-2.0
"""The road, top down. Each function is one durable workflow: a page from scanner to reuse.

    intake.receive      bytes safe, Document(received)            a door calls it
      └► digitise       read ► extract ► compose the copy         the engine runs it
    copying.sign        personal signature: Document(captured)    a clerk
    confirming.confirm  values attested: Document(extracted)      a clerk
      └► keep           code ► keep: Document(coded ► stored)     the engine runs it
           └► preserve  proofs and archive time stamp             the engine runs it
    filing.file         into a Dossier, as component or result    a clerk
    export_requests     an archive package                        the engine runs it
    reuse.find          the same Holder, the next Procedure       a clerk or a partner

Steps run at least once and are named; a worker killed between two of them is replaced by one
that goes on with the first unfinished step.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.coding import Coding
from workflows.copying import Copying
from workflows.export_requests import ExportRequests
from workflows.keeping import Keeping
from workflows.opening import PAGES_A_STEP
from workflows.ports.engine import StepRunner, Workflow
from workflows.preserving import Preserving
from workflows.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """The durable workflows, with the stages they lead through."""

    reading: Reading
    copying: Copying
    coding: Coding
    keeping: Keeping
    preserving: Preserving
    exporting: ExportRequests

    def digitise(self, step: StepRunner, job: str) -> None:
        """Đọc và sao chụp: every page read, the type and fields known, the archival copy made.

        `job`: the Document's id; a second reading adds `@` and a number.
        """
        document_id = job.partition("@")[0]
        count = step("count", self.reading.count_pages, document_id)
        for first in range(1, count + 1, PAGES_A_STEP):
            last = min(first + PAGES_A_STEP - 1, count)
            step(f"read {first}-{last}", self.reading.read_pages, document_id, first, last)
        step("extract", self.reading.extract, document_id)
        step("compose", self.copying.compose, document_id)

    def keep(self, step: StepRunner, document_id: str) -> None:
        """Cấp mã, lưu: the result code, then the proof that store and database agree."""
        step("code", self.coding.assign, document_id)
        step("keep", self.keeping.keep, document_id)

    def preserve(self, step: StepRunner, job: str) -> None:
        """Bảo toàn chữ ký: up to the level its profile asks for, or one more time stamp."""
        step("preserve", self.preserving.preserve, job)

    def export(self, step: StepRunner, request_id: str) -> None:
        """Xuất gói tin: written, examined, logged; killed on the way, it is written anew."""
        step("begin", self.exporting.begin, request_id)
        step("write", self.exporting.write, request_id)

    def workflows(self) -> dict[str, Workflow]:
        """By the name under which `Jobs.enqueue` asks for them."""
        return {
            "digitise": self.digitise,
            "keep": self.keep,
            "preserve": self.preserve,
            "export": self.export,
        }

    def failed(self, workflow: str, key: str, error: Exception) -> None:
        """Called once by the engine when a workflow ends in an error."""
        if workflow == "digitise":
            self.reading.fail(key.partition("@")[0], error)
        elif workflow == "export":
            self.exporting.fail(key, error)
