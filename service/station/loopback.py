# SPDX-License-Identifier: Apache-2.0
"""A shortcut on this machine only: the browser at the desk presses scan without the server's round.

Optional: Chromium asks the user before a public page may call loopback, so everything also works
through the server. Guards: bound to loopback; `Host` must name it (DNS rebinding); `Origin` must be
the paired server's, to the letter; a token of ours that only the server hands to its clerks.
"""

from __future__ import annotations

import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scanner_drivers.driver import ScanProfile

if TYPE_CHECKING:
    from service.station.agent import Agent

TOKEN_S = 600.0
LOOPBACK = "127.0.0.1"
MAX_BODY = 4096


class Loopback:
    """Serves `GET /v1/status`, `GET /v1/jobs/{id}` and `POST /v1/scan`."""

    def __init__(self, agent: Agent, server: str, port: int) -> None:
        self.agent = agent
        parts = urlsplit(server)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._tokens: list[tuple[float, str]] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_OPTIONS(self) -> None:
                door.answer(self, "OPTIONS")

            def do_GET(self) -> None:
                door.answer(self, "GET")

            def do_POST(self) -> None:
                door.answer(self, "POST")

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._http = ThreadingHTTPServer((LOOPBACK, port), Handler)
        self.port = int(self._http.server_address[1])

    def serve(self) -> None:
        self._http.serve_forever()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def facts(self) -> dict[str, Any]:
        """What the server may tell its clerks: our port, and a token of ten minutes."""
        now = time.monotonic()
        self._tokens = [(at, t) for at, t in self._tokens if now - at < TOKEN_S]
        if not self._tokens or now - self._tokens[-1][0] > TOKEN_S / 2:
            self._tokens.append((now, secrets.token_urlsafe(24)))
        return {"port": self.port, "token": self._tokens[-1][1]}

    def answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        status, body = self._decide(request, method)
        data = json.dumps(body, ensure_ascii=False).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json; charset=utf-8")
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Cache-Control", "no-store")
        if request.headers.get("Origin") == self.origin:
            request.send_header("Access-Control-Allow-Origin", self.origin)
            request.send_header("Access-Control-Allow-Headers", "x-sohoa-token, content-type")
            request.send_header("Access-Control-Allow-Methods", "GET, POST")
            request.send_header("Vary", "Origin")
        request.end_headers()
        request.wfile.write(data)

    def _decide(self, request: BaseHTTPRequestHandler, method: str) -> tuple[int, dict[str, Any]]:
        hosts = (f"{LOOPBACK}:{self.port}", f"localhost:{self.port}")
        if request.headers.get("Host") not in hosts:
            return 421, {"detail": "Sai tên máy."}
        if request.headers.get("Origin") != self.origin:
            return 403, {"detail": "Trang này không phải của máy chủ đã ghép."}
        if method == "OPTIONS":
            return 200, {}
        given, now = request.headers.get("X-Sohoa-Token", ""), time.monotonic()
        alive = [t for at, t in self._tokens if now - at < TOKEN_S]
        if not any(secrets.compare_digest(given, t) for t in alive):
            return 401, {"detail": "Mã lối tắt không đúng hoặc đã hết hạn."}
        return self._route(request, method)

    def _route(self, request: BaseHTTPRequestHandler, method: str) -> tuple[int, dict[str, Any]]:
        if method == "GET" and request.path == "/v1/status":
            return 200, self.agent.told()
        if method == "GET" and request.path.startswith("/v1/jobs/"):
            job = self.agent.spool.job(request.path.rsplit("/", 1)[1])
            if job is None:
                return 404, {"detail": "Không có lượt quét này."}
            pages = self.agent.spool.last_safe(job.id)
            return 200, {"state": job.state, "pages": pages, "message": job.message}
        if method == "POST" and request.path == "/v1/scan":
            return self._scan(request)
        return 404, {"detail": "Không có đường dẫn này."}

    def _scan(self, request: BaseHTTPRequestHandler) -> tuple[int, dict[str, Any]]:
        length = int(request.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            return 413, {"detail": "Yêu cầu quá dài."}
        try:
            asked = json.loads(request.rfile.read(length) or b"{}")
            device = str(asked.pop("device", "")) or self.agent.devices()[0]["id"]
            sheets = asked.pop("declared_sheets", None)
            profile = ScanProfile(**asked)
        except (ValueError, TypeError, IndexError):
            return 422, {"detail": "Thiết lập quét không hợp lệ, hoặc không thấy máy quét."}
        return 202, {"job": self.agent.begin_here(device, profile, sheets)}
