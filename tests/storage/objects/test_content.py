"""No key, however written, leaves the folder; every key the ports make is taken."""

import contextlib
import hashlib
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from storage.objects.content import check_key, fingerprint, pieces
from workflows.errors import InvalidValue
from workflows.ports.objects import derived_key, original_key

NASTY = st.lists(st.sampled_from(["..", ".", "a", "/", "\\", "//", "\x00", "ế", "C:", "~", " "]))


@given(st.one_of(st.text(max_size=80), NASTY.map("".join)))
def test_a_key_that_is_taken_stays_inside(key):
    with contextlib.suppress(InvalidValue):
        path = os.path.normpath(Path("/store/objects") / check_key(key))
        assert path == f"/store/objects/{key}"


@given(st.binary(max_size=64), st.sampled_from(["page-1.png", "Quyết định.pdf", "chữ ký (2).pdf"]))
def test_the_keys_of_the_ports_are_taken(content, name):
    sha256 = hashlib.sha256(content).hexdigest()
    assert check_key(original_key(sha256))
    assert check_key(derived_key("copy", sha256, name))


@given(st.integers(0, 3 << 20))
def test_a_fingerprint_is_the_same_from_memory_and_pieces(size):
    content = b"\x01" * size
    assert b"".join(pieces(content)) == content
    assert fingerprint(content) == (hashlib.sha256(content).hexdigest(), size)
