"""Are a record's files still those that were opened? Used by one thread.

A file that is deleted, replaced or moved away stays open and takes every write and sync without an error,
and nobody will ever find what was written. So its place is looked at before anything is acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from governance_console.errors import StorageGone


class _Seen(NamedTuple):
    inode: int
    device: int
    size: int


class FilesInPlace:
    """Files that stay where they are while they are open, and only grow unless they are cut on purpose."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """As they are now. Raises OSError where one of them is not there."""
        self._seen = {path: _look(path) for path in paths}

    def cut(self, path: Path) -> None:
        """This one may be as short as it likes from now on: whoever has it open cut it."""
        self._seen[path] = self._seen[path]._replace(size=0)

    def check(self) -> None:
        """Raises StorageGone when a file is gone, is another one, or has shrunk."""
        for path, seen in self._seen.items():
            try:
                found = _look(path)
            except OSError:
                raise StorageGone(f"{path.name} was deleted or moved while the console had it open") from None
            if (found.inode, found.device) != (seen.inode, seen.device):
                raise StorageGone(f"{path.name} was replaced while the console had it open")
            if found.size < seen.size:
                raise StorageGone(f"{path.name} was cut off while the console had it open")
            self._seen[path] = found


def _look(path: Path) -> _Seen:
    found = os.stat(path)
    return _Seen(found.st_ino, found.st_dev, found.st_size)
