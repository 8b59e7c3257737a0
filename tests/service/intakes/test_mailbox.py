"""A watched mailbox against Dovecot over TLS: moved only after intake has the papers."""

import tempfile
import threading
from pathlib import Path

import pytest
from office import open_office
from servers.dovecot import PASSWORD, USER, dovecot
from service_intakes import Came, eventually, feeder, mail, picture, record_of

from service.intakes.mail import MailDelivery
from service.intakes.mailbox import Mailbox, _utf7
from service.intakes.running import Intaking
from service.intakes.sources import MailboxSource
from workflows.errors import StorageUnavailable, Unavailable

pytestmark = pytest.mark.requires_dovecot
DONE, ASIDE = "Sohoa-Da-nhan", "Sohoa-De-lai"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module", params=["", "IMAP4rev1 UIDPLUS"], ids=["move", "copy"])
def server(request):
    # not pytest's folder, which is closed to Dovecot's own account
    with tempfile.TemporaryDirectory() as room:
        Path(room).chmod(0o755)
        with dovecot(Path(room) / "d", request.param) as running:
            yield running


class Watch:
    def __init__(self, office, server, folder, *, intake=None, password=PASSWORD, **settings):
        self.came, self.stop, self.server = Came(office), threading.Event(), server
        secret = folder / "password"
        secret.write_text(password + "\n")
        self.source = MailboxSource(
            host="localhost",
            port=server.port,
            user=USER,
            password_file=secret,
            account="clerk",
            ca_file=server.certificate.chain,
            **settings,
        )
        self.feeder = feeder(
            office, folder / "journal", kind="mailbox", intake=intake, stop=self.stop
        )
        delivery = MailDelivery(
            sandbox=office.station.sandbox, scratch=folder / "scratch", feeder=self.feeder
        )
        self.mailbox = Mailbox(self.source, delivery)
        self.before = {name: set(server.folder(name)) for name in (DONE, ASIDE)}

    def look(self):
        self.mailbox.look(self.stop)

    def moved(self, name):
        return len(set(self.server.folder(name)) - self.before[name])

    @property
    def record(self):
        return record_of(self.feeder)


@pytest.fixture
def watch(office, server, tmp_path):
    yield Watch(office, server, tmp_path)
    for left in server.folder(""):
        left.unlink()


def test_a_mails_papers_are_received_and_it_is_moved(watch):
    watch.server.put(
        mail(
            ("giấy 1.png", picture(1), "image/png"), ("giấy 2.png", picture(2), "image/png")
        ).as_bytes(),
        "1.papers",
    )
    watch.look()
    assert watch.came.names() == ["giấy 1.png", "giấy 2.png"]
    assert (watch.server.folder(""), watch.moved(DONE), watch.moved(ASIDE)) == ([], 1, 0)
    assert watch.record.pending == 0 and not watch.record.trouble
    watch.look()
    assert watch.record.counts == {"received": 2}


def test_a_mail_with_a_bad_attachment_goes_where_a_person_sees_it_and_the_next_is_taken(watch):
    bad = mail(
        ("hỏng.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf"),
        ("tốt.png", picture(1), "image/png"),
    )
    watch.server.put(bad.as_bytes(), "1.bad")
    watch.server.put(mail(("sau.png", picture(2), "image/png")).as_bytes(), "2.good")
    watch.look()
    assert watch.came.names() == ["sau.png", "tốt.png"]
    assert (watch.server.folder(""), watch.moved(DONE), watch.moved(ASIDE)) == ([], 1, 1)


class Falling:
    """An intake that fails once between the attachments of a mail."""

    def __init__(self, intake, stop):
        self.intake, self.stop, self.number = intake, stop, 0

    def receive(self, chunks, arrival, *, by):
        self.number += 1
        if self.number == 2:
            self.stop.set()
            raise StorageUnavailable("down")
        return self.intake.receive(chunks, arrival, by=by)


def test_stopped_between_two_attachments_the_mail_stays_and_is_finished_later(
    office, server, tmp_path
):
    message = mail(("a.png", picture(1), "image/png"), ("b.png", picture(2), "image/png"))
    server.put(message.as_bytes(), "1.two")
    first = Watch(office, server, tmp_path)
    first.feeder = feeder(
        office,
        tmp_path / "journal",
        kind="mailbox",
        stop=first.stop,
        intake=Falling(office.station.intake, first.stop),
    )
    first.mailbox = Mailbox(
        first.source,
        MailDelivery(
            sandbox=office.station.sandbox, scratch=tmp_path / "scratch", feeder=first.feeder
        ),
    )
    first.look()
    assert len(server.folder("")) == 1 and first.came.names() == ["a.png"]
    second = Watch(office, server, tmp_path)
    second.look()
    assert server.folder("") == [] and first.came.names() == ["a.png", "b.png"]


def test_a_mail_delivered_twice_leaves_its_papers_once(watch):
    message = mail(("a.png", picture(1), "image/png")).as_bytes()
    for name in ("1.first", "2.second"):
        watch.server.put(message, name)
    watch.look()
    assert watch.came.names() == ["a.png"] and watch.moved(DONE) == 2
    assert watch.record.counts == {"received": 1, "repeated": 1}


def test_who_is_not_on_the_list_is_set_aside_and_told(office, server, tmp_path):
    watch = Watch(office, server, tmp_path, senders={"@other.example": "stranger"})
    server.put(mail(("a.png", picture(1), "image/png")).as_bytes(), "1.unknown")
    server.put(
        mail(("b.png", picture(2), "image/png"), sender="x@other.example").as_bytes(), "2.known"
    )
    watch.look()
    assert watch.came.names("clerk") == [] and watch.came.names("stranger") == ["b.png"]
    assert (watch.moved(DONE), watch.moved(ASIDE)) == (1, 1)
    assert "danh sách" in watch.record.events[1].reason


def test_a_mail_over_the_limit_is_not_fetched(office, server, tmp_path):
    watch = Watch(office, server, tmp_path, max_bytes=1 << 16)
    server.put(mail(("a.png", bytes(1 << 17), "image/png")).as_bytes(), "1.large")
    watch.look()
    assert watch.moved(ASIDE) == 1 and "lớn hơn" in watch.record.events[0].reason


@pytest.mark.parametrize("wrong", ["password", "certificate", "port"])
def test_what_is_wrong_with_the_server_is_told_and_tried_again(office, server, tmp_path, wrong):
    watch = Watch(office, server, tmp_path, password="sai" if wrong == "password" else PASSWORD)
    change = {"certificate": {"ca_file": None}, "port": {"port": 9}}.get(wrong, {})
    watch.mailbox = Mailbox(watch.source.model_copy(update=change), watch.mailbox._delivery)
    intaking = Intaking(make=lambda: watch.mailbox, journal=watch.feeder.journal)
    thread = threading.Thread(target=intaking.run, args=(watch.stop, 0.1))
    thread.start()
    told = eventually(lambda: watch.record.trouble)
    watch.stop.set()
    thread.join()
    assert {"password": "từ chối", "certificate": "CERTIFICATE", "port": "refused"}[wrong] in told
    assert PASSWORD not in told


def test_starttls_is_taken_before_the_password_is_said(office, server, tmp_path):
    watch = Watch(office, server, tmp_path)
    source = watch.source.model_copy(update={"starttls": True, "port": server.plain})
    server.put(mail(("a.png", picture(1), "image/png")).as_bytes(), "1.tls")
    Mailbox(source, watch.mailbox._delivery).look(watch.stop)
    assert watch.came.names() == ["a.png"]


def test_folders_with_vietnamese_names_can_be_used(office, server, tmp_path):
    watch = Watch(office, server, tmp_path, done="Đã nhận & xong")
    server.put(mail(("a.png", picture(1), "image/png")).as_bytes(), "1.vn")
    watch.look()
    assert server.folder("") == [] and len(server.folder(_utf7("Đã nhận & xong"))) == 1


@pytest.mark.parametrize(("name", "wire"), [("a&b", "a&-b"), ("日本語", "&ZeVnLIqe-"), ("x", "x")])
def test_mailbox_names_outside_ascii_are_modified_utf7(name, wire):
    """RFC 3501, 5.1.3, with its own example."""
    assert _utf7(name) == wire


def test_a_login_refused_is_an_error_that_waits(office, server, tmp_path):
    watch = Watch(office, server, tmp_path, password="sai")
    with pytest.raises(Unavailable):
        watch.look()
