"""Are a record's files still those that were opened? Used by one thread.

A file that is deleted, replaced or moved away stays open and takes every write and sync without an error,
and nobody will ever find what was written. So its place is looked at before anything is acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from governance_console.errors import StorageGone


class FilesInPlace:
    """Files that only grow and stay where they are, while they are open."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """As they are now. Raises OSError where one of them is not there."""
        self._seen = {path: os.stat(path) for path in paths}

    def check(self) -> None:
        """Raises StorageGone when a file is gone, is another one, or has shrunk."""
        for path, seen in self._seen.items():
            try:
                found = os.stat(path)
            except OSError:
                raise StorageGone(f"{path.name} was deleted or moved while the console had it open") from None
            if (found.st_ino, found.st_dev) != (seen.st_ino, seen.st_dev):
                raise StorageGone(f"{path.name} was replaced while the console had it open")
            if found.st_size < seen.st_size:
                raise StorageGone(f"{path.name} was cut off while the console had it open")
            self._seen[path] = found
