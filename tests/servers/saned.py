"""The SANE network daemon on a loopback address of its own: its port is fixed for clients."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PORT = 6566  # the client has no option for it, so the address is what is free


@dataclass
class Saned:
    """`config`: the client's SANE_CONFIG_DIR; devices are called `net:<address>:<name>`."""

    process: subprocess.Popen
    address: str
    config: Path

    def children(self) -> list[int]:
        """One process a client."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def signal_children(self, number: int) -> list[int]:
        living = [pid for pid in self.children() if state(pid) not in ("Z", "")]
        for pid in living:
            os.kill(pid, number)
        return living


def state(pid: int) -> str:
    """The kernel's letter for what a process does; "" where there is none."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    return ""


@contextmanager
def saned(room: Path, backends: str = "test\npnm\n") -> Iterator[Saned]:
    served, config, address = room / "served", room / "client", _free_address()
    for folder in (served, config):
        (folder / "dll.d").mkdir(parents=True)
    (served / "dll.conf").write_text(backends)
    (served / "test.conf").write_text("number_of_devices 1\n")
    (served / "saned.conf").write_text("127.0.0.0/8\n")
    (config / "dll.conf").write_text("net\n")
    (config / "net.conf").write_text(f"connect_timeout = 5\n{address}\n")
    process = subprocess.Popen(
        ["/usr/sbin/saned", "-l", "-b", address, "-p", str(PORT)],
        env={**os.environ, "SANE_CONFIG_DIR": str(served)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Saned(process, address, config)
    try:
        _wait(server)
        yield server
    finally:
        server.signal_children(signal.SIGKILL)
        process.kill()
        process.wait()


def _free_address() -> str:
    while True:
        address = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
        with suppress(OSError), socket.create_server((address, PORT)):
            return address


def _wait(server: Saned) -> None:
    deadline = time.monotonic() + 20
    while True:
        with suppress(OSError), socket.create_connection((server.address, PORT), 1):
            return
        assert server.process.poll() is None, "saned ended while starting"
        assert time.monotonic() < deadline
        time.sleep(0.02)
