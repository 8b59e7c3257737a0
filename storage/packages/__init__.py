# SPDX-License-Identifier: Apache-2.0
"""Gói tin lưu trữ: SIP and AIP of TT 05/2025/TT-BNV as ZIP files, optionally in a BagIt bag.

- `archive.ZipPackages`: the `Packages` port
- `writing` what goes in · `mets`, `premis`, `description` its metadata · `nd30` the decree's tables
- `sandboxed.SandboxedCheck`: the examination, for packages from outside
- `checking` finds what is wrong, by file · `trees` reads what somebody handed in
- `records` what only Sohoa reads, for an import without loss
"""

from storage.packages.archive import ZipPackages

__all__ = ["ZipPackages"]
