"""Signing with a key inside a PKCS#11 token (SoftHSM stands for a USB token)."""

import os
import secrets
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from storage.signing.pkcs11_token import Token, TokenSigner
from storage.signing.sign import PyHankoSigner
from workflows.errors import SigningFailed
from workflows.ports.signer import SignatureState

pytestmark = pytest.mark.requires_softhsm

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


@pytest.fixture(scope="module")
def pin() -> str:
    return str(secrets.randbelow(900_000) + 100_000)


@pytest.fixture(scope="module")
def token(authority, keys, pin, tmp_path_factory):
    """A token that holds the key, the certificate and the intermediate of user u1."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(config)
    keys.key_of("u1")
    signers = authority.folder / "signers"
    opened = pkcs12.load_pkcs12(
        (signers / "u1.p12").read_bytes(), (signers / "u1.pass").read_bytes()
    )
    no_secret = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        opened.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, no_secret)
    )
    (folder / "cert.der").write_bytes(opened.cert.certificate.public_bytes(DER))
    middle = opened.additional_certs[0].certificate
    (folder / "middle.der").write_bytes(middle.public_bytes(DER))
    util = ["softhsm2-util", "--pin", pin]
    run(*util, "--init-token", "--free", "--label", "usb-clerk", "--so-pin", pin)
    key = str(folder / "key.pem")
    run(*util, "--import", key, "--token", "usb-clerk", "--label", "clerk", "--id", "01")
    tool = ["pkcs11-tool", "--module", str(LIBRARY), "--token-label", "usb-clerk", "--login"]
    for name, label, number in (("cert", "clerk", "01"), ("middle", "middle", "02")):
        put = ["--write-object", str(folder / f"{name}.der"), "--type", "cert"]
        run(*tool, "--pin", pin, *put, "--label", label, "--id", number)
    yield Token(library=LIBRARY, label="usb-clerk", key="clerk", chain=("middle",))
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_the_token_signs(token, pin, authority, copy_pdf, profiles, verify, tools):
    with TokenSigner(token, owner="u1", pin=pin) as keys:
        signer = PyHankoSigner(
            keys,
            trust_dir=authority.trust,
            sandbox=tools.DirectSandbox(),
            clock=tools.FixedClock(),
        )
        done = signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")
        with pytest.raises(SigningFailed, match="belongs to"):
            signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u2")
    [report] = verify(done.content)
    assert report.state is SignatureState.VALID
    assert report.signer_name == done.signer_name == "Nguyễn Thị Mẫu"
    with pytest.raises(SigningFailed):
        signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")


def test_a_wrong_pin_is_refused(token, pin):
    with pytest.raises(SigningFailed) as failed:
        TokenSigner(token, owner="u1", pin="000000" if pin != "000000" else "111111")
    assert "PIN" in failed.value.shown


def test_a_token_that_is_not_plugged_in_is_refused(token, pin):
    absent = Token(library=token.library, label="another", key="clerk")
    with pytest.raises(SigningFailed, match="another"):
        TokenSigner(absent, owner="u1", pin=pin)


def test_a_certificate_that_is_not_on_the_token_is_refused(token, pin):
    other = Token(library=token.library, label=token.label, key="nobody")
    with TokenSigner(other, owner="u1", pin=pin) as keys, pytest.raises(SigningFailed):
        keys.key_of("u1")


def test_a_module_that_is_no_module_is_refused(token, pin, tmp_path):
    broken = Token(library=tmp_path / "none.so", label="x", key="x")
    with pytest.raises(SigningFailed):
        TokenSigner(broken, owner="u1", pin=pin)
