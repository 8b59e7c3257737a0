# SPDX-License-Identifier: Apache-2.0
"""The `Verifier` for files that came from outside: pyHanko runs in a child under limits."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from storage.signing.reports import unread, verification_from_json
from workflows.domain.signature import Verification
from workflows.ports.sandbox import Limits, Ran, Sandbox

_LIMITS = Limits(wall_s=60.0, cpu_s=45, memory=1536 << 20, file_size=16 << 20, processes=16)
_LARGEST = 4 << 20  # bytes of JSON read back
_SOURCE = Path(__file__).resolve().parents[2]
_PACKAGES = ("storage", "workflows", "ocr")


class SandboxedVerifier:
    """Verifies in `sandbox`. Exit code 0 proves nothing: the reports must be there and parse."""

    def __init__(self, sandbox: Sandbox, *trust_dirs: Path, python: str = sys.executable) -> None:
        """`trust_dirs` must be readable to the sandbox's account; one that is absent is empty.

        `python` stands where the sandbox shows it (script/setup makes .venv from /usr/bin).
        """
        self._sandbox = sandbox
        self._trust_dirs = [folder.resolve() for folder in trust_dirs]
        self._python = python

    def verify(self, pdf: Path) -> Verification:
        """Every signature in file order; one UNREADABLE report when the child was stopped."""
        untrusted = pdf.resolve()
        with tempfile.TemporaryDirectory(prefix="sohoa-verify-") as room:
            # the child's own account has to pass, or it would run under ours (`sandbox.account`)
            Path(room).chmod(0o711)
            out = Path(room) / "out"
            out.mkdir(mode=0o700)
            answer = out / "reports.json"
            code = _link_packages(out)
            ran = self._sandbox.run(
                self._command(untrusted, answer),
                read=[untrusted, *self._folders(), Path(sys.prefix), *code],
                out=out,
                limits=_LIMITS,
                env={"PYTHONPATH": str(out), "PYTHONDONTWRITEBYTECODE": "1"},
            )
            return _answered(ran, answer)

    def _command(self, pdf: Path, answer: Path) -> list[str]:
        program = [self._python, "-m", "storage.signing.verify", str(pdf), str(answer)]
        return [*program, *(f"--trust={folder}" for folder in self._folders())]

    def _folders(self) -> list[Path]:
        return [folder for folder in self._trust_dirs if folder.is_dir()]


def _link_packages(folder: Path) -> list[Path]:
    """Links to our packages, for the child to import from.

    Python lists the folder it imports from; the real one also holds `var/`, which stays hidden.
    """
    code = [_SOURCE / name for name in _PACKAGES]
    for package in code:
        (folder / package.name).symlink_to(package)
    return code


def _answered(ran: Ran, answer: Path) -> Verification:
    if ran.killed is not None:
        return unread(f"tệp đòi quá nhiều tài nguyên khi kiểm tra chữ ký ({ran.killed})")
    try:
        if answer.stat().st_size > _LARGEST:
            return unread("kết quả kiểm tra chữ ký quá lớn")
        return verification_from_json(json.loads(answer.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return unread(f"chương trình kiểm tra chữ ký dừng bất thường ({ran.returncode})")
