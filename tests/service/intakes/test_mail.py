"""Mails taken apart in the sandbox: what is a paper, what is an ornament, what is told."""

import io
import zipfile
from email.message import EmailMessage

import pytest
from office import open_office
from service_intakes import Came, feeder, mail, picture, record_of

from service.intakes.mail import MailDelivery
from workflows.errors import SecretDocument


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


class Post:
    """Delivers mails and remembers what was kept aside."""

    def __init__(self, office, folder, intake=None):
        self.came, self.folder, self.aside = Came(office), folder, {}
        self.delivery = MailDelivery(
            sandbox=office.station.sandbox,
            scratch=folder / "scratch",
            feeder=feeder(office, folder / "journal", intake=intake),
        )

    def deliver(self, message):
        path = self.folder / "mail.eml"
        path.write_bytes(message if isinstance(message, bytes) else message.as_bytes())

        def keep(content, name, reason):
            self.aside[name] = (content.read_bytes() if content else None, reason)

        return self.delivery.deliver(path, account="clerk", keep_aside=keep)

    @property
    def record(self):
        return record_of(self.delivery.feeder)


@pytest.fixture
def post(office, tmp_path):
    return Post(office, tmp_path)


def test_every_attachment_becomes_a_paper_under_its_vietnamese_name(post):
    done = post.deliver(
        mail(
            ("Giấy khai sinh.png", picture(1), "image/png"),
            ("đơn.jpg", picture(2, kind="jpeg"), "application/octet-stream"),
            ("tệp quét.tif", picture(3, kind="tiff"), "image/tiff"),
        )
    )
    assert (done.received, done.set_aside) == (3, 0)
    assert post.came.names() == ["Giấy khai sinh.png", "tệp quét.tif", "đơn.jpg"]


def test_the_same_mail_twice_leaves_the_same_papers(post):
    message = mail(("a.png", picture(1), "image/png"), ("b.png", picture(2), "image/png"))
    for _ in range(2):
        assert post.deliver(message).received == 2
    assert post.came.names() == ["a.png", "b.png"]
    assert post.record.counts == {"received": 2, "repeated": 2}


def test_a_bad_attachment_is_told_and_the_good_ones_and_the_next_mail_go_on(post):
    done = post.deliver(
        mail(
            ("hỏng.pdf", b"%PDF-1.7\nnothing\n%%EOF\n", "application/pdf"),
            ("tốt.png", picture(1), "image/png"),
        )
    )
    assert (done.received, done.set_aside) == (1, 1)
    content, reason = post.aside["hỏng.pdf"]
    assert content.startswith(b"%PDF-") and "[tai_lieu_hong]" in reason
    assert post.deliver(mail(("sau.png", picture(2), "image/png"))).received == 1
    assert post.came.names() == ["sau.png", "tốt.png"]


def test_a_forwarded_mail_is_opened(post):
    outer = EmailMessage()
    outer["From"] = "may1@xa.example"
    outer.set_content("Chuyển tiếp")
    outer.add_attachment(mail(("trong.png", picture(1), "image/png")))
    assert post.deliver(outer).received == 1
    assert post.came.names() == ["trong.png"]


def test_logos_and_tracking_dots_are_ignored_but_a_page_in_the_text_is_not(post):
    html = '<p>Kính gửi <img src="cid:logo"><img src="cid:dot"><img src="cid:page"></p>'
    inline = [
        ("logo", picture(10, size=(300, 120))),
        ("dot", picture(11, size=(1, 1))),
        ("page", picture(12)),
    ]
    done = post.deliver(mail(html=html, inline=inline))
    assert (done.received, done.set_aside) == (1, 0)


def test_a_picture_a_telephone_puts_inline_is_a_paper(post):
    message = mail()
    message.make_mixed()
    message.add_attachment(
        picture(1, kind="jpeg"), "image", "jpeg", disposition="inline", filename="IMG_0001.jpg"
    )
    assert post.deliver(message).received == 1


def locked_zip():
    """An archive whose entry says that it is encrypted."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.pdf", b"%PDF-1.7")
    content = bytearray(out.getvalue())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    return bytes(content)


def plain_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.pdf", b"%PDF-1.7")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind", "told"),
    [
        ("winmail.dat", b"\x78\x9f\x3e\x22 and so on", "application/ms-tnef", "Outlook"),
        ("hồ sơ.zip", locked_zip(), "application/zip", "có mật khẩu"),
        ("hồ sơ.zip", plain_zip(), "application/zip", "không nén"),
        ("hồ sơ.rar", b"Rar!\x1a\x07\x00", "application/octet-stream", "không nén"),
        ("IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic", "Tương thích nhất"),
        ("đơn.docx", plain_zip(), "application/octet-stream", "không phải PDF"),
        ("rỗng.pdf", b"", "application/pdf", "0 byte"),
        ("giả.pdf", b"<html>", "application/pdf", "không phải PDF"),
        ("smime.p7m", b"0\x82", "application/pkcs7-mime", "mã hóa"),
    ],
)
def test_what_cannot_be_taken_is_told_clearly(post, name, content, kind, told):
    done = post.deliver(mail((name, content, kind)))
    assert (done.received, done.set_aside) == (0, 1)
    assert told in post.aside[name][1]
    assert post.record.events[0].name == name


def test_a_mail_without_a_paper_is_told_and_its_small_print_is_not(post):
    message = mail(("smime.p7s", b"0\x82", "application/pkcs7-signature"))
    assert post.deliver(message).set_aside == 1
    assert "không có tệp đính kèm" in post.aside[""][1]


@pytest.mark.parametrize("levels", [7, 40, 3000])
def test_a_mail_nested_without_end_is_cut_off(post, levels):
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(levels)
    )
    done = post.deliver(opening + b"Content-Type: text/plain\r\n\r\nx\r\n")
    assert done is not None and done.received == 0 and done.set_aside >= 1


def test_a_mail_of_a_thousand_parts_is_cut_off_and_told(post):
    parts = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(1000))
    head = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    assert "200 phần" in (post.deliver(head + parts + b"--b--\r\n") and post.aside[""][1])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0" * 4096,
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: application/pdf; name*=utf-16''%ZZ\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b'From: =?nope?b?x?=\r\nContent-Disposition: attachment; filename="=?utf-8?q?=ff?="\r\n'
        b"\r\nx",
    ],
)
def test_no_mail_whatever_stops_the_next(post, message):
    assert post.deliver(message).received == 0
    assert post.deliver(mail(("a.png", picture(1), "image/png"))).received == 1


def test_a_name_leads_nowhere(post, tmp_path):
    done = post.deliver(mail(("../../etc/x.png", picture(1), "image/png")))
    assert done.received == 1 and post.came.names() == ["x.png"]


class Secret:
    def receive(self, chunks, arrival, *, by):
        list(chunks)
        raise SecretDocument("TỐI MẬT")


def test_a_secret_attachment_is_not_kept_aside(office, tmp_path):
    post = Post(office, tmp_path, intake=Secret())
    done = post.deliver(mail(("danh sách.png", picture(1), "image/png")))
    assert done.secret and post.aside == {}
    assert "danh sách" not in (tmp_path / "journal" / "smtp-test.json").read_text("utf-8")
