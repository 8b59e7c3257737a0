"""Dovecot, an independent IMAP server, on the loopback, with TLS and one user."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from servers.ports import free_port
from servers.tls import Certificate, loopback_certificate

USER, PASSWORD = "so-hoa@xa.example", "mat khau thu"
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"


@dataclass
class Dovecot:
    """`mail`: the user's Maildir. `plain`: the port that offers STARTTLS."""

    process: subprocess.Popen
    port: int
    plain: int
    certificate: Certificate
    mail: Path

    def folder(self, name: str) -> list[Path]:
        """The messages of a mailbox; "" is the inbox."""
        room = self.mail / f".{name}" if name else self.mail
        return sorted(p for part in ("new", "cur") for p in (room / part).glob("*"))

    def put(self, message: bytes, name: str) -> None:
        """As a mail server delivers: written aside, then renamed (maildir)."""
        for part in ("tmp", "new", "cur"):
            (self.mail / part).mkdir(parents=True, exist_ok=True)
        aside = self.mail / "tmp" / name
        aside.write_bytes(message)
        for path in (self.mail, *self.mail.rglob("*")):
            shutil.chown(path, _account(), _account())
        aside.rename(self.mail / "new" / name)


@contextmanager
def dovecot(room: Path, capabilities: str = "") -> Iterator[Dovecot]:
    """`capabilities`: announced instead of the server's own (to hide MOVE)."""
    room = room.resolve()
    account = _account()
    certificate = loopback_certificate(room / "tls")
    port, plain = free_port(), free_port()
    home = room / "home"
    for folder in (home, room / "run", room / "state"):
        folder.mkdir(parents=True)
    for folder in (home, room / "run", room / "state"):
        shutil.chown(folder, account, account)
    (room / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::{home}\n")
    ids = pwd.getpwnam(account)
    said = f"imap_capability = {capabilities}" if capabilities else ""
    (room / "dovecot.conf").write_text(f"""
protocols = imap
base_dir = {room}/run
state_dir = {room}/state
log_path = {room}/log
listen = 127.0.0.1
default_internal_user = {account}
default_internal_group = {account}
default_login_user = {account}
first_valid_uid = 1
ssl = yes
ssl_cert = <{certificate.chain}
ssl_key = <{certificate.key}
disable_plaintext_auth = yes
{said}
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = username_format=%u {room}/users
}}
userdb {{
  driver = static
  args = uid={ids.pw_uid} gid={ids.pw_gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
}}
""")
    process = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(room / "dovecot.conf")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _until_it_answers(process, port, room / "log")
        yield Dovecot(process, port, plain, certificate, home / "Maildir")
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def _account() -> str:
    """Dovecot refuses to keep mail as root."""
    return "dovenull" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _until_it_answers(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    told = log.read_text() if log.exists() else ""
    raise RuntimeError(f"dovecot does not answer: {told[-2000:]}")
