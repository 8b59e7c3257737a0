# SPDX-License-Identifier: Apache-2.0
"""Signed copies of all given PDFs and all kinds of sample papers, judged by four programs.

    python benchmarks/sign_everything.py OUT [PDF or folder]...

Each file that came without a signature is read and copied as `sohoa sign` does it (PDF/A with text
layer), signed for a clerk and for a Unit at B-LTA with the development authority; then `pdfsig`,
`openssl cms` and `sohoa verify` are asked about every signature, `pdftotext` for the letters. Files
that came signed are listed and left alone. A table goes to stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.config import Settings
from service.copy_desk import compose_copy
from service.reading_pool import copied_pages
from service.samples import TYPE_CODES, make_sample, pdf_of
from service.signing_desk import SigningDesk, signing_desk
from storage.signing.profiles import load_profiles

RANGE = re.compile(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)")
STAMP = b"/ETSI.RFC3161"


@dataclass(frozen=True)
class Row:
    name: str
    pages: int
    letters: int
    lost: int
    seconds: float
    signatures: int
    pdfsig: int
    openssl: int
    verify: str

    @property
    def good(self) -> bool:
        proven = self.pdfsig == self.openssl == self.signatures == 2
        return proven and self.verify == "B-LTA B-LTA" and not self.lost


def main(out: Path, given: list[Path]) -> int:
    """0 when every copy is as wanted; an existing OUT is written over."""
    logging.disable(logging.CRITICAL)  # pyHanko logs a traceback for every path it gives up
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings()
    desk = signing_desk(settings)
    root = settings.certificates / "trust" / "sohoa-development-root.crt"
    rows, left_alone = [], []
    print(
        "| file | pages | letters | not in the layer | s | signatures | pdfsig valid "
        "| openssl valid | sohoa verify |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for name, content in sources(given):
        if b"/ByteRange" in content:
            left_alone.append((name, hashlib.sha256(content).hexdigest()))
            continue
        row = judged(name, content, desk, root, out)
        rows.append(row)
        print(
            f"| {row.name} | {row.pages} | {row.letters} | {row.lost} | {row.seconds:.1f} "
            f"| {row.signatures} | {row.pdfsig} | {row.openssl} | {row.verify} |",
            flush=True,
        )
    bad = [row.name for row in rows if not row.good]
    print(
        f"\n{len(rows)} files, {sum(r.pages for r in rows)} pages, not as wanted: {bad or 'none'}"
    )
    print(f"left alone, signed when they came: {len(left_alone)}")
    return 1 if bad or not rows else 0


def sources(given: list[Path]) -> Iterator[tuple[str, bytes]]:
    for path in given:
        for file in sorted(path.rglob("*.pdf")) if path.is_dir() else [path]:
            yield file.stem, file.read_bytes()
    for number, code in enumerate(TYPE_CODES):
        yield f"sample {code}", pdf_of(make_sample(code, 500 + number))


def judged(name: str, content: bytes, desk: SigningDesk, root: Path, out: Path) -> Row:
    began = time.perf_counter()
    source = out / f"{name}.source.pdf"
    source.write_bytes(content)
    with copied_pages(source) as coming:
        pages = list(coming)
    source.unlink()
    read = Counter(letter for page in pages for w in page.text.words for letter in w.text)
    copy = compose_copy(pages, name, "Cán bộ Thử")
    signed = desk.sign(copy, "Cán bộ Thử")
    both = desk.signer.sign(signed, profile=load_profiles()["co_quan"], who="Đơn vị Thử").content
    seconds = time.perf_counter() - began
    assert both.startswith(signed) and signed.startswith(copy)
    path = out / f"{name}.pdf"
    path.write_bytes(both)
    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, check=False)
    cms = list(signatures(both))
    return Row(
        name=name,
        pages=len(pages),
        letters=read.total(),
        lost=(read - letters_of(path)).total(),
        seconds=seconds,
        signatures=len(cms),
        pdfsig=said.stdout.decode(errors="replace").count("Signature is Valid."),
        openssl=sum(openssl_agrees(der, signed_bytes, root) for der, signed_bytes in cms),
        verify=verify(path),
    )


def letters_of(path: Path) -> Counter[str]:
    """What another program finds in the text layer; the mark and the stamps stand in it, too."""
    ran = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    return Counter(ran.stdout.decode())


def signatures(pdf: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(CMS, bytes it stands for) of every signature that is no document time stamp."""
    for match in RANGE.finditer(pdf):
        a, b, c, d = (int(n) for n in match.groups())
        around = pdf[max(0, match.start() - 400) : match.start() + 400]
        held = pdf[a + b + 1 : c - 1]
        if STAMP in around.replace(held, b""):
            continue
        yield bytes.fromhex(held.decode()), pdf[a : a + b] + pdf[c : c + d]


def openssl_agrees(der: bytes, content: bytes, root: Path) -> bool:
    with tempfile.TemporaryDirectory() as room:
        (Path(room) / "sig").write_bytes(der)
        (Path(room) / "content").write_bytes(content)
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{room}/sig"]
        command += ["-content", f"{room}/content", "-CAfile", str(root), "-purpose", "any"]
        ran = subprocess.run([*command, "-out", "/dev/null"], capture_output=True, check=False)
    return ran.returncode == 0


def verify(path: Path) -> str:
    """The levels `sohoa verify` tells of its signatures; its exit code must say that all hold."""
    sohoa = [sys.executable, "-c", "from service.cli import app; app()", "verify", "--json"]
    ran = subprocess.run([*sohoa, str(path)], capture_output=True, check=False)
    if ran.returncode != 0:
        return f"exit {ran.returncode}: {ran.stdout.decode(errors='replace')[-200:]}"
    found = json.loads(ran.stdout.splitlines()[0])["signatures"]
    return " ".join(s["level"] for s in found if not s["is_timestamp"])


if __name__ == "__main__":
    said = argparse.ArgumentParser(description="Signed copies, judged by four programs.")
    said.add_argument("out", type=Path, help="folder for the signed copies; made where it is not")
    said.add_argument("given", type=Path, nargs="*", help="PDF files, or folders of them")
    asked = said.parse_args()
    if missing := [str(path) for path in asked.given if not path.exists()]:
        said.error(f"not there: {', '.join(missing)}")
    raise SystemExit(main(asked.out, asked.given))
