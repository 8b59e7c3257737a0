"""A network scanner made of image files, speaking eSCL, in a process of its own.

The images of a folder are the sheets in the feeder (paper seen at 300 dpi). `control(...)` sets
what goes wrong; the process can be killed or frozen like a real device.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import cv2
import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

SPACES = (
    'xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" '
    'xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03"'
)
INPUT = """<scan:{name}><scan:MinWidth>16</scan:MinWidth><scan:MaxWidth>2550</scan:MaxWidth>
<scan:MinHeight>16</scan:MinHeight><scan:MaxHeight>4200</scan:MaxHeight>
<scan:MaxScanRegions>1</scan:MaxScanRegions><scan:SettingProfiles><scan:SettingProfile>
<scan:ColorModes><scan:ColorMode>BlackAndWhite1</scan:ColorMode>
<scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>
<scan:DocumentFormats>{formats}</scan:DocumentFormats>
<scan:SupportedResolutions><scan:DiscreteResolutions>{dpi}</scan:DiscreteResolutions>
</scan:SupportedResolutions></scan:SettingProfile></scan:SettingProfiles></scan:{name}>"""


@dataclass
class Faults:
    """What goes wrong. Sheets count from 1 in the feeder as it was filled; 0 is never.

    `slow503`, `early404`: how many times NextDocument says so though a page is there;
    `busy`: how many times ScanJobs answers 503; `*_at`: in the middle of that sheet's image.
    """

    jam: int = 0
    jam_code: int = 409
    double_feed: int = 0
    cover_open: bool = False
    empty: bool = False
    busy: int = 0
    refuse: int = 0
    drop_at: int = 0
    die_at: int = 0
    freeze_at: int = 0
    stop_at: int = 0
    warm_up_s: float = 0.0
    slow503: int = 0
    early404: int = 0
    relative_location: bool = False
    wrong_host: bool = False
    adf_only: bool = False
    only_jpeg: bool = False
    as_pdf: bool = False
    as_jpeg: bool = False
    other_dpi: int = 0
    silent_jobs: bool = False
    cut: int = 0
    bomb: bool = False
    refill: bool = True


@dataclass
class Job:
    feeder: bool
    duplex: bool
    kind: str
    mode: str
    dpi: int
    width: int
    height: int
    fed: int = 0
    state: str = "Processing"


@dataclass
class Device:
    """State of the scanner: the sheets, the faults, the jobs, and what it was asked."""

    folder: Path
    faults: Faults = field(default_factory=Faults)
    fed: int = 0  # sheets gone through since the feeder was filled
    stuck: str = ""  # AdfState while paper is where it should not be
    jobs: dict[str, Job] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    @property
    def sheets(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p.suffix == ".png")

    @property
    def adf(self) -> str:
        if self.faults.cover_open:
            return "ScannerAdfHatchOpen"
        if self.stuck:
            return self.stuck
        fed = 0 if self.faults.refill and not self.running else self.fed
        left = not self.faults.empty and fed < len(self.sheets)
        return "ScannerAdfLoaded" if left else "ScannerAdfEmpty"

    @property
    def running(self) -> Job | None:
        return next((j for j in self.jobs.values() if j.state == "Processing"), None)


def capabilities(device: Device) -> str:
    formats = ["image/jpeg"] if device.faults.only_jpeg else ["image/jpeg", "image/png"]
    said = "".join(
        f"<pwg:DocumentFormat>{f}</pwg:DocumentFormat>"
        f"<scan:DocumentFormatExt>{f}</scan:DocumentFormatExt>"
        for f in formats
    )
    dpi = "".join(
        f"<scan:DiscreteResolution><scan:XResolution>{v}</scan:XResolution>"
        f"<scan:YResolution>{v}</scan:YResolution></scan:DiscreteResolution>"
        for v in (100, 200, 300, 600)
    )

    def one(name):
        return INPUT.format(name=name, formats=said, dpi=dpi)

    glass = "" if device.faults.adf_only else f"<scan:Platen>{one('PlatenInputCaps')}</scan:Platen>"
    bomb = (
        '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]>' if device.faults.bomb else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{bomb}<scan:ScannerCapabilities {SPACES}>'
        "<pwg:Version>2.63</pwg:Version>"
        f"<pwg:MakeAndModel>Sohoa Virtual{' &c;' if bomb else ''}</pwg:MakeAndModel>"
        "<scan:UUID>4509a320-00a0-008f-00b6-00559a327d32</scan:UUID>"
        f"{glass}<scan:Adf>{one('AdfSimplexInputCaps')}{one('AdfDuplexInputCaps')}"
        f"<scan:FeederCapacity>{max(1, len(device.sheets))}</scan:FeederCapacity></scan:Adf>"
        "</scan:ScannerCapabilities>"
    )


def status(device: Device) -> str:
    jobs = "".join(
        f"<scan:JobInfo><pwg:JobUri>/eSCL/ScanJobs/{number}</pwg:JobUri>"
        f"<pwg:JobState>{job.state}</pwg:JobState>"
        f"<pwg:ImagesCompleted>{job.fed}</pwg:ImagesCompleted></scan:JobInfo>"
        for number, job in device.jobs.items()
        if not device.faults.silent_jobs
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><scan:ScannerStatus {SPACES}>'
        "<pwg:Version>2.63</pwg:Version>"
        f"<pwg:State>{'Processing' if device.running else 'Idle'}</pwg:State>"
        f"<scan:AdfState>{device.adf}</scan:AdfState><scan:Jobs>{jobs}</scan:Jobs>"
        "</scan:ScannerStatus>"
    )


def new_job(content: bytes) -> Job:
    said = {
        e.tag.rpartition("}")[2]: (e.text or "").strip()
        for e in ElementTree.fromstring(content).iter()  # noqa: S314 - what our own tests sent
    }
    return Job(
        feeder=said.get("InputSource") == "Feeder",
        duplex=said.get("Duplex") == "true",
        kind=said.get("DocumentFormatExt") or said.get("DocumentFormat") or "image/jpeg",
        mode=said.get("ColorMode", "RGB24"),
        dpi=int(said.get("XResolution", 300)),
        width=int(said["Width"]),
        height=int(said["Height"]),
    )


def render(sheet: Path, job: Job) -> bytes:
    """The sheet as asked for: region, resolution, colours, format; and it says its resolution."""
    color = job.mode == "RGB24"
    picture = cv2.imread(str(sheet), cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE)
    picture = picture[: job.height, : job.width]
    if job.dpi != 300:
        size = [max(1, round(n * job.dpi / 300)) for n in (picture.shape[1], picture.shape[0])]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if job.mode == "BlackAndWhite1":
        picture = np.where(picture > 127, 255, 0).astype(np.uint8)
    suffix = ".jpg" if job.kind == "image/jpeg" else ".png"
    content = cv2.imencode(suffix, picture)[1].tobytes()
    # JFIF: the unit (1: dots per inch) and the density stand at a fixed place
    density = b"\x01" + job.dpi.to_bytes(2, "big") * 2
    return content[:13] + density + content[18:] if suffix == ".jpg" else content


def application(device: Device) -> FastAPI:
    app = FastAPI()

    def xml(text: str) -> Response:
        return Response(text, media_type="text/xml")

    @app.get("/eSCL/ScannerCapabilities")
    def _capabilities():
        return xml(capabilities(device))

    @app.get("/eSCL/ScannerStatus")
    def _status():
        return xml(status(device))

    @app.post("/eSCL/ScanJobs")
    async def _create(request: Request):
        faults, job = device.faults, new_job(await request.body())
        job.dpi = faults.other_dpi or job.dpi
        job.kind = "image/jpeg" if faults.as_jpeg else job.kind
        device.settings.append((await request.body()).decode())
        if faults.refuse:
            return Response(status_code=faults.refuse)
        if faults.busy or device.running:
            faults.busy = max(0, faults.busy - 1)
            return Response(status_code=503)
        if faults.refill and job.feeder and not device.stuck:
            device.fed = 0
        if job.feeder and device.adf != "ScannerAdfLoaded":
            return Response(status_code=409)
        number = str(len(device.settings))
        device.jobs[number] = job
        place = f"{request.base_url}eSCL/ScanJobs/{number}"
        if faults.wrong_host:
            place = f"http://scanner.invalid/eSCL/ScanJobs/{number}"
        if faults.relative_location:
            place = f"/eSCL/ScanJobs/{number}"
        return Response(status_code=201, headers={"Location": place})

    @app.get("/eSCL/ScanJobs/{number}/NextDocument")
    async def _next(number: str):
        faults, job = device.faults, device.jobs.get(number)
        if job is None or job.state != "Processing":
            return Response(status_code=404)
        if faults.slow503 or faults.early404:
            code = 503 if faults.slow503 else 404
            faults.slow503 = max(0, faults.slow503 - 1)
            faults.early404 -= code == 404
            return Response(status_code=code)
        if (job.feeder and device.adf == "ScannerAdfEmpty") or (not job.feeder and job.fed):
            job.state = "Completed"
            return Response(status_code=404)
        at = device.fed + 1 if job.feeder else 0
        for name, stuck in (("jam", "Jam"), ("double_feed", "MultipickDetected")):
            if at and getattr(faults, name) == at:
                device.stuck, job.state = f"ScannerAdf{stuck}", "Aborted"
                return Response(status_code=faults.jam_code)
        content = render(device.sheets[device.fed if job.feeder else 0], job)
        job.fed += 1
        device.fed += job.feeder
        if faults.cut == at and at:
            return Response(content[: len(content) // 2], media_type=job.kind)
        if faults.as_pdf:
            return Response(b"%PDF-1.7", media_type="application/pdf")
        return StreamingResponse(pieces(faults, at, content), media_type=job.kind)

    @app.delete("/eSCL/ScanJobs/{number}")
    def _delete(number: str):
        job = device.jobs.get(number)
        if job is None:
            return Response(status_code=404)
        device.deleted.append(number)
        job.state = "Canceled" if job.state == "Processing" else job.state
        return Response(status_code=200)

    @app.put("/control")
    async def _control(request: Request):
        device.faults = Faults(**await request.json())
        device.stuck = ""
        if device.faults.refill:
            device.fed = 0
        return {"fed": device.fed}

    @app.get("/control")
    def _told():
        states = {n: j.state for n, j in device.jobs.items()}
        return {"jobs": states, "deleted": device.deleted, "settings": device.settings}

    return app


async def pieces(faults: Faults, at: int, content: bytes):
    """The image in two halves; what goes wrong, goes wrong between them."""
    await asyncio.sleep(faults.warm_up_s)
    half = len(content) // 2
    yield content[:half]
    await asyncio.sleep(0.05)  # so that the first half is on its way
    if at and at == faults.drop_at:
        raise ConnectionError("dropped")
    if at and at == faults.die_at:
        os._exit(1)
    if at and at == faults.stop_at:
        os.kill(os.getpid(), signal.SIGSTOP)
    if at and at == faults.freeze_at:
        await asyncio.sleep(600)
    yield content[half:]


@dataclass
class EsclServer:
    """A running virtual scanner."""

    process: subprocess.Popen
    port: int
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/eSCL"

    @property
    def device(self) -> str:
        return f"escl:{self.url}"

    def control(self, **faults) -> None:
        """Replaces every fault; clears what was stuck. `refill=False`: go on where it stopped."""
        self._ask("PUT", json=faults)

    def told(self) -> dict:
        return self._ask("GET").json()

    def _ask(self, method, **more):
        url = f"{self.scheme}://127.0.0.1:{self.port}/control"
        with httpx.Client(verify=False, trust_env=False) as client:  # noqa: S501 - our own process
            return client.request(method, url, **more).raise_for_status()


@contextmanager
def virtual_scanner(folder: Path, *, tls: Path | None = None) -> Iterator[EsclServer]:
    """`tls`: a folder with cert.pem and key.pem."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        argv = [sys.executable, __file__, str(folder), str(listening.fileno()), str(tls or "")]
        process = subprocess.Popen(argv, pass_fds=[listening.fileno()], stdin=subprocess.DEVNULL)
    server = EsclServer(process, port, "https" if tls else "http")
    try:
        _wait(server)
        yield server
    finally:
        process.kill()  # works on a frozen process too
        process.wait()


def _wait(server: EsclServer) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.told()
            return
        except httpx.TransportError:
            assert server.process.poll() is None, "the virtual scanner ended while starting"
            assert time.monotonic() < deadline
            time.sleep(0.05)


if __name__ == "__main__":
    room, handle, secrets = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    more = (
        {"ssl_certfile": f"{secrets}/cert.pem", "ssl_keyfile": f"{secrets}/key.pem"}
        if secrets
        else {}
    )
    config = uvicorn.Config(application(Device(room)), log_level="critical", lifespan="off", **more)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])
