# SPDX-License-Identifier: Apache-2.0
"""Checking the signatures of many files: one child process for dozens of them, not one each.

Starting the child costs ten times what looking at a small file does. A file that gets the child
killed costs the others nothing: those without an answer are then looked at one by one.

`python -m storage.signing.many OUT FILE... --trust FOLDER` is the child; it writes OUT/<n>.json.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from storage.signing.reports import verification_as_json, verification_from_json
from storage.signing.sandboxed import SandboxedVerifier, _link_packages
from workflows.domain.signature import Verification
from workflows.ports.sandbox import Limits, Sandbox

_TOGETHER = 25
_LIMITS = Limits(wall_s=180.0, cpu_s=120, memory=1536 << 20, file_size=16 << 20, processes=16)
_LARGEST = 4 << 20  # bytes of JSON read back for one file


class SandboxedMany:
    """The `ManyVerifier` port."""

    def __init__(self, sandbox: Sandbox, *trust_dirs: Path, python: str = sys.executable) -> None:
        self._sandbox = sandbox
        self._trust_dirs = [folder.resolve() for folder in trust_dirs]
        self._python = python
        self._single = SandboxedVerifier(sandbox, *trust_dirs, python=python)

    def verify_each(self, pdfs: Sequence[Path]) -> Iterator[Verification]:
        """In the order given, each as `SandboxedVerifier.verify` would tell it."""
        for start in range(0, len(pdfs), _TOGETHER):
            some = [pdf.resolve() for pdf in pdfs[start : start + _TOGETHER]]
            answers = self._together(some)
            for pdf, answer in zip(some, answers, strict=True):
                yield self._single.verify(pdf) if answer is None else answer

    def _together(self, pdfs: list[Path]) -> list[Verification | None]:
        trusted = [folder for folder in self._trust_dirs if folder.is_dir()]
        with tempfile.TemporaryDirectory(prefix="sohoa-verify-") as room:
            out = Path(room) / "out"
            out.mkdir()
            code = _link_packages(out)
            program = [self._python, "-m", "storage.signing.many", str(out), *map(str, pdfs)]
            self._sandbox.run(
                [*program, *(f"--trust={folder}" for folder in trusted)],
                read=[*pdfs, *trusted, Path(sys.prefix), *code],
                out=out,
                limits=_LIMITS,
                env={"PYTHONPATH": str(out), "PYTHONDONTWRITEBYTECODE": "1"},
            )
            return [_answer(out / f"{n}.json") for n in range(len(pdfs))]


def _answer(path: Path) -> Verification | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return verification_from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    from storage.signing.verify import PyHankoVerifier

    parser = argparse.ArgumentParser(prog="python -m storage.signing.many")
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--trust", type=Path, action="append", default=[])
    given = parser.parse_args(arguments)
    verifier = PyHankoVerifier(*given.trust)
    for n, file in enumerate(given.files):
        told = json.dumps(verification_as_json(verifier.verify(file)), ensure_ascii=False)
        (given.out / f"{n}.json").write_text(told, "utf-8")
    return 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # pyHanko logs whole tracebacks for each odd signature
    raise SystemExit(main())
