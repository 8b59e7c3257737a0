# SPDX-License-Identifier: Apache-2.0
"""Verbs for who runs the office's machine: serve, work, doctor, demo, db, user, key."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from service import logs
from service.cli.console import emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.domain.unit import Role
from workflows.errors import InvalidValue

db = typer.Typer(no_args_is_help=True)
user = typer.Typer(no_args_is_help=True)
key = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="In JSON.")]


def serve(
    workers: Annotated[int | None, typer.Option(help="Số tiến trình đọc; 0: chỉ chạy web.")] = None,
    host: Annotated[str | None, typer.Option(help="Địa chỉ lắng nghe.")] = None,
    port: Annotated[int | None, typer.Option(help="Cổng lắng nghe.")] = None,
) -> None:
    """Chạy trạm: web, API và các tiến trình đọc."""
    from service.serving import run

    settings = Settings()
    logs.configure(settings.log_level)
    raise typer.Exit(
        run(
            settings,
            workers=settings.workers if workers is None else workers,
            host=host or settings.host,
            port=port or settings.port,
        )
    )


def work(
    counter_only: Annotated[
        bool, typer.Option(help="Chỉ nhận việc tại quầy, không nhận việc theo lô.")
    ] = False,
) -> None:
    """Chạy một tiến trình đọc."""
    from service.serving import work as run_worker

    settings = Settings()
    logs.configure(settings.log_level)
    raise typer.Exit(run_worker(settings, counter_only=counter_only))


def doctor(
    as_json: Json = False,
    ready: Annotated[
        bool, typer.Option(help="Chỉ hỏi máy chủ đang chạy đã sẵn sàng chưa (cho HEALTHCHECK).")
    ] = False,
) -> None:
    """Khám máy: công cụ, phông chữ, mức cách ly, cơ sở dữ liệu, kho tệp."""
    from service.doctor import examine, server_is_ready

    log_to_stderr()
    if ready:
        raise typer.Exit(int(ExitCode.OK if server_is_ready(Settings()) else ExitCode.FAILED))
    findings = examine(Settings())
    for finding in findings:
        if as_json:
            emit(finding.as_json())
        else:
            typer.echo(f"{'✓' if finding.good else '✗'} {finding.name}: {finding.detail}")
    if not all(f.good or not f.required for f in findings):
        raise typer.Exit(int(ExitCode.FAILED))


def demo() -> None:
    """Tạo dữ liệu mẫu: đơn vị, tài khoản, giấy tờ mẫu đã đi hết con đường."""
    from service.demo import seed

    settings = Settings()
    logs.configure("WARNING")
    seeded = seed(settings)
    for line in seeded.lines():
        typer.echo(line)


@db.command("upgrade")
def upgrade() -> None:
    """Nâng cấp cơ sở dữ liệu và nạp danh mục."""
    from service.setup import prepare

    log_to_stderr()
    typer.echo(prepare(Settings()))


@db.command("current")
def current() -> None:
    """Phiên bản cơ sở dữ liệu."""
    from storage.database import current as revision

    typer.echo(revision(Settings().database) or "chưa có")


@user.command("add")
def add_user(
    username: str,
    full_name: Annotated[str, typer.Option(help="Họ tên.")],
    unit: Annotated[str, typer.Option(help="Mã đơn vị.")],
    roles: Annotated[list[Role], typer.Option("--role", help="Vai trò; lặp lại được.")],
    password_stdin: Annotated[bool, typer.Option(help="Đọc mật khẩu từ stdin.")] = False,
) -> None:
    """Thêm tài khoản; không cho mật khẩu thì sinh ngẫu nhiên và in ra một lần."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
    found = [u for u in station.catalogue.units() if u.code == unit]
    if not found:
        raise InvalidValue(unit, message=f"Không có đơn vị mã {unit}.")
    made = station.accounts.add_user(username, full_name, password, found[0].id, frozenset(roles))
    typer.echo(made.username if password_stdin else f"{made.username} {password}")


@key.command("add")
def add_key(
    name: str,
    unit: Annotated[str, typer.Option(help="Mã đơn vị.")],
    purposes: Annotated[list[str], typer.Option("--purpose", help="Mục đích được phép.")],
    days: Annotated[int, typer.Option(help="Hạn dùng, ngày.")] = 365,
) -> None:
    """Cấp khóa API cho một hệ thống; khóa chỉ in ra lần này."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    found = [u for u in station.catalogue.units() if u.code == unit]
    if not found:
        raise InvalidValue(unit, message=f"Không có đơn vị mã {unit}.")
    _, secret = station.accounts.add_key(name, found[0].id, tuple(purposes), days)
    typer.echo(secret)
