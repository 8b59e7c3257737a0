"""Programs of ours as processes of their own, to be killed and started again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from office import HERE, PASSWORD
from servers.ports import free_port

from service.config import Settings
from service.setup import prepare
from service.wiring import build
from workflows.domain.unit import Role


class Program:
    """One of our programs, started again and again."""

    def __init__(self, *argv, **environment):
        self.argv, self.environment = argv, os.environ | environment
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.argv,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def children(self):
        pid = self.process.pid
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            return [int(c) for t in tasks for c in (t / "children").read_text().split()]
        except FileNotFoundError:
            return []


class Server(Program):
    """The web process alone: what is tested ends with the Document's original in the store."""

    def __init__(self, folder):
        self.settings, self.port = Settings(data_dir=folder), free_port()
        prepare(self.settings)
        wired = build(self.settings)
        with wired.database.transaction() as tx:
            tx.catalogue.put(HERE)
        for name, role in (("admin", Role.ADMIN), ("clerk", Role.RECEIVER)):
            wired.accounts.add_user(name, name, PASSWORD, HERE.id, frozenset({role}))
        self.wired = wired
        super().__init__(
            *(sys.executable, "-m", "service.serving", "web", "127.0.0.1", str(self.port)),
            SOHOA_DATA_DIR=str(folder),
            SOHOA_LOG_LEVEL="ERROR",
            SOHOA_SESSION_MINUTES="120",
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def start(self):
        super().start()
        wait_for(lambda: self.call("GET", "/health/live"), 60)

    def sign_in(self, name):
        asked = {"username": name, "password": PASSWORD}
        token = self.call("POST", "/api/v1/session", json=asked)["token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def call(self, method, path, **asked):
        """The answer, or None while the server is away."""
        try:
            answer = self.http.request(method, path, **asked)
        except httpx.HTTPError:
            return None
        assert answer.status_code < 500, answer.text
        return answer.json()


def wait_for(look, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
