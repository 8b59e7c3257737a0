"""One folder for everything a run of the tests writes, gone when the run ends, however it ends.

Servers, sandboxes and programs under test all take their temporary folders from TMPDIR: pointing
it here catches what they leave behind when they are killed. A run that was killed itself leaves its
folder to the next one. To look at what a failing test left, name a place: `--basetemp=/tmp/look`.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PREFIX = "sohoa-tests-"
LOCK = "lock"
"""Held as long as the run lives; a folder is never seen with a lock that nobody holds yet."""


class RunFolder:
    def __init__(self) -> None:
        self._before = os.environ.get("TMPDIR")
        home = Path(tempfile.gettempdir())
        clear_dead_runs(home)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        self.path.chmod(0o711)  # the accounts of PostgreSQL and Dovecot pass through
        self._lock = (self.path / "locking").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / "locking").rename(self.path / LOCK)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.path)

    def remove(self) -> None:
        tempfile.tempdir = None
        del os.environ["TMPDIR"]
        if self._before is not None:
            os.environ["TMPDIR"] = self._before
        remove(self.path)
        self._lock.close()


def clear_dead_runs(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)


def remove(folder: Path, within_s: float = 10) -> None:
    """With files made immutable or folders closed by tests that ended early."""
    until = time.monotonic() + within_s
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, onerror=_open_and_repeat)
        if folder.exists():
            time.sleep(0.1)  # a dying server still writes
    if folder.exists():
        print(f"\n{folder} could not be removed")


def _open_and_repeat(again: Callable[[str], object], name: str, _: object) -> None:
    from storage.objects.disk import set_immutable

    path = Path(name)
    with suppress(OSError):
        path.parent.chmod(0o700)
        set_immutable(path, on=False)
        if again in (os.unlink, os.rmdir):
            again(name)
        elif path.is_dir():
            path.chmod(0o700)
            shutil.rmtree(path, ignore_errors=True)
