"""Fixtures every test may ask for; and the rule that nothing is skipped in silence.

A test that cannot run on this machine is deselected, with the reason printed at the end.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from run_folder import RunFolder

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"

NEEDS = {
    "shared_data": (lambda: SHARED_DATA.is_dir(), "../shared/data is absent"),
    "requires_sane": (lambda: shutil.which("scanimage"), "scanimage is not installed"),
    "requires_airscan": (
        lambda: any(Path("/usr/lib").glob("*/sane/libsane-airscan.so*")),
        "sane-airscan is not installed",
    ),
    "requires_pdfsig": (lambda: shutil.which("pdfsig"), "pdfsig is not installed"),
    "requires_wine": (
        lambda: (
            any(shutil.which(n) for n in ("wine64", "wine", "/usr/lib/wine/wine64"))
            and all(
                shutil.which(n) for n in ("x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc", "make")
            )
        ),
        "Wine or mingw-w64 is not installed",
    ),
    "requires_chromium": (lambda: shutil.which("chromium"), "chromium is not installed"),
    "requires_postgresql": (
        lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        "PostgreSQL is not installed",
    ),
    "requires_softhsm": (lambda: shutil.which("softhsm2-util"), "softhsm2 is not installed"),
    "requires_dovecot": (
        lambda: shutil.which("dovecot") or Path("/usr/sbin/dovecot").exists(),
        "dovecot-imapd is not installed",
    ),
    "requires_npm": (lambda: shutil.which("npm"), "npm is not installed"),
    "requires_torch": (
        lambda: find_spec("torch"),
        "torch is not installed (it only trains; the product never loads it)",
    ),
    "requires_buildah": (lambda: shutil.which("buildah"), "buildah is not installed"),
}
_deselected: dict[str, int] = {}
_run_folder = pytest.StashKey[RunFolder]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if hasattr(config, "workerinput"):
        return  # a worker's folders lie in those of the run that started it
    config.stash[_run_folder] = made = RunFolder()
    if not config.option.basetemp:
        config.option.basetemp = made.path / "t"


def pytest_unconfigure(config):
    if made := config.stash.get(_run_folder, None):
        made.remove()


def pytest_collection_modifyitems(config, items):
    missing = {mark: why for mark, (present, why) in NEEDS.items() if not present()}
    keep, drop = [], []
    for item in items:
        why = next((missing[m.name] for m in item.iter_markers() if m.name in missing), None)
        if why is None:
            keep.append(item)
        else:
            drop.append(item)
            _deselected[why] = _deselected.get(why, 0) + 1
    if drop:
        config.hook.pytest_deselected(items=drop)
        items[:] = keep


def pytest_terminal_summary(terminalreporter):
    for why, count in _deselected.items():
        terminalreporter.write_line(f"deselected {count} tests: {why}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real documents that are not part of the project (mark the test `shared_data`)."""
    return SHARED_DATA
