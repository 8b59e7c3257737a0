# SPDX-License-Identifier: Apache-2.0
"""Looking into single files without a server.

Imports nothing that reads: a file is opened while the readers are still being loaded.
"""

from __future__ import annotations

from ocr.opened import RENDER_DPI
from service.config import Settings
from storage.sandbox import best_sandbox
from workflows.opening import Opener
from workflows.ports.sandbox import SandboxLevel


def opener(settings: Settings) -> Opener:
    """Looks into files and draws their pages."""
    sandbox = best_sandbox(SandboxLevel(settings.sandbox_min))
    return Opener(sandbox=sandbox, scratch=settings.data_dir / "scratch")


def dpi_of(settings: Settings) -> int:
    """The resolution pages are rendered at for reading."""
    return settings.render_dpi or RENDER_DPI
