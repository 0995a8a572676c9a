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
        self._seen = {str(path): _look(str(path)) for path in paths}

    def cut(self, path: Path) -> None:
        """This one may be as short as it likes from now on: whoever has it open cut it."""
        self._seen[str(path)] = self._seen[str(path)]._replace(size=0)

    def check(self) -> None:
        """Raises StorageGone when a file is gone, is another one, or has shrunk."""
        for path, seen in self._seen.items():
            try:
                found = _look(path)
            except OSError:
                raise _gone(path, "deleted or moved") from None
            if found == seen:
                continue
            if (found.inode, found.device) != (seen.inode, seen.device):
                raise _gone(path, "replaced")
            if found.size < seen.size:
                raise _gone(path, "cut off")
            self._seen[path] = found


def _gone(path: str, how: str) -> StorageGone:
    what = f"{os.path.basename(path)} was {how} while the console had it open"
    return StorageGone(f"{what}; export the record before you stop the console")


def _look(path: str) -> _Seen:
    found = os.stat(path)
    return _Seen(found.st_ino, found.st_dev, found.st_size)
