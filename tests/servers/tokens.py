"""A SoftHSM token that stands for a clerk's USB token or the office's HSM."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


def new_pin() -> str:
    return str(secrets.randbelow(900_000) + 100_000)


@contextmanager
def token_folder(folder: Path) -> Iterator[Path]:
    """An empty room of tokens; SoftHSM reads from the environment where it is."""
    (folder / "tokens").mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(config)
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@dataclass(frozen=True)
class SoftToken:
    """What lies on the token: one key with its certificate, and the intermediate."""

    label: str
    pin: str
    key: str = "key"
    chain: str = "chain"


def make_token(folder: Path, label: str, p12: Path, *, pin: str | None = None) -> SoftToken:
    """Put the key and certificates of a PKCS#12 file (passphrase in `.pass`) on a new token."""
    pin = pin or new_pin()
    room = folder / f"parts-{label}"
    room.mkdir()
    opened = pkcs12.load_pkcs12(p12.read_bytes(), p12.with_suffix(".pass").read_bytes())
    (room / "key.pem").write_bytes(
        opened.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (room / "key.der").write_bytes(opened.cert.certificate.public_bytes(DER))
    (room / "chain.der").write_bytes(opened.additional_certs[0].certificate.public_bytes(DER))
    util = ["softhsm2-util", "--pin", pin]
    _run(*util, "--init-token", "--free", "--label", label, "--so-pin", pin)
    _run(*util, "--import", str(room / "key.pem"), "--token", label, "--label", "key", "--id", "01")
    tool = ["pkcs11-tool", "--module", str(LIBRARY), "--token-label", label, "--login"]
    for name, number in (("key", "01"), ("chain", "02")):
        put = ["--write-object", str(room / f"{name}.der"), "--type", "cert", "--label", name]
        _run(*tool, "--pin", pin, *put, "--id", number)
    pkcs11.lib(str(LIBRARY)).reinitialize()  # SoftHSM looks for tokens only when it is loaded
    return SoftToken(label=label, pin=pin)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
