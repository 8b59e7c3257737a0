"""Level B-T with an authority reached over HTTP, and what happens when it does not answer."""

import asyncio
import http.server
import socket
import threading
from dataclasses import replace

import pytest
from asn1crypto import tsp
from pyhanko.sign.timestamps import TimestampRequestError

from storage.signing.sign import PyHankoSigner
from storage.signing.time_stamping import PatientTimeStamper, http_time_stamper
from workflows.domain.signature import SignatureState
from workflows.ports.signer import SignatureLevel


@pytest.fixture
def address(authority):
    """A small RFC 3161 server on loopback, answering with the development authority."""
    stamper = authority.time_stamper()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            request = tsp.TimeStampReq.load(asked)
            answer = asyncio.run(stamper.async_request_tsa_response(request)).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/tsa"
    server.shutdown()
    thread.join()
    server.server_close()


def signer_with(address, authority, keys, tools) -> PyHankoSigner:
    return PyHankoSigner(
        keys,
        trust_dir=authority.trust,
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        stamper=http_time_stamper(address),
    )


def test_a_server_gives_level_b_t(address, authority, keys, copy_pdf, profiles, verify, tools):
    signer = signer_with(address, authority, keys, tools)
    done = signer.sign(
        copy_pdf, profile=replace(profiles["co_quan"], level=SignatureLevel.B_T), who="unit1"
    )
    [report] = verify(done.content)
    assert (report.state, report.level) == (SignatureState.VALID, "B-T")


def test_a_server_that_is_gone_leaves_level_b_b(authority, keys, copy_pdf, profiles, tools, verify):
    with socket.socket() as taken:  # bound but not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/tsa"
        signer = signer_with(gone, authority, keys, tools)
        profile = replace(profiles["co_quan"], level=SignatureLevel.B_LTA)
        done = signer.sign(copy_pdf, profile=profile, who="unit1")
    [report] = verify(done.content)
    assert (done.level, report.level) == ("B-B", "B-B")
    assert report.state == SignatureState.VALID


def test_a_server_that_is_gone_is_left_alone_for_a_while(address):
    now, asked = [0.0], []

    class Counted(PatientTimeStamper):
        async def async_request_headers(self):
            asked.append(now[0])
            return await super().async_request_headers()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/tsa"
        stamper = Counted(gone, rest_s=60, now=lambda: now[0])
        for at in (0.0, 10.0, 59.0, 61.0):
            now[0] = at
            with pytest.raises(TimestampRequestError):
                asyncio.run(stamper.async_timestamp(b"\x00" * 32, "sha256"))
    assert asked == [0.0, 61.0]
    stamper.url, now[0] = address, 200.0
    assert asyncio.run(stamper.async_timestamp(b"\x00" * 32, "sha256"))


@pytest.mark.parametrize("url", ["", "tsa.example", "file:///etc/passwd", "http://", "ftp://x/y"])
def test_only_http_addresses(url):
    with pytest.raises(ValueError, match="time stamping"):
        http_time_stamper(url)
