# SPDX-License-Identifier: Apache-2.0
"""The object store on an S3 server (MinIO, SeaweedFS, a cloud inside Viet Nam) through `minio`.

Two traps shape this file. minio-py waits five minutes five times on a server that hangs, so it gets
our own connection pool. And `put_object(metadata={"If-None-Match": "*"})` is silently turned into
user metadata and overwrites the object, so create-once goes through the private `_put_object`,
which is why minio is pinned and `tests/contracts/test_objects.py` races ten writers.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import certifi
from minio import Minio
from minio.error import MinioException, S3Error
from minio.retention import Retention
from minio.sse import Sse, SseKMS, SseS3
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from storage.objects.content import (
    CHUNK,
    check_address,
    check_content,
    check_key,
    fetched,
    fingerprint,
)
from workflows.domain.document import StoredObject
from workflows.errors import (
    Conflict,
    IntegrityViolation,
    InvalidValue,
    NotFound,
    SohoaError,
    StorageFull,
    StorageUnavailable,
)
from workflows.ports.objects import Measured, Protection

_ONE_SHOT = 64 << 20  # a multipart upload cannot be conditional, a single put can
_QUICK = 2 << 20  # larger bodies may take longer than the quick client waits
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_ABSENT = {"NoSuchKey", "NoSuchObject"}
_UNHELD = {"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"}
_WRONG = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"}
_FULL = {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage", "EntityTooLarge"}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where the server is. `endpoint` is `host:port`; `ca_file` a PEM file for an own CA.

    `region` is always given: without it minio asks the server first, one more wait when it hangs.
    """

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    tls: bool = True
    ca_file: Path | None = None
    region: str = "us-east-1"
    prefix: str = ""
    """Of every key, as `h12/`: several installations or units in one bucket, each with its own
    rights."""
    lock: str = ""
    """`GOVERNANCE` or `COMPLIANCE`: `protect` then keeps versions from everybody; needs a bucket
    that was made with object lock (`ensure_bucket` does)."""
    encryption: str = ""
    """`SSE-S3`, or `SSE-KMS:<key id>`: the server encrypts what it writes to disk."""


class S3Store:
    """`ObjectStore` in one bucket. A server that hangs is given up within 10 s.

    Only where it stops in the middle of more than 2 MiB does it take 30 s: a slow line is not a
    dead one.
    """

    def __init__(self, settings: S3Settings) -> None:
        self._bucket = settings.bucket
        self._region = settings.region
        self._prefix = settings.prefix
        self._lock = settings.lock
        self._sse, self._sse_headers = _encryption(settings.encryption)
        # Python counts the whole sending of a body against the connect timeout (socket.sendall)
        self._quick = _client(settings, Timeout(connect=2, read=2.8), attempts=3)
        self._patient = _client(settings, Timeout(connect=30, read=30), attempts=1)

    def ensure_bucket(self) -> None:
        """Create the bucket if it is missing. For setup and tests; needs an admin's key."""
        with _answers("bucket"):
            if not self._quick.bucket_exists(self._bucket):
                self._quick.make_bucket(self._bucket, self._region, object_lock=bool(self._lock))
            if self._lock:
                self._check_lock()

    def _check_lock(self) -> None:
        """A bucket made without object lock can never have it: that must show on the first day."""
        try:
            self._quick.get_object_lock_config(self._bucket)
        except S3Error as refused:
            raise StorageUnavailable(
                f"{self._bucket}: {refused.code}",
                message=f"Bucket {self._bucket} không có khóa ghi (object lock); tạo bucket mới.",
            ) from refused

    def protect(self, stored: StoredObject, until: dt.datetime) -> Protection:
        """The current version cannot be deleted before `until`; never shortened."""
        if not self._lock:
            return Protection.NONE
        name = self._name(check_key(stored.key))
        with _answers(stored.key):
            held = self._held_until(name)
            if held is None or held < until:
                self._quick.set_object_retention(self._bucket, name, Retention(self._lock, until))
        return Protection.LOCKED

    def protected_until(self, stored: StoredObject) -> dt.datetime | None:
        if not self._lock:
            return None
        with _answers(stored.key):
            return self._held_until(self._name(check_key(stored.key)))

    def _held_until(self, name: str) -> dt.datetime | None:
        try:
            held = self._quick.get_object_retention(self._bucket, name)
        except S3Error as refused:
            if refused.code in _UNHELD:
                return None
            raise
        return held.retain_until_date if held else None

    def _name(self, key: str) -> str:
        return self._prefix + key

    def _key(self, name: str) -> str:
        return name.removeprefix(self._prefix)

    def put(self, key: str, content: bytes | Path, media_type: str) -> StoredObject:
        """Create-once; the server checks the sha256 of what arrived before it says yes."""
        sha256, size = fingerprint(content)
        check_address(check_key(key), sha256)
        fresh = StoredObject(key=key, sha256=sha256, size=size, media_type=media_type)
        with _answers(key):
            if size > _ONE_SHOT:
                return self._put_large(fresh, content)
            body = content if isinstance(content, bytes) else content.read_bytes()
            return self._put_once(fresh, body)

    def get(self, stored: StoredObject) -> bytes:
        with _answers(stored.key):
            name = self._name(check_key(stored.key))
            response = self._for(stored.size).get_object(self._bucket, name)
            try:
                content: bytes = response.read()
            finally:
                response.close()
                response.release_conn()
        if fingerprint(content)[0] != stored.sha256:
            raise IntegrityViolation(f"{stored.key}: the server gives other bytes than were stored")
        return content

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Each key is asked for its recorded sha256: one request an object, meant for the night."""
        with _answers(prefix):
            # recursive: SeaweedFS shows emptied folders as prefixes otherwise
            for found in self._quick.list_objects(
                self._bucket, prefix=self._name(prefix), recursive=True
            ):
                stored = self._stat(self._key(found.object_name))
                if stored is not None:
                    yield stored

    def erase(self, stored: StoredObject) -> None:
        """All versions; under object lock the server refuses with `StorageUnavailable`.

        Where versions are kept, one delete more would leave a marker and no object deleted; so the
        versions themselves are taken, and only a bucket without versions gets the plain delete.
        """
        name = self._name(check_key(stored.key))
        with _answers(stored.key):
            versions = [
                found.version_id
                for found in self._quick.list_objects(
                    self._bucket, prefix=name, include_version=True
                )
                if found.object_name == name
            ]
            for version in versions:
                self._quick.remove_object(self._bucket, name, version_id=version)
            if self._stat(stored.key) is not None:
                self._quick.remove_object(self._bucket, name)

    def find(self, key: str) -> StoredObject | None:
        with _answers(key):
            return self._stat(check_key(key))

    def keys(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, dt.datetime]]:
        with _answers(prefix):
            for found in self._quick.list_objects(
                self._bucket,
                prefix=self._name(prefix),
                recursive=True,
                start_after=self._name(after) if after else None,
            ):
                yield self._key(found.object_name), found.last_modified

    def measure(self, key: str) -> Measured | None:
        with _answers(key):
            try:
                found = self._quick.stat_object(self._bucket, self._name(check_key(key)))
            except S3Error as refused:
                if refused.code in _ABSENT:
                    return None
                raise
            headers = {name.lower(): value for name, value in (found.metadata or {}).items()}
            digest, size = hashlib.sha256(), 0
            for piece in self._stream(key, int(found.size or 0)):
                digest.update(piece)
                size += len(piece)
        sha256 = digest.hexdigest()
        recorded = headers.get("x-amz-meta-sha256") == sha256
        return Measured(sha256=sha256, size=size, recorded=recorded)

    def fetch(self, stored: StoredObject, to: Path) -> None:
        with _answers(stored.key):
            fetched(self._stream(check_key(stored.key), stored.size), stored, to)

    def mend(self, stored: StoredObject, content: Path) -> None:
        """A new version over the damaged one, which stays as an older version where those are."""
        check_content(stored, content)
        with _answers(stored.key):
            self._patient.fput_object(
                self._bucket,
                self._name(check_key(stored.key)),
                str(content),
                _content_type(stored),
                dict(_metadata(stored)),
                sse=self._sse,
            )
            if self._hash_of(stored.key) != stored.sha256:
                raise IntegrityViolation(f"{stored.key}: read back other bytes than were sent")

    def _stream(self, key: str, size: int) -> Iterator[bytes]:
        response = self._for(size).get_object(self._bucket, self._name(key))
        try:
            yield from response.stream(CHUNK)
        finally:
            response.close()
            response.release_conn()

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """The server drops unfinished uploads by its own rule; nothing rests with us."""
        return 0

    def _for(self, size: int) -> Minio:
        """Large bodies get a longer wait, after a small question proved that someone answers."""
        if size <= _QUICK:
            return self._quick
        self._quick.bucket_exists(self._bucket)
        return self._patient

    def _put_once(self, fresh: StoredObject, body: bytes) -> StoredObject:
        headers: dict[str, Any] = {
            "If-None-Match": "*",
            "Content-Type": _content_type(fresh),
            "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
            **{f"x-amz-meta-{name}": value for name, value in _metadata(fresh).items()},
            **self._sse_headers,
        }
        try:
            name = self._name(fresh.key)
            made = self._for(fresh.size)._put_object(self._bucket, name, body, headers)
            self._must_be_encrypted(fresh.key, made.http_headers)
        except S3Error as refused:
            if refused.code not in _TAKEN:
                raise
            return self._same_or_conflict(fresh, refused)
        return fresh

    def _put_large(self, fresh: StoredObject, content: bytes | Path) -> StoredObject:
        """Look, then multipart, then read back.

        Between look and upload another writer may come. Keys name the hash of what they hold or
        of what it was made from, so both bring the same bytes; else the read-back tells.
        """
        if self._stat(fresh.key) is not None:
            return self._same_or_conflict(fresh, None)
        client = self._for(fresh.size)
        with _opened(content) as source:
            client.put_object(
                self._bucket,
                self._name(fresh.key),
                source,
                fresh.size,
                _content_type(fresh),
                dict(_metadata(fresh)),
                sse=self._sse,
            )
        if self._sse is not None:
            # the answer to the last part says nothing of encryption: asked by itself
            self._must_be_encrypted(fresh.key, self._headers(fresh.key))
        if self._hash_of(fresh.key) != fresh.sha256:
            raise IntegrityViolation(f"{fresh.key}: read back other bytes than were sent")
        return fresh

    def encrypted(self) -> bool | None:
        """Whether the server says so of an object it holds; None where it holds none yet."""
        key = next((key for key, _ in self.keys("")), None)
        return None if key is None else bool(_encryption_said(self._headers(key)))

    def _headers(self, key: str) -> Mapping[str, str]:
        with _answers(key):
            return self._quick.stat_object(self._bucket, self._name(key)).metadata or {}

    def _must_be_encrypted(self, key: str, told: Mapping[str, str]) -> None:
        """A server that does not know encryption takes the object and says nothing of it."""
        if self._sse is not None and not _encryption_said(told):
            raise StorageUnavailable(
                f"{key} was stored without encryption",
                message="Máy chủ S3 không mã hóa như đã đặt (s3_encryption); tệp chưa được nhận.",
            )

    def _same_or_conflict(self, fresh: StoredObject, refused: S3Error | None) -> StoredObject:
        """A retry after a lost answer meets its own first attempt: that is success."""
        found = self._stat(fresh.key)
        if found and (found.sha256, found.size) == (fresh.sha256, fresh.size):
            return found
        raise Conflict(f"{fresh.key} is taken") from refused

    def _stat(self, key: str) -> StoredObject | None:
        try:
            found = self._quick.stat_object(self._bucket, self._name(key))
        except S3Error as refused:
            if refused.code in _ABSENT:
                return None
            raise
        headers = {name.lower(): value for name, value in (found.metadata or {}).items()}
        return StoredObject(
            key=key,
            sha256=headers.get("x-amz-meta-sha256") or self._hash_of(key),
            size=int(found.size or 0),
            media_type=unquote(headers.get("x-amz-meta-media-type", found.content_type or "")),
        )

    def _hash_of(self, key: str) -> str:
        digest = hashlib.sha256()
        for piece in self._stream(key, _QUICK + 1):
            digest.update(piece)
        return digest.hexdigest()


def _client(settings: S3Settings, timeout: Timeout, *, attempts: int) -> Minio:
    # an own pool loses minio's CA settings, so they are set here again
    busy = [500, 502, 503, 504]
    pool = PoolManager(
        timeout=timeout,
        retries=Retry(total=attempts - 1, backoff_factor=0.1, status_forcelist=busy),
        maxsize=8,
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(settings.ca_file or certifi.where()),
    )
    return Minio(
        settings.endpoint,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
        secure=settings.tls,
        region=settings.region,
        http_client=pool,
    )


def _encryption(wanted: str) -> tuple[Sse | None, dict[str, str]]:
    """For multipart uploads, and as headers for single ones."""
    if not wanted:
        return None, {}
    if wanted == "SSE-S3":
        sse: Sse = SseS3()
    elif wanted.startswith("SSE-KMS:"):
        sse = SseKMS(wanted.removeprefix("SSE-KMS:"), {})
    else:
        raise InvalidValue(
            wanted, message="Kiểu mã hóa kho tệp phải là SSE-S3 hoặc SSE-KMS:<khóa>."
        )
    return sse, dict(sse.headers())


def _encryption_said(headers: Mapping[str, str]) -> str:
    """`AES256`, `aws:kms`, or nothing."""
    known = {name.lower(): value for name, value in headers.items()}
    return known.get("x-amz-server-side-encryption", "")


def _metadata(stored: StoredObject) -> Mapping[str, str]:
    """User metadata travels in headers: ASCII only."""
    return {"sha256": stored.sha256, "media-type": quote(stored.media_type, safe="/;=+.-")}


def _content_type(stored: StoredObject) -> str:
    plain = stored.media_type.isascii() and stored.media_type.isprintable()
    return stored.media_type if plain else "application/octet-stream"


def _opened(content: bytes | Path) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


@contextmanager
def _answers(what: str) -> Iterator[None]:
    """The server's and the network's refusals, in our own words."""
    try:
        yield
    except S3Error as refused:
        raise _in_our_words(refused, what) from refused
    except (MinioException, HTTPError, OSError) as problem:
        raise StorageUnavailable(f"{what}: {problem}") from problem


def _in_our_words(refused: S3Error, what: str) -> SohoaError:
    detail = f"{what}: {refused.code}"
    if refused.code in _ABSENT:
        return NotFound(detail)
    if refused.code in _WRONG:
        return IntegrityViolation(detail)
    if refused.code in _FULL or getattr(refused.response, "status", 0) == 507:
        return StorageFull(detail)
    return StorageUnavailable(detail)
