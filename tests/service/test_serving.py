"""`sohoa serve` as a user starts it: real processes, the real reader, kill -9 in the middle."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pikepdf
import pytest
from office import make_sample
from servers.ports import free_port

from service.samples import write_sample

pytestmark = pytest.mark.slow
SOHOA = Path(sys.executable).with_name("sohoa")


class Served:
    """A server with its own data folder."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.environment = os.environ | {
            "SOHOA_DATA_DIR": str(folder),
            "SOHOA_WORKERS": "1",
            "OMP_THREAD_LIMIT": "1",
            "SOHOA_LOG_LEVEL": "WARNING",
        }
        self.process = None

    def run(self, *arguments, **options):
        return subprocess.run(
            [str(SOHOA), *arguments],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    def start(self):
        self.process = subprocess.Popen(
            [str(SOHOA), "serve", "--port", str(self.port)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        deadline = time.monotonic() + 150  # seven processes start, on cores that others use too
        while True:
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def sign_in(self, password):
        body = {"username": "canbo", "password": password}
        token = self.client.post("/api/v1/session", json=body).json()["token"]
        self.client.headers["authorization"] = f"Bearer {token}"

    def children(self):
        """Every process below the supervisor, found by walking /proc."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = stat.read_text().split(" (", 1)
            except OSError:
                continue
            parents.setdefault(int(rest.rsplit(") ", 1)[1].split()[1]), []).append(int(pid))
        found, rest = [], [self.process.pid]
        while rest:
            below = parents.get(rest.pop(), [])
            found += below
            rest += below
        return found

    def kill_all(self):
        """As when the power goes: the supervisor and all it started, at once."""
        for pid in [self.process.pid, *self.children()]:
            with contextlib.suppress(ProcessLookupError):  # it went with the supervisor
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def document(self, document_id):
        return self.client.get(f"/api/v1/documents/{document_id}").json()

    def wait_until_read(self, document_id):
        deadline = time.monotonic() + 90
        while (found := self.document(document_id))["reading"] == "waiting":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path / "var")
    made.run("db", "upgrade")
    made.password = "mot mat khau du dai"
    made.run(
        "user",
        "add",
        "canbo",
        "--full-name",
        "Nguyễn Thị Mẫu",
        "--unit",
        "21907",
        "--role",
        "receiver",
        "--role",
        "digitizer",
        "--password-stdin",
        input=made.password + "\n",
    )
    made.start()
    made.sign_in(made.password)
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        assert made.process.wait(20) == 0
    made.client.close()


def post(served, path):
    with path.open("rb") as file:
        answer = served.client.post("/api/v1/scans", files={"file": (path.name, file)})
    assert answer.status_code == 202, answer.text
    return answer.json()["document_ids"][0]


@pytest.mark.timeout(280)
def test_a_server_killed_while_reading_finishes_the_document_once_after_restart(served, tmp_path):
    pages = pikepdf.new()
    for seed in range(6):  # enough pages that the kill comes in the middle of them
        one = write_sample(make_sample("quyet_dinh", 60 + seed, "L2"), tmp_path / "papers")
        with pikepdf.open(one) as pdf:
            pages.pages.extend(pdf.pages)
    whole = tmp_path / "whole.pdf"
    pages.save(whole)
    document = post(served, whole)
    deadline = time.monotonic() + 60
    while not list((served.folder / "objects").rglob("*.jpg")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    served.kill_all()
    served.start()
    served.sign_in(served.password)
    found = served.wait_until_read(document)
    assert found["reading"] == "read"
    assert [p["number"] for p in found["pages"]] == list(range(1, found["page_count"] + 1))
    actions = [e["action"] for e in audit(served)]
    assert actions.count("document.received") == 1 and actions.count("document.read") == 1
    assert len(list((served.folder / "objects").glob("objects/orig/*/*"))) == 1


def audit(served):
    from storage.database import SqlDatabase

    database = SqlDatabase(f"sqlite:///{served.folder}/sohoa.db", enqueue=lambda *a: None)
    with database.read() as tx:
        entries = [{"action": e.action} for _, _, e in tx.audit.entries(limit=1000)]
    database.dispose()
    return entries


@pytest.mark.requires_pdfsig
@pytest.mark.timeout(280)
def test_a_scan_comes_out_signed_and_a_second_tool_calls_it_valid(served, tmp_path):
    sample = make_sample("quyet_dinh", 77, "L2")
    document = post(served, write_sample(sample, tmp_path))
    served.wait_until_read(document)
    path = f"/api/v1/documents/{document}"
    deadline = time.monotonic() + 60
    while served.client.post(f"{path}/sign").status_code != 200:
        assert time.monotonic() < deadline  # the copy is composed right after the reading
        time.sleep(0.2)
    opened = served.document(document)
    values = {f["name"]: f["value"] for f in opened["fields"] if f["name"] in opened["open_fields"]}
    assert served.client.post(f"{path}/confirm", json={"values": values}).status_code == 200
    while served.document(document)["state"] != "stored":
        assert time.monotonic() < deadline + 60
        time.sleep(0.1)
    file = tmp_path / "signed.pdf"
    file.write_bytes(served.client.get(f"{path}/file").content)
    said = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout
    assert "Signature Validation: Signature is Valid." in said
    words = subprocess.run(
        ["pdftotext", str(file), "-"], capture_output=True, text=True, check=True
    )
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in words.stdout
    verified = served.run("verify", str(file), "--json")
    assert json.loads(verified.stdout)["signatures"][0]["state"] == "hop_le"
    assert pikepdf.open(io.BytesIO(file.read_bytes())).open_metadata()["pdfaid:conformance"] == "B"


def test_a_killed_supervisor_takes_its_children_along_and_the_port_is_free_again(served):
    children = served.children()
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    served.start()


def command_line(pid):
    """Empty when it is gone: a worker starts and ends programs of its own meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def test_a_dead_worker_is_replaced_and_the_web_does_not_notice(served):
    before = served.children()
    workers = [p for p in before if b"work\0counter" in command_line(p)]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while True:
        assert served.client.get("/health/live").status_code == 200
        now = [p for p in served.children() if b"work\0counter" in command_line(p)]
        if now and not set(now) & set(workers):
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)
