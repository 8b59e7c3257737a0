"""What a sandbox promises (S4), at every level this machine reaches, each with its control."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from storage.sandbox import (
    LimitedSandbox,
    NamespaceSandbox,
    best_sandbox,
    describe,
    probe,
    scratch,
    sweep,
)
from storage.sandbox.launcher import _ARCHITECTURES
from workflows.errors import SandboxTooWeak
from workflows.ports.sandbox import Limits, Sandbox, SandboxLevel

BUILD = {
    SandboxLevel.LIMITS: LimitedSandbox,
    SandboxLevel.FILTERED: lambda: LimitedSandbox(seccomp=True, landlock=True),
    SandboxLevel.NAMESPACES: NamespaceSandbox,
}
REACHED = SandboxLevel[describe()["level"]]
LEVELS = [level for level in SandboxLevel if level <= REACHED]
CONFINED = [level for level in LEVELS if level > SandboxLevel.LIMITS]
# as root every run has an account of its own; else only the higher levels tell it from ours
ROOT = os.getuid() == 0
PROTECTED = LEVELS if ROOT else CONFINED
APART = LEVELS if ROOT else [level for level in LEVELS if level == SandboxLevel.NAMESPACES]
SMALL = Limits(wall_s=30.0, cpu_s=20, memory=512 << 20, file_size=8 << 20, processes=24)


@pytest.fixture(params=LEVELS, ids=lambda level: level.name)
def sandbox(request) -> Sandbox:
    return BUILD[request.param]()


@pytest.fixture(params=CONFINED, ids=lambda level: level.name)
def confined(request) -> Sandbox:
    """Levels that keep the child from files and network."""
    return BUILD[request.param]()


@pytest.fixture
def desk():
    """A folder any account may pass, as a service's work folder is. pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="sohoa-test-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "out").mkdir()
        yield Path(folder)


def python(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]


def run(sandbox, desk, argv, *, read=(), limits=SMALL, env=None):
    return sandbox.run(argv, read=list(read), out=desk / "out", limits=limits, env=env)


def outside(argv, **options) -> subprocess.CompletedProcess:
    """The control: the same program without a sandbox."""
    return subprocess.run(argv, capture_output=True, timeout=60, check=False, **options)


def pids_with(token: str) -> list[int]:
    """Living processes that have the token among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and token.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(condition, within_s=5.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


# -- the ordinary run ------------------------------------------------------------------------


def test_reads_what_is_given_and_writes_under_out(sandbox, desk):
    given = desk / "giấy tờ.txt"
    given.write_text("nội dung", "utf-8")
    copy = "import sys; t = open(sys.argv[1]).read(); open('bản sao', 'w').write(t); print(t)"
    ran = run(sandbox, desk, python(copy, given), read=[given])
    assert (ran.returncode, ran.stdout.decode(), ran.killed) == (0, "nội dung\n", None)
    made = desk / "out" / "bản sao"
    assert made.read_text("utf-8") == "nội dung"
    assert made.stat().st_uid == (desk / "out").stat().st_uid == os.getuid()


def test_reads_a_file_that_only_we_may_read(sandbox, tmp_path):
    """Inbox files are 0600 in a closed folder."""
    (tmp_path / "out").mkdir()
    given = tmp_path / "given"
    given.write_bytes(b"private")
    given.chmod(0o600)
    ran = run(sandbox, tmp_path, ["cat", str(given)], read=[given])
    assert (ran.returncode, ran.stdout) == (0, b"private")
    assert given.stat().st_mode & 0o777 == 0o600


def test_reads_a_folder(sandbox, desk):
    folder = desk / "pages"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "1.txt").write_text("one")
    (folder / "sub" / "1.txt").chmod(0o600 if os.getuid() else 0o644)
    ran = run(sandbox, desk, ["cat", str(folder / "sub" / "1.txt")], read=[folder])
    assert ran.stdout == b"one"


def test_our_own_packages_can_be_imported(sandbox, desk):
    ran = run(sandbox, desk, python("import ocr.page, numpy; print(ocr.page.__name__)"))
    assert ran.stdout == b"ocr.page\n", ran.stderr


@pytest.mark.parametrize("code", [0, 3, 99])
def test_tells_the_exit_code(sandbox, desk, code):
    ran = run(sandbox, desk, ["sh", "-c", f"echo said >&2; exit {code}"])
    assert (ran.returncode, ran.stderr, ran.killed) == (code, b"said\n", None)


def test_a_missing_program_is_a_result_not_an_exception(sandbox, desk):
    ran = run(sandbox, desk, ["/no/such/program"])
    assert ran.returncode == 126
    assert b"No such file" in ran.stderr


def test_a_crash_is_told_as_its_signal(sandbox, desk):
    ran = run(sandbox, desk, python("import os; os.abort()"))
    assert (ran.returncode, ran.killed) == (-signal.SIGABRT, None)


def test_long_output_is_cut_and_does_not_block(sandbox, desk):
    flood = "import sys; sys.stdout.write('x' * 5_000_000); sys.stderr.write('y' * 5_000_000)"
    ran = run(sandbox, desk, python(flood))
    assert ran.returncode == 0
    assert (ran.stdout, ran.stderr) == (b"x" * 65536, b"y" * 65536)


def test_the_environment_holds_nothing_of_ours(sandbox, desk, monkeypatch):
    monkeypatch.setenv("SOHOA_SECRET_KEY", "must-not-leak")
    show = ["env"]
    assert b"must-not-leak" in outside(show).stdout
    ran = run(sandbox, desk, show, env={"TESSDATA_PREFIX": "/usr/share/tessdata"})
    seen = dict(line.split("=", 1) for line in ran.stdout.decode().splitlines())
    home, code = Path(seen.pop("HOME")), Path(seen.pop("PYTHONPATH"))
    assert seen == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(desk / "out"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TESSDATA_PREFIX": "/usr/share/tessdata",
    }
    assert home == Path("/tmp") or home.name.startswith("sohoa-home-")
    assert code in (home / "code", Path(__file__).parents[2])


def test_no_input_and_no_open_files_of_ours(sandbox, desk):
    with (desk / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        show = "import os, sys; print(sorted(os.listdir('/proc/self/fd')), sys.stdin.read())"
        ran = run(sandbox, desk, python(show))
    assert ran.stdout == b"['0', '1', '2', '3'] \n", ran.stderr  # 3 is the listing itself


# -- bounds ------------------------------------------------------------------------------------

ALLOCATE = "import sys; x = bytearray(int(sys.argv[1]) << 20); print(len(x))"


def test_memory_is_bounded(sandbox, desk):
    assert run(sandbox, desk, python(ALLOCATE, 100)).stdout == b"104857600\n"
    ran = run(sandbox, desk, python(ALLOCATE, 2048))
    assert (ran.returncode, ran.killed) == (1, "memory")


def test_a_sleeper_is_stopped_by_the_wall_clock(sandbox, desk):
    limits = Limits(wall_s=0.7, cpu_s=20, memory=512 << 20)
    ran = run(sandbox, desk, ["sleep", "60"], limits=limits)
    assert (ran.killed, ran.returncode) == ("wall", -signal.SIGKILL)
    assert ran.seconds < 10


def test_a_cpu_bomb_is_stopped(sandbox, desk):
    ran = run(sandbox, desk, python("while True: pass"), limits=Limits(cpu_s=1, wall_s=60))
    assert ran.killed == "cpu"
    assert ran.seconds < 30


@pytest.mark.slow
def test_a_cpu_bomb_that_ignores_the_signal_is_stopped(sandbox, desk):
    stubborn = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    ran = run(sandbox, desk, python(stubborn), limits=Limits(cpu_s=1, wall_s=60))
    assert ran.killed == "cpu"


def test_a_file_cannot_grow_over_its_bound(sandbox, desk):
    write = "import sys; open('big', 'wb').write(bytes(int(sys.argv[1])))"
    assert run(sandbox, desk, python(write, 7 << 20)).returncode == 0
    ran = run(sandbox, desk, python(write, 9 << 20))
    assert ran.returncode != 0
    assert (desk / "out" / "big").stat().st_size <= 8 << 20


FORK = """
    import os, time
    count = 0
    try:
        while count < 60:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            count += 1
    except BlockingIOError:
        pass
    print(count)
"""


def test_a_fork_bomb_is_bounded_and_leaves_nobody(sandbox, desk):
    token = secrets.token_hex(8)
    free = run(sandbox, desk, python(FORK, token), limits=Limits(processes=200))
    assert int(free.stdout) == 60, free.stderr
    bounded = run(sandbox, desk, python(FORK, token), limits=Limits(processes=20))
    assert 5 <= int(bounded.stdout) < 20, bounded.stderr
    assert pids_with(token) == []


def test_the_bounds_hold_in_the_grandchild(sandbox, desk):
    """f23: limits of the parent that the renderer below it does not have."""
    nested = "import subprocess; subprocess.run(['sh', '-c', 'ulimit -v; ulimit -t; ulimit -n'])"
    ran = run(sandbox, desk, python(nested))
    assert ran.stdout.split() == [str(512 << 10).encode(), b"20", b"256"], ran.stderr


DAEMON = """
    import os, sys, time
    if os.fork() == 0:
        try:
            os.setsid()
        except PermissionError:
            pass
        if os.fork() == 0:
            for number in (0, 1, 2):
                os.close(number)
            time.sleep(60)
        os._exit(0)
    time.sleep(0.3)
"""


def test_a_process_that_hides_from_its_group_is_ended_too(sandbox, desk):
    token = secrets.token_hex(8)
    outside(python(DAEMON, token), start_new_session=True)
    [hidden] = pids_with(token)  # the control: without a sandbox it lives on
    os.kill(hidden, signal.SIGKILL)
    assert wait_until(lambda: pids_with(token) == [])
    run(sandbox, desk, python(DAEMON, token))
    assert wait_until(lambda: pids_with(token) == [])  # by itself it would stay a minute


def test_the_child_ends_with_a_killed_service(sandbox, desk):
    token = secrets.token_hex(8)
    service = f"""
        import sys
        from pathlib import Path
        from storage.sandbox import LimitedSandbox, NamespaceSandbox
        from workflows.ports.sandbox import Limits
        sandbox = {_source(sandbox)}
        argv = [sys.executable, "-c", "import time; time.sleep(60)", "{token}-inside"]
        sandbox.run(argv, read=[], out=Path(sys.argv[1]), limits=Limits())
    """
    process = subprocess.Popen(
        python(service, desk / "out"),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(desk)},  # what it leaves goes with the desk
    )
    try:
        assert wait_until(lambda: len(pids_with(f"{token}-inside")) > 1, within_s=20)
        time.sleep(0.3)  # past the launcher, into the program
    finally:
        process.kill()
        process.wait()
    assert wait_until(lambda: pids_with(token) == [])


def test_what_a_killed_service_left_is_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path / "memory")
    monkeypatch.setattr(scratch.tempfile, "gettempdir", lambda: str(tmp_path))
    yesterday = time.time() - 86_400
    left = (
        "sohoa-given-old",
        "sohoa-home-old",
        "sohoa-paper-old",
        "memory/sohoa-given-old",
        "scratch/sohoa-paper-old",
    )
    for name in (*left, "other-old"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "paper").write_bytes(b"someone's")
        os.utime(folder, (yesterday, yesterday))
    (tmp_path / "sohoa-home-young").mkdir()
    assert sweep(tmp_path / "scratch", tmp_path / "nowhere") == len(left)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "memory",
        "other-old",
        "scratch",
        "sohoa-home-young",
    ]
    assert list((tmp_path / "scratch").iterdir()) == []
    assert list((tmp_path / "memory").iterdir()) == []


def test_nothing_of_a_run_stays_behind(sandbox, tmp_path):
    """Least of all a copy of the paper: 0600 files are copied when the account changes."""
    (tmp_path / "out").mkdir()
    given = tmp_path / "given"
    given.write_bytes(b"private")
    given.chmod(0o600)
    before = set(_scratch_folders())
    show = python("import os; print(os.environ['HOME'], os.listdir(os.environ['HOME']))")
    ran = run(sandbox, tmp_path, show, read=[given])
    assert ran.returncode == 0, ran.stderr
    home = ran.stdout.decode().split()[0]
    assert home == "/tmp" or not Path(home).exists()
    mine = set(_scratch_folders()) - before
    assert not [path for path in mine if (path / "0").is_file()]


def _scratch_folders() -> list[Path]:
    places = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    return [path for place in places for path in place.glob("sohoa-*")]


def _source(sandbox) -> str:
    if sandbox.level == SandboxLevel.NAMESPACES:
        return "NamespaceSandbox()"
    filters = sandbox.level == SandboxLevel.FILTERED
    return f"LimitedSandbox(seccomp={filters}, landlock={filters})"


def test_links_and_pipes_do_not_come_out(sandbox, desk):
    """The parent opens by name what it finds: it must not be led to its own files."""
    make = """
        import os
        open('page.png', 'w').write('plain')
        os.mkdir('sub')
        for attempt in (
            lambda: os.symlink('/etc/passwd', 'sub/link'),
            lambda: os.mkfifo('pipe'),
            lambda: os.link('page.png', 'twice'),
        ):
            try:
                attempt()
            except OSError:
                pass
    """
    run(sandbox, desk, python(make))
    left = sorted(path.name for path in (desk / "out").rglob("*"))
    assert set(left) <= {"page.png", "sub"}
    assert "sub" in left


def test_what_comes_out_can_be_opened_and_carries_no_rights(sandbox, desk):
    make = """
        import os
        os.mkdir('closed')
        open('closed/tool', 'w').write('x')
        os.chmod('closed/tool', 0o4111)
        os.chmod('closed', 0)
    """
    ran = run(sandbox, desk, python(make))
    assert ran.returncode == 0, ran.stderr
    tool = desk / "out" / "closed" / "tool"
    assert tool.read_text() == "x"
    assert tool.stat().st_mode & 0o7777 == 0o711


# -- confinement -------------------------------------------------------------------------------

CONNECT = """
    import socket, sys
    try:
        with socket.create_connection(('127.0.0.1', int(sys.argv[1])), 3):
            print('connected')
    except OSError as refused:
        print('refused', refused)
"""


def test_there_is_no_network(confined, desk):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert outside(python(CONNECT, port)).stdout == b"connected\n"
        server.accept()[0].close()
        ran = run(confined, desk, python(CONNECT, port))
        assert ran.stdout.startswith(b"refused"), ran
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_nothing_is_written_elsewhere(confined, desk):
    elsewhere = desk / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    write = python("import sys; open(sys.argv[1] + '/' + sys.argv[2], 'w')", elsewhere)
    assert outside([*write, "control"]).returncode == 0
    ran = run(confined, desk, [*write, "inside"])
    assert ran.returncode != 0
    assert [path.name for path in elsewhere.iterdir()] == ["control"]


@pytest.mark.parametrize("sandbox", PROTECTED, ids=lambda level: level.name, indirect=True)
def test_what_is_given_cannot_be_changed(sandbox, desk):
    given = desk / "given"
    given.write_bytes(b"as it came")
    write = python("open(__import__('sys').argv[1], 'w')", given)
    assert run(sandbox, desk, write, read=[given]).returncode != 0
    assert given.read_bytes() == b"as it came"


def test_files_that_were_not_given_are_not_seen(confined, desk):
    """A home folder, the database, another paper: readable to all, yet not to the child."""
    other = desk / "other"
    other.write_bytes(b"someone else's paper")
    other.chmod(0o644)
    assert run(confined, desk, ["cat", str(other)], read=[other]).stdout == other.read_bytes()
    ran = run(confined, desk, ["cat", str(other)])
    assert (ran.returncode != 0, ran.stdout) == (True, b"")


def test_the_environment_of_the_service_is_not_seen(confined, desk):
    environment = f"/proc/{os.getpid()}/environ"
    assert outside(["cat", environment]).returncode == 0
    ran = run(confined, desk, ["cat", environment])
    assert (ran.returncode != 0, ran.stdout) == (True, b"")


def test_the_service_cannot_be_signalled(confined, desk):
    victim = subprocess.Popen(["sleep", "60"])
    try:
        run(confined, desk, python("import os, sys; os.kill(int(sys.argv[1]), 9)", victim.pid))
        with pytest.raises(subprocess.TimeoutExpired):
            victim.wait(0.2)
    finally:
        victim.kill()
        victim.wait()


CALLS = """
    import ctypes, errno
    libc = ctypes.CDLL(None, use_errno=True)
    def call(*arguments):
        ctypes.set_errno(0)
        libc.syscall(*map(ctypes.c_long, arguments))
        return errno.errorcode.get(ctypes.get_errno(), 'ok')
    ptrace, unshare, clone, prlimit = {numbers}
    print(call(ptrace, 16, 0, 0, 0), call(unshare, 0x10000000), call(clone, 0x10000000, 0, 0, 0, 0),
          call(prlimit, 1, 7, 0, 0), call(425, 1, 0), call(435, 0, 0), call(prlimit, 0, 7, 0, 0))
"""


def test_dangerous_calls_are_refused(confined, desk):
    machine = os.uname().machine
    numbers = {"x86_64": (101, 272, 56, 302), "aarch64": (117, 97, 220, 261)}[machine]
    assert machine in _ARCHITECTURES
    program = python(textwrap.dedent(CALLS).format(numbers=numbers))
    control = outside(program).stdout.split()
    assert control.count(b"EPERM") <= 2, control  # ptrace of process 0 is ESRCH, and so on
    ran = run(confined, desk, program)
    assert ran.stdout.split() == [b"EPERM"] * 5 + [b"ENOSYS", b"ok"], ran


def test_no_new_privileges_and_no_capabilities(sandbox, desk):
    ran = run(sandbox, desk, ["cat", "/proc/self/status"])
    status = dict(
        line.split(":\t", 1) for line in ran.stdout.decode().splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


@pytest.mark.parametrize("sandbox", APART, ids=lambda level: level.name, indirect=True)
def test_runs_side_by_side_do_not_count_against_each_other(sandbox, desk):
    """One account for all would let eight innocent readings refuse each other their threads."""
    results = []

    def one(number: int) -> None:
        out = desk / f"out{number}"
        out.mkdir()
        fork = python(FORK.replace("60:", "6:").replace("sleep(60)", "sleep(1)"))
        limits = Limits(processes=8)
        results.append(sandbox.run(fork, read=[], out=out, limits=limits).stdout)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b"6\n"] * 6


NAMED = [level for level in LEVELS if level == SandboxLevel.NAMESPACES]


@pytest.mark.parametrize("_level", NAMED)
def test_bubblewrap_alone_leaves_no_room_to_write(desk, _level):
    """Also on a kernel without Landlock: no memory disk that could be filled."""
    alone = NamespaceSandbox(seccomp=False, landlock=False)
    for folder in ("/", "/dev", "/dev/shm", "/etc", "/usr", str(Path(__file__).parents[2])):
        ran = run(alone, desk, python("import sys; open(sys.argv[1] + '/x', 'w')", folder))
        assert ran.returncode != 0, folder
    fill = "open('/tmp/x', 'wb').write(bytes(80 << 20))"
    ran = run(alone, desk, python(fill), limits=Limits())
    assert b"No space left" in ran.stderr
    assert run(alone, desk, python("open('/dev/null', 'w').write('x')")).returncode == 0


# -- which level -------------------------------------------------------------------------------


def test_the_best_sandbox_is_the_level_described():
    assert best_sandbox(SandboxLevel.LIMITS).level == REACHED


def test_a_machine_below_the_minimum_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(probe, "_strongest", LimitedSandbox)
    monkeypatch.setattr(probe, "_refusals", lambda: {"bubblewrap": "bwrap is not installed"})
    with pytest.raises(SandboxTooWeak, match="bwrap is not installed"):
        best_sandbox(SandboxLevel.FILTERED)
    told = describe()
    assert told.pop("account") in {"own for each run", "that of the service"}
    assert told == {
        "level": "LIMITS",
        "seccomp": "ok",
        "landlock": "ok",
        "bubblewrap": "bwrap is not installed",
    }


def test_a_mechanism_that_does_not_work_is_found_out(monkeypatch, tmp_path):
    """As in a container that refuses user namespaces: bwrap is there and fails."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "No permissions" in probe._refusal(NamespaceSandbox())
