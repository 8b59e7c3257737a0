"""Object lock, as the shipped compose.yaml sets the server up: no open port gets around it."""

import contextlib
import datetime as dt
import http.client
import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from minio.commonconfig import ENABLED, Filter
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.retention import COMPLIANCE, GOVERNANCE, Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig
from servers.ports import free_ports
from servers.s3 import stop, wait_until_it_stores

from storage.objects import FolderStore, S3Settings, S3Store
from workflows.errors import StorageUnavailable
from workflows.ports.objects import Protection

pytestmark = [pytest.mark.slow, pytest.mark.requires_s3]
COMPOSE = Path(__file__).resolve().parents[3] / "compose.yaml"
OPEN, INSIDE = "127.0.0.2", "127.0.0.1"
"""Two loopback addresses: the network of the containers, and the inside of the store's own."""
PDF = "application/pdf"
UNTIL = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=3650)


class Shipped:
    """The server with the very options of compose.yaml; only ports, folder and addresses differ."""

    def __init__(self, folder):
        self.folder = folder
        identities = [
            {
                "name": name,
                "credentials": [{"accessKey": name, "secretKey": f"{name}-test-only"}],
                "actions": actions,
            }
            for name, actions in (
                ("admin", ["Admin", "Read", "Write", "List", "Tagging"]),
                ("sohoa", ["Admin", "Read", "Write", "List", "Tagging"]),
            )
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (folder / "data").mkdir()
        names = [
            "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
            "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc",
        ]  # fmt: skip
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        command = shlex.split(yaml.safe_load(COMPOSE.read_text())["services"]["s3"]["command"])
        assert "-filer.disableHttp" in command
        swapped = {
            "-s3.config=/etc/seaweedfs/s3.json": f"-s3.config={folder / 's3.json'}",
            "-dir=/data": f"-dir={folder / 'data'}",
            "-s3.ip.bind=0.0.0.0": f"-s3.ip.bind={OPEN}",
            # a disk nearly full holds few volumes of a gigabyte
            "-master.volumeSizeLimitMB=1024": "-master.volumeSizeLimitMB=64",
        }
        assert swapped.keys() <= set(command)
        quick = ["-master.electionTimeout=1s", "-volume.preStopSeconds=0"]
        self.log = (folder / "weed.log").open("wb")
        self.process = subprocess.Popen(
            [
                Path(sys.executable).with_name("weed"),
                *(swapped.get(word, word) for word in command),
                *(f"-{name}={port}" for name, port in self.ports.items()),
                *quick,
            ],
            cwd=folder,
            env=os.environ | {"WEED_S3_SSE_KEK": "ab" * 32},
            stdout=self.log,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
        )
        self.pid = self.process.pid

    def settings(self, who="sohoa", **changes) -> S3Settings:
        made = S3Settings(
            endpoint=f"{OPEN}:{self.ports['s3.port']}",
            access_key=who,
            secret_key=f"{who}-test-only",
            bucket="hoso",
            tls=False,
            lock=COMPLIANCE,
        )
        return replace(made, **changes)

    def store(self, bucket, **changes):
        """For `wait_until_it_stores`."""
        store = S3Store(self.settings(bucket=bucket, **{"lock": "", **changes}))
        store.ensure_bucket()
        return store

    def listening(self) -> set[tuple[str, int]]:
        """Where this process, and nobody else, listens: (address, port)."""
        inodes = set()
        for fd in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(fd.readlink()))
        found = set()
        for table, width in (("tcp", 8), ("tcp6", 32)):
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                local, state, inode = (line.split()[n] for n in (1, 3, 9))
                if state == "0A" and f"socket:[{inode}]" in inodes:
                    address, port = local.split(":")
                    raw = bytes.fromhex(address)
                    ip = (
                        socket.inet_ntoa(raw[::-1])
                        if width == 8
                        else socket.inet_ntop(socket.AF_INET6, raw)
                    )
                    found.add((ip, int(port, 16)))
        return found


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    server = Shipped(tmp_path_factory.mktemp("weed"))
    try:
        wait_until_it_stores(server.process, server)
        yield server
    finally:
        stop(server.process, server.ports.values())
        server.log.close()


@pytest.fixture(scope="module")
def store(shipped):
    made = S3Store(shipped.settings())
    made.ensure_bucket()
    return made


@pytest.fixture(scope="module")
def locked(store):
    stored = store.put("orig/aa/giay-to.pdf", b"%PDF- kept for ten years", PDF)
    assert store.protect(stored, UNTIL) is Protection.LOCKED
    assert store.protected_until(stored) == UNTIL
    return stored


def still_there(store, locked, version):
    client = store._quick
    response = client.get_object("hoso", locked.key, version_id=version)
    try:
        return response.read() == b"%PDF- kept for ten years"
    finally:
        response.close()
        response.release_conn()


def version_of(store, locked):
    versions = store._quick.list_objects("hoso", prefix=locked.key, include_version=True)
    return [v.version_id for v in versions if not v.is_delete_marker][-1]


def test_only_the_s3_port_is_open_and_the_rest_is_inside(shipped):
    listening = shipped.listening()
    assert (OPEN, shipped.ports["s3.port"]) in listening  # positive control
    open_ports = {port for ip, port in listening if ip != INSIDE}
    assert open_ports <= {shipped.ports["s3.port"], shipped.ports["s3.port.grpc"]}, listening
    for name, port in shipped.ports.items():
        with socket.socket() as probe:
            probe.settimeout(2)
            reached = probe.connect_ex((OPEN, port)) == 0
        assert reached == (port in open_ports), name
    with socket.socket() as probe:
        assert probe.connect_ex((INSIDE, shipped.ports["master.port"])) == 0  # positive control


def test_the_filer_answers_no_http_even_inside(shipped, store, locked):
    connection = http.client.HTTPConnection(INSIDE, shipped.ports["filer.port"], timeout=3)
    try:
        connection.request("DELETE", f"/buckets/hoso/{locked.key}.versions?recursive=true")
        status = connection.getresponse().status
    except OSError:
        status = 0
    finally:
        connection.close()
    assert status not in (200, 202, 204)
    assert still_there(store, locked, version_of(store, locked))


@pytest.mark.parametrize("who", ["sohoa", "admin"])
def test_no_s3_call_takes_a_locked_version_away(shipped, store, locked, who):
    """Neither our own key nor the administrator's: delete, shorten, overwrite, suspend, expire."""
    client = S3Store(shipped.settings(who))._quick
    version = version_of(store, locked)

    def refused(call):
        with pytest.raises(S3Error) as error:
            call()
        assert error.value.code in ("AccessDenied", "InvalidRequest", "InvalidBucketState"), error

    refused(lambda: client.remove_object("hoso", locked.key, version_id=version))
    sooner = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    for mode in (COMPLIANCE, GOVERNANCE):
        short = Retention(mode, sooner)
        refused(
            lambda short=short: client.set_object_retention(
                "hoso", locked.key, short, version_id=version
            )
        )
    errors = list(client.remove_objects("hoso", [DeleteObject(locked.key, version)]))
    assert [e.code for e in errors] == ["AccessDenied"]
    with contextlib.suppress(S3Error):
        client.set_bucket_versioning("hoso", VersioningConfig(SUSPENDED))
    with contextlib.suppress(S3Error):
        client._put_object("hoso", locked.key, b"other bytes", {})
    with contextlib.suppress(S3Error):
        rule = Rule(ENABLED, rule_filter=Filter(prefix=""), expiration=Expiration(days=1))
        client.set_bucket_lifecycle("hoso", LifecycleConfig([rule]))
    with contextlib.suppress(S3Error):
        client.remove_object("hoso", locked.key)
    with pytest.raises(S3Error):
        client.remove_bucket("hoso")
    assert still_there(store, locked, version)


def test_our_own_erase_is_refused_and_leaves_the_paper_readable(store):
    stored = store.put("orig/bb/khac.pdf", b"also kept", PDF)
    store.protect(stored, UNTIL)
    with pytest.raises(StorageUnavailable):
        store.erase(stored)
    assert store.get(stored) == b"also kept"


def test_a_lock_is_extended_and_never_shortened(store):
    stored = store.put("orig/cc/hai.pdf", b"two", PDF)
    for days in (10, 30, 20):
        store.protect(stored, UNTIL + dt.timedelta(days=days))
    assert store.protected_until(stored) == UNTIL + dt.timedelta(days=30)


def test_what_is_not_locked_is_erased_with_all_its_versions(store):
    stored = store.put("pages/dd/anh.jpg", b"an identity card", "image/jpeg")
    assert store.protected_until(stored) is None
    store.erase(stored)
    left = store._quick.list_objects("hoso", prefix=stored.key, include_version=True)
    assert list(left) == []


def test_a_bucket_without_object_lock_is_refused_on_the_first_day(shipped):
    shipped.store("plain")
    with pytest.raises(StorageUnavailable):
        S3Store(shipped.settings(bucket="plain")).ensure_bucket()


def test_units_keep_apart_by_prefix_in_one_bucket(shipped):
    one, two = (shipped.store("shared", prefix=p) for p in ("h12/", "h13/"))
    first, second = one.put("copy/a", b"one", PDF), two.put("copy/a", b"two", PDF)
    assert (one.get(first), two.get(second)) == (b"one", b"two")
    assert [k for k, _ in one.keys("")] == ["copy/a"] == [s.key for s in two.list("copy/")]
    assert one.find("copy/a") == first and one.measure("copy/a").recorded
    two.erase(second)
    assert one.get(first) == b"one" and two.find("copy/a") is None


@pytest.mark.parametrize("size", [2000, 70 << 20])
def test_the_server_encrypts_what_it_writes(shipped, tmp_path, size):
    def on_disk(mark):
        return any(mark in piece.read_bytes() for piece in (shipped.folder / "data").rglob("*.dat"))

    marks = {sse: f"dau-{sse or 'ro'}-{size}".encode() for sse in ("", "SSE-S3")}
    for sse, mark in marks.items():
        store = shipped.store("sealed", encryption=sse)
        body = tmp_path / "body"
        body.write_bytes(mark * (size // len(mark)))
        stored = store.put(f"copy/{size}-{sse}", body, PDF)
        assert store.measure(stored.key).sha256 == stored.sha256
    assert on_disk(marks[""])  # positive control
    assert not on_disk(marks["SSE-S3"])


def test_a_folder_says_honestly_what_protects_it(tmp_path):
    store = FolderStore(tmp_path)
    stored = store.put("copy/a", b"one", PDF)
    reached = store.protect(stored, UNTIL)
    path = tmp_path / "objects" / "copy" / "a"
    if reached is Protection.IMMUTABLE:
        with pytest.raises(PermissionError):
            path.unlink()
    else:
        assert reached is Protection.NONE and path.stat().st_mode & 0o222 == 0
    store.erase(stored)
    assert not path.exists()
