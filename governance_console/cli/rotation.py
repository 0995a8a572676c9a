"""The files of a log that is rotated: the one that grows, and beside it what rotation left."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from governance_console.cli.state import Known

WINDOW_BYTES: Final = 4096
"""As much alike, at the same place, is taken for the same content."""

_READ_BYTES: Final = 1024 * 1024
_ROTATED: Final = r"[-._]\d[\dT:._-]*"
"""What rotation adds to a name: a number or a date. Names of other kinds are somebody's copies."""

_FIRST_YEAR: Final = 1000
"""A smaller number in a name is a count, a larger one begins a date."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was looked at. ``modified`` counts nanoseconds."""

    path: Path
    inode: int
    size: int
    modified: int


def look(path: Path) -> Seen | None:
    """The file at this path, or None where none is."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Seen(path, found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def rotated(path: Path) -> list[Seen]:
    """What rotation left beside the file, the oldest first."""
    found = _listed(path)
    # While files are renamed, a folder shows one of them twice, or not at all: look until it shows the same again.
    while (again := _listed(path)).keys() != found.keys():
        found = again
    return sorted(again.values(), key=_age)


def _listed(path: Path) -> dict[tuple[str, int], Seen]:
    name = re.compile(
        rf"{re.escape(path.name)}{_ROTATED}|{re.escape(path.stem)}{_ROTATED}{re.escape(path.suffix)}", re.ASCII
    )
    with os.scandir(path.parent) as folder:
        found = [look(Path(one.path)) for one in folder if name.fullmatch(one.name)]
    return {(seen.path.name, seen.inode): seen for seen in found if seen is not None}


def _age(seen: Seen) -> tuple[int, list[int]]:
    """Older is less. The clock of a file system ticks every few milliseconds; in one tick, names tell.

    Numbers count from the newest, dates to it.
    """
    numbers = [int(digits) for digits in re.findall(r"\d+", seen.path.name)]
    return seen.modified, numbers if max(numbers) >= _FIRST_YEAR else [-numbers[-1]]


def is_known(seen: Seen, known: Sequence[Known]) -> bool:
    """Whether this file was there before. One that grew a little since is, as a writer may be late.

    The system gives the numbers of removed files to new ones, so the number alone says nothing.
    """
    for one in known:
        if one.inode == seen.inode:
            if (one.size, one.modified) == (seen.size, seen.modified):
                return True
            if seen.size >= one.size and head_of(seen.path, min(one.size, WINDOW_BYTES)) == one.head:
                return True
    return False


def known_of(seen: Seen) -> Known:
    """What is kept of a file that is done with."""
    return Known(seen.inode, seen.size, seen.modified, head_of(seen.path, min(seen.size, WINDOW_BYTES)) or "")


def head_of(path: Path, length: int) -> str | None:
    """SHA-256 of a file's first bytes, or None where it has not that many, or is gone."""
    return digest_of(path, b"", length)


def digest_of(path: Path, salt: bytes, length: int) -> str | None:
    """SHA-256 of the salt and a file's first bytes, or None where it has not that many, or is gone."""
    hashed = hashlib.sha256(salt)
    left = length
    try:
        with path.open("rb", buffering=0) as file:
            while left and (part := file.read(min(left, _READ_BYTES))):
                hashed.update(part)
                left -= len(part)
    except OSError:
        return None
    return None if left else hashed.hexdigest()


def begins_as(copy: Seen, original: Seen) -> bool:
    """Whether one file is how another begins, as far as its last WINDOW_BYTES say."""
    if copy.size > original.size:
        return False
    start = max(0, copy.size - WINDOW_BYTES)
    try:
        with copy.path.open("rb") as one, original.path.open("rb") as other:
            one.seek(start)
            other.seek(start)
            return one.read(copy.size - start) == other.read(copy.size - start)
    except OSError:
        return False
