"""Signing with a key inside a PKCS#11 token (SoftHSM stands for a USB token)."""

import threading
from dataclasses import replace

import pytest
from pkcs11 import TokenFlag
from pkcs11.exceptions import PinIncorrect, PinLocked
from servers.tokens import LIBRARY, make_token, token_folder

from storage.signing.pkcs11_token import Token, TokenSigner
from storage.signing.sign import PyHankoSigner
from workflows.domain.signature import SignatureState
from workflows.errors import SigningFailed, TokenRefused

pytestmark = pytest.mark.requires_softhsm


@pytest.fixture(scope="module")
def made(authority, keys, tmp_path_factory):
    """A token that holds the key, the certificate and the intermediate of user u1."""
    keys.key_of("u1")
    with token_folder(tmp_path_factory.mktemp("room")) as folder:
        yield make_token(folder, "usb-clerk", authority.folder / "signers" / "u1.p12")


@pytest.fixture(scope="module")
def pin(made) -> str:
    return made.pin


@pytest.fixture(scope="module")
def token(made) -> Token:
    return Token(library=LIBRARY, label=made.label, key=made.key, chain=(made.chain,))


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


def test_a_locked_pin_is_told_without_another_try(token, pin, monkeypatch):
    """SoftHSM never locks; the flags are what a real token shows."""
    tried = []

    class Plugged:
        label = token.label
        flags = TokenFlag.USER_PIN_LOCKED

        def open(self, **given):
            tried.append(given)
            raise PinLocked

    monkeypatch.setattr("storage.signing.pkcs11_token.find_token", lambda *_, **__: Plugged())
    with pytest.raises(TokenRefused) as failed:
        TokenSigner(token, owner="u1", pin=pin)
    assert "bị khóa" in failed.value.shown
    assert tried == []


def test_the_last_try_is_told(token, pin, monkeypatch):
    class Plugged:
        label = token.label
        flags = TokenFlag.USER_PIN_FINAL_TRY

        def open(self, **given):
            raise PinIncorrect

    monkeypatch.setattr("storage.signing.pkcs11_token.find_token", lambda *_, **__: Plugged())
    with pytest.raises(TokenRefused) as failed:
        TokenSigner(token, owner="u1", pin=pin)
    assert "một lần thử" in failed.value.shown


def test_nobody_signs_on_another_persons_login(token, pin, monkeypatch):
    """A PKCS#11 login holds for the whole process: the second person's PIN must be asked too."""
    monkeypatch.setattr("storage.signing.pkcs11_token._WAIT_S", 0.2)
    refused = []

    def second():
        try:
            TokenSigner(token, owner="u1", pin="000000")
        except TokenRefused as error:
            refused.append(error.shown)

    with TokenSigner(token, owner="u1", pin=pin) as first:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        assert first.key_of("u1").signing_cert is not None
    assert "người khác dùng" in refused[0]
    with TokenSigner(token, owner="u1", pin=pin):
        pass


def test_many_threads_share_one_session(token, pin, authority, copy_pdf, profiles, verify, tools):
    with TokenSigner(token, owner="u1", pin=pin) as keys:
        signer = PyHankoSigner(
            keys,
            trust_dir=authority.trust,
            sandbox=tools.DirectSandbox(),
            clock=tools.FixedClock(),
        )
        hidden = replace(profiles["ca_nhan"], visible=False)
        signed: list[bytes] = []

        def work():
            signed.append(signer.sign(copy_pdf, profile=hidden, who="u1").content)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(signed) == 6
    assert {r.state for content in signed for r in verify(content)} == {SignatureState.VALID}
