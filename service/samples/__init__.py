# SPDX-License-Identifier: Apache-2.0
"""Giấy tờ mẫu: invented papers with known truth, for the demo, the tests and the benchmarks."""

from service.samples.compose import TYPE_CODES
from service.samples.damage import Level
from service.samples.demo import DemoPaper, demo_set
from service.samples.draft import Wishes
from service.samples.invented import Person, make_person
from service.samples.sample import Sample, make_sample, pdf_of, write_sample, write_set

__all__ = [
    "TYPE_CODES",
    "DemoPaper",
    "Level",
    "Person",
    "Sample",
    "Wishes",
    "demo_set",
    "make_person",
    "make_sample",
    "pdf_of",
    "write_sample",
    "write_set",
]
