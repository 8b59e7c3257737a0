# SPDX-License-Identifier: Apache-2.0
"""How often a file was begun and not ended: one that ends the whole process must not do so forever.

The count is on the disk before the file is touched, so it survives the crash it is there for (f36).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST = 5
REASON = (
    "Tệp này nhiều lần làm dừng chương trình nhận tệp. In ra giấy rồi quét lại, hoặc báo quản trị. "
    "[tai_lieu_khong_an_toan]"
)
CODE = "tai_lieu_khong_an_toan"


class Tries:
    """Counts kept in hidden files of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def of(self, key: str) -> Iterator[int]:
        """The number of this try, from 1. Leaving the block, however, ends the count."""
        path = self._path(key)
        number = self.begun(key) + 1
        path.write_text(str(number), "ascii")
        try:
            yield number
        finally:
            path.unlink(missing_ok=True)

    def begun(self, key: str) -> int:
        """Tries that nobody saw the end of."""
        try:
            return int(self._path(key).read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def _path(self, key: str) -> Path:
        return self._folder / f".{key}.tries"
