"""A real server and a real browser for the tests of this folder."""

import socket
import threading
import time

import pytest
import uvicorn
from office import open_office
from playwright.sync_api import sync_playwright

from service.app import create_app

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def base(office):
    config = uvicorn.Config(create_app(office.station), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=FLAGS.split()
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, base):
    contexts, troubles = [], []

    def make(**options):
        context = chromium.new_context(
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            base_url=base,
            **({"viewport": {"width": 1366, "height": 768}} | options),
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda m: m.type == "error" and troubles.append(m.text))
        page.on(
            "request",
            lambda r: r.url.startswith((base, "data:", "blob:")) or troubles.append(r.url),
        )
        return page

    make.troubles = troubles
    yield make
    for context in contexts:
        context.close()
