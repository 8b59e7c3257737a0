# SPDX-License-Identifier: Apache-2.0
"""`sohoa signing`: the Unit's queue, proofs and archive time stamps, the profiles in force."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.domain.unit import Role
from workflows.errors import NotAllowed, SohoaError

signing = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="In JSON, mỗi dòng một đối tượng.")]
As = Annotated[str, typer.Option("--as", help="Làm việc với tư cách tài khoản này.")]


@signing.command("queue")
def queue(as_json: Json = False, who: As = "") -> None:
    """Giấy tờ đã lưu còn chờ chữ ký cơ quan."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    for hit in station.organisation.queue(by=as_user(station, who)):
        row = {"id": hit.document.id, "type": hit.document.type_name, "values": dict(hit.values)}
        if as_json:
            emit(row)
        else:
            typer.echo(f"{row['id']}  {row['type']}  {hit.values.get('full_number') or ''}")


@signing.command("unit")
def unit(
    documents: Annotated[list[str] | None, typer.Argument(help="Mã giấy tờ.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Mọi giấy tờ đang chờ.")] = False,
    pin_stdin: Annotated[bool, typer.Option(help="Đọc mã PIN từ stdin.")] = False,
    no_pin: Annotated[bool, typer.Option(help="Khóa không cần PIN.")] = False,
    as_json: Json = False,
    who: As = "",
) -> None:
    """Ký cơ quan nhiều giấy tờ với một lần nhập PIN; mỗi tệp có kết quả riêng."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    actor = as_user(station, who)
    if Role.SIGNER not in actor.roles:
        raise NotAllowed(f"{actor.id} is no signer")
    ids = [h.document.id for h in station.organisation.queue(by=actor)] if every else documents
    if not ids:
        typer.echo("Không có giấy tờ nào để ký.", err=True)
        return
    pin = "" if no_pin else _asked_pin(pin_stdin)
    results = station.organisation.sign(ids, by=actor, pin=pin)
    for result in results:
        said = result.error.shown if result.error else "đã ký"
        if as_json:
            emit({"id": result.document_id, "signed": result.error is None, "message": said})
        else:
            typer.echo(f"{result.document_id}  {said}")
    if any(r.error for r in results):
        raise typer.Exit(int(ExitCode.SOME_FAILED))


@signing.command("renew")
def renew(
    limit: Annotated[int, typer.Option(help="Nhiều nhất bao nhiêu tệp.")] = 500,
    as_json: Json = False,
) -> None:
    """Bổ sung bằng chứng và dấu thời gian lưu trữ còn thiếu hoặc sắp hết hạn, ngay bây giờ."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    failed = 0
    owed = station.preserving.due(limit)
    for copy in owed:
        try:
            said = station.preserving.preserve(f"{copy.document_id}@cli")
        except SohoaError as error:
            failed, said = failed + 1, error.shown
        if as_json:
            emit({"id": copy.document_id, "before": copy.level, "after": said})
        else:
            typer.echo(f"{copy.document_id}  {copy.level} → {said}")
    typer.echo(f"{len(owed) - failed} tệp đã đủ, {failed} tệp chưa được.", err=True)
    if failed:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


@signing.command("profiles")
def profiles(as_json: Json = False) -> None:
    """Hồ sơ ký đang dùng: ai ký, đặt ở đâu, mức nào."""
    from storage.signing.profiles import load_profiles

    for profile in load_profiles(Settings().signature_profiles).values():
        row = {
            "name": profile.name,
            "level": profile.level.value,
            "corner": profile.corner,
            "reason": profile.reason,
            "order": "kiểm tra rồi ký" if profile.check_first else "ký rồi kiểm tra",
        }
        if as_json:
            emit(row)
        else:
            typer.echo("  ".join(row.values()))


def _asked_pin(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass("Mã PIN: ")
