"""FTP(S) uploads of devices: taken only after the transfer closed cleanly (f08)."""

import ftplib
import io
import socket
import ssl
import struct
import threading
from contextlib import contextmanager, suppress

import pytest
from office import open_office
from servers.ports import free_port
from servers.tls import loopback_certificate
from service_intakes import Came, eventually, feeder, picture, record_of

from scanner_drivers.folder import HotFolder
from service.intakes.ftp_drop import FtpDrop
from service.intakes.hot_folder import FolderFeed
from service.intakes.journal import Journal
from service.intakes.sources import FtpDevice, FtpSource

PASSWORD = "mat khau may in"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


class Server:
    def __init__(self, office, folder, *, tls=False, **settings):
        self.came, self.stop = Came(office), threading.Event()
        (folder / "password").write_text(PASSWORD)
        device = FtpDevice(password_file=folder / "password", account="clerk")
        self.tls = loopback_certificate(folder / "tls") if tls else None
        if self.tls:
            settings |= {"certificate": self.tls.chain, "key": self.tls.key}
        first = free_port()
        self.source = FtpSource(
            port=free_port(),
            plain=not tls,
            passive_ports=(first, first + 20),
            device={"may-1": device},
            **settings,
        )
        self.hot = HotFolder(folder / "may-1" / "drop", rooms=folder / "may-1", every_s=0.1)
        self.feeder = feeder(office, folder / "journal", kind="ftp", source="ftp", stop=self.stop)
        self.feed = FolderFeed(folder=self.hot, feeder=self.feeder, accounts={"": "clerk"})
        journal = Journal(folder / "journal", "ftpd", "server", office.station.intake.clock)
        self.drop = FtpDrop(self.source, {"may-1": self.hot.folder}, journal)

    @contextmanager
    def running(self):
        self.hot.prepare()
        thread = threading.Thread(target=self.drop.run, args=(self.stop,))
        thread.start()
        try:
            eventually(self.answers)
            yield self
        finally:
            self.stop.set()
            thread.join()

    def answers(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.source.port), 1):
            return True
        return False

    def client(self, password=PASSWORD):
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.tls.chain))
            client = ftplib.FTP_TLS(context=context)  # noqa: S321 - it is what is tested
        else:
            client = ftplib.FTP()  # noqa: S321
        client.connect("localhost", self.source.port, timeout=30)
        client.login("may-1", password)
        if self.tls:
            client.prot_p()
        return client

    def lying(self):
        """What is in the device's folder, hidden files too."""
        return sorted(p.name for p in self.hot.folder.iterdir())

    def look(self):
        for now in (0, 3):
            self.feed.look(now)


@pytest.fixture(params=[False, True], ids=["ftp", "ftps"])
def server(request, office, tmp_path):
    with Server(office, tmp_path, tls=request.param).running() as running:
        yield running


def test_an_upload_becomes_a_paper(server):
    with server.client() as client:
        client.cwd("/")
        answer = client.storbinary("STOR giấy quét.png", io.BytesIO(picture(1)))
    assert answer.startswith("226")
    assert server.lying() == ["giấy quét.png"]  # durable, under its name, before 226 was said
    server.look()
    assert server.came.names() == ["giấy quét.png"] and server.lying() == []
    assert record_of(server.feeder).counts == {"received": 1}


def test_a_device_that_says_ascii_sends_its_bytes_unchanged(server):
    content = picture(2) + b"\r\n\r\r\n"
    with server.client() as client:
        client.voidcmd("TYPE A")
        with client.transfercmd("STOR a.png") as data:
            data.sendall(content)
            if server.tls:
                data.unwrap()
        client.voidresp()
    assert (server.hot.folder / "a.png").read_bytes() == content


def broken(server, how, content):
    """Send half of it, and break off in this way."""
    client = server.client()
    data = client.transfercmd("STOR half.png")
    data.sendall(content[: len(content) // 2])
    if how == "control":
        client.sock.shutdown(socket.SHUT_RDWR)
        client.sock.close()
    elif how == "abort":
        client.putcmd("ABOR")
    elif how == "reset":
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        data.close()
    return client, data


@pytest.mark.parametrize("how", ["control", "abort", "reset"])
def test_a_transfer_broken_off_is_never_taken(server, how):
    content = picture(1, size=(1400, 1980), kind="tiff")
    kept = broken(server, how, content)
    eventually(lambda: server.lying() == [])
    server.look()
    assert server.came.names() == [] and server.hot.quarantined_files() == []
    for sock in kept:
        sock.close()
    with server.client() as client:  # and the server still works
        client.storbinary("STOR half.png", io.BytesIO(content))
    server.look()
    assert server.came.names() == ["half.png"]


def test_a_device_switched_off_that_looks_like_a_clean_end_is_caught_by_the_files_end(server):
    content = picture(1, size=(1400, 1980), kind="tiff")
    with server.client() as client:
        client.storbinary("STOR half.png", io.BytesIO(content[: len(content) // 2]))
    server.look()
    assert server.came.names() == [] and server.lying() == ["half.png"]
    server.feed.look(400)
    (kept,) = server.hot.quarantined_files()
    assert "cắt giữa chừng" in kept.with_name(kept.name + ".txt").read_text("utf-8")


def test_a_name_that_is_there_already_does_not_lose_the_first(server):
    with server.client() as client:
        for shade in (1, 2, 3):
            client.storbinary("STOR scan.png", io.BytesIO(picture(shade)))
    assert server.lying() == ["scan-2.png", "scan-3.png", "scan.png"]
    server.look()
    assert len(server.came.names()) == 3


def test_a_device_may_upload_under_another_name_and_rename(server):
    with server.client() as client:
        client.storbinary("STOR scan.tmp", io.BytesIO(picture(1)))
        server.look()
        assert server.came.names() == []
        client.rename("scan.tmp", "scan.png")
    server.look()
    assert server.came.names() == ["scan.png"]


def test_nothing_can_be_read_overwritten_or_reached_outside(server):
    with server.client() as client:
        client.storbinary("STOR a.tmp", io.BytesIO(picture(1)))
        for command in (
            "RETR a.tmp",
            "APPE a.tmp",
            "STOU x",
            "REST 10",
            "MKD x",
            "STOR .x.png",
            "SITE CHMOD 777 a.tmp",
        ):
            with pytest.raises(ftplib.Error):
                client.voidcmd(command)
        client.storbinary("STOR ../x.png", io.BytesIO(picture(2)))  # what is above is here too
        assert sorted(client.nlst()) == ["a.tmp", "x.png"]
    assert not (server.hot.folder.parent / "x.png").exists()


def test_an_upload_over_the_limit_is_cut_off_and_leaves_nothing(server, monkeypatch):
    monkeypatch.setattr("service.intakes.ftp_drop.MAX_BYTES", 10_000)
    client = server.client()
    with pytest.raises((ftplib.Error, OSError)):
        client.storbinary("STOR a.png", io.BytesIO(bytes(1 << 20)))
    client.close()
    eventually(lambda: server.lying() == [])


def test_a_full_disk_is_told_and_nothing_is_acknowledged(server, monkeypatch):
    import service.intakes.ftp_drop as door

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(door._Upload, "settle", full)
    with server.client() as client, pytest.raises(ftplib.error_temp, match="451"):
        client.storbinary("STOR a.png", io.BytesIO(picture(1)))
    assert server.lying() == []


def test_a_wrong_password_and_an_unknown_device_are_refused(server):
    with pytest.raises(ftplib.error_perm, match="530"):
        server.client("sai")


def test_with_a_certificate_nothing_goes_in_the_clear(office, tmp_path):
    with Server(office, tmp_path, tls=True).running() as server, ftplib.FTP() as client:  # noqa: S321
        client.connect("localhost", server.source.port, timeout=30)
        with pytest.raises(ftplib.error_perm, match="SSL"):
            client.login("may-1", PASSWORD)


def test_another_network_is_turned_away(office, tmp_path):
    elsewhere = Server(office, tmp_path, networks=["192.0.2.0/24"])
    with elsewhere.running() as server, pytest.raises((EOFError, OSError)):
        server.client()


def test_in_the_clear_and_beyond_the_loopback_must_be_said(tmp_path):
    device = {"a": FtpDevice(password_file=tmp_path / "p", account="clerk")}
    with pytest.raises(ValueError, match="plain = true"):
        FtpSource(device=device)
    with pytest.raises(ValueError, match="networks"):
        FtpSource(device=device, plain=True, host="0.0.0.0")  # noqa: S104


def test_what_a_crash_left_half_uploaded_is_swept(office, tmp_path):
    server = Server(office, tmp_path)
    server.hot.prepare()
    (server.hot.folder / ".0123456789abcdef.part").write_bytes(b"half")
    with server.running():
        assert server.lying() == []
