# SPDX-License-Identifier: Apache-2.0
"""Giấy tờ mẫu: invented papers with exact truth, for the demo, the tests and the benchmarks.

Deterministic by (type, seed, level). Every name, number and office is made up.
"""

from service.samples.demo import DemoPaper, demo_set
from service.samples.make import LEVELS, TYPES, Sample, make_sample, write_sample, write_set

__all__ = [
    "LEVELS",
    "TYPES",
    "DemoPaper",
    "Sample",
    "demo_set",
    "make_sample",
    "write_sample",
    "write_set",
]
