"""Which file a file is, under whichever name: its inode, and when it was made.

The number alone does not tell: a system gives that of a removed file to the next one, often at once. When a file was
made never changes. Python tells it on macOS and BSD; on Linux statx(2) does (``stx_btime``), which Python has from 3.15
on, so it is called here through the C library.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_STATX_BTIME: Final = 0x800


class Identity(NamedTuple):
    """``born`` counts nanoseconds, and is 0 where the system does not tell."""

    inode: int
    born: int

    def is_that_of(self, other: Identity) -> bool:
        """Whether both are one file's."""
        return self.inode == other.inode and (self.born == other.born or not (self.born and other.born))


def ask(file: Path | int) -> tuple[os.stat_result, Identity]:
    """What ``os.stat`` tells of a path or an open file, and which file that is. Raises OSError."""
    while True:
        found = os.stat(file)
        inode, born = _born(file, found)
        if inode == found.st_ino:
            return found, Identity(inode, born)
        # Between the two questions the name was given to another file.


class _Statx(ctypes.Structure):
    # The kernel's struct statx, as far as it is looked at here.
    _fields_ = (
        ("mask", ctypes.c_uint32),
        ("_1", ctypes.c_uint8 * 28),
        ("inode", ctypes.c_uint64),
        ("_2", ctypes.c_uint8 * 40),
        ("born_seconds", ctypes.c_int64),
        ("born_nanoseconds", ctypes.c_uint32),
        ("_3", ctypes.c_uint8 * 164),
    )


def _born(file: Path | int, found: os.stat_result) -> tuple[int, int]:
    statx = _statx()
    if statx is None:
        return found.st_ino, int(getattr(found, "st_birthtime", 0) * 1e9)
    told = _Statx()
    if isinstance(file, int):
        failed = statx(file, b"", _AT_EMPTY_PATH, _STATX_BTIME, ctypes.byref(told))
    else:
        failed = statx(_AT_FDCWD, os.fsencode(file), 0, _STATX_BTIME, ctypes.byref(told))
    if failed or not told.mask & _STATX_BTIME:
        return found.st_ino, 0
    return told.inode, told.born_seconds * 1_000_000_000 + told.born_nanoseconds


@cache
def _statx() -> Any:
    """The function of the C library, or None where there is none."""
    try:
        return ctypes.CDLL(None).statx
    except (AttributeError, OSError, TypeError):
        return None
