"""Every way a signature can be wrong, and the state a person is told (reliability: signatures)."""

import asyncio
import datetime as dt
import re
from io import BytesIO

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from storage.signing.verify import PyHankoVerifier, main
from workflows.domain.signature import Revocation, SignatureState


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


def _resaved(content: bytes) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(content)) as pdf:
        pdf.save(out)
    return out.getvalue()


def _updated(content: bytes, change) -> bytes:
    """An incremental update: the signed bytes themselves stay whole."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0]
    change(writer, page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _replace_content(writer, page):
    stream = generic.StreamObject(stream_data=b"0 0 200 200 re f")
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)


def _turn(writer, page):
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)


def _cover(writer, page):
    """An annotation laid over the text, as in the evil annotation attack."""
    name, number, box = generic.NameObject, generic.NumberObject, generic.ArrayObject
    look = generic.StreamObject(
        {
            name("/Subtype"): name("/Form"),
            name("/BBox"): box([number(v) for v in (0, 0, 300, 300)]),
        },
        stream_data=b"1 g 0 0 300 300 re f",
    )
    note = generic.DictionaryObject(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/FreeText"),
            name("/Rect"): box([number(v) for v in (100, 300, 400, 600)]),
            name("/F"): number(4),
            name("/AP"): generic.DictionaryObject({name("/N"): writer.add_object(look)}),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


def _zeroed(content: bytes) -> bytes:
    return re.sub(
        rb"/ByteRange ?\[[^]]*\]",
        lambda m: b"/ByteRange [0 0 0 0]".ljust(len(m.group())),
        content,
    )


def _in_cms(content: bytes) -> int:
    """A place inside the signature value, at the end of the CMS."""
    cms = re.search(rb"/Contents ?<([0-9a-f]+)", content)
    return cms.start(1) + len(cms.group(1).rstrip(b"0")) - 40


ALTERED, UNREADABLE = SignatureState.ALTERED, SignatureState.UNREADABLE
TAMPERED = {
    "bit flipped in the header": (lambda c: _flip(c, 7), {ALTERED, UNREADABLE}),
    "bit flipped in the picture": (lambda c: _flip(c, c.index(b"\xff\xd8") + 5000), {ALTERED}),
    "bit flipped in the signature": (
        lambda c: c[: _in_cms(c)] + (b"0" if c[_in_cms(c)] != 48 else b"1") + c[_in_cms(c) + 1 :],
        {ALTERED},
    ),
    "ByteRange zeroed": (_zeroed, {ALTERED, UNREADABLE}),
    "saved anew": (_resaved, {ALTERED, UNREADABLE}),
    "content replaced by an update": (lambda c: _updated(c, _replace_content), {ALTERED}),
    "annotation laid over by an update": (lambda c: _updated(c, _cover), {ALTERED}),
    "page turned by an update": (lambda c: _updated(c, _turn), {ALTERED}),
    "1 KB appended": (lambda c: c + b"\0" * 1024, {ALTERED, UNREADABLE}),
    "text appended": (lambda c: c + b"x" * 1024, {ALTERED, UNREADABLE}),
    "last 10 bytes cut": (lambda c: c[:-10], {ALTERED, UNREADABLE}),
    "second half cut": (lambda c: c[: len(c) // 2], {UNREADABLE}),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering_is_told(case, signed, verify):
    tamper, states = TAMPERED[case]
    assert verify(signed.content)[0].state is SignatureState.VALID, "the control"
    reports = verify(tamper(signed.content))
    assert len(reports) == 1
    assert reports[0].state in states
    assert reports[0].reason


def test_hashes_alone_would_have_believed_an_update(signed, verify):
    """Why only the bottom line decides."""
    [report] = verify(_updated(signed.content, _replace_content))
    assert report.intact
    assert report.trusted
    assert report.state is SignatureState.ALTERED


def test_tampering_under_two_signatures_is_told_for_both(signed_twice, verify):
    at = signed_twice.content.index(b"\xff\xd8") + 5000
    assert [r.state for r in verify(_flip(signed_twice.content, at))] == [ALTERED] * 2


def test_a_stripped_signature_leaves_nothing_or_is_noticed(signed, copy_pdf, verify):
    """Stripped clean: only the record of intake knows. Form removed: the bytes still tell."""
    assert verify(copy_pdf) == []

    def drop_form(writer, page):
        del writer.root["/AcroForm"]
        writer.update_root()

    [report] = verify(_updated(signed.content, drop_form))
    assert report.state is UNREADABLE
    assert "không còn gắn" in report.reason


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"%PDF-1.7\n%%EOF", bytes(range(256)) * 50, b"%PDF-1.4 startxref 9"]
)
def test_what_nobody_can_read_is_one_report_never_an_error(content, verify):
    [report] = verify(content)
    assert report.state is UNREADABLE
    assert not report.intact


def test_a_root_nobody_put_there_is_not_trusted(signed, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(signed.content)
    for folder in (tmp_path / "empty", tmp_path):
        [report] = PyHankoVerifier(folder).verify(path)
        assert report.state is SignatureState.UNTRUSTED
        assert report.intact
        assert not report.trusted


# Certificates of every kind, issued here so that they can be wrong


class Shop:
    """Issues under the development authority, with dates and digests of the test's choosing."""

    def __init__(self, authority) -> None:
        own = authority.folder / "authority"
        self.issuer = x509.load_pem_x509_certificate((own / "intermediate.crt").read_bytes())
        self.issuer_key = serialization.load_pem_private_key(
            (own / "intermediate.key").read_bytes(), None
        )
        self.chain = [load_cert_from_pemder(str(own / "intermediate.crt"))]

    def certificate(
        self, key, start: dt.timedelta, end: dt.timedelta, announced: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        usage = dict.fromkeys(
            (
                *("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"),
                *("crl_sign", "encipher_only", "decipher_only"),
            ),
            False,
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Người Thử")]))
            .issuer_name(self.issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start)
            .not_valid_after(now + end)
            .add_extension(
                x509.KeyUsage(digital_signature=True, content_commitment=True, **usage),
                critical=True,
            )
        )
        if announced:
            made = made.add_extension(self._where_revoked(), critical=False)
        return made.sign(self.issuer_key, hashes.SHA256())

    @staticmethod
    def _where_revoked() -> x509.CRLDistributionPoints:
        name = x509.UniformResourceIdentifier("http://crl.invalid/list.crl")
        point = x509.DistributionPoint([name], None, None, None)
        return x509.CRLDistributionPoints([point])

    def signer(self, *, start=dt.timedelta(hours=-1), end=dt.timedelta(days=9), announced=False):
        """`announced`: the certificate says where it is told whether it was revoked."""
        from pyhanko.keys import load_private_key_from_pemder_data

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self.certificate(key, start, end, announced)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        der = certificate.public_bytes(serialization.Encoding.DER)
        made = SimpleSigner(
            asn1_x509.Certificate.load(der),
            load_private_key_from_pemder_data(pem, passphrase=None),
            SimpleCertificateStore.from_certs(self.chain),
        )
        return made, certificate

    def revocation_list(self, *certificates: x509.Certificate) -> bytes:
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuer.subject)
            .last_update(now - dt.timedelta(minutes=10))
            .next_update(now + dt.timedelta(days=1))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issuer_key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for certificate in certificates:
            made = made.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(now - dt.timedelta(minutes=30))
                .build()
            )
        signed = made.sign(self.issuer_key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def shop(authority):
    return Shop(authority)


def sign_with(signer, pdf: bytes, *, digest="sha256", subfilter=SigSeedSubFilter.PADES) -> bytes:
    metadata = PdfSignatureMetadata(field_name="Thu1", md_algorithm=digest, subfilter=subfilter)
    return (
        PdfSigner(metadata, signer=signer)
        .sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
        .getvalue()
    )


def test_an_expired_certificate_has_its_own_state(shop, copy_pdf, verify):
    signer, _ = shop.signer(end=dt.timedelta(minutes=-10))
    [report] = verify(sign_with(signer, copy_pdf))
    assert report.state is SignatureState.EXPIRED
    assert report.intact
    assert "hiệu lực đến" in report.reason


def test_a_revoked_certificate_has_its_own_state(shop, authority, copy_pdf, tmp_path):
    signer, certificate = shop.signer(announced=True)
    path = tmp_path / "f.pdf"
    path.write_bytes(sign_with(signer, copy_pdf))
    for file in authority.trust.glob("*.crt"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    verifier = PyHankoVerifier(tmp_path)
    [report] = verifier.verify(path)
    assert (report.state, report.trusted) == (SignatureState.REVOCATION_UNKNOWN, True)
    assert report.revocation is Revocation.UNKNOWN
    (tmp_path / "list.crl").write_bytes(shop.revocation_list())
    [report] = verifier.verify(path)
    assert (report.state, report.revocation) == (SignatureState.VALID, Revocation.GOOD)
    (tmp_path / "list.crl").write_bytes(shop.revocation_list(certificate))
    [report] = verifier.verify(path)
    assert (report.state, report.revocation) == (SignatureState.REVOKED, Revocation.REVOKED)
    assert not report.trusted
    assert report.revoked_at is not None


def test_sha1_is_weak_not_altered_and_never_valid(shop, copy_pdf, verify):
    signer, _ = shop.signer()
    content = sign_with(
        signer, copy_pdf, digest="sha1", subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    )
    [report] = verify(content)
    assert report.state is SignatureState.WEAK_DIGEST
    assert (report.intact, report.digest, report.level) == (True, "sha1", "CMS")
    [report] = verify(_flip(content, content.index(b"\xff\xd8") + 5000))
    assert report.state is ALTERED, "the graver thing first"
    assert "SHA1" in report.reason


def test_old_style_signatures_of_good_digest_are_valid(shop, copy_pdf, verify):
    signer, _ = shop.signer()
    content = sign_with(signer, copy_pdf, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    [report] = verify(content)
    assert (report.state, report.level) == (SignatureState.VALID, "CMS")


def test_document_time_stamps_are_marked(authority, signed, verify):
    writer = IncrementalPdfFileWriter(BytesIO(signed.content))
    stamped = PdfTimeStamper(authority.time_stamper()).timestamp_pdf(writer, "sha256")
    first, second = verify(stamped.getvalue())
    assert (first.is_timestamp, second.is_timestamp) == (False, True)
    assert (first.state, second.state) == (SignatureState.VALID, SignatureState.VALID)
    assert second.signed_at is not None
    assert "TSA" in second.signer_name


def test_inside_an_event_loop_it_says_so_instead_of_calling_files_unreadable(signed, verify):
    async def look():
        return verify(signed.content)

    with pytest.raises(RuntimeError, match="thread"):
        asyncio.run(look())


def test_the_child_program_writes_its_reports(signed, authority, tmp_path):
    (tmp_path / "f.pdf").write_bytes(signed.content)
    out = tmp_path / "out.json"
    assert main([str(tmp_path / "f.pdf"), str(out), "--trust", str(authority.trust)]) == 0
    assert '"hop_le"' in out.read_text("utf-8")
