"""What the files of a log hold, compared: is it known, is it a copy, is it how another begins?

Each function raises Moved where a file is not where it was seen, and OSError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from governance_console.cli.rotation import Seen
from governance_console.cli.state import Known

WINDOW_BYTES: Final = 4096
"""As much alike, at the same place, is taken for the same content."""

_READ_BYTES: Final = 1024 * 1024


def is_known(seen: Seen, known: Sequence[Known]) -> bool:
    """Whether this file was there before. One that is done with and grew since is, as a writer may be late."""
    return any(
        (one.size, one.modified) == (seen.size, seen.modified) or is_done(seen, [one])
        for one in known
        if one.identity.is_that_of(seen.identity)
    )


def is_done(seen: Seen, known: Sequence[Known]) -> bool:
    """Whether this file is done with, however it may have grown since."""
    return any(
        one.head is not None and seen.size >= one.size and head_of(seen, min(one.size, WINDOW_BYTES)) == one.head
        for one in known
        if one.identity.is_that_of(seen.identity)
    )


def done_with(seen: Seen) -> Known:
    """What is kept of a file of which nothing more is wanted."""
    try:
        return Known(seen.identity, seen.size, seen.modified, head_of(seen, min(seen.size, WINDOW_BYTES)))
    except PermissionError:
        return for_good(left_alone(seen))


def left_alone(seen: Seen) -> Known:
    """What is kept of a file that is of no interest as it is now."""
    return Known(seen.identity, seen.size, seen.modified, None)


def for_good(known: Known) -> Known:
    """The same of a file that is of no interest whatever comes to be in it."""
    return replace(known, size=0, head=hashlib.sha256().hexdigest())


def head_of(seen: Seen, length: int) -> str | None:
    """SHA-256 of a file's first bytes, or None where it has not that many."""
    return digest_of(seen, b"", length)


def digest_of(seen: Seen, salt: bytes, length: int) -> str | None:
    """SHA-256 of the salt and a file's first bytes, or None where it has not that many."""
    hashed = hashlib.sha256(salt)
    if not length:
        return hashed.hexdigest()
    left = length
    with seen.open() as file:
        while left and (part := file.read(min(left, _READ_BYTES))):
            hashed.update(part)
            left -= len(part)
    return None if left else hashed.hexdigest()


def begins_as(copy: Seen, original: Seen) -> bool:
    """Whether one file is how another begins, as far as its last WINDOW_BYTES say."""
    if copy.size > original.size:
        return False
    start = max(0, copy.size - WINDOW_BYTES)
    with copy.open() as one, original.open() as other:
        one.seek(start)
        other.seek(start)
        return one.read(copy.size - start) == other.read(copy.size - start)


def begins_wholly_as(copy: Seen, original: Seen) -> bool:
    """The same, of all of it: it is read through."""
    return digest_of(copy, b"", copy.size) == digest_of(original, b"", copy.size)
