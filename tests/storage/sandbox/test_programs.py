"""The programs that really parse foreign bytes work inside, at every level reached here."""

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from storage.sandbox import LimitedSandbox, best_sandbox
from workflows.ports.sandbox import Limits

LEVELS = {
    "limited": LimitedSandbox,
    "filters": lambda: LimitedSandbox(seccomp=True, landlock=True),
    "best": best_sandbox,
}


@pytest.fixture(params=LEVELS)
def sandbox(request):
    return LEVELS[request.param]()


@pytest.fixture
def desk():
    with tempfile.TemporaryDirectory(prefix="sohoa-test-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "out").mkdir()
        yield Path(folder)


@pytest.fixture
def letter(desk) -> Path:
    """A PDF whose font is not embedded: poppler must find one through fontconfig."""
    content = b"BT /F 40 Tf 20 100 Td (UBND PHUONG 1 so 25) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 200]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    body = b"%PDF-1.4\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, one)
    start = len(body)
    body += b"xref\n0 5\n0000000000 65535 f \n"
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF\n" % start
    path = desk / "letter.pdf"
    path.write_bytes(body)
    return path


# as a reader does it: our own code starts the renderer, both under the same bounds
RENDER = textwrap.dedent("""
    import subprocess, sys
    import ocr.page
    command = ["pdftoppm", "-r", "200", "-png", "-singlefile", sys.argv[1], "page"]
    subprocess.run(command, check=True)
""")


def test_a_page_is_rendered_with_its_letters_and_read(sandbox, desk, letter):
    out = desk / "out"
    argv = [sys.executable, "-c", RENDER, str(letter)]
    ran = sandbox.run(argv, read=[letter], out=out, limits=Limits())
    assert (ran.returncode, ran.stderr, ran.killed) == (0, b"", None)
    with Image.open(out / "page.png") as page:
        assert page.size == (1389, 556)
        dark = sum(page.convert("L").histogram()[:128])
    assert dark > 5000
    words = sandbox.run(
        ["tesseract", str(out / "page.png"), "-", "-l", "vie", "--psm", "7"],
        read=[],
        out=out,
        limits=Limits(),
    )
    assert "UBND PHUONG 1" in words.stdout.decode(), words


def test_a_bomb_ends_as_a_result(sandbox, desk):
    """Thirty nested forms, each drawn twice: 2**30 drawings in 6 KB (reliability corpus)."""
    path = desk / "bomb.pdf"
    _write_nested_forms(path, 30)
    argv = ["pdftoppm", "-r", "50", "-png", "-singlefile", str(path), "page"]
    ran = sandbox.run(argv, read=[path], out=desk / "out", limits=Limits(cpu_s=2, wall_s=30))
    assert ran.killed == "cpu"
    control = subprocess.run(["pdfinfo", path], capture_output=True, check=True)
    assert b"Pages:           1" in control.stdout


def _write_nested_forms(path: Path, depth: int) -> None:
    import pikepdf
    from pikepdf import Dictionary, Name

    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 200))
        inner = pdf.make_stream(b"0 0 1 rg 10 10 50 50 re f")
        for _ in range(depth):
            inner.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 200]))
            outer = pdf.make_stream(b"/F Do /F Do")
            outer.Resources = Dictionary(XObject=Dictionary(F=inner))
            inner = outer
        page.Contents = pdf.make_stream(b"/F Do")
        inner.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 200]))
        page.Resources = Dictionary(XObject=Dictionary(F=inner))
        pdf.save(path)
