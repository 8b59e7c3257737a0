# SPDX-License-Identifier: Apache-2.0
"""How the line recogniser is made: text, print, damage, network, schedule, export.

Needs `sohoa[training]` (torch). The product needs none of this: it loads one ONNX file.
"""
