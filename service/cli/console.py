# SPDX-License-Identifier: Apache-2.0
"""What all verbs share: JSON lines on stdout, logs on stderr, who is acting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from service import logs
from service.config import Settings
from workflows.domain.unit import Actor
from workflows.errors import NotAuthenticated

if TYPE_CHECKING:
    from service.wiring import Workstation


def emit(row: dict[str, Any]) -> None:
    typer.echo(json.dumps(row, ensure_ascii=False, default=str))


def log_to_stderr() -> None:
    logs.configure("WARNING" if Settings().log_level == "INFO" else Settings().log_level)


def as_user(station: Workstation, username: str) -> Actor:
    """The account the command works for: `--as`, else the hot folder's, else the demo clerk."""
    from workflows.domain.unit import actor_of

    wanted = username or station.settings.consume_user or "canbo"
    with station.database.read() as tx:
        user = tx.accounts.user(username=wanted)
        if user is None:
            raise NotAuthenticated(
                wanted, message=f"Không có tài khoản {wanted}; tạo bằng `sohoa user add`."
            )
        return actor_of(user, tx.accounts.scope_of(user.unit_id))
