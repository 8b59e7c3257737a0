"""The watched child process that every driver runs its device in."""

import sys
import time
from itertools import pairwise

import pytest

from scanner_drivers.child import DeviceProcess, Watch
from scanner_drivers.driver import ScannerError, ScannerFault

QUICK = Watch(first_byte_s=20, between_s=1, cancel_s=2)
PATIENT = Watch(first_byte_s=30, between_s=30, cancel_s=2)
"""Where no stall is looked for: on a busy machine a child may get no turn for a second."""


def child(code, folder, *arguments, commands=False, watch=QUICK):
    argv = [sys.executable, "-u", "-c", code, *map(str, arguments)]
    return DeviceProcess(argv, folder, watch=watch, commands=commands)


def test_lines_come_as_they_are_written_and_errors_apart(tmp_path):
    code = "import sys; print('một'); print('oops', file=sys.stderr); print('hai'); sys.exit(7)"
    process = child(code, tmp_path, watch=PATIENT)
    assert list(process.lines()) == ["một", "hai"]
    process.kill()
    assert process.returncode == 7
    assert process.errors == b"oops\n"


def test_a_caller_that_takes_its_time_is_no_silence_of_the_device(tmp_path):
    process = child("print('a'); import time; time.sleep(.3); print('b')", tmp_path)
    lines = process.lines()
    assert next(lines) == "a"
    time.sleep(1.5)  # longer than `between_s`
    assert list(lines) == ["b"]
    process.kill()


def test_a_growing_file_is_progress(tmp_path):
    code = (
        "import sys, time\nwith open(sys.argv[1], 'wb') as file:\n"
        "  for _ in range(12): file.write(b'x'); file.flush(); time.sleep(.5)\nprint('done')"
    )
    process = child(code, tmp_path, tmp_path / "page.part", watch=Watch(between_s=4))
    assert list(process.lines()) == ["done"]  # six seconds later
    process.kill()


def test_silence_is_a_stall_and_the_whole_group_is_killed(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(helper.pid); time.sleep(60)"
    )
    process = child(code, tmp_path)
    lines = process.lines()
    helper = int(next(lines))
    with pytest.raises(ScannerError) as stalled:
        next(lines)
    assert stalled.value.fault is ScannerFault.DRIVER_STALLED
    assert _state(helper) in ("Z", "")


def _state(pid):
    """Process state; empty when it is gone (a zombie waits for the system's init)."""
    for _ in range(50):
        try:
            with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - a name that may vanish
                state = file.read().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return ""
        if state == "Z":
            return state
        time.sleep(0.1)
    return state


def test_a_helper_left_behind_does_not_hold_the_scan(tmp_path):
    code = (
        "import subprocess, sys\n"
        "print('page')\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)'],"
        " start_new_session=True)"
    )
    began = time.monotonic()
    process = child(code, tmp_path, watch=PATIENT)
    assert list(process.lines()) == ["page"]
    process.kill()
    assert time.monotonic() - began < 7


def test_commands_are_answered_until_stdin_is_closed(tmp_path):
    code = "import sys\nfor line in sys.stdin: print(line.strip()[::-1])\nprint('bye')"
    process = child(code, tmp_path, commands=True, watch=PATIENT)
    lines = process.lines()
    for word in ("abc", "đèn"):
        process.send(word)
        assert next(lines) == word[::-1]
    assert process.finish()
    assert list(lines) == ["bye"]
    process.kill()
    assert process.returncode == 0


def test_each_command_may_take_as_long_as_the_first_byte(tmp_path):
    code = "import sys, time\nfor line in sys.stdin: time.sleep(1.6); print(line.strip())"
    process = child(code, tmp_path, commands=True)
    lines = process.lines()
    for word in ("lamp", "paper"):
        process.send(word)
        assert next(lines) == word  # `between_s` is 1
    process.kill()


def test_a_program_that_does_not_end_when_asked_is_reported(tmp_path):
    process = child("import time; time.sleep(60)", tmp_path, commands=True)
    began = time.monotonic()
    assert not process.finish()
    process.kill()
    assert 1.5 < time.monotonic() - began < 20
    assert process.returncode != 0


def test_a_flood_of_lines_arrives_whole_and_in_order(tmp_path):
    process = child("for n in range(20000): print(n)", tmp_path, watch=PATIENT)
    numbers = [int(line) for line in process.lines()]
    process.kill()
    assert len(numbers) == 20000
    assert all(b == a + 1 for a, b in pairwise(numbers))
