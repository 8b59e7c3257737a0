# SPDX-License-Identifier: Apache-2.0
"""`sohoa slip`: sheets to print that part a stack by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.patch_codes import PatchCode
from service.config import Settings
from workflows.errors import InvalidValue


def slip(
    dossier: Annotated[str, typer.Argument(help="Mã hồ sơ; bỏ trống: tờ phân tách.")] = "",
    patch: Annotated[PatchCode, typer.Option(help="Mã vạch của tờ phân tách.")] = PatchCode.T,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Tệp PDF; mặc định theo mã.")
    ] = None,
) -> None:
    """In phiếu hồ sơ, hoặc tờ phân tách, để đặt vào chồng giấy khi quét."""
    from service.slips import separator_sheet, slip_of
    from service.wiring import slip_key

    settings = Settings()
    content = slip_of(dossier, slip_key(settings)) if dossier else separator_sheet(patch)
    path = output or Path(f"phieu-{dossier.replace('/', '-') or patch}.pdf")
    if path.exists():
        raise InvalidValue(str(path), message=f"{path} đã có; chọn tên khác với -o.")
    path.write_bytes(content)
    typer.echo(str(path))
