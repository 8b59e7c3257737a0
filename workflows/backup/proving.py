# SPDX-License-Identifier: Apache-2.0
"""A snapshot read through to its last byte, opened where the key is at hand."""

from __future__ import annotations

from pathlib import Path

from workflows.backup.outcome import Checked
from workflows.backup.vault import Manifest, Vault
from workflows.backup.workroom import plain_and_closed, sha256_of
from workflows.domain.document import StoredObject
from workflows.errors import BackupFailed, IntegrityViolation, NotFound
from workflows.ports.backup import Cipher


def prove(vault: Vault, manifest: Manifest, cipher: Cipher, work: Path) -> Checked:
    """The parts first; where one of them is not whole, its list of objects is not believed."""
    checked = Checked(id=manifest.id, made_at=manifest.made_at, signed=manifest.signed)
    for part in manifest.parts.values():
        _prove(vault, part.stored, part.sha256, cipher, work, checked)
    if checked.problems:
        return checked
    for wanted, stored in vault.listing(manifest, work):
        checked.objects += 1
        _prove(vault, stored, wanted.sha256, cipher, work, checked)
    checked.problems.extend((key, "không có khi sao lưu") for key in manifest.missing)
    return checked


def _prove(
    vault: Vault, stored: StoredObject, plain_sha256: str, cipher: Cipher, work: Path, to: Checked
) -> None:
    with plain_and_closed(work) as (plain, closed):
        try:
            vault.store.fetch(stored, closed)
            to.read_bytes += stored.size
            if cipher.opens and stored.key.endswith(".age"):
                to.opened = True
                cipher.decrypt(closed, plain)
                if sha256_of(plain) != plain_sha256:
                    to.problems.append((stored.key, "nội dung khác dấu vân tay"))
        except NotFound:
            to.problems.append((stored.key, "mất"))
        except IntegrityViolation:
            to.problems.append((stored.key, "bị đổi"))
        except BackupFailed as trouble:
            to.problems.append((stored.key, trouble.shown))
