"""Many files in one child: the order holds; one that kills the child costs no other its answer."""

import json
from pathlib import Path

from boxes import tiny_pdf

from storage.sandbox import best_sandbox
from storage.signing.many import SandboxedMany
from storage.signing.reports import verification_as_json
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import SignatureState
from workflows.ports.objects import content_sha256
from workflows.ports.sandbox import Ran


def files(folder, contents):
    for n, content in enumerate(contents):
        (folder / f"{n}.pdf").write_bytes(content)
    return [folder / f"{n}.pdf" for n in range(len(contents))]


def test_each_file_gets_its_own_answer_in_order(tmp_path):
    pdfs = files(tmp_path, [tiny_pdf("một"), b"not a pdf", tiny_pdf("ba")])
    told = list(SandboxedMany(best_sandbox(), tmp_path / "trust").verify_each(pdfs))
    assert [len(t) for t in told] == [0, 1, 0]
    assert told[1][0].state is SignatureState.UNREADABLE


class Dying:
    """A sandbox whose child for many files dies at the second; one file alone is looked at."""

    def __init__(self):
        self.alone = []

    def run(self, argv, *, read, out, limits, env=None):
        if "storage.signing.many" in argv:
            pdf, answer = Path(argv[4]), out / "0.json"
            killed = "memory"
        else:
            pdf, answer = Path(argv[3]), Path(argv[4])
            self.alone.append(pdf.name)
            killed = None
        told = verification_as_json(PyHankoVerifier().verify(pdf))
        answer.write_text(json.dumps(told), "utf-8")
        return Ran(returncode=0, stdout=b"", stderr=b"", killed=killed, seconds=0.0)


def test_files_without_an_answer_are_looked_at_one_by_one(tmp_path):
    pdfs = files(tmp_path, [b"0", b"1", b"2"])
    dying = Dying()
    told = list(SandboxedMany(dying, tmp_path / "trust").verify_each(pdfs))
    assert [t.sha256 for t in told] == [content_sha256(c) for c in (b"0", b"1", b"2")]
    assert dying.alone == ["1.pdf", "2.pdf"]
