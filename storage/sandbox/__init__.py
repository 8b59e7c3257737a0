# SPDX-License-Identifier: Apache-2.0
"""Vùng cách ly: the child processes in which bytes we did not make are parsed."""

from storage.sandbox.limited import LimitedSandbox
from storage.sandbox.namespaces import NamespaceSandbox
from storage.sandbox.probe import best_sandbox, describe
from storage.sandbox.scratch import sweep

__all__ = ["LimitedSandbox", "NamespaceSandbox", "best_sandbox", "describe", "sweep"]
