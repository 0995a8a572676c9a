"""gzip (RFC 1952) and deflate (RFC 1950, as HTTP means it), inflated in bounded steps. Pure.

aiohttp's own takes half a stream for a whole one and goes on inflating a bomb after refusing it.
"""

from __future__ import annotations

import zlib
from typing import Final, Protocol

from governance_console.errors import Malformed, TooLarge, Unsupported

STEP_BYTES: Final = 256 * 1024
"""What one step may inflate to: the most that a bomb gets done before it is noticed."""

MAX_MEMBERS: Final = 1000
"""Streams behind each other in one gzip body: each costs as much as a few hundred bytes, also an empty one."""

_WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Inflater(Protocol):
    """Takes a body as it comes, gives back the bytes that were meant."""

    def feed(self, chunk: bytes) -> bytes:
        """What this chunk adds. Raises Malformed for a broken stream, TooLarge past the limit."""

    def finish(self) -> None:
        """The body has ended. Raises Malformed where the stream has not."""


def inflater(encoding: str, limit: int) -> Inflater:
    """For a Content-Encoding; ``limit`` bounds the inflated bytes. Raises Unsupported."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Plain(limit)
    if name not in _WINDOW_BITS:
        raise Unsupported("this Content-Encoding is not taken: send gzip, deflate, or none")
    return _Zlib(_WINDOW_BITS[name], limit)


class _Plain:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    def feed(self, chunk: bytes) -> bytes:
        self._taken += len(chunk)
        if self._taken > self._limit:
            raise TooLarge(f"the body has more than {self._limit} bytes")
        return chunk

    def finish(self) -> None:
        return None


class _Zlib:
    def __init__(self, window_bits: int, limit: int) -> None:
        self._window_bits = window_bits
        self._limit = limit
        self._taken = 0
        self._stream = zlib.decompressobj(window_bits)
        self._begun = False
        self._members = 0

    def feed(self, chunk: bytes) -> bytes:
        out = bytearray()
        while chunk:
            if self._stream.eof:
                # gzip may be several streams behind each other (RFC 1952 section 2.2); zlib may not.
                if self._window_bits == zlib.MAX_WBITS:
                    raise Malformed("there is more after the end of the compressed body")
                self._stream = zlib.decompressobj(self._window_bits)
                self._members += 1
                if self._members == MAX_MEMBERS:
                    raise TooLarge(f"the gzip body has more than {MAX_MEMBERS} members: compress it as one")
            self._begun = True
            try:
                out += self._stream.decompress(chunk, STEP_BYTES)
            except zlib.error:
                raise Malformed("the compressed body is broken") from None
            if self._taken + len(out) > self._limit:
                raise TooLarge(f"the body inflates to more than {self._limit} bytes")
            chunk = self._stream.unconsumed_tail or self._stream.unused_data
        self._taken += len(out)
        return bytes(out)

    def finish(self) -> None:
        if not self._begun or not self._stream.eof:
            raise Malformed("the compressed body ends early")
