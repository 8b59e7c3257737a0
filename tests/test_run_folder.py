"""A run of the tests leaves nothing behind, killed or not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from run_folder import LOCK, PREFIX, RunFolder, clear_dead_runs, remove

from storage.objects.disk import set_immutable

HOLD = """
import sys, tempfile
from pathlib import Path
from run_folder import RunFolder
made = RunFolder()
(Path(tempfile.mkdtemp()) / "paper").write_bytes(b"scan")
print(made.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_run(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_a_killed_run_leaves_its_folder_to_the_next_which_spares_living_ones(other_run, tmp_path):
    process, folder = other_run
    assert folder.parent == tmp_path
    clear_dead_runs(tmp_path)
    assert [path.read_bytes() for path in folder.rglob("paper")] == [b"scan"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    clear_dead_runs(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_being_made_is_left_alone(tmp_path):
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    clear_dead_runs(tmp_path)
    assert young.is_dir()


def test_immutable_files_and_closed_folders_go_too(tmp_path):
    folder = tmp_path / "run"
    closed = folder / "a" / "closed"
    closed.mkdir(parents=True)
    (closed / "paper").write_bytes(b"scan")
    kept = folder / "b" / "kept"
    kept.parent.mkdir()
    kept.write_bytes(b"scan")
    set_immutable(kept, on=True)
    closed.chmod(0)
    kept.parent.chmod(0o500)
    remove(folder)
    assert not folder.exists()


def test_this_run_has_a_folder_and_its_programs_write_there():
    command = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert Path(said).name.startswith(PREFIX)
    assert (Path(said) / LOCK).exists()


def test_what_was_set_before_is_set_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    made = RunFolder()
    assert os.environ["TMPDIR"] == str(made.path)
    made.remove()
    assert os.environ["TMPDIR"] == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
