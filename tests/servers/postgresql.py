"""A private PostgreSQL: own folder, own port, loopback only; one cluster a test process."""

import os
import pwd
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers.ports import free_port


@dataclass(frozen=True)
class Cluster:
    port: int
    folder: Path
    bin: Path

    def database(self) -> str:
        """A new empty database; returns its URL."""
        name = f"t{uuid.uuid4().hex}"
        self._run("createdb", "-h", "localhost", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql+psycopg://postgres@localhost:{self.port}/{name}"

    def restart(self) -> None:
        """As after a power cut: no clean shutdown."""
        self._ctl("-m", "immediate", "restart")

    def stop(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def _ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-w", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        _as_ordinary_user([str(self.bin / program), *arguments], self.folder)


def _as_ordinary_user(argv: list[str], folder: Path) -> None:
    """initdb refuses root; a root machine has the account Debian made for the server."""
    account = {} if os.geteuid() else {"user": "postgres", "group": "postgres", "extra_groups": []}
    with (folder / "output").open("ab") as output:
        subprocess.run(
            argv,
            check=True,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            timeout=60,
            **account,
        )


@pytest.fixture(scope="session")
def postgresql():
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp(prefix="sohoa-pg-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o755)
    (folder / "output").touch()
    cluster = Cluster(port=free_port(), folder=folder, bin=programs)
    cluster._run(
        "initdb",
        "-D",
        str(folder / "data"),
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--data-checksums",
        "-U",
        "postgres",
    )
    # in /dev/shm, a killed server's shared memory would stay for good
    memory = "-c dynamic_shared_memory_type=mmap"
    options = f"-p {cluster.port} -k {folder} -c listen_addresses=localhost -c fsync=off {memory}"
    try:
        cluster._ctl("-l", str(folder / "log"), "-o", options, "start")
        yield cluster
    finally:
        cluster.stop()
