"""One entry, or a block of them, as a source has them: what each says of itself, and is that so? Pure.

Nearly every block of nearly every log is as it should be. That is told of all of it at once, in a few passes; what is
not is left to whoever goes through it one by one and names what is wrong.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from governance_console.erasure import ERASED_TYPE

BLOCK: Final = 64
"""Records that are held at once: each may have 1 MiB of data."""


class Claims(msgspec.Struct, gc=False):
    """What an entry says of itself. The types are what makes it an entry; only two of them are looked at."""

    seq: int
    recorded: str
    principal: str
    category: str
    severity: str
    event: msgspec.Raw
    data_hash: str | None = None


class Whole(NamedTuple):
    """A block in which everything is as it should be: its leaves' hashes, how many have data, and the last that has."""

    leaves: Sequence[bytes]
    with_data: int
    last: int | None


_ERASED: Final = ERASED_TYPE.encode()
_decode: Final = msgspec.json.Decoder(Claims).decode


def claims_of(entry: object) -> Claims | None:
    """What these bytes say as an entry, or None where they are none."""
    try:
        return _decode(entry) if isinstance(entry, bytes) else None
    except (ValueError, RecursionError):
        return None


def is_hash(expected: str, salt: object, data: object) -> bool:
    """Whether this is what an entry says of its data."""
    if not isinstance(salt, bytes) or not isinstance(data, bytes):
        return False
    return b2a_base64(sha256(salt + data).digest(), newline=False) == expected.encode()


def whole_block(block: Sequence[tuple[Any, ...]], expected: int) -> Whole | None:
    """The block, if its entries are the ``expected`` one and those after it, each with just the data it says, or none.

    None says that one of them is not, that its data was erased, or that it may be the one that says so of others'.
    Where it is not bytes that stand there, no sum and no hash of it can be had.
    """
    numbers, entries, salts, data, marks = zip(*block, strict=True)
    places = range(expected, expected + len(block))
    if any(marks) or (numbers != tuple(places) and any(number is not None for number in numbers)):
        return None
    try:
        if _ERASED in b"".join(entries):
            return None
        leaves = [sha256(b"\0" + entry).digest() for entry in entries]
        found = [_decode(entry) for entry in entries]
        hashes = [
            salt if content is None else b2a_base64(sha256(salt + content).digest(), newline=False).decode()
            for salt, content in zip(salts, data, strict=True)
        ]
    except (ValueError, TypeError, RecursionError):
        return None
    if [each.data_hash for each in found] != hashes or [each.seq for each in found] != list(places):
        return None
    last = next(
        (place for place, content in zip(reversed(places), reversed(data), strict=True) if content is not None), None
    )
    return Whole(leaves, len(block) - data.count(None), last)
