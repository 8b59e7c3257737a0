# SPDX-License-Identifier: Apache-2.0
"""Verbs about archive packages: export, import, validate."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from storage.packages import ZipPackages
from storage.packages.sandboxed import SandboxedCheck
from storage.sandbox import best_sandbox
from workflows.domain.package import AccessMode, Order, PackagePurpose, Retention, Wanted
from workflows.errors import SohoaError
from workflows.ports.sandbox import SandboxLevel

Json = Annotated[bool, typer.Option("--json", help="In JSON, mỗi dòng một đối tượng.")]
As = Annotated[str, typer.Option("--as", help="Tài khoản có vai trò lưu trữ (archivist).")]


class Kind(StrEnum):
    AIP = "aip"
    SIP = "sip"


class Keep(StrEnum):
    """Thời hạn lưu trữ as typed."""

    PERMANENT = "vinh-vien"
    YEARS_70 = "70"
    YEARS_50 = "50"
    YEARS_30 = "30"
    YEARS_20 = "20"
    YEARS_10 = "10"
    OTHER = "khac"


class Mode(StrEnum):
    PUBLIC = "cong-khai"
    CONDITIONAL = "co-dieu-kien"


def export(
    purpose: Annotated[str, typer.Option(help="Mục đích; được ghi nhật ký và vào gói.")],
    dossier: Annotated[str | None, typer.Option(help="Mã hồ sơ.")] = None,
    batch: Annotated[str | None, typer.Option(help="Mã lô.")] = None,
    document: Annotated[
        list[str] | None, typer.Option(help="Mã giấy tờ rời; lặp lại được.")
    ] = None,
    kind: Annotated[Kind, typer.Option(help="aip: gói lưu trữ; sip: gói nộp.")] = Kind.AIP,
    retention: Annotated[Keep, typer.Option(help="Thời hạn lưu trữ.")] = Keep.PERMANENT,
    mode: Annotated[Mode, typer.Option(help="Chế độ sử dụng.")] = Mode.CONDITIONAL,
    paper_code: Annotated[
        str, typer.Option(help="Mã hồ sơ gốc giấy: cơ quan.kho/giá/hộp.số hồ sơ.")
    ] = "",
    bag: Annotated[bool, typer.Option("--bag", help="Bọc trong túi BagIt.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Thư mục ghi gói; bỏ trống: trong kho.")
    ] = None,
    as_json: Json = False,
    who: As = "",
) -> None:
    """Xuất hồ sơ, lô hoặc giấy tờ thành một gói tin lưu trữ (ZIP), đã tự kiểm tra."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    desk = station.exports
    if output is not None:
        desk = replace(desk, packages=ZipPackages(output, station.objects))
    order = Order(
        purpose=purpose,
        kind=PackagePurpose[kind.name],
        retention=Retention[retention.name],
        mode=AccessMode[mode.name],
        paper_code=paper_code,
        bag=bag,
    )
    wanted = Wanted(dossier_code=dossier, batch_id=batch, document_ids=tuple(document or ()))
    written = desk.export(wanted, order, by=as_user(station, who))
    if as_json:
        emit(
            {
                "path": str(written.path),
                "name": written.name,
                "type": written.type_name,
                "sha256": written.sha256,
                "size": written.size,
                "documents": written.documents,
                "files": written.files,
                "warnings": list(written.warnings),
            }
        )
        return
    for warning in written.warnings:
        typer.echo(f"Chú ý: {warning}.", err=True)
    typer.echo(str(written.path))


def import_(
    packages: Annotated[list[Path], typer.Argument(help="Tệp ZIP hoặc thư mục gói tin.")],
    as_json: Json = False,
    who: As = "",
) -> None:
    """Nhập gói tin lưu trữ của một nơi khác; nhập lại lần nữa không đổi gì."""
    from service.wiring import build

    log_to_stderr()
    station = build(Settings())
    actor = as_user(station, who)
    failed: list[SohoaError] = []
    for path in packages:
        try:
            taken = station.imports.import_package(path, by=actor)
        except SohoaError as error:
            if len(packages) == 1:
                raise
            failed.append(error)
            typer.echo(f"{path}: {error.shown} → {error.remedy} [{error.code}]", err=True)
            continue
        if as_json:
            emit(
                {
                    "package": taken.package,
                    "dossier": taken.dossier_code,
                    "added": list(taken.added),
                    "known": list(taken.known),
                }
            )
        else:
            typer.echo(
                f"{taken.package}: thêm {len(taken.added)} giấy tờ, "
                f"{len(taken.known)} đã có và giống hệt."
            )
    if failed:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


def validate(
    packages: Annotated[list[Path], typer.Argument(help="Tệp ZIP hoặc thư mục gói tin.")],
    as_json: Json = False,
) -> None:
    """Kiểm tra gói tin: lược đồ, mã băm từng tệp, số lượng; nêu đúng tệp hỏng."""
    log_to_stderr()
    good = True
    check = SandboxedCheck(best_sandbox(SandboxLevel(Settings().sandbox_min)))
    for path in packages:
        checked = check(path)
        good = good and checked.good
        if as_json:
            faults = [{"file": f.file, "what": f.what} for f in checked.faults]
            emit(
                {
                    "path": str(path),
                    "name": checked.name,
                    "type": checked.type_name,
                    "documents": checked.documents,
                    "files": checked.files,
                    "size": checked.size,
                    "faults": faults,
                }
            )
            continue
        for fault in checked.faults:
            typer.echo(f"✗ {fault.file}: {fault.what}", err=True)
        verdict = "đạt" if checked.good else f"không đạt, {len(checked.faults)} lỗi"
        typer.echo(
            f"{path}: {verdict} ({checked.type_name or 'không rõ loại'}, "
            f"{checked.documents} giấy tờ, {checked.files} tệp)"
        )
    if not good:
        raise typer.Exit(int(ExitCode.FAILED))
