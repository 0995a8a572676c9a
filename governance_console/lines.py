"""A stream of lines, and what each becomes: an event whose id is its place in the stream. Pure.

The id of a line is the SHA-256 of the stream up to and including it, without the blanks and the line break that end it
(so that a last line is the same line before and after its line break is written). Reading a file again, whole or grown,
thus gives the same ids for the same lines, and the console recognises what it has; equal lines have different ids.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from governance_console import jsontext
from governance_console.attributes import Event, Faulty
from governance_console.errors import InputError, Malformed, TooLarge
from governance_console.events import parse_line
from governance_console.limits import MAX_LINE_BYTES

BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in its stream, counted from 1, its id, and its bytes without the line break.

    ``text`` is None where the line is longer than MAX_LINE_BYTES.
    """

    number: int
    id: str
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a line gets that names no source or no type."""

    source: str | None = None
    type: str | None = None


class Lines:
    """Takes a stream in chunks, gives its lines. ``offset`` and ``number`` are those of the last whole line's end.

    ``salt`` comes before the stream in the hash: none for a file's first stream, and for one that follows on a
    rotation what tells it from all before it.
    """

    def __init__(self, salt: bytes = b"") -> None:
        self._hash = hashlib.sha256(salt)
        self._rest = bytearray()
        self._rest_bytes = 0
        self._before_long: bytes | None = None
        self.offset = 0
        self.number = 0

    @property
    def digest(self) -> bytes:
        """SHA-256 of the salt and the stream up to ``offset``."""
        return self._before_long or self._hash.digest()

    @property
    def position(self) -> int:
        """How many bytes were fed."""
        return self.offset + self._rest_bytes

    def skip(self, chunk: bytes) -> None:
        """Take lines that need not come out again; ``number`` is the caller's to set."""
        self._hash.update(chunk)
        self.offset += len(chunk)

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that this chunk ends."""
        whole, newline, rest = chunk.rpartition(b"\n")
        found = [self._line(part) for part in whole.split(b"\n")] if newline else []
        self._keep(rest)
        return found

    def end(self) -> list[Line]:
        """The last line, if it has no line break: the stream has ended. Nothing can be fed afterwards."""
        return [self._line(b"", b"")] if self._rest_bytes else []

    def _keep(self, part: bytes) -> None:
        # Of a line that is too long only the hash and the length matter.
        self._rest_bytes += len(part)
        if self._rest_bytes > MAX_LINE_BYTES:
            self._before_long = self.digest
            self._hash.update(self._rest)
            self._hash.update(part)
            self._rest.clear()
        else:
            self._rest += part

    def _line(self, part: bytes, newline: bytes = b"\n") -> Line:
        self._keep(part)
        text = bytes(self._rest)
        is_whole = len(text) == self._rest_bytes
        shown = text.rstrip(BLANKS)
        self._hash.update(shown)
        line_id = self._hash.hexdigest()
        self._hash.update(text[len(shown) :] + newline)
        self.offset += self._rest_bytes + len(newline)
        self.number += 1
        self._rest.clear()
        self._rest_bytes = 0
        self._before_long = None
        return Line(self.number, line_id, text if is_whole else None)


def event_of(line: Line, defaults: Defaults) -> Event | None:
    """The event that a line is, or None for a blank one. Raises InputError, which says what is wrong with it."""
    if line.text is None:
        raise TooLarge(f"longer than {MAX_LINE_BYTES} bytes")
    if not line.text.strip(BLANKS):
        return None
    try:
        return parse_line(jsontext.decode(line.text), line.id, defaults.source, defaults.type)
    except Faulty as fault:
        raise InputError(fault.detail) from None
    except Malformed as error:
        raise Malformed(jsontext.said_of_line(error)) from None


def posted(event: Event) -> bytes:
    """The event as one CloudEvents object on one line, from which the console reads exactly this event."""
    if event.data is None:
        return event.attributes
    if event.data.is_json:
        return b'%s,"data":%s}' % (event.attributes[:-1], event.data.content)
    return b'%s,"data_base64":"%s"}' % (event.attributes[:-1], base64.b64encode(event.data.content))
