"""A real S3 server (SeaweedFS) on free loopback ports in a temporary folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from servers.ports import free_ports

from storage.objects import S3Settings, S3Store
from workflows.errors import StorageUnavailable

PORTS = (
    "admin.port",
    "admin.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)
OPTIONS = (
    "-ip=localhost",
    "-ip.bind=localhost",
    "-master.telemetry=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    # by default so many volumes as a gigabyte each fits the free disk: few buckets use them up
    "-master.volumeSizeLimitMB=64",
)


@dataclass(frozen=True)
class S3Server:
    settings: S3Settings
    pid: int
    ports: frozenset[int]

    def store(self, bucket: str) -> S3Store:
        """A store on a bucket of its own."""
        store = S3Store(replace(self.settings, bucket=bucket))
        store.ensure_bucket()
        return store

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def start(folder: Path) -> tuple[subprocess.Popen, S3Server]:
    access, secret = "test", "test-only-key"
    config = folder / "s3.json"
    identity = {
        "name": "test",
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config.write_text(json.dumps({"identities": [identity]}))
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    weed = Path(sys.executable).with_name("weed")
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [
                str(weed),
                "mini",
                *OPTIONS,
                f"-dir={folder}",
                f"-s3.config={config}",
                *(f"-{name}={port}" for name, port in ports.items()),
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    settings = S3Settings(
        endpoint=f"localhost:{ports['s3.port']}",
        access_key=access,
        secret_key=secret,
        bucket="ready",
        tls=False,
    )
    return process, S3Server(settings=settings, pid=process.pid, ports=frozenset(ports.values()))


def wait_until_it_stores(process: subprocess.Popen, server: S3Server, within_s: float = 90) -> None:
    """Listening is not ready: only a put that succeeds is."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            server.store("ready").put("ready", b"ready", "text/plain")
        except StorageUnavailable:
            assert process.poll() is None, "the S3 server ended while starting"
            assert time.monotonic() < deadline, f"the S3 server stored nothing in {within_s} s"
            time.sleep(0.2)
        else:
            return


def stop(process: subprocess.Popen, ports: Iterable[int]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for port in ports:  # sockets it has no option for, some left even by a clean end
        for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            left.unlink()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    process, server = start(tmp_path_factory.mktemp("weed"))
    try:
        wait_until_it_stores(process, server)
        yield server
    finally:
        stop(process, server.ports)
