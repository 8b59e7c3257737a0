"""Thousands of small damages to one signed file: never VALID, never an exception."""

import random
from collections import Counter
from io import BytesIO

import pikepdf
import pytest
from servers.attacks import paper, parts
from servers.issuer import Issuer

from storage.signing.trust import load_trust
from storage.signing.verify import verify_bytes
from workflows.domain.signature import SignatureState

SEED, MUTATIONS = 20261126, 4_000


@pytest.fixture(scope="module")
def signed() -> tuple[bytes, object]:
    issuer = Issuer()
    return issuer.sign(_small_page(), issuer.certificate("Người Ký", announced=False)), issuer


def _small_page() -> bytes:
    pdf, out = pikepdf.new(), BytesIO()
    pdf.add_blank_page(page_size=(300, 300))
    pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 12 Tf (Muc phat) Tj ET")
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return out.getvalue()


def _mutated(content: bytes, chance: random.Random, covered: list[range]) -> bytes:
    """One damage that changes at least one covered byte."""
    where = chance.choices(covered, [len(r) for r in covered])[0]
    at = chance.randrange(where.start, where.stop)
    kind = chance.randrange(10)
    if kind < 6:  # one byte
        return content[:at] + bytes([content[at] ^ chance.randrange(1, 256)]) + content[at + 1 :]
    if kind == 6:  # some bytes of chance
        length = chance.randrange(2, 40)
        return content[:at] + chance.randbytes(length) + content[at + length :]
    if kind == 7:  # a piece left out
        return content[:at] + content[at + chance.randrange(1, 200) :]
    if kind == 8:  # a piece twice
        length = chance.randrange(1, 200)
        return content[: at + length] + content[at : at + length] + content[at + length :]
    other = chance.randrange(len(content))  # a digit or letter of elsewhere
    return content[:at] + content[other : other + 4] + content[at + 4 :]


@pytest.mark.slow
def test_no_damage_to_covered_bytes_is_ever_valid(signed, tmp_path):
    content, issuer = signed
    trust = load_trust(issuer.put_trust(tmp_path / "trust", *issuer.lists()))
    [report] = verify_bytes(content, trust)
    assert report.state is SignatureState.VALID, "the control"
    before, value, _ = parts(content)
    covered = [range(len(before)), range(len(before) + len(value), len(content))]
    chance, states = random.Random(SEED), Counter()
    for _ in range(MUTATIONS):
        bad = _mutated(content, chance, covered)
        if bad == content:
            continue
        for told in verify_bytes(bad, trust):
            assert not told.state.holds, bad.hex()
            assert told.reason
            states[told.state] += 1
    assert states.total() > 3_000, "few damages left a signature to judge"
    assert states[SignatureState.ALTERED] > 100, "damage must reach the hash, not only the parser"


def test_damage_to_the_signature_value_is_never_an_exception(signed, tmp_path):
    """The value itself is covered by nobody; only its own cryptography guards it."""
    content, issuer = signed
    trust = load_trust(issuer.put_trust(tmp_path / "trust", *issuer.lists()))
    before, value, after = parts(content)
    chance = random.Random(SEED)
    used = len(value.rstrip(b"0>"))
    for _ in range(150):
        at = chance.randrange(1, used)
        digit = chance.choice(b"0123456789abcdef")
        bad = before + value[:at] + bytes([digit]) + value[at + 1 :] + after
        for told in verify_bytes(bad, trust):
            # only what nobody needs may differ: a certificate beside the chain, an unused flag
            assert told.state.holds <= (told.intact and told.trusted)


def test_pieces_of_a_paper_with_everything_in_it(tmp_path):
    """Cut anywhere: an answer, and never a good one."""
    issuer = Issuer()
    whole = issuer.sign_for_long(paper(), issuer.certificate("Người Ký"), at=-1, archive=True)
    trust = load_trust(issuer.put_trust(tmp_path / "trust", *issuer.lists()))
    assert [r.state for r in verify_bytes(whole, trust)] == [SignatureState.VALID] * 2
    chance = random.Random(SEED)
    for length in sorted(chance.randrange(len(whole) - 20) for _ in range(60)):
        told = verify_bytes(whole[:length], trust)
        assert not any(r.state.holds for r in told), length
