"""Files made to hurt whoever looks for their signatures: the child ends, the parent answers."""

import time
import zlib
from io import BytesIO

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from servers.attacks import paper
from servers.issuer import Issuer

from storage.sandbox import best_sandbox
from storage.signing.sandboxed import SandboxedVerifier
from workflows.domain.signature import SignatureState

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def look(issuer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    verifier = SandboxedVerifier(
        best_sandbox(), issuer.put_trust(folder / "trust", *issuer.lists())
    )

    def look(content: bytes):
        path = folder / "f.pdf"
        path.write_bytes(content)
        return verifier.verify(path)

    return look


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = BytesIO()
    pdf.save(out, compress_streams=False)
    return out.getvalue()


def _bomb() -> bytes:
    """A gigabyte of zeros, packed twice: some kilobytes."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    return zlib.compress(once, 9)


def bomb_in_the_security_store() -> bytes:
    with pikepdf.open(BytesIO(paper())) as pdf:
        bomb = pdf.make_stream(_bomb())
        bomb.Filter = Array([Name.FlateDecode, Name.FlateDecode])
        pdf.Root.DSS = Dictionary(CRLs=Array([bomb]), Certs=Array([bomb]), OCSPs=Array([bomb]))
        return _saved(pdf)


def loop_of_pages() -> bytes:
    with pikepdf.open(BytesIO(paper())) as pdf:
        tree = pdf.Root.Pages
        tree.Kids = Array([tree, tree, *tree.Kids])
        return _saved(pdf)


def loop_of_fields() -> bytes:
    with pikepdf.open(BytesIO(paper())) as pdf:
        field = pdf.Root.AcroForm.Fields[0]
        field.Kids, field.Parent = Array([field, field]), field
        return _saved(pdf)


def deep_nest() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"]" * 200_000 + b"\nendobj\n/ByteRange"


def many_pages() -> bytes:
    with pikepdf.open(BytesIO(paper())) as pdf:
        page = pdf.pages[1].obj
        pdf.Root.Pages.Kids = Array([pdf.make_indirect(page) for _ in range(20_000)])
        pdf.Root.Pages.Count = 20_000
        return _saved(pdf)


def many_names_of_signatures() -> bytes:
    return paper() + b"/ByteRange [0 1 2 3]\n" * 200_000


HOSTILE = {
    f.__name__: f
    for f in (
        bomb_in_the_security_store,
        loop_of_pages,
        loop_of_fields,
        deep_nest,
        many_pages,
        many_names_of_signatures,
    )
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_get_an_answer_in_time(case, look):
    started = time.monotonic()
    told = look(HOSTILE[case]())
    assert time.monotonic() - started < 90
    assert not any(r.state.holds for r in told)


@pytest.mark.parametrize("case", ["bomb_in_the_security_store", "loop_of_fields", "many_pages"])
def test_what_is_hostile_only_beside_a_signature_does_not_hide_it(case, issuer, look):
    """Signed as it is: the answer is about the signature, or says the limits were reached."""
    signed = issuer.sign(HOSTILE[case](), issuer.certificate("Người Ký"))
    told = look(signed)
    assert len(told) == 1
    assert told[0].state in (SignatureState.VALID, SignatureState.UNREADABLE)
    if told[0].state is SignatureState.UNREADABLE:
        assert "tài nguyên" in told[0].reason or "không đọc được" in told[0].reason
