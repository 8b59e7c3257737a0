"""What every ObjectStore promises: the same suite over folder, S3 and memory."""

import hashlib
import itertools
import os
import threading
import unicodedata

import pytest
from servers.s3 import s3_server  # noqa: F401

from storage.objects import FolderStore, MemoryStore
from workflows.domain.document import StoredObject
from workflows.errors import Conflict, IntegrityViolation, InvalidValue, NotFound
from workflows.ports.objects import ObjectStore, derived_key, original_key

PDF = "application/pdf"
_buckets = itertools.count()


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.requires_s3)])
def store(request, tmp_path) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "memory":
        return MemoryStore()
    return request.getfixturevalue("s3_server").store(f"contract-{next(_buckets)}")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_gives_back_what_was_put(store):
    content = b"%PDF-1.7 quyet dinh"
    stored = store.put("copy/ab/x.pdf", content, PDF)
    assert stored == StoredObject(
        key="copy/ab/x.pdf", sha256=sha256(content), size=len(content), media_type=PDF
    )
    assert store.get(stored) == content


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_keeps_any_size_from_memory_or_from_a_file(store, tmp_path, size):
    content = os.urandom(size)
    file = tmp_path / "content"
    file.write_bytes(content)
    from_memory = store.put("a", content, PDF)
    from_file = store.put("b", file, PDF)
    assert store.get(from_memory) == store.get(from_file) == content
    assert from_memory.sha256 == from_file.sha256 == sha256(content)
    assert from_memory.size == from_file.size == size


def test_the_same_bytes_again_are_success(store):
    first = store.put("copy/a", b"one", PDF)
    assert store.put("copy/a", b"one", PDF) == first
    assert [found.key for found in store.list("")] == ["copy/a"]


@pytest.mark.parametrize("other", [b"two", b"one and more", b""])
def test_other_bytes_under_a_taken_key_are_refused(store, other):
    stored = store.put("copy/a", b"one", PDF)
    with pytest.raises(Conflict):
        store.put("copy/a", other, PDF)
    assert store.get(stored) == b"one"


def test_an_original_may_only_rest_under_its_own_hash(store):
    content = b"as it came in"
    assert store.put(original_key(sha256(content)), content, PDF).sha256 == sha256(content)
    with pytest.raises(IntegrityViolation):
        store.put(original_key(sha256(b"something else")), content, PDF)


def test_what_is_absent_is_not_found(store):
    stored = store.put("copy/a", b"one", PDF)
    absent = StoredObject(key="copy/b", sha256=stored.sha256, size=3, media_type=PDF)
    with pytest.raises(NotFound):
        store.get(absent)


def test_bytes_that_do_not_match_the_hash_are_not_given(store):
    stored = store.put("copy/a", b"one", PDF)
    wrong = StoredObject(key="copy/a", sha256=sha256(b"two"), size=3, media_type=PDF)
    with pytest.raises(IntegrityViolation):
        store.get(wrong)
    assert store.get(stored) == b"one"


def test_vietnamese_keys_and_media_types_survive(store):
    name = unicodedata.normalize("NFC", "Quyết định số 12 đã ký.pdf")
    key = derived_key("copy", sha256(b"x"), name)
    media_type = 'application/pdf; name="giấy tờ"'
    stored = store.put(key, "nội dung".encode(), media_type)
    assert stored.key == key
    assert store.get(stored) == "nội dung".encode()
    assert list(store.list("copy/")) == [stored]
    assert stored.media_type == media_type


def test_lists_by_prefix_with_the_recorded_hash(store):
    kept = [
        store.put(key, key.encode(), PDF)
        for key in ("copy/aa/1", "copy/aa/sub/2", "copy/ab/3", "orig/aa/4")
    ]
    assert sorted(store.list(""), key=lambda s: s.key) == kept
    assert sorted(store.list("copy/a"), key=lambda s: s.key) == kept[:3]
    assert sorted(store.list("copy/aa/"), key=lambda s: s.key) == kept[:2]
    assert list(store.list("no/such")) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "a/./b",
        "a/",
        "a\\b",
        "c:x",
        "a\x00b",
        "a\nb",
        "e\u0302",
        "\ud800",
        "x" * 241,
        "/".join(["y" * 200] * 6),
    ],
)
def test_a_key_that_could_leave_the_store_is_refused(store, key):
    with pytest.raises(InvalidValue):
        store.put(key, b"x", PDF)
    with pytest.raises(InvalidValue):
        store.get(StoredObject(key=key, sha256=sha256(b"x"), size=1, media_type=PDF))


def race(store, contents):
    """All at once; ('ok' | exception type) of each, in order."""
    barrier, results = threading.Barrier(len(contents)), [None] * len(contents)

    def write(i):
        barrier.wait()
        try:
            store.put("race/one", contents[i], PDF)
            results[i] = "ok"
        except Exception as refused:
            results[i] = type(refused)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_ten_writers_with_different_bytes_exactly_one_wins(store):
    contents = [f"writer {i}".encode() * 1000 for i in range(10)]
    results = race(store, contents)
    assert sorted(map(str, results)) == sorted(map(str, ["ok"] + [Conflict] * 9))
    [stored] = store.list("race/")
    assert store.get(stored) == contents[results.index("ok")]


def test_ten_writers_with_the_same_bytes_all_succeed(store):
    assert race(store, [b"the same" * 1000] * 10) == ["ok"] * 10
    [stored] = store.list("race/")
    assert store.get(stored) == b"the same" * 1000


def test_what_the_law_forbids_to_keep_can_be_erased(store):
    card = store.put("pages/ab/card.jpg", b"an identity card", "image/jpeg")
    other = store.put("pages/ab/other.jpg", b"another page", "image/jpeg")
    store.erase(card)
    store.erase(card)
    with pytest.raises(NotFound):
        store.get(card)
    assert [found.key for found in store.list("pages/")] == [other.key]
    assert store.get(other) == b"another page"


def test_keys_go_on_behind_any_key_given_before(store):
    for key in ("a-b", "a/x/1", "a/x/2", "a/y", "b", "c.d", "c/e"):
        store.put(key, key.encode(), PDF)
    order = [key for key, _ in store.keys("")]
    assert sorted(order) == sorted(["a-b", "a/x/1", "a/x/2", "a/y", "b", "c.d", "c/e"])
    for n, key in enumerate(order):
        assert [k for k, _ in store.keys("", after=key)] == order[n + 1 :], key
    assert [k for k, _ in store.keys("a/")] == ["a/x/1", "a/x/2", "a/y"]
    assert [k for k, _ in store.keys("a/", after="a/x/1")] == ["a/x/2", "a/y"]


def test_what_is_there_is_measured_to_the_last_byte(store):
    stored = store.put("copy/a", b"one", PDF)
    found = store.measure("copy/a")
    assert (found.sha256, found.size, found.recorded) == (stored.sha256, 3, True)
    assert store.measure("copy/b") is None


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_bytes_are_fetched_into_a_new_file_or_not_at_all(store, tmp_path, size):
    content = os.urandom(size)
    stored = store.put("copy/a", content, PDF)
    store.fetch(stored, tmp_path / "good")
    assert (tmp_path / "good").read_bytes() == content
    with pytest.raises(IntegrityViolation):
        store.fetch(
            StoredObject(key="copy/a", sha256="00" * 32, size=size, media_type=PDF),
            tmp_path / "bad",
        )
    with pytest.raises(NotFound):
        store.fetch(
            StoredObject(key="copy/b", sha256="00" * 32, size=size, media_type=PDF),
            tmp_path / "bad",
        )
    assert not (tmp_path / "bad").exists()


def test_lost_bytes_are_mended_with_the_same_bytes_only(store, tmp_path):
    stored = store.put("copy/a", b"one", PDF)
    good, other = tmp_path / "good", tmp_path / "other"
    good.write_bytes(b"one")
    other.write_bytes(b"two")
    with pytest.raises(IntegrityViolation):
        store.mend(stored, other)
    store.erase(stored)
    store.mend(stored, good)
    assert store.get(stored) == b"one"
    assert list(store.list("copy/")) == [stored]
    assert store.put("copy/a", b"one", PDF) == stored
