# SPDX-License-Identifier: Apache-2.0
"""`sohoa quarantine`: files that could not be opened, papers that could not be read."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.errors import SohoaError

quarantine = typer.Typer(no_args_is_help=True)
As = Annotated[str, typer.Option("--as", help="Tài khoản đứng tên.")]
Json = Annotated[bool, typer.Option("--json", help="In JSON, mỗi dòng một đối tượng.")]
Names = Annotated[
    list[str] | None, typer.Argument(help="Tên tệp hoặc mã giấy tờ; bỏ trống với --all: tất cả.")
]


@quarantine.command("list")
def list_(as_json: Json = False, who: As = "") -> None:
    """Tệp chưa mở được và giấy tờ chưa đọc được, kèm lý do."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    actor = as_user(station, who)
    rows = [
        {"kind": "file", "name": f.name, "file": f.why.file_name, "code": f.why.code}
        | {"since": f.since.isoformat(), "reason": f.why.reason}
        for f in station.quarantine.files(by=actor)
    ]
    rows += [
        {"kind": "document", "name": d.id, "file": d.file_name, "code": d.failure_code or ""}
        | {"since": d.created_at.isoformat(), "reason": ""}
        for d in station.quarantine.unread(by=actor, limit=500)
    ]
    for row in rows:
        if as_json:
            emit(dict(row))
        else:
            shown = (row["name"], row["since"][:16], row["file"], row["reason"])
            typer.echo("  ".join(shown) + f" [{row['code']}]")
    if not rows and not as_json:
        typer.echo("Thùng cách ly trống.", err=True)


@quarantine.command("retry")
def retry(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Thử lại tất cả.")] = False,
    who: As = "",
) -> None:
    """Thử nhận lại tệp, đọc lại giấy tờ; cái nào vẫn không được thì ở lại kèm lý do."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    actor, desk = as_user(station, who), station.quarantine
    files = [f.name for f in desk.files(by=actor)]
    if everything:
        names = [*files, *(d.id for d in desk.unread(by=actor, limit=500))]
    if not names and not everything:
        raise typer.BadParameter("nêu tên tệp, mã giấy tờ, hoặc --all")
    failed = 0
    for name in names or []:
        try:
            if name in files:
                typer.echo(f"{name}: {desk.retry(name, by=actor).document_ids[0]}")
            else:
                desk.reread(station.shelf.document(name, by=actor), by=actor)
                typer.echo(f"{name}: đang đọc lại")
        except SohoaError as error:
            failed += 1
            typer.echo(f"{name}: {error.shown} → {error.remedy} [{error.code}]", err=True)
    if failed:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


@quarantine.command("discard")
def discard(
    name: Annotated[str, typer.Argument(help="Tên tệp trong thùng cách ly.")],
    reason: Annotated[str, typer.Option(help="Lý do; được ghi nhật ký.")],
    who: As = "",
) -> None:
    """Bỏ một tệp chưa nhận: xóa hẳn, ghi nhật ký."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    station.quarantine.discard(name, reason, by=as_user(station, who))
