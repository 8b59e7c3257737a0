# SPDX-License-Identifier: Apache-2.0
"""Objects out of a target into the store of an installation that stands up again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workflows.backup.outcome import Restored
from workflows.backup.vault import Manifest, Vault
from workflows.backup.workroom import plain_and_closed, sha256_of, side_by_side
from workflows.domain.document import StoredObject
from workflows.errors import BackupFailed, Conflict, IntegrityViolation, NotFound
from workflows.ports.backup import Cipher
from workflows.ports.objects import KeptStore, Measured

_IN_MEMORY = 4 << 20
"""Bytes up to which an object needs no files on its way back; most are far smaller."""


def bring_back(
    vault: Vault, manifest: Manifest, into: KeptStore, cipher: Cipher, work: Path, *, to: Restored
) -> None:
    """Every object of the snapshot, counted in `to`; what cannot be given is named there."""
    brought = side_by_side(
        lambda pair: _bring_back(vault, *pair, into, cipher, work), vault.listing(manifest, work)
    )
    for (wanted, _), (copied, trouble) in brought:
        to.objects += 1
        to.copied += copied
        to.copied_bytes += copied * wanted.size
        if trouble:
            to.lost.append((wanted.key, trouble))
    to.lost.extend((key, "không có khi sao lưu") for key in manifest.missing)


def _bring_back(
    vault: Vault,
    wanted: StoredObject,
    stored: StoredObject,
    into: KeptStore,
    cipher: Cipher,
    work: Path,
) -> tuple[bool, str]:
    """(whether it was copied now, what is wrong or "").

    What an earlier, interrupted restore brought is re-hashed and mended where it is not whole:
    whatever cut that one off may have harmed the disk too.
    """
    there = into.measure(wanted.key)
    if there == Measured(sha256=wanted.sha256, size=wanted.size, recorded=True):
        return False, ""
    try:
        if there is None and stored.size <= _IN_MEMORY:
            opened = cipher.opened(vault.store.get(stored))
            if hashlib.sha256(opened).hexdigest() != wanted.sha256:
                raise IntegrityViolation(stored.key)
            into.put(wanted.key, opened, wanted.media_type)
            return True, ""
        with plain_and_closed(work) as (plain, closed):
            vault.store.fetch(stored, closed)
            cipher.decrypt(closed, plain)
            if sha256_of(plain) != wanted.sha256:
                raise IntegrityViolation(stored.key)
            if there is None:
                into.put(wanted.key, plain, wanted.media_type)
            else:
                into.mend(wanted, plain)
    except NotFound:
        return False, "mất trong bản sao lưu"
    except (IntegrityViolation, BackupFailed, Conflict):
        return False, "hỏng trong bản sao lưu"
    return True, ""
