# SPDX-License-Identifier: Apache-2.0
"""A page's picture made small: sharp ink, its colour, the paper; without any PDF around it.

Imported where pages are read; the process that binds them imports `storage.pdf`.
"""
