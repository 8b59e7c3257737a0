"""Scan to e-mail: real SMTP conversations; 250 only for what is durable; kill -9 in between."""

import email.policy
import smtplib
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
from office import open_office
from servers.ports import free_port
from service_intakes import Came, eventually, feeder, mail, picture, record_of

from service.intakes.mail import MailDelivery
from service.intakes.smtp_drop import MailRoom, SmtpDrop, sender_of
from service.intakes.sources import SmtpSource, account_for
from workflows.errors import StorageUnavailable

SENDERS = {"may1@xa.example": "clerk", "@other.example": "stranger"}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


class Door:
    def __init__(self, office, folder, *, intake=None, **settings):
        self.came, self.stop = Came(office), threading.Event()
        self.room = MailRoom(folder / "smtp")
        self.source = SmtpSource(port=free_port(), senders=SENDERS, **settings)
        self.feeder = feeder(office, folder / "journal", intake=intake, stop=self.stop)
        delivery = MailDelivery(
            sandbox=office.station.sandbox, scratch=folder / "scratch", feeder=self.feeder
        )
        self.drop = SmtpDrop(self.source, self.room, delivery)

    @contextmanager
    def open(self):
        thread = threading.Thread(target=self.drop.run, args=(self.stop,))
        thread.start()
        try:
            eventually(self.answers)
            yield self
        finally:
            self.stop.set()
            thread.join()

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.source.port), 1):
                return True
        except OSError:
            return False

    def client(self):
        return smtplib.SMTP("127.0.0.1", self.source.port, timeout=30)

    def send(self, message, sender="may1@xa.example"):
        with self.client() as client:
            client.send_message(message, from_addr=sender, to_addrs=["so-hoa@xa.example"])

    def done(self):
        return eventually(lambda: not self.room.waiting())


@pytest.fixture
def door(office, tmp_path):
    with Door(office, tmp_path).open() as opened:
        yield opened


def test_a_device_sends_and_its_papers_are_its_units(door):
    door.send(
        mail(("quét 1.png", picture(1), "image/png"), ("quét 2.png", picture(2), "image/png"))
    )
    door.send(mail(("khác.png", picture(3), "image/png")), sender="ai-do@other.example")
    door.done()
    assert door.came.names("clerk") == ["quét 1.png", "quét 2.png"]
    assert door.came.names("stranger") == ["khác.png"]
    assert list(door.room.quarantined.iterdir()) == []


def test_one_conversation_may_bring_many_mails(door):
    with door.client() as client:
        for n in range(5):
            client.send_message(
                mail((f"{n}.png", picture(n), "image/png")),
                "may1@xa.example",
                ["so-hoa@xa.example"],
            )
    door.done()
    assert door.came.names() == [f"{n}.png" for n in range(5)]


@pytest.mark.parametrize("sender", ["la@evil.example", "may1@xa.example.evil.example", ""])
def test_a_sender_who_is_not_on_the_list_is_refused_at_once(door, sender):
    with pytest.raises(smtplib.SMTPSenderRefused) as refused, door.client() as client:
        client.sendmail(sender, ["so-hoa@xa.example"], b"x")
    assert refused.value.smtp_code == 550


def test_a_mail_over_the_limit_is_refused_before_and_while_it_comes(office, tmp_path):
    with Door(office, tmp_path, max_bytes=1 << 16).open() as door:
        large = mail(("a.png", bytes(1 << 17), "image/png"))
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            door.send(large)  # smtplib announces SIZE
        assert refused.value.smtp_code == 552
        with door.client() as client:
            client.ehlo()
            client.mail("may1@xa.example")
            client.rcpt("so-hoa@xa.example")
            assert client.data(large.as_bytes(policy=email.policy.SMTP))[0] == 552
        assert door.room.waiting() == []


def test_a_conversation_broken_off_leaves_nothing(door):
    client = door.client()
    client.ehlo()
    client.mail("may1@xa.example")
    client.rcpt("so-hoa@xa.example")
    client.putcmd("data")
    assert client.getreply()[0] == 354
    client.send(mail(("a.png", picture(1), "image/png")).as_bytes()[:4000])
    client.close()
    door.send(mail(("b.png", picture(2), "image/png")))
    eventually(lambda: door.came.names() == ["b.png"])


def test_a_bad_mail_does_not_stop_the_next_and_is_kept_aside_once(door):
    bad = mail(("hỏng.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf"))
    for _ in range(2):
        door.send(bad)
    door.send(mail(("tốt.png", picture(1), "image/png")))
    door.done()
    assert door.came.names() == ["tốt.png"]
    names = sorted(p.name.partition("-")[2] for p in door.room.quarantined.iterdir())
    assert names == ["hỏng.pdf", "hỏng.pdf.txt"]


def test_no_room_on_the_disk_is_a_passing_refusal(door, monkeypatch):
    def full(sender, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(door.room, "put", full)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        door.send(mail(("a.png", picture(1), "image/png")))
    assert refused.value.smtp_code == 452
    monkeypatch.undo()
    door.send(mail(("a.png", picture(1), "image/png")))
    door.done()
    assert door.came.names() == ["a.png"]


def test_what_was_acknowledged_is_received_after_a_crash_and_a_dead_store(office, tmp_path):
    class Dead:
        def receive(self, chunks, arrival, *, by):
            list(chunks)
            raise StorageUnavailable("down")

    with Door(office, tmp_path, intake=Dead()).open() as door:
        message = mail(("a.png", picture(1), "image/png"), ("b.png", picture(2), "image/png"))
        door.send(message)
        eventually(lambda: record_of(door.feeder).trouble_code == StorageUnavailable.code)
    assert len(door.room.waiting()) == 1  # acknowledged, and still here
    with Door(office, tmp_path).open() as again:
        again.done()
    assert door.came.names() == ["a.png", "b.png"]
    record = record_of(again.feeder)
    assert record.counts == {"received": 2} and not record.trouble


def test_the_mail_may_come_over_tls_and_must_where_asked(office, tmp_path):
    from servers.tls import loopback_certificate

    cert = loopback_certificate(tmp_path)
    settings = {"certificate": cert.chain, "key": cert.key, "require_tls": True}
    with Door(office, tmp_path, **settings).open() as door:
        with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
            door.send(mail(("a.png", picture(1), "image/png")))
        with door.client() as client:
            client.starttls(context=ssl.create_default_context(cafile=str(cert.chain)))
            client.send_message(
                mail(("a.png", picture(1), "image/png")), "may1@xa.example", ["x@xa.example"]
            )
        door.done()
        assert door.came.names() == ["a.png"]


def test_beyond_the_loopback_the_networks_must_be_named():
    with pytest.raises(ValueError, match="networks"):
        SmtpSource(host="0.0.0.0", senders=SENDERS)  # noqa: S104
    SmtpSource(host="0.0.0.0", senders=SENDERS, networks=["192.0.2.0/24"])  # noqa: S104


def test_another_network_is_refused(office, tmp_path):
    elsewhere = Door(office, tmp_path, networks=["192.0.2.0/24"])
    with elsewhere.open() as door, pytest.raises(smtplib.SMTPSenderRefused):
        door.send(mail(("a.png", picture(1), "image/png")))


@pytest.mark.parametrize(
    ("sender", "account"),
    [
        ("MAY1@xa.example", "clerk"),
        ("x@OTHER.example", "stranger"),
        ("x@sub.other.example", None),
        ("other.example", None),
        ("may1@xa.example@evil", None),
        ("", None),
    ],
)
def test_a_sender_is_known_by_address_or_domain(sender, account):
    assert account_for(sender, SENDERS) == account


def test_the_sender_is_kept_in_front_of_the_mail(tmp_path):
    room = MailRoom(tmp_path)
    room.prepare()
    assert sender_of(room.put("nguyễn@xa.example", b"Subject: x\r\n\r\n")) == "nguyễn@xa.example"
