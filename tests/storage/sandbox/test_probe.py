"""What the machine offers is found out in one go where it offers all, and piece by piece else."""

from types import SimpleNamespace

import pytest

from storage.sandbox import probe
from storage.sandbox.limited import LimitedSandbox
from storage.sandbox.namespaces import NamespaceSandbox
from workflows.ports.sandbox import SandboxLevel


@pytest.fixture
def machine(monkeypatch):
    """A kernel without the mechanisms that are in `lacks`; `tried` counts children."""
    kernel = SimpleNamespace(lacks=set(), tried=0)

    def refusal(sandbox) -> str:
        kernel.tried += 1
        used = {"bubblewrap"} if isinstance(sandbox, NamespaceSandbox) else set()
        used |= {"seccomp"} if sandbox._seccomp else set()
        used |= {"landlock"} if sandbox._landlock else set()
        return ", ".join(sorted(used & kernel.lacks))

    monkeypatch.setattr(probe, "_refusal", refusal)
    monkeypatch.setattr(probe.shutil, "which", lambda name: f"/usr/bin/{name}")
    for known in (probe._refusals, probe._strongest):
        known.cache_clear()
    yield kernel
    for known in (probe._refusals, probe._strongest):
        known.cache_clear()


def test_one_child_tells_when_everything_works(machine):
    best = probe.best_sandbox()
    assert (best.level, best._seccomp, best._landlock) == (SandboxLevel.NAMESPACES, True, True)
    assert machine.tried == 1


@pytest.mark.parametrize("missing", ["seccomp", "landlock", "bubblewrap"])
def test_what_does_not_work_is_named_and_the_rest_is_used(machine, missing):
    machine.lacks = {missing}
    told = probe.describe()
    assert {n for n in ("seccomp", "landlock", "bubblewrap") if told[n] != "ok"} == {missing}
    best = probe.best_sandbox()
    assert isinstance(best, LimitedSandbox if missing == "bubblewrap" else NamespaceSandbox)
    assert (best._seccomp, best._landlock) == (missing != "seccomp", missing != "landlock")
