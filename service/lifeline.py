# SPDX-License-Identifier: Apache-2.0
"""Processes that end when the one that started them is killed and cannot tell them to (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with(parent: int, how: signal.Signals) -> bool:
    """This process gets the signal `how` when `parent` is gone. False: it is gone already.

    Parent is the thread that started this process, so it must be one that lives as long.
    """
    if not sys.platform.startswith("linux"):
        return True
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, how)
    return os.getppid() == parent
