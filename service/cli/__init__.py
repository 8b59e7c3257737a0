# SPDX-License-Identifier: Apache-2.0
"""`sohoa`: the command line.

Data goes to stdout, everything else to stderr; exit codes are those of `service.errors.ExitCode`.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from service.errors import exit_code
from workflows.errors import SohoaError


class Verbs(TyperGroup):
    """Turns the errors of the road into a Vietnamese sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SohoaError as error:
            typer.echo(f"{error.shown}\n→ {error.remedy} [{error.code}]", err=True)
            raise typer.Exit(int(exit_code(error))) from error


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Sohoa: trạm số hóa và nhận dạng giấy tờ hành chính.",
)

from service.cli import backups, evidence, intake, office, packages, papers, scanning, signing  # noqa: E402 - after the app
from service.station.app import app as station  # noqa: E402

app.add_typer(office.db, name="db", help="Cơ sở dữ liệu: nâng cấp, xem phiên bản.")
app.add_typer(office.user, name="user", help="Tài khoản cán bộ.")
app.add_typer(signing.signing, name="signing", help="Ký cơ quan, bảo toàn chữ ký, hồ sơ ký.")
app.add_typer(office.key, name="key", help="Khóa API của hệ thống ngoài.")
app.add_typer(station, name="station", help="Trạm quét trên máy này (như sohoa-station).")
app.add_typer(intake.intake, name="intake", help="Thư mục nóng, hộp thư, SMTP, FTP.")
app.add_typer(evidence.audit, name="audit", help="Nhật ký: kiểm tra, ghi mốc ra ngoài.")
app.add_typer(evidence.retention, name="retention", help="Thời hạn lưu trữ, đề nghị hủy.")
app.add_typer(backups.backup, name="backup", help="Sao lưu: tạo, liệt kê, kiểm tra, tạo khóa.")
for verb in (
    *office.VERBS,
    *evidence.VERBS,
    *backups.VERBS,
    *scanning.VERBS,
    *intake.VERBS,
    *papers.VERBS,
):
    app.command()(verb)
app.command("export")(packages.export)
app.command("import")(packages.import_)
app.command("validate")(packages.validate)
