# SPDX-License-Identifier: Apache-2.0
"""Trạm quét: scanner -> durable spool -> server. Runs alone on a desk PC.

Imports neither a web framework nor a database package: the base install carries it.
"""
