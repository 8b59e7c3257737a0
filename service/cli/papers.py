# SPDX-License-Identifier: Apache-2.0
"""Verbs about papers: read, evaluate, sign, verify, search, reuse."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.console import as_user, emit, log_to_stderr
from service.config import Settings
from service.errors import ExitCode
from service.logs import configure_libraries
from service.reading_pool import copied_pages, read_files
from workflows.errors import NotADocument, SohoaError

if TYPE_CHECKING:  # each verb loads what it needs
    from workflows.domain.signature import Verification
    from workflows.verification import Conclusion

Files = Annotated[list[Path], typer.Argument(help="Tệp PDF, PNG, JPEG hoặc TIFF.")]
Json = Annotated[bool, typer.Option("--json", help="In JSON, mỗi dòng một đối tượng.")]
As = Annotated[str, typer.Option("--as", help="Làm việc với tư cách tài khoản này.")]


def read(
    files: Files,
    as_json: Json = False,
    jobs: Annotated[int, typer.Option(help="Số tiến trình đọc cùng lúc; 0: theo số nhân.")] = 0,
) -> None:
    """Đọc giấy tờ: loại, trường, chữ. Không lưu gì."""
    configure_libraries()
    failed = False
    for path, result in read_files(files, jobs):
        if isinstance(result, SohoaError):
            failed = True
            body = {"code": result.code, "message": result.shown}
            line = {"source": str(path), "error": body}
            typer.echo(
                json.dumps(line, ensure_ascii=False)
                if as_json
                else f"{path}: {result.shown} → {result.remedy} [{result.code}]",
                err=not as_json,
            )
        elif as_json:
            emit({"source": str(path)} | result)
        else:
            _print_reading(path, result)
    if failed:
        raise typer.Exit(int(ExitCode.SOME_FAILED if len(files) > 1 else ExitCode.BAD_INPUT))


def _print_reading(path: Path, result: dict[str, object]) -> None:
    kind, fields = result["document_type"], result["fields"]
    assert isinstance(kind, dict) and isinstance(fields, dict)  # noqa: S101
    typer.echo(f"{path}: {kind['name']} ({kind['confidence']:.0%})")
    for name, reading in fields.items():
        if reading["value"] not in (None, [], ""):
            mark = "?" if reading["needs_review"] else " "
            typer.echo(f"  {mark} {name:18} {reading['value']}")


def evaluate(
    folder: Annotated[Path | None, typer.Argument(help="Thư mục có tệp và truth/*.json.")] = None,
    as_json: Json = False,
    jobs: Annotated[int, typer.Option(help="Số tiến trình đọc; 0: theo số nhân.")] = 0,
    synthetic: Annotated[
        int, typer.Option(help="Thay cho thư mục: số giấy tờ mẫu được tạo cho mỗi mức.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Hạt giống của giấy tờ mẫu.")] = 1,
    levels: Annotated[
        str, typer.Option(help="Các mức của giấy tờ mẫu: L1..L5, L5c (giấy cong, mất nét).")
    ] = "L1,L2,L3,L4,L5",
    keep: Annotated[
        Path | None,
        typer.Option(help="Giữ kết quả đọc ở thư mục này: chạy lại thì đọc tiếp, không đọc lại."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Ghi thêm bảng kết quả vào tệp này (docs/benchmarks.md).")
    ] = None,
) -> None:
    """So kết quả đọc với đáp án: đúng, sai có cảnh báo, sai im lặng, theo trường và nguồn."""
    from service.sample_report import record as write_down

    configure_libraries()
    if synthetic > 0:
        title, told, body, command = _evaluate_samples(synthetic, seed, levels, jobs, keep)
    elif folder is not None:
        title, told, body, command = _evaluate_folder(folder, jobs, keep)
    else:
        raise typer.BadParameter("Cho một thư mục, hoặc --synthetic SỐ.")
    if as_json:
        emit(body)
    else:
        typer.echo(told)
    if record is not None:
        write_down(told, title, command, record)


Judged = tuple[str, str, dict[str, Any], str]
"""Section of the record, what is shown, the same as JSON, the command that does it again."""


def _evaluate_samples(count: int, seed: int, levels: str, jobs: int, folder: Path | None) -> Judged:
    from service.sample_evaluation import CURLED, LEVELS, sample_papers, score_papers
    from service.sample_report import SECTION, Report

    asked = [level.strip() for level in levels.split(",") if level.strip()]
    if not asked or not set(asked) <= {*LEVELS, CURLED}:
        raise typer.BadParameter(f"Mức là một trong {', '.join((*LEVELS, CURLED))}.")
    report = Report(seed=seed)
    for score in score_papers(sample_papers(count, seed, asked), jobs=jobs, folder=folder):
        report.add(score)
    command = f"sohoa evaluate --synthetic {count} --seed {seed} --levels {','.join(asked)}"
    told = f"{report.as_markdown()}\n\nRead by {', '.join(report.engines)}."
    return SECTION, told, report.as_json(), command


def _evaluate_folder(folder: Path, jobs: int, kept: Path | None) -> Judged:
    from service.folder_evaluation import SECTION, evaluate_documents

    report, cost = evaluate_documents(folder, jobs, kept)
    told = f"{report.as_markdown()}\n\n{cost.told}"
    return SECTION, told, report.as_json() | cost.as_json(), f"sohoa evaluate {folder}"


def sign(
    file: Annotated[Path, typer.Argument(help="Tệp PDF hoặc ảnh.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="Nơi ghi bản PDF/A đã ký.")],
    name: Annotated[str, typer.Option(help="Tên người ký (chứng thư thử nghiệm).")] = "Cán bộ thử",
    unsigned: Annotated[bool, typer.Option(help="Chỉ tạo bản PDF/A, không ký.")] = False,
    jobs: Annotated[int, typer.Option(help="Số tiến trình đọc; 0: theo số nhân.")] = 0,
) -> None:
    """Tạo bản sao chụp PDF/A có lớp chữ, ký số cá nhân. Không cần máy chủ."""
    configure_libraries()
    if not file.is_file():
        raise NotADocument(str(file), message=f"Không có tệp {file}.")
    with copied_pages(file, jobs) as pages:
        # loaded while others read
        from scanner_drivers.pages import settle
        from service.copy_desk import compose_copy

        copy = compose_copy(pages, file.stem, name)
    if not unsigned:
        from service.signing_desk import signing_desk

        copy = signing_desk(Settings()).sign(copy, name)
    part = out.with_name(out.name + ".part")
    part.write_bytes(copy)
    settle(part, out)  # a kill in the middle leaves no half file under the name asked for
    typer.echo(str(out))


def verify(
    file: Annotated[Path, typer.Argument(help="Tệp PDF cần kiểm tra chữ ký.")],
    as_json: Json = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Ghi báo cáo PDF/A vào tệp này.")
    ] = None,
    xml: Annotated[
        Path | None, typer.Option("--xml", help="Ghi báo cáo ETSI TS 119 102-2 vào tệp này.")
    ] = None,
) -> None:
    """Kiểm tra mọi chữ ký số trong một tệp PDF: kết luận, lý do, việc cần làm."""
    configure_libraries()
    if not file.is_file():
        raise NotADocument(str(file), message=f"Không có tệp {file}.")
    from service.signing_desk import signing_desk
    from workflows.checking import must_be_pdf
    from workflows.verification import Verdict, conclude

    must_be_pdf(file)
    told = signing_desk(Settings()).verifier.verify(file)
    end = conclude(told)
    if report is not None:
        from service.verification_report import report_pdf

        report.write_bytes(report_pdf(told, file.name, version=version("sohoa")))
    if xml is not None:
        from service.verification_report import report_xml

        xml.write_bytes(report_xml(told))
    if as_json:
        emit({"source": str(file), "conclusion": end.as_json()} | told.as_json())
    else:
        _print_verification(told, end)
    raise typer.Exit(int(ExitCode.OK if end.verdict is Verdict.VALID else ExitCode.FAILED))


def _print_verification(told: Verification, end: Conclusion) -> None:
    from workflows.verification import rows_of

    typer.echo(f"{end.said}\n→ {end.next_step}")
    for warning in told.warnings:
        typer.echo(f"! {warning}")
    for number, one in enumerate(told, 1):
        typer.echo(f"\n{number}. {one.field_name or 'chữ ký'}")
        for label, value in rows_of(one):
            typer.echo(f"   {label}: {value}")


def search(
    text: Annotated[str, typer.Argument(help="Chữ cần tìm, có dấu hoặc không dấu.")],
    as_json: Json = False,
    limit: int = 20,
    who: As = "",
) -> None:
    """Tìm trong kho."""
    from service.wiring import build
    from workflows.domain.document import DocumentFilter

    log_to_stderr()
    station = build(Settings())
    actor = as_user(station, who)
    for hit in station.shelf.find(DocumentFilter(text=text), by=actor, limit=limit).hits:
        document = hit.document
        if as_json:
            emit({"id": document.id, "type": document.type_code, "values": dict(hit.values)})
        else:
            typer.echo(
                f"{document.id}  {document.type_name}  {hit.values.get('full_number') or ''}  "
                f"{hit.snippet or ''}"
            )


def reuse(
    holder: Annotated[str, typer.Argument(help="Số định danh hoặc mã số thuế.")],
    purpose: Annotated[str, typer.Option(help="Mục đích; được ghi nhật ký.")],
    document_type: Annotated[str | None, typer.Option("--type", help="Mã loại giấy tờ.")] = None,
    procedure: Annotated[str | None, typer.Option(help="Mã thủ tục.")] = None,
    as_json: Json = False,
    who: As = "",
) -> None:
    """Chủ hồ sơ đã có giấy tờ nào dùng lại được?"""
    from service.wiring import build
    from workflows.reuse import ReuseQuestion

    log_to_stderr()
    station = build(Settings())
    question = ReuseQuestion(
        purpose=purpose,
        holder_number=holder,
        document_type=document_type,
        procedure_code=procedure,
    )
    for offer in station.reuse.find(question, by=as_user(station, who)):
        if as_json:
            emit(
                {
                    "id": offer.document.id,
                    "type": offer.document.type_code,
                    "valid": offer.valid,
                    "withheld": offer.withheld,
                    "trust": int(offer.document.trust),
                    "component": offer.component_code,
                    "values": dict(offer.values),
                }
            )
        else:
            state = "dùng lại được" if offer.valid else f"không dùng lại được: {offer.withheld}"
            typer.echo(f"{offer.document.id}  {offer.document.type_name}  {state}")
