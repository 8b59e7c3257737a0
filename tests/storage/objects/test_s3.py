"""What only a server can suffer: it hangs, it is gone, its answers are lost, others write too."""

import datetime as dt
import hashlib
import os
import socket
import socketserver
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from minio.error import S3Error
from servers.ports import free_port
from servers.s3 import S3Server, s3_server  # noqa: F401

from storage.objects import S3Store
from workflows.domain.document import StoredObject
from workflows.errors import Conflict, IntegrityViolation, StorageUnavailable

pytestmark = pytest.mark.requires_s3
PDF = "application/pdf"


@pytest.fixture
def store(s3_server: S3Server, request) -> S3Store:  # noqa: F811
    return s3_server.store("s3-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16])


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def seconds_until_unavailable(action) -> float:
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        action()
    return time.monotonic() - began


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up_within_ten_seconds(store, s3_server):  # noqa: F811
    stored = store.put("copy/a", b"one", PDF)
    large = bytes(3 << 20)
    s3_server.pause()
    try:
        waits = [None] * 4
        actions = [
            lambda: store.put("copy/b", b"two", PDF),
            lambda: store.put("copy/c", large, PDF),
            lambda: store.get(stored),
            lambda: list(store.list("copy/")),
        ]

        def measure(i):
            waits[i] = seconds_until_unavailable(actions[i])

        threads = [threading.Thread(target=measure, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        s3_server.resume()
    assert all(wait is not None and wait < 10 for wait in waits), waits
    assert store.get(stored) == b"one"


def test_a_server_that_is_gone_is_told_at_once(store, s3_server):  # noqa: F811
    gone = S3Store(replace(s3_server.settings, endpoint=f"127.0.0.1:{free_port()}"))
    assert seconds_until_unavailable(lambda: gone.put("copy/a", b"one", PDF)) < 3


def test_a_wrong_key_or_bucket_is_unavailable_not_absent(s3_server):  # noqa: F811
    stored = StoredObject(key="copy/a", sha256=sha256(b""), size=0, media_type=PDF)
    for settings in (
        replace(s3_server.settings, secret_key="wrong"),
        replace(s3_server.settings, bucket="no-such-bucket"),
    ):
        with pytest.raises(StorageUnavailable):
            S3Store(settings).get(stored)


def test_a_bucket_is_made_once(s3_server):  # noqa: F811
    store = s3_server.store("made-once")
    store.ensure_bucket()
    assert list(store.list("")) == []


@pytest.mark.slow
def test_a_file_too_large_for_one_request_goes_in_parts(store, tmp_path):
    """65 MiB: also no slower client gives up on it half way."""
    file = tmp_path / "large"
    file.write_bytes(os.urandom(1 << 20) * 65)
    stored = store.put("copy/large", file, PDF)
    assert stored.size == 65 << 20
    assert store.put("copy/large", file, PDF) == stored
    assert sha256(store.get(stored)) == stored.sha256 == sha256(file.read_bytes())
    with pytest.raises(Conflict):
        store.put("copy/large", bytes(65 << 20), PDF)
    assert list(store.list("")) == [stored]


def test_bytes_changed_behind_our_back_are_never_given(store):
    """The store is never the only proof: its ports let others in (the filer did)."""
    stored = store.put("copy/a", b"one", PDF)
    assert store.get(stored) == b"one"
    plain = {"Content-Type": PDF}
    store._quick._put_object(store._bucket, "copy/a", b"two", plain)
    with pytest.raises(IntegrityViolation):
        store.get(stored)
    [listed] = store.list("copy/")
    assert listed.sha256 == sha256(b"two")  # written without a record: hashed, so a scrub sees it


def test_the_server_checks_the_hash_of_what_arrives(store, monkeypatch):
    """As when a bit turns on the way: the trap is that a server may ignore the header."""
    real = store._quick._put_object

    def turn_a_bit(bucket, key, body, headers):
        return real(bucket, key, bytes([body[0] ^ 1]) + body[1:], headers)

    monkeypatch.setattr(store._quick, "_put_object", turn_a_bit)
    with pytest.raises(IntegrityViolation):
        store.put("copy/a", b"one", PDF)
    assert list(store.list("")) == []


def test_a_plain_put_would_overwrite(store):
    """The control of create-once: why `_put_object` and its header are needed at all."""
    import io

    store.put("copy/a", b"one", PDF)
    store._quick.put_object(
        store._bucket, "copy/a", io.BytesIO(b"two"), 3, metadata={"If-None-Match": "*"}
    )
    assert store._quick.get_object(store._bucket, "copy/a").read() == b"two"
    with pytest.raises(S3Error, match="PreconditionFailed"):
        store._quick._put_object(store._bucket, "copy/a", b"three", {"If-None-Match": "*"})


# -- a proxy that misbehaves ---------------------------------------------------------------------


class Proxy(socketserver.ThreadingTCPServer):
    """Passes bytes on; may lose the answers of its first connections, may speak TLS."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: str, *, lose: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        host, port = target.split(":")
        self.target, self.lose, self.tls = (host, int(port)), lose, tls
        self.lost = 0

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address) -> None:
        """Broken connections are what it is for."""


class _Passing(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        client = self.request
        if self.server.tls:
            client = self.server.tls.wrap_socket(client, server_side=True)
        with socket.create_connection(self.server.target) as upstream:
            threading.Thread(target=_copy, args=(client, upstream), daemon=True).start()
            while piece := upstream.recv(1 << 16):
                if self.server.lost < self.server.lose:
                    self.server.lost += 1  # the server has done it, nobody hears of it
                    return
                client.sendall(piece)


def _copy(source, target) -> None:
    try:
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    except OSError:
        return


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_is_met_again_as_success(store, s3_server, lost):  # noqa: F811
    settings = replace(s3_server.settings, bucket=store._bucket)
    with Proxy(settings.endpoint, lose=lost) as proxy:
        through = S3Store(replace(settings, endpoint=proxy.endpoint))
        stored = through.put("copy/a", b"one", PDF)
        assert proxy.lost == lost
    assert list(store.list("")) == [stored]


def test_answers_that_stay_lost_are_unavailable(store, s3_server):  # noqa: F811
    settings = replace(s3_server.settings, bucket=store._bucket)
    with Proxy(settings.endpoint, lose=99) as proxy:
        through = S3Store(replace(settings, endpoint=proxy.endpoint))
        with pytest.raises(StorageUnavailable):
            through.put("copy/a", b"one", PDF)
    # and trying again later finds what was stored after all
    assert store.put("copy/a", b"one", PDF).size == 3


def test_only_a_server_with_a_known_certificate_is_spoken_to(store, s3_server, tmp_path):  # noqa: F811
    certificate, key = _own_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with Proxy(s3_server.settings.endpoint, tls=tls) as proxy:
        settings = replace(
            s3_server.settings, bucket=store._bucket, endpoint=proxy.endpoint, tls=True
        )
        assert S3Store(replace(settings, ca_file=certificate)).put("copy/a", b"one", PDF).size == 3
        with pytest.raises(StorageUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            S3Store(settings).put("copy/b", b"two", PDF)
    assert [found.key for found in store.list("")] == ["copy/a"]


def _own_certificate(folder: Path) -> tuple[Path, Path]:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
