# SPDX-License-Identifier: Apache-2.0
"""Sống, sẵn sàng, số đo. Ready means that work gets done, not that a process is alive."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.security import Here
from service.intakes.status import IntakeStatus, statuses
from service.metrics import INTAKE_WAIT, INTAKE_WELL, JOBS
from workflows.errors import SohoaError

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Tiến trình còn sống")
@router.get("/healthz", include_in_schema=False)
def live(here: Here) -> dict[str, str]:
    return {"status": "ok", "version": here.version}


@router.get("/health/ready", summary="Cơ sở dữ liệu, kho tệp, hàng đợi, máy đọc sẵn sàng")
@router.get("/readyz", include_in_schema=False)
def ready(here: Here, response: Response) -> dict[str, Any]:
    checks = {name: _answer(check) for name, check in here.checks().items()}
    good = all(c["ok"] for c in checks.values())
    response.status_code = 200 if good else 503
    return {
        "status": "ok" if good else "degraded",
        "version": here.version,
        "checks": checks,
        # told, and no reason to take this server out of service: the doors work without them
        "intakes": _answer(lambda: [i.as_json() for i in _intakes(here)]),
    }


@router.get("/metrics", summary="Số đo Prometheus", response_class=Response)
def metrics(here: Here) -> Response:
    for queue, count in here.engine.waiting().items():
        JOBS.labels(queue).set(count)
    for intake in _intakes(here):
        INTAKE_WAIT.labels(intake.kind, intake.name).set(intake.oldest_pending_s)
        INTAKE_WELL.labels(intake.kind, intake.name).set(intake.good and intake.running)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _intakes(here: Here) -> list[IntakeStatus]:
    return statuses(here.settings, here.intake.clock.now())


def _answer(check: Any) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": check()}
    except SohoaError as error:
        return {"ok": False, "detail": error.code}
    except Exception as error:
        return {"ok": False, "detail": type(error).__name__}
