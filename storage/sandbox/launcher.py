# SPDX-License-Identifier: Apache-2.0
"""Runs inside the child, before the program that parses: gives up rights, then becomes it.

A file of its own on the standard library alone, started as `python -I -S launcher.py WORD=VALUE...
-- program arguments`. A program of its own rather than `preexec_fn`, which may deadlock in a server
with threads. It takes about 9 ms (measured, 2 cores, Python 3.11), so it imports little.

Words: `limits=address_space,cpu_s,file_size,open_files,processes`, `cwd=PATH`, `uid=N`,
`seccomp=1`, `read=PATH`, `write=PATH` (both also switch Landlock on; may be repeated).

Syscall numbers are the kernel's own, from its tables for x86_64 and the generic one (aarch64);
they never change. Landlock: the kernel's Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterator

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
_EPERM, _ENOSYS = 1, 38
_SIGKILL = 9  # importing `signal` costs 4 ms

# Landlock
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE, _MAKE_DIR, _MAKE_FILE = 0b11 << 4, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# no links, pipes, sockets or devices: the parent will open what it finds there
_WRITE = _READ | _WRITE_FILE | _REMOVE | _MAKE_DIR | _MAKE_FILE | _REFER | _TRUNCATE
_ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}

# seccomp: architecture, then what is refused: network, tracing, mounts, modules, keys, clocks, ...
# setsid and setpgid are refused so that killing the process group reaches every descendant.
_FROM_424_ON = (*range(424, 434), 438, 440, 442, 443, 447)
_REFUSED_X86_64 = (
    "41 42 43 49 50 101 103 109 112 134 135 153 154 155 159 161 163 164 165 166 167 168 169 170 "
    "171 172 173 175 176 179 212 227 246 248 249 250 272 279 288 298 300 303 304 305 308 310 311 "
    "312 313 320 321 323"
)
_REFUSED_AARCH64 = (
    "18 39 40 41 51 58 60 89 92 97 104 105 106 112 116 117 142 154 157 161 162 170 171 198 200 "
    "201 202 203 217 218 219 224 225 239 241 242 262 264 265 266 268 270 271 272 273 280 282 294"
)
# audit name of the architecture, clone, prlimit64, what is refused
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 56, 302, _REFUSED_X86_64),
    "aarch64": (0xC00000B7, 220, 261, _REFUSED_AARCH64),
}
_CLONE3 = 435
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUALS, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def main(words: list[str]) -> None:
    """Apply the words in the one order that works, then exec. Exit code 126: could not."""
    split = words.index("--")
    options = [word.partition("=")[::2] for word in words[:split]]
    try:
        _confine(options)
        os.execvp(words[split + 1], words[split + 1 :])  # noqa: S606 - never a shell
    except OSError as problem:
        sys.stderr.write(f"sandbox launcher: {problem}\n")
        raise SystemExit(126) from problem


def _confine(options: list[tuple[str, str]]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    given = dict(options)
    _limit(*map(int, given["limits"].split(",")))
    _drop_account(libc, int(given["uid"]) if "uid" in given else None)
    os.chdir(given["cwd"])  # only now: the folder may belong to that account alone
    os.environ.pop("PWD", None)  # bubblewrap's, and no longer true
    # after the change of account, which resets it
    _prctl(libc, _PR_SET_PDEATHSIG, _SIGKILL)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    if "read" in given or "write" in given:
        restrict_files(libc, options)
    if "seccomp" in given:
        refuse_calls(libc)


def _limit(address_space: int, cpu_s: int, file_size: int, open_files: int, processes: int) -> None:
    bounds = {
        resource.RLIMIT_AS: (address_space, address_space),
        resource.RLIMIT_CPU: (cpu_s, cpu_s + 2),  # SIGXCPU, then SIGKILL for who ignores it
        resource.RLIMIT_FSIZE: (file_size, file_size),
        resource.RLIMIT_NOFILE: (open_files, open_files),
        resource.RLIMIT_NPROC: (processes, processes),
        resource.RLIMIT_CORE: (0, 0),
    }
    for which, (soft, hard) in bounds.items():
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(which, (soft, hard))


def _drop_account(libc: ctypes.CDLL, uid: int | None) -> None:
    """As root: another account, which the process limit counts; else at least no capability."""
    if os.getuid() != 0:
        return
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # those the kernel lacks are refused
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def restrict_files(libc: ctypes.CDLL, options: list[tuple[str, str]]) -> None:
    """Landlock: everything not named is refused; also TCP, and signals to the outside."""
    abi = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if abi < 1:
        raise OSError(ctypes.get_errno(), "Landlock is not available")
    handled = _ALL_RIGHTS.get(abi, (1 << 16) - 1)
    words = [handled, 0b11, 0b11][: 1 if abi < 4 else 2 if abi < 6 else 3]
    ruleset = ctypes.create_string_buffer(struct.pack(f"={len(words)}Q", *words))
    descriptor = _call(libc, _CREATE_RULESET, ruleset, 8 * len(words), 0)
    for word, path in options:
        if word in {"read", "write"}:
            _allow(libc, descriptor, path, handled & (_READ if word == "read" else _WRITE))
    _call(libc, _RESTRICT_SELF, descriptor, 0)
    os.close(descriptor)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return  # what is not there needs no permission
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib costs 5 ms here
        rights &= _FILE_RIGHTS
    beneath = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor))
    _call(libc, _ADD_RULE, ruleset, 1, beneath, 0)
    os.close(descriptor)


def refuse_calls(libc: ctypes.CDLL) -> None:
    """seccomp: a deny-list; refused calls fail with EPERM, a foreign architecture is killed."""
    program = b"".join(_program(*_ARCHITECTURES[os.uname().machine]))
    body = ctypes.create_string_buffer(program, len(program))
    pointer = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(body))
    )
    _prctl(libc, _PR_SET_SECCOMP, 2, pointer)


def _program(arch: int, clone: int, prlimit: int, refused: str) -> Iterator[bytes]:
    """Classic BPF over `struct seccomp_data`: number at 0, architecture at 4, arguments from 16."""
    refuse = _ERRNO | _EPERM
    yield from (_op(_LOAD, 4), _op(_EQUALS, arch, 1, 0), _op(_RETURN, _KILL))
    # at and above 1 << 30 are the x32 doubles of all calls
    yield from (_op(_LOAD, 0), _op(_AT_LEAST, 1 << 30, 0, 1), _op(_RETURN, refuse))
    for number in (*map(int, refused.split()), *_FROM_424_ON):
        yield from (_op(_EQUALS, number, 0, 1), _op(_RETURN, refuse))
    # its flags are behind a pointer that a filter cannot read; ENOSYS makes libc use clone
    yield from (_op(_EQUALS, _CLONE3, 0, 1), _op(_RETURN, _ERRNO | _ENOSYS))
    yield from (_op(_EQUALS, clone, 0, 4), _op(_LOAD, 16), _op(_ANY_BIT, _NEW_NAMESPACES, 0, 1))
    yield from (_op(_RETURN, refuse), _op(_RETURN, _ALLOW))
    # limits of others: the process it names must be oneself (0)
    yield from (_op(_EQUALS, prlimit, 0, 3), _op(_LOAD, 16), _op(_EQUALS, 0, 1, 0))
    yield from (_op(_RETURN, refuse), _op(_RETURN, _ALLOW))


def _op(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


def _prctl(libc: ctypes.CDLL, option: int, *arguments: object) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    if libc.prctl(option, *[_long(value) for value in padded]) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    result: int = libc.syscall(number, *[_long(value) for value in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), f"call {number}: {os.strerror(ctypes.get_errno())}")
    return result


def _long(value: object) -> object:
    return ctypes.c_ulong(value) if isinstance(value, int) else value


if __name__ == "__main__":
    main(sys.argv[1:])
