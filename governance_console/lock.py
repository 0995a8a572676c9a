"""A lock file, so that what may have one keeper has one. Used by one thread."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from governance_console.errors import InUse

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockFile:
    """An exclusive lock that the system gives back when the process ends, however it ends.

    The file stays: removing it would let two processes lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises InUse when another process has it, OSError when the file cannot be made."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _try_lock(handle)
        except OSError:
            holder = self._holder(handle)
            os.close(handle)
            raise InUse(holder, str(self._path)) from None
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @staticmethod
    def _holder(handle: int) -> str:
        with contextlib.suppress(OSError, ValueError):
            return f" (process {int(os.read(handle, 32))})"
        return ""
