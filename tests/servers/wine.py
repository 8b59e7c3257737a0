"""TWAIN without Windows: the bridge and the virtual source of `tests/twain_source`, in Wine.

`script/twain` builds all three once. Several test sessions may use the prefix at the same time;
the last one out stops Wine.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np

from scanner_drivers.child import Watch
from scanner_drivers.twain import TwainDriver, native_path, wine_launcher

PROJECT = Path(__file__).resolve().parent.parent.parent
BUILT = PROJECT / "build" / "twain"
PREFIX = BUILT / "prefix"
SERVER = shutil.which("wineserver") or "/usr/lib/wine/wineserver"
DEVICE = "twain:64:Sohoa Virtual TWAIN"
WINE = {
    "WINEPREFIX": str(PREFIX),
    "WINEDEBUG": "-all",
    # without the last, a source that crashes waits in the debugger for a click
    "WINEDLLOVERRIDES": "mscoree,mshtml,winedbg.exe=",
    "DISPLAY": "",
}
QUICK = Watch(first_byte_s=30, between_s=10, cancel_s=5)


def build_twain() -> None:
    subprocess.run([PROJECT / "script" / "twain"], check=True, timeout=240)


@contextmanager
def wine_prefix() -> Iterator[None]:
    build_twain()
    with (BUILT / "in-use.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        start_wine()
        try:
            yield
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop_wine()


def start_wine() -> None:
    """The prefix's own services, so that no job starts them, leaves them its pipes and waits.

    They end half a minute after the last program, should nobody be left to stop them.
    """
    quiet = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    environment = {**os.environ, **WINE}
    subprocess.run([SERVER, "-p30"], env=environment, check=False, timeout=60, **quiet)
    subprocess.run(
        [*wine_launcher(), "wineboot"],
        env=environment,
        check=True,
        timeout=120,
        start_new_session=True,
        **quiet,
    )


def stop_wine() -> None:
    subprocess.run([SERVER, "-k"], env={**os.environ, **WINE}, check=False, timeout=60)


def write_sheets(folder: Path, count: int = 3, *, color: bool = False, width: int = 251) -> Path:
    """Different noise on every sheet, so that no pixel can be in the wrong place unseen."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        chance = np.random.default_rng(n)
        shape = (333 + n, width + n, 3) if color else (333 + n, width + n)
        name = f"{n:03d}.ppm" if color else f"{n:03d}.pgm"
        cv2.imwrite(str(folder / name), chance.integers(0, 256, shape, np.uint8))
    return folder


def virtual_twain(
    sheets: Path, *, watch: Watch = QUICK, manager: Path | None = None, **faults: int
) -> TwainDriver:
    """A driver whose scanner holds `sheets`; `faults` as in `twain_source/source.h`, lower case."""
    said = {f"SOHOA_VDS_{name.upper()}": str(value) for name, value in faults.items()}
    environment = {**WINE, "SOHOA_VDS_DIR": native_path(sheets), **said}
    return TwainDriver(
        [BUILT / "twain_bridge64.exe"], environment=environment, watch=watch, manager=manager
    )


def bridges_running(sheets: Path) -> list[int]:
    """Process ids of bridges that were started for these sheets."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                entry.name.isdigit()
                and b"twain_bridge" in (entry / "cmdline").read_bytes()
                and native_path(sheets).encode() in (entry / "environ").read_bytes()
            ):
                found.append(int(entry.name))
    return found
