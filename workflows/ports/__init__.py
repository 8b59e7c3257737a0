# SPDX-License-Identifier: Apache-2.0
"""What the work asks of the outside. Small Protocols, split by noun; `storage` implements them.

Each has a real and an in-memory implementation and one contract suite (`tests/contracts`).
"""
