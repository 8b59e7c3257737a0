# SPDX-License-Identifier: Apache-2.0
"""Rendering a page, and keeping the session alive while somebody works."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from service.api.security import SESSION_COOKIE, Here
from service.web import words
from service.wiring import Workstation
from workflows.domain.unit import Actor
from workflows.errors import NotAuthenticated, SohoaError
from workflows.ports.clock import VIETNAM

STATIC = Path(__file__).parent / "static"


class Page:
    """One request's view: templates, who is looking, the sliding session cookie."""

    def __init__(self, request: Request, workstation: Workstation) -> None:
        self.request = request
        self.workstation = workstation

    def show(
        self, template: str, *, actor: Actor | None, status: int = 200, **values: Any
    ) -> HTMLResponse:
        body = (
            _environment()
            .get_template(template)
            .render(
                actor=actor,
                path=self.request.url.path,
                version=self.workstation.version,
                **({"error": None} | values),
            )
        )
        response = HTMLResponse(body, status, headers={"Cache-Control": "no-store"})
        if actor is not None and actor.kind == "user":
            # every page shown counts as activity: the idle limit starts anew
            self.remember(response, self.workstation.accounts.session(actor.id))
        return response

    def remember(self, response: Response, token: str) -> None:
        settings = self.workstation.settings
        response.set_cookie(
            SESSION_COOKIE,
            token,
            max_age=settings.session_minutes * 60,
            httponly=True,
            samesite="strict",
            secure=settings.secure_cookies,
            path="/",
        )


def see_other(url: str) -> RedirectResponse:
    """After a form: the browser gets the page anew."""
    return RedirectResponse(url, status_code=303)


def page_for(request: Request, here: Here) -> Page:
    return Page(request, here)


def trouble(request: Request, error: SohoaError, status: int) -> Response:
    """What went wrong, for a person: signed out leads to the sign-in page and back."""
    if isinstance(error, NotAuthenticated) and request.method == "GET":
        return RedirectResponse(f"/login?next={quote(request.url.path)}", status_code=303)
    page = Page(request, request.app.state.workstation)
    back = request.headers.get("referer", "/")
    local = "/" + back.split("://", 1)[-1].partition("/")[2] if "://" in back else "/"
    return page.show("error.html", actor=None, error=error, back=local, status=status)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service.web"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": _day,
        "moment": _moment,
        "state": words.state_text,
        "job_state": words.job_text,
        "reading": words.reading_text,
        "signature": words.signature_text,
        "percent": lambda v: f"{v:.0%}",
    }
    environment.globals |= {"asset": _asset, "words": words}
    return environment


def _asset(name: str) -> str | None:
    """The address of a vendored browser file, or None where the build left it out."""
    return f"/static/vendor/{name}" if (STATIC / "vendor" / name).is_file() else None


def _day(value: dt.date | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        value = dt.date.fromisoformat(value)
    return f"{value:%d/%m/%Y}"


def _moment(value: dt.datetime | None) -> str:
    return f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M}" if value else ""
