# SPDX-License-Identifier: Apache-2.0
"""Kho tệp: the write-once store over a folder, an S3 server or memory; and the inbox."""

from storage.objects.folder import FolderStore
from storage.objects.inbox import FolderInbox
from storage.objects.memory import MemoryStore
from storage.objects.s3 import S3Settings, S3Store
from storage.objects.uploads import Upload, UploadFolder

__all__ = [
    "FolderInbox",
    "FolderStore",
    "MemoryStore",
    "S3Settings",
    "S3Store",
    "Upload",
    "UploadFolder",
]
