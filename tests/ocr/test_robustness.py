"""299 hostile or odd files through the real child and sandbox: no hang, known codes only."""

import tempfile
import time
from pathlib import Path

import pytest

from ocr.opening import MAX_PIXELS
from storage.sandbox import best_sandbox
from workflows.errors import (
    BadInput,
    DamagedDocument,
    EncryptedDocument,
    HostileDocument,
    NotADocument,
    TooLarge,
)
from workflows.opening import Opener
from workflows.ports.sandbox import Limits

CHUNKS = 8
KNOWN = (NotADocument, EncryptedDocument, DamagedDocument, TooLarge, HostileDocument)
LIMITS = Limits(wall_s=20, cpu_s=12)


@pytest.fixture
def opener():
    # the child runs under an account of its own: every folder above must let it pass
    with tempfile.TemporaryDirectory(prefix="sohoa-test-") as folder:
        Path(folder).chmod(0o755)
        yield Opener(
            sandbox=best_sandbox(),
            scratch=Path(folder),
            inspect_limits=LIMITS,
            render_limits=LIMITS,
        )


def outcome(opener, file):
    """`ok`, or the code of the error, after looking and drawing page 1 at 60 dpi."""
    try:
        opening = opener.inspect(file)
        pages = list(opener.pages(file, 1, 1, 60))
    except BadInput as refused:
        assert isinstance(refused, KNOWN), f"{file.name}: {refused!r}"
        return refused.code
    assert opening.page_count >= 1
    assert [p.number for p in pages] == [1]
    height, width = pages[0].pixels.shape[:2]
    assert 0 < width * height <= MAX_PIXELS
    return "ok"


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_robustness_file_opens_or_is_refused_by_name(opener, shared_data, chunk):
    files = sorted(f for f in (shared_data / "robustness").rglob("*") if f.is_file())
    mine = files[chunk::CHUNKS]
    assert mine
    outcomes = {}
    for file in mine:
        began = time.monotonic()
        outcomes[str(file)] = outcome(opener, file)
        assert time.monotonic() - began < 2 * LIMITS.wall_s + 10, file
    # most of them are odd, not broken: refusing everything would be no defence
    assert list(outcomes.values()).count("ok") > len(mine) / 3, outcomes


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("other/html_404_saved_as.pdf", NotADocument.code),
        ("paperless/encrypted.pdf", EncryptedDocument.code),
        ("paperless/password-is-test.pdf", EncryptedDocument.code),
        ("pdfjs/bug1782186.pdf", EncryptedDocument.code),
        ("pdfjs/poppler-67295-0.pdf", DamagedDocument.code),
        ("pdfjs/empty_protected.pdf", "ok"),  # an owner's password alone
        ("pdfjs/pr6531_2.pdf", "ok"),  # the same; poppler refuses it when asked with a password
        ("pypdf/r6-user-password.pdf", "ok"),  # the owner's password is empty
        ("pdfjs/rotated.pdf", "ok"),
        ("ocrmypdf/multipage.pdf", "ok"),
        ("ocrmypdf/jbig2.pdf", "ok"),
    ],
)
def test_known_files_come_out_as_they_should(opener, shared_data, name, code):
    assert outcome(opener, shared_data / "robustness" / name) == code
