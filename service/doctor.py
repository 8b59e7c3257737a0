# SPDX-License-Identifier: Apache-2.0
"""`sohoa doctor`: is everything here that the work needs, and how well is it walled off?"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.recogniser.model import LineModel, ModelMissing
from service.config import Settings
from service.intakes.status import statuses
from service.signing_checkup import signing_standing
from service.upkeep import standing
from service.wiring import Workstation, build
from storage.database import current, newest
from storage.objects import S3Store
from storage.objects.disk import is_on_encrypted_disk
from workflows.errors import SohoaError

PACKAGES = ("service", "storage", "workflows", "ocr", "scanner_drivers")
FONT = Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf")
PROFILE = Path("/usr/share/color/icc/sRGB.icc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `required` ones decide the exit code."""

    name: str
    good: bool
    detail: str
    required: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "good": self.good,
            "detail": self.detail,
            "required": self.required,
        }


def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order an administrator would mend it."""
    return [
        *(_program(n) for n in ("pdftoppm", "pdfinfo", "pdftotext", "tesseract")),
        _program("scanimage", required=False),
        _tesseract_languages(),
        _line_model(),
        _file("Phông chữ tiếng Việt (Tinos)", FONT),
        _file("Hồ sơ màu sRGB", PROFILE),
        _file("Tệp giao diện", Path(__file__).parent / "web/static/vendor/.stamp", required=False),
        *_packages(),
        *_workstation(settings),
    ]


def server_is_ready(settings: Settings) -> bool:
    """Asks the running server's readiness on the loopback address."""
    url = f"http://127.0.0.1:{settings.port}/health/ready"
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _program(name: str, *, required: bool = True) -> Finding:
    path = shutil.which(name)
    return Finding(name=name, good=bool(path), detail=path or "chưa cài", required=required)


def _tesseract_languages() -> Finding:
    name = "Dữ liệu Tesseract vie, osd"
    if not shutil.which("tesseract"):
        return Finding(name=name, good=False, detail="chưa cài tesseract")
    listed = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=20, check=False
    ).stdout.split()
    missing = {"vie", "osd"} - set(listed)
    return Finding(name=name, good=not missing, detail=f"thiếu {missing}" if missing else "đủ")


def _line_model() -> Finding:
    """Our own network; without it Tesseract reads alone."""
    name = "Bộ đọc dòng chữ của Sohoa"
    try:
        model = LineModel()
        model.load()
    except ModelMissing as trouble:
        detail = f"không dùng được, Tesseract đọc một mình: {trouble}"
        return Finding(name=name, good=False, detail=detail, required=False)
    where = "đọc lại dòng nghi ngờ" if model.card.reads else "có, đang tắt"
    return Finding(name=name, good=True, detail=f"{model.name}: {where}", required=False)


def _file(name: str, path: Path, *, required: bool = True) -> Finding:
    return Finding(name=name, good=path.is_file(), detail=str(path), required=required)


def _packages() -> Iterator[Finding]:
    """The five generic names must be ours and nobody else's."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        module = importlib.import_module(name)
        where = Path(str(module.__file__)).resolve().parent.parent
        yield Finding(name=f"gói {name}", good=where == home, detail=str(where))


def _workstation(settings: Settings) -> Iterator[Finding]:
    if current(settings.database) != newest():
        advice = "chưa tạo hoặc cũ: chạy `sohoa db upgrade`"
        yield Finding(name="Cơ sở dữ liệu", good=False, detail=advice)
        return
    try:
        station = build(settings)
    except Exception as error:
        yield Finding(name="Trạm", good=False, detail=f"{type(error).__name__}: {error}")
        return
    for name, check in station.checks().items():
        yield _answer(name, check)
    yield from _preservation(settings, station)
    for one in signing_standing(settings, station.intake.clock.now()):
        yield Finding(name=one.name, good=one.good, detail=one.detail, required=False)
    yield _encryption(settings, station)
    yield _quarantine(station)
    for intake in statuses(settings, station.intake.clock.now()):
        yield Finding(name=intake.title, good=intake.good, detail=intake.advice)


def _preservation(settings: Settings, station: Workstation) -> Iterator[Finding]:
    """What keeps the papers beside the program itself; said as it is, required by nobody."""
    now = standing(station.database)
    replica = settings.replica_dir or settings.replica_s3_bucket
    yield Finding(
        name="Bản sao kho tệp",
        good=bool(replica),
        detail=str(replica or "chưa đặt replica_dir hoặc replica_s3_bucket"),
        required=False,
    )
    last = now["backup"]["at"].isoformat(timespec="minutes") if now["backup"] else "chưa có"
    configured = bool(settings.backup_targets and settings.backup_recipients)
    yield Finding(
        name="Sao lưu",
        good=configured,
        detail=f"gần nhất: {last}" if configured else "chưa đặt backup_targets, backup_recipients",
        required=False,
    )
    locked = settings.lock_days and (settings.s3_object_lock or settings.object_store == "folder")
    how = settings.s3_object_lock or "thuộc tính bất biến của tệp, nếu hệ thống cho phép"
    yield Finding(
        name="Khóa ghi giấy tờ đã lưu",
        good=bool(locked),
        detail=f"{how}, {settings.lock_days} ngày"
        if locked
        else "chỉ có quyền chỉ đọc, dấu vân tay",
        required=False,
    )


def _encryption(settings: Settings, station: Workstation) -> Finding:
    """At rest. A folder is as safe as its disk; a server is asked what it did, not what it can."""
    if isinstance(station.objects, S3Store):
        if not settings.s3_encryption:
            good, detail = False, "chưa đặt s3_encryption: chỉ dựa vào ổ đĩa của máy chủ S3"
        else:
            good, detail = _encrypted_by_server(station.objects, settings.s3_encryption)
    else:
        known = is_on_encrypted_disk(settings.data_dir)
        good = bool(known)
        detail = {
            True: "ổ đĩa mã hóa (dm-crypt)",
            False: "thư mục trên ổ đĩa không mã hóa: chuyển sang ổ LUKS hoặc BitLocker",
            None: "không xác định được ổ đĩa có mã hóa không: quản trị tự kiểm tra",
        }[known]
    return Finding(name="Mã hóa kho tệp", good=good, detail=detail, required=False)


def _encrypted_by_server(store: S3Store, wanted: str) -> tuple[bool, str]:
    try:
        said = store.encrypted()
    except SohoaError as trouble:
        return False, trouble.shown
    if said is None:
        return True, f"{wanted}; kho còn trống nên chưa hỏi được"
    return said, f"{wanted}: máy chủ xác nhận" if said else "tệp trong kho chưa mã hóa"


def _quarantine(station: Workstation) -> Finding:
    """Whatever lies there waits for a person; nobody else tells them."""
    files = station.inbox.quarantined()
    oldest = f", lâu nhất từ {files[0].since:%Y-%m-%d}" if files else ""
    detail = f"{len(files)} tệp chưa mở được{oldest}: xem `sohoa quarantine list`"
    return Finding(
        name="Thùng cách ly",
        good=not files,
        detail=detail if files else "trống",
        required=False,
    )


def _answer(name: str, check: Callable[[], Any]) -> Finding:
    try:
        return Finding(name=name, good=True, detail=str(check()))
    except Exception as error:
        return Finding(name=name, good=False, detail=f"{type(error).__name__}: {error}")
