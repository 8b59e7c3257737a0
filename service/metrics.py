# SPDX-License-Identifier: Apache-2.0
"""Prometheus metrics. Labels are route templates and states, never ids."""

from __future__ import annotations

from fastapi import Request
from prometheus_client import Gauge, Histogram

REQUESTS = Histogram(
    "sohoa_request_seconds",
    "Seconds a request took",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
JOBS = Gauge("sohoa_jobs_waiting", "Jobs not finished, by queue", ["queue"])

INTAKE_WAIT = Gauge(
    "sohoa_intake_oldest_pending_seconds", "Age of the oldest waiting file", ["kind", "name"]
)
INTAKE_WELL = Gauge("sohoa_intake_well", "1 while an intake runs without trouble", ["kind", "name"])


def route_of(request: Request) -> str:
    """The template of the route that answers, with the prefix it was included under."""
    route = request.scope.get("route")
    template = str(getattr(route, "path", "unmatched"))
    path = request.scope["path"]
    api = "/api/v1"
    return api + template if path.startswith(api) and not template.startswith(api) else template
