# SPDX-License-Identifier: Apache-2.0
"""`sohoa-station`: pair, run, scan, status. Data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from scanner_drivers.discover import drivers
from scanner_drivers.driver import PageEvent, ScannerDriver, ScanProfile
from service.station.agent import Agent
from service.station.link import Link, ServerAway, ServerRefuses, identity, private_key
from service.station.link import pair as pair_with
from service.station.loopback import Loopback
from service.station.signing import TokenChoice, TokenTrouble, open_token, sign_waiting
from service.station.spool import Spool

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Trạm quét Sohoa: máy quét ▸ vùng đệm bền vững ▸ máy chủ.",
)


def _default_folder() -> Path:
    if given := os.environ.get("SOHOA_STATION_DIR"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "Sohoa" / "station"
    return Path(os.environ.get("XDG_STATE_HOME", "~/.local/state")).expanduser() / "sohoa-station"


def _listed(name: str) -> list[str]:
    """A setting of the environment that names several things, parted by commas."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _drivers(folder: Path, virtual: Path | None, pace: float = 0.0) -> dict[str, ScannerDriver]:
    return drivers(
        virtual,
        network=_listed("SOHOA_ESCL_DEVICES"),
        pins=folder / "pins.json",
        seconds_a_sheet=pace,
        sane_backends=_listed("SOHOA_SANE_BACKENDS"),
        sane_config=folder / "sane",
        raw=True,
    )


Folder = Annotated[Path, typer.Option("--dir", help="Thư mục của trạm.")]
VirtualSheets = Annotated[
    Path | None, typer.Option("--virtual", help="Thư mục ảnh làm máy quét ảo.")
]


@app.command()
def pair(
    server: Annotated[str, typer.Argument(help="Địa chỉ máy chủ, ví dụ https://sohoa.xa.gov.vn")],
    station: Annotated[str, typer.Argument(help="Mã trạm do quản trị cấp.")],
    code: Annotated[str, typer.Argument(help="Mã ghép 8 ký tự, dùng một lần.")],
    folder: Folder = _default_folder(),
) -> None:
    """Ghép trạm này với máy chủ."""
    try:
        made = pair_with(folder, server.rstrip("/"), station, code)
    except ServerRefuses as error:
        typer.echo(f"{error.message} [{error.status}]", err=True)
        raise typer.Exit(5) from error
    except ServerAway as error:
        typer.echo(f"Không gọi được máy chủ: {error}", err=True)
        raise typer.Exit(7) from error
    typer.echo(json.dumps(asdict(made), ensure_ascii=False))


@app.command()
def run(
    folder: Folder = _default_folder(),
    virtual: VirtualSheets = None,
    pace: Annotated[float, typer.Option(help="Máy quét ảo: số giây mỗi tờ.")] = 0.0,
    loopback: Annotated[
        int, typer.Option(help="Cổng lối tắt trên máy này; 0: cổng bất kỳ, -1: tắt.")
    ] = -1,
    resume_broken: Annotated[
        bool, typer.Option(help="Sau khi khởi động lại, quét tiếp không hỏi.")
    ] = False,
) -> None:
    """Chạy trạm: nhận việc, quét, gửi trang; quét được cả khi máy chủ ngừng."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    known = identity(folder)
    if known is None:
        typer.echo("Trạm chưa ghép: chạy `sohoa-station pair` trước.", err=True)
        raise typer.Exit(2)
    agent = Agent(
        spool=Spool(folder),
        drivers=_drivers(folder, virtual, pace),
        link=Link(known, private_key(folder)),
        resume_broken=resume_broken,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop.set())
    door = Loopback(agent, known.server, loopback) if loopback >= 0 else None
    if door is not None:
        agent.shortcut = door.facts
        threading.Thread(target=door.serve, daemon=True).start()
    agent.run()


@app.command()
def sign(
    library: Annotated[
        Path | None, typer.Option(help="Thư viện PKCS#11 của hãng (SOHOA_PKCS11_LIBRARY).")
    ] = None,
    token: Annotated[str, typer.Option(help="Tên thiết bị, khi cắm nhiều thiết bị.")] = "",
    key: Annotated[str, typer.Option(help="Tên chứng thư, khi thiết bị có nhiều.")] = "",
    pin_stdin: Annotated[bool, typer.Option(help="Đọc mã PIN từ stdin.")] = False,
    folder: Folder = _default_folder(),
) -> None:
    """Ký mọi giấy tờ đang chờ bằng thiết bị cắm ở máy này; nhập PIN một lần."""
    known = identity(folder)
    given = library or Path(os.environ.get("SOHOA_PKCS11_LIBRARY", ""))
    if known is None or not given.name:
        typer.echo("Cần ghép trạm trước và cho biết --library.", err=True)
        raise typer.Exit(2)
    link = Link(known, private_key(folder))
    try:
        waiting = link.signing_requests()
        if not waiting:
            typer.echo("Không có giấy tờ nào chờ ký ở trạm này.", err=True)
            return
        for request in waiting:
            typer.echo(f"{request['papers']} giấy tờ chờ {request['signer']} ký", err=True)
        pin = sys.stdin.readline().rstrip("\n") if pin_stdin else getpass("Mã PIN: ")
        with open_token(TokenChoice(library=given, label=token, key=key), pin) as opened:
            results = sign_waiting(link, opened, lambda r: typer.echo(json.dumps(asdict(r))))
    except TokenTrouble as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(7) from trouble
    except ServerRefuses as error:
        typer.echo(f"{error.message} [{error.status}]", err=True)
        raise typer.Exit(5) from error
    except ServerAway as error:
        typer.echo(f"Không gọi được máy chủ: {error}", err=True)
        raise typer.Exit(7) from error
    if not all(r.signed for r in results):
        raise typer.Exit(9)


@app.command()
def status(folder: Folder = _default_folder()) -> None:
    """Các lượt quét trong vùng đệm và số trang chưa gửi."""
    spool = Spool(folder)
    known = identity(folder)
    jobs = [
        {"id": j.id, "state": j.state, "pages": spool.last_safe(j.id), "message": j.message}
        for j in spool.jobs()
    ]
    facts = {"station": asdict(known) if known else None, "unsent": spool.unsent(), "jobs": jobs}
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))


@app.command()
def devices(folder: Folder = _default_folder(), virtual: VirtualSheets = None) -> None:
    """Máy quét mà trạm thấy, mỗi dòng một máy."""
    for driver in _drivers(folder, virtual).values():
        for device in driver.list_devices(10):
            typer.echo(f"{device.id}\t{device.vendor} {device.model}".rstrip())


@app.command()
def scan(
    device: Annotated[str, typer.Option(help="Mã máy quét; để trống: máy đầu tiên.")] = "",
    source: Annotated[str, typer.Option(help="adf hoặc flatbed.")] = "adf",
    duplex: Annotated[bool, typer.Option("--duplex", help="Quét hai mặt.")] = False,
    manual_duplex: Annotated[
        bool, typer.Option("--manual-duplex", help="Quét mặt trước, lật cả chồng, quét mặt sau.")
    ] = False,
    dpi: int = 300,
    mode: Annotated[str, typer.Option(help="color, gray hoặc bw.")] = "color",
    sheets: Annotated[int | None, typer.Option(help="Số tờ khai báo.")] = None,
    folder: Folder = _default_folder(),
    virtual: VirtualSheets = None,
) -> None:
    """Quét một lượt vào vùng đệm; trạm đang chạy (hoặc lần chạy sau) sẽ gửi đi."""
    agent = Agent(spool=Spool(folder), drivers=_drivers(folder, virtual), link=None)
    chosen = device or next((d["id"] for d in agent.devices()), "")
    if not chosen:
        typer.echo("Không thấy máy quét nào.", err=True)
        raise typer.Exit(7)

    def show(job: str, event: object) -> None:
        if isinstance(event, PageEvent):
            typer.echo(f"Trang {event.seq} đã lưu an toàn", err=True)

    agent.on_event = show
    profile = ScanProfile(
        source=source, duplex=duplex, dpi=dpi, mode=mode, manual_duplex=manual_duplex
    )
    job = agent.scan_now(chosen, profile, sheets)
    while job.state == "paused" and sys.stdin.isatty():
        if not typer.confirm(f"{job.message} Quét tiếp?", err=True):
            break
        job = agent.go_on(job)
    typer.echo(json.dumps({"job": job.id, "state": job.state, "message": job.message}))
    raise typer.Exit(0 if job.state == "scanned" else 7)


if __name__ == "__main__":
    app()
