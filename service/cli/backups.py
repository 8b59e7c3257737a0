# SPDX-License-Identifier: Apache-2.0
"""`sohoa backup` and `sohoa restore`: leave the building with everything, come back with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli.console import emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode

Json = Annotated[bool, typer.Option("--json", help="In JSON.")]
Snapshot = Annotated[str | None, typer.Option(help="Bản nào; để trống: bản mới nhất.")]
Source = Annotated[str, typer.Argument(help="Thư mục hoặc s3:BUCKET chứa bản sao lưu.")]
_SHOWN = 50


class _MakeIsMeant(TyperGroup):
    """`sohoa backup /mnt/backup` is `sohoa backup make /mnt/backup`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["make", *args]
        return super().parse_args(ctx, args)


backup = typer.Typer(cls=_MakeIsMeant)


@backup.command("make")
def make(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Thư mục hoặc s3:BUCKET, nhiều nơi được; để trống: theo cấu hình."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Sao lưu (mã hóa, có chữ ký) vào từng nơi; chỉ chép tệp mới; bị ngắt thì chạy lại được."""
    from service.backups import backup_of, kept, vaults
    from service.upkeep import custodian

    log_to_stderr()
    settings = Settings()
    stores = vaults(settings, targets or ())
    made = backup_of(custodian(settings)).make(stores, kept=kept(settings))
    for one in made:
        if as_json:
            emit(asdict(one))
        elif one.trouble:
            typer.echo(f"{one.target}: KHÔNG sao lưu được: {one.trouble}", err=True)
        else:
            typer.echo(
                f"{one.target}: {one.id}, {one.objects} tệp, chép mới {one.copied} "
                f"({one.copied_bytes / 1e6:.1f} MB), bỏ {one.pruned} bản cũ."
            )
            _tell([(key, "không đọc được ở kho chính và bản sao") for key in one.missing])
    if any(one.trouble or one.missing for one in made):
        raise typer.Exit(int(ExitCode.SOME_FAILED))


@backup.command("list")
def list_snapshots(source: Source) -> None:
    """Các bản sao lưu đã hoàn tất, cũ trước."""
    from service.backups import backup_of, vaults
    from service.upkeep import custodian

    log_to_stderr()
    settings = Settings()
    [vault] = vaults(settings, [source]).values()
    for snapshot, at in backup_of(custodian(settings)).snapshots(vault):
        typer.echo(f"{snapshot}  {at.isoformat()}")


@backup.command("verify")
def verify(
    source: Source,
    snapshot: Snapshot = None,
    key: Annotated[
        Path | None, typer.Option(help="Tệp khóa bí mật: mở thử từng tệp, không chỉ băm.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Đọc lại toàn bộ một bản sao lưu, đối chiếu chữ ký và dấu vân tay."""
    from service.backups import backup_of, vaults
    from service.upkeep import custodian

    log_to_stderr()
    settings = Settings()
    [vault] = vaults(settings, [source]).values()
    checked = backup_of(custodian(settings), key_file=key).check(vault, snapshot)
    if as_json:
        emit(asdict(checked) | {"good": checked.good})
    else:
        _tell(checked.problems)
        signature = "đúng chữ ký" if checked.signed else "SAI chữ ký bản kê"
        depth = "đã mở thử" if checked.opened else "chưa mở thử (không có khóa)"
        typer.echo(
            f"{checked.id}: {signature}, {checked.objects} tệp, "
            f"{checked.read_bytes / 1e6:.1f} MB, {depth}, {len(checked.problems)} lỗi."
        )
    if not checked.good:
        raise typer.Exit(int(ExitCode.FAILED))


@backup.command("key")
def key(
    path: Annotated[Path, typer.Argument(help="Tệp khóa bí mật sẽ tạo; cất ngoài máy này.")],
) -> None:
    """Tạo cặp khóa sao lưu: khóa bí mật ra tệp, khóa công khai in ra để đặt vào cấu hình."""
    from storage.age import make_key_file

    log_to_stderr()
    typer.echo(make_key_file(path))


def restore(
    source: Source,
    key: Annotated[Path, typer.Option(help="Tệp khóa bí mật của bản sao lưu.")],
    snapshot: Snapshot = None,
    as_json: Json = False,
) -> None:
    """Phục hồi vào cơ sở dữ liệu và kho tệp còn trống theo cấu hình; kiểm tra rồi báo cáo."""
    from service.backups import backup_of, restore_into, vaults
    from service.upkeep import custodian

    log_to_stderr()
    settings = Settings()
    [vault] = vaults(settings, [source]).values()
    here = custodian(settings)
    done, audit = restore_into(here, backup_of(here, key_file=key), vault, snapshot)
    if as_json:
        emit(asdict(done) | {"audit_whole": audit.whole, "audit_entries": audit.entries})
    else:
        _tell(done.lost)
        typer.echo(
            f"Đã phục hồi {done.id}: {done.objects} tệp, chép {done.copied} "
            f"({done.copied_bytes / 1e6:.1f} MB), thiếu {len(done.lost)}; nhật ký "
            f"{'nguyên vẹn' if audit.whole else 'KHÔNG nguyên vẹn, xem sohoa audit verify'}."
        )
    if done.lost or not audit.whole:
        raise typer.Exit(int(ExitCode.SOME_FAILED))


def _tell(problems: list[tuple[str, str]]) -> None:
    for name, what in problems[:_SHOWN]:
        typer.echo(f"{name}: {what}", err=True)
    if len(problems) > _SHOWN:
        typer.echo(f"… và {len(problems) - _SHOWN} tệp nữa (xem --json)", err=True)
