# SPDX-License-Identifier: Apache-2.0
"""The errors of the road as problem+json (RFC 9457) and as exit codes."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from workflows.errors import (
    BadInput,
    CertificateRefused,
    Conflict,
    KeyRefused,
    NotADocument,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    SecretDocument,
    SohoaError,
    StorageFull,
    TokenRefused,
    TooLarge,
    Unavailable,
)

if TYPE_CHECKING:  # the command line takes exit codes from here and must start fast
    from fastapi import FastAPI, Request, Response
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

# Most particular first: the first class that fits gives the status.
STATUS: tuple[tuple[type[SohoaError], int], ...] = (
    (NotADocument, 415),
    (TooLarge, 413),
    (SecretDocument, 451),
    (BadInput, 422),
    (CertificateRefused, 422),
    (TokenRefused, 422),
    (KeyRefused, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (NotAuthenticated, 401),
    (Conflict, 409),
    (StorageFull, 507),
    (Unavailable, 503),
    (SohoaError, 500),
)


class ExitCode(IntEnum):
    """How `sohoa` ends. Scripts may rely on these."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    CONFLICT = 6
    UNAVAILABLE = 7
    SECRET = 8
    SOME_FAILED = 9


def exit_code(error: SohoaError) -> ExitCode:
    for kind, code in (
        (SecretDocument, ExitCode.SECRET),
        (BadInput, ExitCode.BAD_INPUT),
        (NotFound, ExitCode.NOT_FOUND),
        (NotAllowed, ExitCode.NOT_ALLOWED),
        (NotAuthenticated, ExitCode.NOT_ALLOWED),
        (Conflict, ExitCode.CONFLICT),
        (Unavailable, ExitCode.UNAVAILABLE),
    ):
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED


class Problem(BaseModel):
    """RFC 9457 problem details. `detail` says what happened, `remedy` what to do next."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    remedy: str


def status_of(error: SohoaError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(error: SohoaError) -> JSONResponse:
    from fastapi.responses import JSONResponse

    status = status_of(error)
    body = Problem(
        title=type(error).message,
        status=status,
        code=error.code,
        detail=error.shown,
        remedy=error.remedy,
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(
        body.model_dump(), status, headers=headers, media_type="application/problem+json"
    )


def responses(*kinds: type[SohoaError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: every listed error, as OpenAPI should show it."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status = next(s for k, s in STATUS if issubclass(kind, k))
        entry = found.setdefault(
            status,
            {
                "description": "",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        )
        entry["description"] = "; ".join(filter(None, [entry["description"], kind.message]))
    return found


def install(app: FastAPI, page: Callable[[Request, SohoaError, int], Response]) -> None:
    """Every way a request can fail answers problem+json, or a `page` to a browser.

    Nothing leaks a stack trace.
    """
    import structlog
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    from service.metrics import route_of

    log = structlog.get_logger(__name__)

    def answer(request: Request, error: SohoaError) -> Response:
        browsing = "text/html" in request.headers.get("accept", "")
        if browsing and not request.url.path.startswith("/api/"):
            return page(request, error, status_of(error))
        return problem(error)

    @app.exception_handler(SohoaError)
    async def known(request: Request, error: SohoaError) -> Response:
        level = log.error if status_of(error) >= 500 else log.info
        level("refused", code=error.code, detail=error.detail, route=route_of(request))
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        places = ", ".join(".".join(str(p) for p in e["loc"][1:]) for e in error.errors())
        trouble = BadInput(places, message=f"Dữ liệu gửi lên không hợp lệ: {places}.")
        return answer(request, trouble)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        body = Problem(
            title=str(error.detail),
            status=error.status_code,
            code=f"http_{error.status_code}",
            detail=str(error.detail),
            remedy="Kiểm tra lại địa chỉ và phương thức gọi.",
        )
        return JSONResponse(
            body.model_dump(),
            error.status_code,
            headers=error.headers,
            media_type="application/problem+json",
        )

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        log.exception("unexpected", route=route_of(request))
        return answer(request, SohoaError(type(error).__name__))
