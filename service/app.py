# SPDX-License-Identifier: Apache-2.0
"""The HTTP doors put together: REST, health, metrics, the web workstation."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from service import errors, health
from service.api.v1 import (
    disposal,
    documents,
    dossiers,
    quarantine,
    scan_jobs,
    scans,
    sessions,
    signing,
    stations,
    uploads,
    verifications,
)
from service.api.v1 import packages as archive_packages
from service.metrics import REQUESTS, route_of
from service.web import routes as web
from service.web.page import trouble
from service.wiring import Workstation

log = structlog.get_logger(__name__)
CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; "
    # the scan page may call the station on the clerk's own machine, and nothing else
    "connect-src 'self' http://127.0.0.1:*; "
    "base-uri 'none'; form-action 'self'; object-src 'none'"
)


def create_app(workstation: Workstation) -> FastAPI:
    """The application over one object graph; holds no global state."""
    app = FastAPI(
        title="Sohoa",
        version=workstation.version,
        summary="Trạm số hóa giấy tờ hành chính",
        docs_url=None,  # FastAPI's own page loads scripts from elsewhere; ours is served locally
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.workstation = workstation
    for module in (sessions, stations, scan_jobs, scans, uploads, documents, signing, dossiers):
        app.include_router(module.router, prefix="/api/v1")
    app.include_router(archive_packages.router, prefix="/api/v1")
    app.include_router(disposal.router, prefix="/api/v1")
    app.include_router(quarantine.router, prefix="/api/v1")
    app.include_router(verifications.router, prefix="/api/v1")
    app.include_router(health.router)
    web.mount(app)
    errors.install(app, trouble)
    app.middleware("http")(_guard)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, object]:
    """The schema, with the Problem every error is made of."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        schema["components"].setdefault("schemas", {})["Problem"] = (
            errors.Problem.model_json_schema()
        )
        app.openapi_schema = schema
    return app.openapi_schema


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Security headers, a request id, one log line without personal data, one metric."""
    request_id = request.headers.get("x-request-id", "")[:64] or uuid.uuid4().hex
    structlog.contextvars.bind_contextvars(request_id=request_id)
    started = time.perf_counter()
    response = await call_next(request)
    seconds = time.perf_counter() - started
    route = route_of(request)
    REQUESTS.labels(request.method, route, str(response.status_code)).observe(seconds)
    # the route template, never the path: ids, names and queries stay out of the log
    log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
    response.headers.setdefault("X-Request-Id", request_id)
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    structlog.contextvars.unbind_contextvars("request_id")
    return response
