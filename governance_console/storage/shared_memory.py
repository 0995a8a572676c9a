"""Blocks for a record's -shm file before it needs them. Used by one thread.

SQLite writes one byte in each 4 KiB of it, and to the rest through a mapping. Where a file system's blocks are smaller
(ext4's are 1 KiB below 512 MiB) the rest has none, and a full disk is told by a signal then: SIGBUS ends the process.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from governance_console.storage.space import has_free

RESERVED_BYTES: Final = 128 * 1024
"""8 bytes a page of the WAL: for 64 MiB of it, which is twice the size at which it is folded back."""

_PER_WAL: Final = 512
"""Bytes of WAL for one of -shm, rounded down."""


class SharedMemory:
    """The -shm file of a record that this process has open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def reserve(self) -> None:
        """Have the blocks now. In a transaction, so that nobody else writes to it meanwhile. Raises OSError."""
        if not hasattr(os, "posix_fallocate"):
            return
        # Closing any handle of a file drops all of the process's locks on it, SQLite's too: it stays open.
        self._handle = os.open(self._path, os.O_RDWR)
        try:
            os.posix_fallocate(self._handle, 0, RESERVED_BYTES)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # there nothing can be reserved
                raise

    def release(self) -> None:
        """Once SQLite has closed the file; harmless when nothing is reserved."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_room(folder: Path, wal_bytes: int) -> bool:
    """Whether there is the space that starting with such a WAL takes, until ``reserve`` is done."""
    return has_free(folder, RESERVED_BYTES + wal_bytes // _PER_WAL)
