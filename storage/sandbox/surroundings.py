# SPDX-License-Identifier: Apache-2.0
"""What a child finds around it: the system's programs, our code, fonts, a clean environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("launcher.py")
# not the whole project: a checkout may hold the database, keys and settings beside the code
CODE = tuple(PROJECT / name for name in ("ocr", "workflows", "storage"))
PYTHON = Path(str(getattr(sys, "_base_executable", sys.executable)))

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SETTINGS = ("/etc/fonts", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_CACHES = ("/var/cache/fontconfig",)


def system_folders() -> list[Path]:
    return [Path(name) for name in _SYSTEM]


def read_only() -> list[Path]:
    """Besides the system: interpreter, packages, code, fonts. Only what is there."""
    named = [Path(name) for name in (*_SETTINGS, *_CACHES)]
    python = [Path(sys.prefix), Path(sys.base_prefix), PYTHON.parent]
    beyond_usr = [path for path in python if not path.is_relative_to("/usr")]
    return [path for path in (*named, *beyond_usr, *CODE) if path.exists()]


def devices() -> list[Path]:
    return [Path("/dev/zero"), Path("/dev/urandom"), Path("/dev/random")]


def link_code(folder: Path) -> None:
    """A folder to import our packages from: Python lists it, and may not list the project."""
    folder.mkdir()
    for package in CODE:
        (folder / package.name).symlink_to(package)


def clean_environment(
    home: Path, out: Path, code: Path, extra: Mapping[str, str] | None
) -> dict[str, str]:
    """Nothing of ours: no keys, no addresses. One thread each, or they starve one another (f33)."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(out),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(code),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **(extra or {}),
    }
