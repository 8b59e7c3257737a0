# SPDX-License-Identifier: Apache-2.0
"""How many signatures a second: by key, by level, by where the key lies. One thread, one page.

    python benchmarks/signing_rates.py [RUNS]

The time stamping authority is the development one in this process; a real one adds its answer
time. CPU time is told beside wall time, so that the load of the machine does not matter. Drawing
page 1 and placing the mark is measured apart ("visible").
"""

from __future__ import annotations

import logging
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers.tokens import LIBRARY, make_token, token_folder

from ocr.page import PageText
from storage.pdf import PikepdfArchivalPdf
from storage.sandbox import best_sandbox
from storage.signing.authority import (
    DevelopmentAuthority,
    DevelopmentKeys,
    Subject,
    _certificate,
    _name,
    _Use,
)
from storage.signing.deferred import PyHankoDeferredSigner
from storage.signing.keys import Pkcs12Keys
from storage.signing.pkcs11_token import Token, TokenSigner
from storage.signing.preserve import PyHankoPreserver
from storage.signing.profiles import load_profiles
from storage.signing.revocation import RevocationSources
from storage.signing.sign import PyHankoSigner
from workflows.ports.archival import CopyPage
from workflows.ports.clock import SystemClock
from workflows.ports.signer import SignatureLevel as Level


def main(runs: int) -> None:
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="sohoa-rates-"))
    authority = DevelopmentAuthority(folder / "c")
    revocation = RevocationSources(lists=authority.revocation_lists)
    clock, sandbox, stamper = SystemClock(), best_sandbox(), authority.time_stamper()
    profile = replace(load_profiles()["ca_nhan"], visible=False, level=Level.B_B)
    pdf = one_page()

    def over(keys: object) -> PyHankoSigner:
        return PyHankoSigner(
            keys,
            trust_dir=authority.trust,
            sandbox=sandbox,
            clock=clock,
            stamper=stamper,
            revocation=revocation,
        )

    rsa = over(DevelopmentKeys(authority, lambda who: Subject(name="Cán Bộ Thử")))
    elliptic = over(Pkcs12Keys(elliptic_key(authority, folder)))
    print("| what | runs | wall ms, median | CPU ms, median | a second and core |")
    print("|---|---|---|---|---|")

    def show(what: str, work: Callable[[], object]) -> None:
        work()
        walls, cpus = [], []
        for _ in range(runs):
            began, used = time.perf_counter(), cpu_s()
            work()
            walls.append(time.perf_counter() - began)
            cpus.append(cpu_s() - used)
        wall, cpu = statistics.median(walls), max(statistics.median(cpus), 1e-6)
        row = f"| {what} | {runs} | {wall * 1000:.0f} | {cpu * 1000:.1f} | {1 / cpu:.1f} |"
        print(row, flush=True)

    for level in Level:
        at = replace(profile, level=level)
        show(f"RSA-2048, {level}", lambda at=at: rsa.sign(pdf, profile=at, who="u"))
    show("P-256, B-B", lambda: elliptic.sign(pdf, profile=profile, who="ec"))
    seen = replace(profile, visible=True)
    show("RSA-2048, B-B, visible", lambda: rsa.sign(pdf, profile=seen, who="u"))
    preserver = PyHankoPreserver(trust_dir=authority.trust, revocation=revocation, stamper=stamper)
    stamped = rsa.sign(pdf, profile=replace(profile, level=Level.B_T), who="u").content
    full = preserver.augment(stamped, Level.B_LTA)
    show("B-T to B-LTA, later", lambda: preserver.augment(stamped, Level.B_LTA))
    show("archive time stamp renewed", lambda: preserver.renew(full))
    with token_folder(folder / "hsm"):
        made = make_token(folder / "hsm", "rates", authority.issue("u", Subject(name="Cán Bộ Thử")))
        token = Token(library=LIBRARY, label=made.label, key=made.key, chain=(made.chain,))
        with TokenSigner(token, owner="u", pin=made.pin) as opened:
            soft = over(opened)
            show("SoftHSM RSA-2048, B-B", lambda: soft.sign(pdf, profile=profile, who="u"))
            key = opened.key_of("u")
            show("SoftHSM RSA-2048, key alone", lambda: sign_raw(key))
    deferred = PyHankoDeferredSigner(rsa, clock, stamper)
    own = Pkcs12Keys(authority.folder / "signers").key_of("u")
    shown = [own.signing_cert.dump(), *(c.dump() for c in own.cert_registry)]
    ready = deferred.prepare(pdf, profile=profile, certificates=shown[:3])
    show(
        "deferred: prepare", lambda: deferred.prepare(pdf, profile=profile, certificates=shown[:3])
    )
    raw = sign_raw(own, ready.attributes)
    show(
        "deferred: finish, B-B",
        lambda: deferred.complete(
            pdf, ready, profile=profile, certificates=shown[:3], signature=raw
        ),
    )


def cpu_s() -> float:
    """CPU seconds of this process and its children: what a busy machine does not change."""
    spent = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(s.ru_utime + s.ru_stime for s in spent)


def sign_raw(key: object, data: bytes = b"x" * 254) -> bytes:
    import asyncio

    return bytes(asyncio.run(key.async_sign_raw(data, "sha256")))


def one_page() -> bytes:
    """A4 at 150 dpi with lines of ink."""
    pixels = np.full((1754, 1240, 3), 250, np.uint8)
    for top in range(300, 1500, 40):
        cv2.rectangle(pixels, (150, top), (1130, top + 16), (10, 10, 10), -1)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    text = PageText(page=1, width=1240, height=1754, dpi=150)
    page = CopyPage(jpeg=jpeg, width=1240, height=1754, dpi=150, text=text)
    return PikepdfArchivalPdf().compose([page], title="Đo", mark=None)


def elliptic_key(authority: DevelopmentAuthority, folder: Path) -> Path:
    authority.ensure()
    issuer, issuer_key = authority._authority("intermediate")
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(_name("EC", ""), key, issuer.subject, issuer_key, _Use(), days=30)
    packed = pkcs12.serialize_key_and_certificates(
        b"ec", key, made, [issuer], serialization.BestAvailableEncryption(b"x")
    )
    (folder / "ec.p12").write_bytes(packed)
    (folder / "ec.pass").write_bytes(b"x")
    return folder


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
