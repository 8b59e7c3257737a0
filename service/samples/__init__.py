# SPDX-License-Identifier: Apache-2.0
"""Sample papers with known truth, for the demo, the tests and the benchmarks."""

from service.samples.compose import TYPE_CODES
from service.samples.damage import Level
from service.samples.draft import Wishes
from service.samples.sample import Sample, make_sample, pdf_of, write_sample, write_set

__all__ = [
    "TYPE_CODES",
    "Level",
    "Sample",
    "Wishes",
    "make_sample",
    "pdf_of",
    "write_sample",
    "write_set",
]
