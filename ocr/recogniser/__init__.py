# SPDX-License-Identifier: Apache-2.0
"""Sohoa's own line recogniser: one small network, read with onnxruntime."""
