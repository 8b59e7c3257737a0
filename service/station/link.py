# SPDX-License-Identifier: Apache-2.0
"""The line to the server: the station always dials out, so that no office opens a port for it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_drivers.driver import ScanProfile
from service.station.seal import private_bytes
from service.station.spool import SpooledJob, SpooledPage

TIMEOUT_S = 60.0


class ServerRefuses(Exception):
    """The server heard us and says no (4xx). `message` is its Vietnamese sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class ServerAway(Exception):
    """No answer, or one that another try may change (5xx)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose station this is: written by `pair`, read at every start."""

    server: str
    station: str
    name: str


class Link:
    """Calls the server as this station; a token is fetched and renewed when needed."""

    def __init__(
        self, identity: Identity, key: Ed25519PrivateKey, client: httpx.Client | None = None
    ) -> None:
        self.identity = identity
        self._key = key
        self._client = client or httpx.Client(base_url=identity.server, timeout=TIMEOUT_S)
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def orders(
        self, wait_s: float, told: dict[str, Any], held: list[str], in_review: list[str]
    ) -> dict[str, Any]:
        """Waits up to `wait_s` for news: {"orders": [job…], "erase": [job id…], "settled": {…}}."""
        body = {"wait_s": wait_s, "told": told, "held": held, "in_review": in_review}
        return self._call("POST", "/stations/me/orders", json=body, timeout=wait_s + TIMEOUT_S)

    def begin(self, job: SpooledJob) -> dict[str, Any]:
        body = {"profile": wire_profile(job), "declared_sheets": job.declared_sheets}
        return self._call("PUT", f"/scan-jobs/{job.id}", json=body)

    def report(self, job_id: str, state: str, pages: int, message: str) -> dict[str, Any]:
        body = {"state": state, "pages": pages, "message": message[:500]}
        return self._call("POST", f"/scan-jobs/{job_id}/state", json=body)

    def send(self, page: SpooledPage, content: bytes) -> str:
        """The sha-256 the server stored; sending it again is no harm."""
        query = {
            "sha256": page.sha256,
            "sheet": page.sheet,
            "side": page.side,
            "flags": ",".join(page.flags),
        }
        path = f"/scan-jobs/{page.job}/pages/{page.seq}"
        return str(self._call("PUT", path, params=query, content=content)["sha256"])

    def finish(self, job_id: str, hashes: list[str]) -> dict[str, Any]:
        return self._call(
            "POST", f"/scan-jobs/{job_id}/finish", json={"sha256": hashes}, timeout=600
        )

    def signing_requests(self) -> list[dict[str, Any]]:
        """Papers that wait for a token at this station: [{id, signer, papers, expires_at}]."""
        return list(self._call_for("GET", "/stations/me/signing-requests"))

    def present(self, request_id: str, certificates: list[str]) -> list[dict[str, Any]]:
        """What there is to sign with this certificate (hex DER, signer's first)."""
        path = f"/signing-requests/{request_id}/certificates"
        body = {"certificates": certificates}
        return list(self._call_for("PUT", path, json=body, timeout=600))

    def signatures(self, request_id: str, made: dict[int, str]) -> dict[str, Any]:
        """The raw signatures (hex) by position; the request as it then stands."""
        path = f"/signing-requests/{request_id}/signatures"
        body = {"signatures": {str(n): s for n, s in made.items()}}
        return self._call("POST", path, json=body, timeout=600)

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return dict(self._call_for(method, path, **request))

    def _call_for(self, method: str, path: str, **request: Any) -> Any:
        for fresh in (False, True):
            token = self._signed_in(fresh=fresh)
            headers = {"authorization": f"Bearer {token}"}
            answer = self._ask(method, f"/api/v1{path}", headers=headers, **request)
            if answer.status_code != 401 or fresh:
                return _said(answer)
        raise AssertionError("unreachable")

    def _signed_in(self, *, fresh: bool) -> str:
        with self._lock:
            if fresh or time.monotonic() > self._until:
                at = int(time.time())
                claim = f"sohoa-station\n{self.identity.station}\n{at}".encode()
                body = {"at": at, "signature": self._key.sign(claim).hex()}
                path = f"/api/v1/stations/{self.identity.station}/token"
                given = _said(self._ask("POST", path, json=body))
                self._token = str(given["token"])
                self._until = time.monotonic() + 0.8 * float(given["expires_in"])
            return self._token

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServerAway(str(error)) from error


def pair(folder: Path, server: str, station: str, code: str) -> Identity:
    """Trade the one-time code for our own key. Raises `ServerRefuses` or `ServerAway`."""
    key = private_key(folder)
    public = key.public_key().public_bytes_raw().hex()
    try:
        with httpx.Client(base_url=server, timeout=TIMEOUT_S) as client:
            answer = client.post(
                f"/api/v1/stations/{station}/pair", json={"code": code, "public_key": public}
            )
    except httpx.HTTPError as error:
        raise ServerAway(str(error)) from error
    made = Identity(server=server, station=station, name=str(_said(answer)["name"]))
    remember(folder, made)
    return made


def remember(folder: Path, whose: Identity) -> None:
    part = folder / "station.json.part"
    part.write_text(json.dumps(asdict(whose), ensure_ascii=False), "utf-8")
    part.replace(folder / "station.json")


def private_key(folder: Path) -> Ed25519PrivateKey:
    """Our Ed25519 key, made at the first call and never sent anywhere."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Ed25519PrivateKey.from_private_bytes(private_bytes(folder / "station.key", 32))


def identity(folder: Path) -> Identity | None:
    path = folder / "station.json"
    return Identity(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def wire_profile(job: SpooledJob) -> dict[str, Any]:
    profile: ScanProfile = job.profile
    return {
        "device": job.device,
        "source": profile.source,
        "duplex": profile.duplex,
        "dpi": profile.dpi,
        "mode": profile.mode,
        "size": profile.size,
        "manual_duplex": profile.manual_duplex,
    }


def _said(answer: httpx.Response) -> Any:
    if answer.status_code >= 500:
        raise ServerAway(f"{answer.status_code}")
    try:
        body = answer.json()
    except ValueError as error:
        raise ServerAway(f"{answer.status_code}: no JSON") from error
    if answer.status_code >= 400:
        raise ServerRefuses(answer.status_code, str(body.get("detail") or body.get("title") or ""))
    return body
