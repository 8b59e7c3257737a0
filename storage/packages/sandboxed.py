# SPDX-License-Identifier: Apache-2.0
"""Examining a package from outside in a child under limits: its XML may be made to kill a parser.

`python -m storage.packages.sandboxed PATH OUT.json` is the child.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from storage.packages.checking import check_package
from storage.packages.zipped import is_unfinished
from workflows.domain.package import Checked, Fault
from workflows.ports.sandbox import Limits, Sandbox

_LIMITS = Limits(wall_s=1800.0, cpu_s=1200, memory=2 << 30, file_size=16 << 20, processes=16)
_LARGEST = 4 << 20  # bytes of JSON read back
_SOURCE = Path(__file__).resolve().parents[2]
_PACKAGES = ("storage", "workflows", "ocr")
_CHECKED = TypeAdapter(Checked)


class SandboxedCheck:
    """`check_package`, with the package's bytes opened in `sandbox` only."""

    def __init__(self, sandbox: Sandbox, *, python: str = sys.executable) -> None:
        self._sandbox = sandbox
        self._python = python

    def __call__(self, path: Path) -> Checked:
        if is_unfinished(path) or not path.exists():
            return check_package(path)  # told without opening it
        untrusted = path.resolve()
        with tempfile.TemporaryDirectory(prefix="sohoa-package-") as room:
            # the child's own account has to pass, or it would run under ours (`sandbox.account`)
            Path(room).chmod(0o711)
            out = Path(room) / "out"
            out.mkdir(mode=0o700)
            code = [_SOURCE / name for name in _PACKAGES]
            for package in code:
                (out / package.name).symlink_to(package)
            answer = out / "checked.json"
            ran = self._sandbox.run(
                [self._python, "-m", "storage.packages.sandboxed", str(untrusted), str(answer)],
                read=[untrusted, Path(sys.prefix), *code],
                out=out,
                limits=_LIMITS,
                env={"PYTHONPATH": str(out), "PYTHONDONTWRITEBYTECODE": "1"},
            )
            try:
                if answer.stat().st_size > _LARGEST:
                    return _stopped(path, "kết quả kiểm tra quá lớn")
                return _CHECKED.validate_json(answer.read_bytes())
            except (OSError, ValueError):
                why = ran.killed or f"mã {ran.returncode}"
                return _stopped(path, f"chương trình kiểm tra gói bị dừng ({why})")


def _stopped(path: Path, why: str) -> Checked:
    fault = Fault(file=path.name, what=why)
    return Checked(name=path.stem, type_name="", documents=0, files=0, size=0, faults=(fault,))


def main(arguments: Sequence[str]) -> int:
    path, answer = map(Path, arguments)
    answer.write_bytes(_CHECKED.dump_json(check_package(path)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
