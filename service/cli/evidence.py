# SPDX-License-Identifier: Apache-2.0
"""Verbs that prove and preserve what is kept: audit, scrub, retention."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from workflows.audit_proof import AuditReport, DamageKind
from workflows.domain.holding import Fault, Side
from workflows.domain.retention import DestructionState

audit = typer.Typer(no_args_is_help=True)
retention = typer.Typer(no_args_is_help=True)
As = Annotated[str, typer.Option("--as", help="Tài khoản có vai trò lưu trữ (archivist).")]
Json = Annotated[bool, typer.Option("--json", help="In JSON.")]
_DAMAGES = {
    DamageKind.EDITED: "nội dung bị sửa",
    DamageKind.DELETED: "bị xóa",
    DamageKind.REORDERED: "bị đổi thứ tự",
    DamageKind.CUT: "phần cuối nhật ký bị cắt",
    DamageKind.FORGED_HEAD: "mốc ngoài cơ sở dữ liệu không đúng chữ ký",
    DamageKind.FORKED: "có hai mốc ký khác nhau",
    DamageKind.VALUE: "giá trị trường trong cơ sở dữ liệu khác giá trị đã ghi",
}


_ACTS = {
    DestructionState.REQUESTED: "chờ duyệt",
    DestructionState.REFUSED: "không duyệt",
    DestructionState.APPROVED: "đã duyệt, đang chờ",
    DestructionState.DONE: "đã hủy",
}
_FAULTS = {
    Fault.MISSING: "mất tệp",
    Fault.EMPTY: "tệp còn 0 byte",
    Fault.TRUNCATED: "tệp bị cắt ngắn",
    Fault.ALTERED: "nội dung bị đổi",
    Fault.RECORD: "bản ghi dấu vân tay hỏng",
    Fault.DISAGREES: "cơ sở dữ liệu khác nhật ký về dấu vân tay",
    Fault.ORPHAN: "không giấy tờ nào dùng",
    Fault.LEFTOVER: "của giấy tờ đã xóa",
}


@audit.command("verify")
def verify_audit(
    as_json: Json = False,
    chain_only: Annotated[
        bool, typer.Option(help="Chỉ kiểm tra chuỗi, không đối chiếu giá trị các trường.")
    ] = False,
) -> None:
    """Kiểm tra nhật ký với mốc đã ký bên ngoài; nêu đúng mục bị sửa, xóa, đổi chỗ hoặc cắt."""
    from service.wiring import build

    log_to_stderr()
    proof = build(Settings()).audit
    report = proof.verify()
    changed = [] if chain_only else list(proof.changed_values())
    if changed:
        damages = (*report.damages, *(damage for damage, _, _ in changed))
        report = replace(report, damages=damages)
    if as_json:
        emit(_report(report))
    else:
        for damage in report.damages:
            place = f"Mục {damage.first}"
            if damage.last != damage.first:
                place += f" đến {damage.last}"
            typer.echo(f"{place}: {_DAMAGES[damage.kind]}.", err=True)
        for _, document, name in changed:
            typer.echo(f"Giấy tờ {document}, trường {name}: khác nhật ký.", err=True)
        verdict = "nguyên vẹn" if report.whole else "đã bị can thiệp"
        typer.echo(
            f"Nhật ký {verdict}: {report.entries} mục, {report.heads} mốc ký bên ngoài, "
            f"mốc mới nhất ở mục {report.witnessed}."
        )
    if not report.whole:
        raise typer.Exit(int(ExitCode.FAILED))


@audit.command("anchor")
def anchor_audit() -> None:
    """Ký mốc mới nhất của nhật ký và ghi ra ngoài cơ sở dữ liệu (tệp và kho tệp)."""
    from service.wiring import build

    log_to_stderr()
    head = build(Settings()).audit.publish()
    typer.echo(f"{head.sequence} {head.hash}" if head else "Nhật ký còn trống.")


@audit.command("key")
def audit_key() -> None:
    """In khóa công khai của trạm; giữ một bản ở nơi khác để kiểm tra mốc về sau."""
    from service.wiring import installation_key

    log_to_stderr()
    key = installation_key(Settings())
    typer.echo(f"{key.key_id} {key.public.hex()}")


def scrub(
    rate: Annotated[
        float | None, typer.Option(help="Tốc độ đọc, MB/giây; 0: nhanh nhất có thể.")
    ] = None,
    restart: Annotated[bool, typer.Option(help="Bỏ lượt soát dở dang, soát lại từ đầu.")] = False,
    as_json: Json = False,
) -> None:
    """Soát toàn kho: băm lại từng tệp, đối chiếu, khôi phục từ bản sao; dừng rồi chạy tiếp được."""
    from service.upkeep import custodian

    log_to_stderr()
    done = custodian(Settings()).scrub(mb_per_s=rate).run(restart=restart)
    if as_json:
        emit(done.as_json())
    else:
        for finding in done.findings:
            state = "đã khôi phục" if finding.mended else "CHƯA khôi phục được"
            side = "kho chính" if finding.side is Side.PRIMARY else "bản sao"
            typer.echo(f"{finding.key}: {_FAULTS[finding.fault]} ({side}), {state}.", err=True)
        typer.echo(
            f"Đã soát {done.documents} giấy tờ, {done.objects} lượt tệp, "
            f"{done.read_bytes / 1e6:.1f} MB: {len(done.findings)} lỗi, "
            f"{len(done.unmended)} lỗi còn lại, {done.replicated} tệp mới sang bản sao."
        )
    if done.unmended:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


def _report(report: AuditReport) -> dict[str, Any]:
    return {
        "whole": report.whole,
        "entries": report.entries,
        "last": report.last,
        "heads": report.heads,
        "witnessed": report.witnessed,
        "damages": [
            {"kind": d.kind.value, "first": d.first, "last": d.last} for d in report.damages
        ],
    }


@retention.command("due")
def retention_due(who: As = "", as_json: Json = False) -> None:
    """Giấy tờ đã hết thời hạn lưu trữ, kèm căn cứ; đề nghị hủy làm trên giao diện hoặc API."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    for document, basis in station.disposal.due(by=as_user(station, who), limit=1000):
        if as_json:
            emit({"id": document.id, "type": document.type_code, "basis": basis})
        else:
            typer.echo(f"{document.id}  {document.type_name}  {document.result_code}  {basis}")


@retention.command("list")
def retention_list(who: As = "", as_json: Json = False) -> None:
    """Các đề nghị hủy: ai đề nghị, ai quyết định, đang chờ gì."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    for act in station.disposal.destructions(by=as_user(station, who)):
        if as_json:
            emit({"id": act.id, "document": act.document_id, "state": act.state.value})
        else:
            waits = f", chờ đến {act.waits_until:%d/%m/%Y}" if act.waits_until else ""
            typer.echo(f"{act.id}  {act.document_id}  {_ACTS[act.state]}{waits}  {act.reason}")
