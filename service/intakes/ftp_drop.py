# SPDX-License-Identifier: Apache-2.0
"""An FTP(S) server for multifunction printers; each device writes into a hot folder of its own.

An upload goes to a hidden `.part` file; only when the transfer closed cleanly is it synced and
given its name, and only then is 226 said. From there on it is a hot folder like any other, so a
device that was switched off in the middle is caught by the file's own end. Nothing can be read
back: other people's papers are not the device's business.
"""

from __future__ import annotations

import errno
import hmac
import os
import secrets
import socket
import sys
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import structlog
from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from service.intakes.journal import Journal
from service.intakes.sources import FtpSource, is_inside
from storage.objects.disk import make_folder, sync_folder
from workflows.intake import MAX_BYTES

log = structlog.get_logger(__name__)
PERMISSIONS = "elwfd"  # enter, list, write, rename, delete: never read
_TCP_CLOSE = 7  # linux/tcp_states.h; CLOSE_WAIT after an orderly end
_BROKEN = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT}


class _WriteOnly(AbstractedFS):  # type: ignore[misc]
    """The device's folder: new files only, under a hidden name until they are whole."""

    def open(self, filename: str, mode: str) -> Any:
        if mode != "wb":
            raise FilesystemError("Files can only be written whole")
        target = Path(filename)
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        return _Upload(part, target)

    def rename(self, src: str, dst: str) -> None:
        """Some devices upload under another name and rename when done."""
        if Path(src).name.startswith(".") or Path(dst).name.startswith("."):
            raise FilesystemError("Hidden names are ours")
        Path(src).rename(_free_name(Path(dst)))

    def listdir(self, path: str) -> list[str]:
        return [name for name in super().listdir(path) if not name.startswith(".")]


class _Upload:
    """What pyftpdlib writes to: bounded, and durable under its name only by `settle`."""

    def __init__(self, part: Path, target: Path) -> None:
        self.name, self.target = str(part), target
        self._file: IO[bytes] = part.open("xb")
        self._size = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > MAX_BYTES:
            raise OSError(errno.EFBIG, "File too large")
        self._file.write(chunk)

    def close(self) -> None:
        self._file.close()

    def settle(self) -> None:
        """Sync, name, sync the folder: after this 226 may be said (f37)."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        name = unicodedata.normalize("NFC", self.target.name)
        Path(self.name).rename(_free_name(self.target.with_name(name)))
        sync_folder(self.target.parent)


def _free_name(target: Path) -> Path:
    """Another upload of that name may still lie there; neither is lost."""
    free, number = target, 2
    while free.exists():
        free, number = target.with_name(f"{target.stem}-{number}{target.suffix}"), number + 1
    return free


class _Settling:
    """Mixed into pyftpdlib's data channel: a reset connection is no end of a file."""

    transfer_finished: bool
    receive: bool
    file_obj: Any
    socket: Any
    _resp: Any
    connected: bool

    def __init__(self, sock: Any, cmd_channel: Any) -> None:
        super().__init__(sock, cmd_channel)  # type: ignore[call-arg]
        if not self.connected:  # reset before it was taken: nobody else ends the upload it was for
            cmd_channel.give_up_waiting()

    def close(self) -> None:
        upload = self.file_obj
        if self.receive and isinstance(upload, _Upload) and not upload.closed:
            if self.transfer_finished and self._is_broken():
                self.transfer_finished = False
                self._resp = ("426 Connection lost; transfer aborted.", log.debug)
            if self.transfer_finished:
                try:
                    upload.settle()
                except OSError as error:
                    self.transfer_finished = False
                    self._resp = ("451 The file could not be stored.", log.debug)
                    log.warning("ftp drop cannot store", error=type(error).__name__)
        super().close()  # type: ignore[misc]

    def _is_broken(self) -> bool:
        """Reset by the peer? Either the read that failed says so, or the socket still does."""
        error = sys.exc_info()[1]
        said = error.args[0] if error is not None and error.args else None
        try:
            pending = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            # a reset read by TLS tells nobody; but where the other side ended, ours still waits
            state = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except (OSError, AttributeError):  # TCP_INFO is Linux's
            pending, state = 0, 0
        return pending != 0 or state == _TCP_CLOSE or said in _BROKEN


class _PlainData(_Settling, DTPHandler):  # type: ignore[misc]
    pass


class _TlsData(_Settling, TLS_DTPHandler):  # type: ignore[misc]
    pass


class _Door:
    """Mixed into pyftpdlib's control channel."""

    networks: Sequence[Any] = ()
    remote_ip: str
    _current_type: str
    _closed: bool
    _in_dtp_queue: Any

    def on_connect(self) -> None:
        if not is_inside(self.remote_ip, self.networks):
            self.close()

    def ftp_STOR(self, file: str, mode: str = "w") -> Any:
        if Path(file).name.startswith("."):
            self.respond("550 Hidden names are ours.")  # type: ignore[attr-defined]
            return None
        self._current_type = "i"  # a device that says ASCII sends a picture all the same
        return super().ftp_STOR(file, mode)  # type: ignore[misc]

    def give_up_waiting(self) -> None:
        """The upload that waits for its data connection will get none."""
        if self._drop_waiting():
            self.respond("426 Connection lost; transfer aborted.")  # type: ignore[attr-defined]

    def close(self) -> None:
        if not self._closed:
            self._drop_waiting()
        super().close()  # type: ignore[misc]

    def _drop_waiting(self) -> bool:
        waiting, self._in_dtp_queue = self._in_dtp_queue, None
        if waiting is None:
            return False
        waiting[0].close()
        self.on_incomplete_file_received(waiting[0].name)
        return True

    def on_incomplete_file_received(self, file: str) -> None:
        Path(file).unlink(missing_ok=True)
        log.info("ftp upload broken off")


_NEVER = ("STOU", "APPE", "REST")  # they write past `_WriteOnly`, or into half a file


class _PlainDoor(_Door, FTPHandler):  # type: ignore[misc]
    dtp_handler = _PlainData
    proto_cmds = {k: v for k, v in FTPHandler.proto_cmds.items() if k not in _NEVER}  # noqa: RUF012


class _TlsDoor(_Door, TLS_FTPHandler):  # type: ignore[misc]
    dtp_handler = _TlsData
    proto_cmds = {k: v for k, v in TLS_FTPHandler.proto_cmds.items() if k not in _NEVER}  # noqa: RUF012
    tls_control_required = True
    tls_data_required = True


class _Devices(DummyAuthorizer):  # type: ignore[misc]
    """One account a device, compared in constant time."""

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        known = self.user_table.get(username, {"pwd": secrets.token_hex(8)})
        same = hmac.compare_digest(known["pwd"].encode(), password.encode())
        if not same or username not in self.user_table:
            raise AuthenticationFailed("Authentication failed.")


class FtpDrop:
    """The server. `drops`: each device's folder; the hot folders there are fed by others."""

    def __init__(self, source: FtpSource, drops: Mapping[str, Path], journal: Journal) -> None:
        self._source, self._drops, self._journal = source, drops, journal

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises OSError: the port is taken, a password file is missing."""
        devices = _Devices()
        for name, device in self._source.device.items():
            make_folder(self._drops[name])
            for part in self._drops[name].glob(".*.part"):
                part.unlink()  # broken off by a crash; 226 was never said
            password = device.password_file.read_text("utf-8").strip()
            devices.add_user(name, password, str(self._drops[name]), perm=PERMISSIONS)
        server = FTPServer((self._source.host, self._source.port), self._door(devices), IOLoop())
        server.max_cons, server.max_cons_per_ip = 64, 16
        try:
            while not stop.is_set():
                server.serve_forever(timeout=0.5, blocking=False, handle_exit=False)
                self._journal.well()
        finally:
            server.close_all()

    def _door(self, devices: _Devices) -> type[FTPHandler]:
        """Set up as pyftpdlib wants it, by class attributes: a class of our own for each server."""
        source = self._source
        first, last = source.passive_ports
        shared: dict[str, Any] = {
            "authorizer": devices,
            "abstracted_fs": _WriteOnly,
            "networks": source.networks,
            "banner": "Sohoa",
            "passive_ports": range(first, last + 1),
            "masquerade_address": source.masquerade,
            "auth_failed_timeout": 1,
            "timeout": 300,
        }
        if source.certificate is None:
            return type("PlainDoor", (_PlainDoor,), shared)
        tls = {
            "certfile": str(source.certificate),
            "keyfile": str(source.key or source.certificate),
            "ssl_context": None,
        }
        return type("TlsDoor", (_TlsDoor,), shared | tls)
