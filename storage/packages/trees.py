# SPDX-License-Identifier: Apache-2.0
"""The files of a package somebody hands in: a ZIP file or an unpacked folder, bagged or not.

Bytes from outside: names that leave their folder, links, encrypted or absurdly many or large
entries are refused before anything is opened. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

CHUNK = 1 << 20
_MOST_FILES = 500_000
_MOST_BYTES = 64 << 30
_LARGEST_READ = 512 << 20  # a metadata file or one stored object, read as a whole
PAYLOAD = "data/"


class BrokenTree(Exception):
    """It cannot be read as a package at all; says which file and why."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file}: {what}")
        self.file = file
        self.what = what


class Source(Protocol):
    sizes: Mapping[str, int]  # path -> bytes, as the directory says

    def open(self, path: str) -> IO[bytes]: ...


@dataclass(frozen=True, slots=True)
class Tree:
    """`name`: the package's folder. `prefix`: where its files stand in the source."""

    name: str
    prefix: str
    source: Source

    @property
    def files(self) -> list[str]:
        """Paths inside the package, sorted."""
        start = len(self.prefix)
        return sorted(p[start:] for p in self.source.sizes if p.startswith(self.prefix))

    def size(self, path: str) -> int:
        return self.source.sizes[self.prefix + path]

    def has(self, path: str) -> bool:
        return self.prefix + path in self.source.sizes

    def pieces(self, path: str) -> Iterator[bytes]:
        """In pieces of 1 MiB. `BrokenTree` when the file is absent or its storage is damaged."""
        return _pieces(self.source, self.prefix + path, path)

    def read(self, path: str) -> bytes:
        if self.has(path) and self.size(path) > _LARGEST_READ:
            raise BrokenTree(path, f"lớn quá {_LARGEST_READ >> 20} MB")
        return b"".join(self.pieces(path))

    def sha256(self, path: str) -> str:
        digest = hashlib.sha256()
        for piece in self.pieces(path):
            digest.update(piece)
        return digest.hexdigest()

    @property
    def bag(self) -> Bag | None:
        """The BagIt wrapper around the package, when there is one."""
        top = self.prefix.partition(PAYLOAD)[0] if PAYLOAD in self.prefix else None
        return None if top is None else Bag(source=self.source, top=top)


@dataclass(frozen=True, slots=True)
class Bag:
    source: Source
    top: str

    @property
    def files(self) -> list[str]:
        return sorted(p[len(self.top) :] for p in self.source.sizes if p.startswith(self.top))

    def pieces(self, path: str) -> Iterator[bytes]:
        return _pieces(self.source, self.top + path, path)

    def read(self, path: str) -> bytes:
        return b"".join(self.pieces(path))


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """Raises `BrokenTree`."""
    if path.is_dir():
        yield _rooted(_Folder(path), path.name)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield _rooted(_Zip(archive), path.stem)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise BrokenTree(path.name, f"không mở được tệp ZIP ({error})") from error


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = [e for e in archive.infolist() if not e.is_dir()]
        if len(entries) > _MOST_FILES or sum(e.file_size for e in entries) > _MOST_BYTES:
            raise BrokenTree(archive.filename or "", "quá nhiều tệp hoặc quá lớn")
        sizes: dict[str, int] = {}
        for entry in entries:
            if entry.filename in sizes:
                raise BrokenTree(entry.filename, "có hai tệp cùng tên")
            if _leaves(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
                raise BrokenTree(entry.filename, "tên tệp không an toàn")
            if entry.flag_bits & 1:
                raise BrokenTree(entry.filename, "tệp bị đặt mật khẩu")
            sizes[entry.filename] = entry.file_size
        self.sizes: Mapping[str, int] = sizes

    def open(self, path: str) -> IO[bytes]:
        return self._archive.open(path)


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        sizes: dict[str, int] = {}
        for folder, names, files in os.walk(root):
            for name in (*names, *files):
                if (Path(folder) / name).is_symlink():
                    raise BrokenTree(name, "liên kết (symlink) không được phép trong gói")
            for name in files:
                file = Path(folder) / name
                sizes[file.relative_to(root).as_posix()] = file.stat().st_size
            if len(sizes) > _MOST_FILES:
                raise BrokenTree(root.name, "quá nhiều tệp")
        self.sizes: Mapping[str, int] = sizes

    def open(self, path: str) -> IO[bytes]:
        return (self._root / path).open("rb")


def _rooted(source: Source, name: str) -> Tree:
    """Where METS.xml stands: at the top, in the one folder, or in the payload of a bag."""
    tops = {p.partition("/")[0] for p in source.sizes}
    if "METS.xml" in source.sizes:
        return Tree(name, "", source)
    if "bagit.txt" in source.sizes:
        return _in_payload(source, "")
    if len(tops) == 1:
        top = tops.pop()
        if f"{top}/bagit.txt" in source.sizes:
            return _in_payload(source, f"{top}/")
        return Tree(top, f"{top}/", source)
    raise BrokenTree("METS.xml", "không có METS.xml: đây không phải gói tin lưu trữ")


def _in_payload(source: Source, top: str) -> Tree:
    start = f"{top}{PAYLOAD}"
    inside = {p[len(start) :].partition("/")[0] for p in source.sizes if p.startswith(start)}
    if len(inside) != 1:
        raise BrokenTree(PAYLOAD, "phần nội dung của túi BagIt phải có đúng một gói")
    name = inside.pop()
    return Tree(name, f"{start}{name}/", source)


def _pieces(source: Source, full: str, shown: str) -> Iterator[bytes]:
    if full not in source.sizes:
        raise BrokenTree(shown, "thiếu tệp")
    try:
        with source.open(full) as file:
            while piece := file.read(CHUNK):
                yield piece
    # zlib.error is no OSError; a damaged local header gives BadZipFile
    except Exception as error:
        raise BrokenTree(shown, f"không đọc được ({error})") from error


def _leaves(path: str) -> bool:
    parts = path.split("/")
    odd = "\\" in path or ":" in path or "\0" in path or path.startswith("/")
    return odd or any(part in ("", ".", "..") for part in parts)
