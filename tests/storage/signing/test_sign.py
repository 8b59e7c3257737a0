"""Signing our copies: what stays, what is added, what other programs say about it."""

import re
import subprocess
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pikepdf
import pytest

from storage.pdf import check
from storage.signing.keys import Pkcs12Keys
from storage.signing.sign import PyHankoSigner
from storage.typeface import VIETNAMESE
from workflows.domain.signature import SignatureState
from workflows.errors import CertificateRefused, SigningFailed
from workflows.ports.clock import VIETNAM
from workflows.ports.signer import SignatureLevel


def text_of(content: bytes, tmp_path) -> str:
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    ran = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
    return ran.stdout.decode()


def drawn(content: bytes, tmp_path) -> np.ndarray:
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    command = ["pdftoppm", "-r", "100", "-l", "1", "-gray", "-singlefile"]
    subprocess.run([*command, str(file), str(tmp_path / "f")], check=True, timeout=60)
    return cv2.imread(str(tmp_path / "f.pgm"), cv2.IMREAD_GRAYSCALE)


def ranges_of(content: bytes) -> list[list[int]]:
    found = re.findall(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", content)
    return [[int(v) for v in row] for row in found]


def test_a_signature_is_added_and_nothing_before_it_changes(signed, copy_pdf, verify, clock):
    assert signed.content.startswith(copy_pdf)
    assert (signed.signer_name, signed.level) == ("Nguyễn Thị Mẫu", "B-B")
    assert signed.field_name == "ChuKyCaNhan1"
    assert signed.signed_at == clock.at
    [report] = verify(signed.content)
    assert report.state is SignatureState.VALID
    assert (report.intact, report.trusted, report.covers_whole_file) == (True, True, True)
    assert (report.signer_name, report.digest) == ("Nguyễn Thị Mẫu", "sha256")
    assert report.signed_at == clock.at


def test_the_signed_copy_is_still_pdf_a(signed, signed_twice):
    assert check(signed.content) == []
    assert check(signed_twice.content) == []


def test_a_second_signature_leaves_the_first_valid(signed, signed_twice, verify):
    assert signed_twice.content.startswith(signed.content)
    first, second = verify(signed_twice.content)
    assert (first.state, second.state) == (SignatureState.VALID, SignatureState.VALID)
    assert (first.covers_whole_file, second.covers_whole_file) == (False, True)
    assert second.signer_name == "Ủy ban nhân dân xã Đông Sơn"


def test_many_signatures_of_one_profile_get_fields_of_their_own(signer, signed, profiles, verify):
    again = signer.sign(signed.content, profile=profiles["ca_nhan"], who="u2")
    assert again.field_name == "ChuKyCaNhan2"
    assert [r.state for r in verify(again.content)] == [SignatureState.VALID] * 2


def test_a_time_stamp_makes_it_level_b_t(signer, copy_pdf, profiles, verify):
    profile = replace(profiles["co_quan"], level=SignatureLevel.B_T)
    done = signer.sign(copy_pdf, profile=profile, who="unit1")
    [report] = verify(done.content)
    assert done.level == report.level == "B-T"
    assert report.state is SignatureState.VALID
    assert check(done.content) == []


@pytest.mark.requires_pdfsig
def test_pdfsig_agrees(signed_twice, tmp_path):
    file = tmp_path / "f.pdf"
    file.write_bytes(signed_twice.content)
    ran = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, check=False)
    said = ran.stdout.decode()
    assert said.count("Signature is Valid.") == 2
    assert said.count("Total document signed") == 1
    assert said.count("ETSI.CAdES.detached") == 2


def test_openssl_agrees(signed_twice, authority, tmp_path):
    """The CMS alone, against the bytes its ByteRange names."""
    ranges = ranges_of(signed_twice.content)
    assert len(ranges) == 2
    for a, b, c, d in ranges:
        content = signed_twice.content
        (tmp_path / "content").write_bytes(content[a : a + b] + content[c : c + d])
        cms = bytes.fromhex(content[a + b + 1 : c - 1].decode())
        (tmp_path / "sig.der").write_bytes(cms)
        root = authority.trust / "sohoa-development-root.crt"
        command = f"openssl cms -verify -binary -inform DER -in {tmp_path}/sig.der"
        more = f"-content {tmp_path}/content -CAfile {root} -purpose any -out /dev/null"
        ran = subprocess.run([*command.split(), *more.split()], capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr.decode()
        (tmp_path / "content").write_bytes(b"x" + content[a + 1 : a + b] + content[c : c + d])
        ran = subprocess.run([*command.split(), *more.split()], capture_output=True, check=False)
        assert ran.returncode != 0, "the check can fail"


def test_the_visible_mark_names_signer_and_time(signed_twice, clock, tmp_path):
    shown = text_of(signed_twice.content, tmp_path)
    when = clock.at.astimezone(VIETNAM).isoformat(timespec="seconds")
    assert when.endswith("+07:00")
    assert "Người số hóa: Nguyễn Thị Mẫu" in shown
    assert "Ký bởi: Ủy ban nhân dân xã Đông Sơn" in shown
    assert shown.count(f"Thời gian ký: {when}") == 2


@pytest.mark.parametrize(
    ("name", "side"), [("ca_nhan", "left"), ("sao_y", "right")], ids=["TT 01/2023", "NĐ 30/2020"]
)
def test_the_mark_stands_in_its_corner(signer, copy_pdf, profiles, name, side):
    done = signer.sign(copy_pdf, profile=profiles[name], who="u1")
    with pikepdf.open(BytesIO(done.content)) as pdf:
        page = pdf.pages[0]
        left, bottom, right, _ = (float(v) for v in page.Annots[0].Rect)
        width, height = float(page.mediabox[2]), float(page.mediabox[3])
    assert bottom > height * 0.7
    assert (left < width * 0.1) if side == "left" else (right > width * 0.9)


def test_the_mark_covers_no_ink(signer, copy_pdf, profiles, tmp_path):
    """Quốc hiệu and agency stand at the top: the marks move, smaller or lower, not over them."""
    done = signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")
    done = signer.sign(done.content, profile=profiles["sao_y"], who="unit1")
    before, after = drawn(copy_pdf, tmp_path), drawn(done.content, tmp_path)
    changed = cv2.absdiff(before, after) > 40
    assert changed.sum() > 500
    assert before[changed].min() > 200


def test_every_vietnamese_letter_can_stand_in_the_mark(signer, profiles, tools, tmp_path):
    """PyHanko 0.38 spreads and clips letters of fonts whose em is not 1000 units."""
    lines = [VIETNAMESE[i : i + 23] for i in range(0, 134, 23)]
    profile = replace(profiles["ca_nhan"], stamp="\n".join(lines))
    blank = np.full((1754, 1240, 3), 250, np.uint8)
    done = signer.sign(tools.compose(blank, mark=False), profile=profile, who="u1")
    assert text_of(done.content, tmp_path).split() == lines
    assert check(done.content) == []


def test_an_invisible_signature_draws_nothing(signer, copy_pdf, profiles, verify, tmp_path):
    profile = replace(profiles["co_quan"], visible=False)
    done = signer.sign(copy_pdf, profile=profile, who="unit1")
    assert verify(done.content)[0].state is SignatureState.VALID
    assert np.array_equal(drawn(copy_pdf, tmp_path), drawn(done.content, tmp_path))
    assert check(done.content) == []


def test_percent_signs_in_names_are_letters(signer, copy_pdf, profiles, tmp_path):
    profile = replace(profiles["ca_nhan"], stamp="100% {signer} %(ts)s")
    done = signer.sign(copy_pdf, profile=profile, who="u1")
    assert "100% Nguyễn Thị Mẫu %(ts)s" in text_of(done.content, tmp_path)


# What must not be signed


def test_a_stranger_cannot_sign(signer, copy_pdf, profiles):
    with pytest.raises(SigningFailed, match="no user"):
        signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="nobody")


def test_a_key_that_cannot_be_opened_fails(authority, keys, copy_pdf, profiles, tools, tmp_path):
    keys.key_of("u1")
    for name in ("u1.p12", "u1.pass"):
        (tmp_path / name).write_bytes((authority.folder / "signers" / name).read_bytes())
    good = signer_over(Pkcs12Keys(tmp_path), authority, tools)
    assert good.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1").content
    (tmp_path / "u1.pass").write_text("wrong passphrase")
    bad = signer_over(Pkcs12Keys(tmp_path), authority, tools)
    with pytest.raises(SigningFailed, match="PKCS#12"):
        bad.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")


def signer_over(keys, authority, tools, **more) -> PyHankoSigner:
    return PyHankoSigner(
        keys,
        trust_dir=more.pop("trust_dir", authority.trust),
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        **more,
    )


def test_a_certificate_this_installation_does_not_trust_fails(
    authority, keys, copy_pdf, profiles, tools, tmp_path
):
    signer = signer_over(keys, authority, tools, trust_dir=tmp_path)
    with pytest.raises(CertificateRefused, match="no issuer matching"):
        signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")


def test_a_key_that_is_not_the_certificates_fails(authority, keys, copy_pdf, profiles, tools):
    """A token wired to the wrong certificate: the CMS does not verify, so nothing is kept."""

    class Mixed:
        def key_of(self, who):
            from pyhanko.sign.signers import SimpleSigner

            one, other = keys.key_of("u1"), keys.key_of("u2")
            return SimpleSigner(one.signing_cert, other.signing_key, one.cert_registry)

    with pytest.raises(SigningFailed, match="does not verify"):
        signer_over(Mixed(), authority, tools).sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")


def test_without_a_time_stamper_the_signature_stays_at_b_b(
    authority, keys, copy_pdf, profiles, tools
):
    signer = signer_over(keys, authority, tools)
    profile = replace(profiles["co_quan"], level=SignatureLevel.B_LTA)
    assert signer.sign(copy_pdf, profile=profile, who="unit1").level is SignatureLevel.B_B


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_not_a_pdf_cannot_be_signed(signer, profiles, content):
    with pytest.raises(SigningFailed):
        signer.sign(content, profile=profiles["ca_nhan"], who="u1")


def test_a_file_altered_since_its_signature_keeps_that_state(signer, signed, profiles, verify):
    """Signing again must not hide it, nor make it worse."""
    with pikepdf.open(BytesIO(signed.content)) as pdf:
        out = BytesIO()
        pdf.save(out)
    done = signer.sign(out.getvalue(), profile=profiles["co_quan"], who="unit1")
    states = {r.field_name: r.state for r in verify(done.content)}
    assert states["ChuKyCoQuan1"] is SignatureState.VALID
    assert states["ChuKyCaNhan1"] is not SignatureState.VALID
