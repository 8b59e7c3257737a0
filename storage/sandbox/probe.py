# SPDX-License-Identifier: Apache-2.0
"""Which level this machine reaches: tried out once, never guessed from versions."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from pathlib import Path

from storage.sandbox.account import reachable
from storage.sandbox.limited import LimitedSandbox
from storage.sandbox.namespaces import NamespaceSandbox
from storage.sandbox.surroundings import LAUNCHER, PYTHON
from workflows.errors import SandboxTooWeak
from workflows.ports.sandbox import Limits, Sandbox, SandboxLevel

_LIMITS = Limits(wall_s=10.0, cpu_s=5, memory=512 << 20, file_size=1 << 20, processes=16)


def best_sandbox(minimum: SandboxLevel = SandboxLevel.LIMITS) -> Sandbox:
    """The strongest sandbox that works here; `SandboxTooWeak` when it is below `minimum`."""
    best = _strongest()
    if best.level < minimum:
        reasons = "; ".join(f"{name}: {why}" for name, why in _refusals().items())
        raise SandboxTooWeak(f"reached {best.level.name}, asked {minimum.name}. {reasons}")
    return best


def describe() -> dict[str, str]:
    """For `sohoa doctor`: the level, of each mechanism `ok` or why not, the account."""
    refusals = _refusals()
    words = {name: refusals.get(name, "ok") for name in ("seccomp", "landlock", "bubblewrap")}
    apart = os.getuid() == 0 and reachable(LAUNCHER) and reachable(PYTHON)
    account = "own for each run" if apart else "that of the service"
    return {"level": _strongest().level.name, **words, "account": account}


@functools.cache
def _strongest() -> Sandbox:
    refusals = _refusals()
    filters = {name: name not in refusals for name in ("seccomp", "landlock")}
    if "bubblewrap" not in refusals:
        return NamespaceSandbox(**filters)
    return LimitedSandbox(**filters)


@functools.cache
def _refusals() -> dict[str, str]:
    """Mechanism -> why it failed; empty where everything works.

    All together first: where they work it saves two children and .1 s before every reading.
    """
    if shutil.which("bwrap") and not _refusal(NamespaceSandbox(seccomp=True, landlock=True)):
        return {}
    tried = {
        "seccomp": _refusal(LimitedSandbox(seccomp=True)),
        "landlock": _refusal(LimitedSandbox(landlock=True)),
        "bubblewrap": _refusal(NamespaceSandbox(seccomp=False, landlock=False))
        if shutil.which("bwrap")
        else "bwrap is not installed",
    }
    return {name: why for name, why in tried.items() if why}


def _refusal(sandbox: Sandbox) -> str:
    """Empty when a small program ran inside and wrote what it should; else why not."""
    with tempfile.TemporaryDirectory(prefix="sohoa-probe-") as folder:
        out = Path(folder)
        program = "open('made', 'w').write('made')"
        argv = [str(PYTHON), "-I", "-S", "-c", program]
        try:
            ran = sandbox.run(argv, read=[], out=out, limits=_LIMITS)
        except OSError as problem:
            return str(problem)
        if ran.returncode == 0 and (out / "made").is_file():
            return ""
        said = ran.stderr.decode("utf-8", "replace").strip()
        return said or f"exit code {ran.returncode}"
