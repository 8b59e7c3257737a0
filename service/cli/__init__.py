# SPDX-License-Identifier: Apache-2.0
"""`sohoa`: the command line.

Data goes to stdout, everything else to stderr; exit codes are those of `service.errors.ExitCode`.

Only the module of the verb that was typed is loaded. All together take more than two seconds of
CPU time, and every process of a reading pool would pay for them (it imports this module anew).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from service.errors import exit_code
from workflows.errors import SohoaError

# before numpy comes in: its own threads would starve processes that each have a core
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# none is ours: looking for them reads the metadata of every installed distribution
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

_GROUPS: Mapping[str, tuple[str, str]] = {
    "db": ("service.cli.office:db", "Cơ sở dữ liệu: nâng cấp, xem phiên bản."),
    "user": ("service.cli.office:user", "Tài khoản cán bộ."),
    "signing": ("service.cli.signing:signing", "Ký cơ quan, bảo toàn chữ ký, hồ sơ ký."),
    "key": ("service.cli.office:key", "Khóa API của hệ thống ngoài."),
    "station": ("service.station.app:app", "Trạm quét trên máy này (như sohoa-station)."),
    "intake": ("service.cli.intake:intake", "Thư mục nóng, hộp thư, SMTP, FTP."),
    "quarantine": ("service.cli.quarantine:quarantine", "Tệp chưa mở được, giấy chưa đọc được."),
    "audit": ("service.cli.evidence:audit", "Nhật ký: kiểm tra, ghi mốc ra ngoài."),
    "retention": ("service.cli.evidence:retention", "Thời hạn lưu trữ, đề nghị hủy."),
    "backup": ("service.cli.backups:backup", "Sao lưu: tạo, liệt kê, kiểm tra, tạo khóa."),
}
_VERBS: Mapping[str, str] = {
    "serve": "service.cli.office:serve",
    "work": "service.cli.office:work",
    "doctor": "service.cli.office:doctor",
    "demo": "service.cli.office:demo",
    "scrub": "service.cli.evidence:scrub",
    "restore": "service.cli.backups:restore",
    "scan": "service.cli.scanning:scan",
    "slip": "service.cli.slips:slip",
    "batch": "service.cli.intake:batch",
    "read": "service.cli.papers:read",
    "evaluate": "service.cli.papers:evaluate",
    "sign": "service.cli.papers:sign",
    "verify": "service.cli.papers:verify",
    "search": "service.cli.papers:search",
    "reuse": "service.cli.papers:reuse",
    "export": "service.cli.packages:export",
    "import": "service.cli.packages:import_",
    "validate": "service.cli.packages:validate",
}


class Verbs(TyperGroup):
    """Finds the verbs, and turns the errors of the road into a Vietnamese sentence and a code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_VERBS, *_GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _GROUPS:
            place, about = _GROUPS[cmd_name]
            whole = typer.Typer(add_completion=False)
            whole.add_typer(_at(place), name=cmd_name, help=about)
            return typer.main.get_group(whole).commands[cmd_name]
        if cmd_name in _VERBS:
            alone = typer.Typer(add_completion=False)
            alone.command(cmd_name)(_at(_VERBS[cmd_name]))
            return typer.main.get_command(alone)
        return None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SohoaError as error:
            typer.echo(f"{error.shown}\n→ {error.remedy} [{error.code}]", err=True)
            raise typer.Exit(int(exit_code(error))) from error


def _at(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Sohoa: trạm số hóa và nhận dạng giấy tờ hành chính.",
)


@app.callback()
def _sohoa() -> None:
    """Makes a group of it before any verb is loaded."""
