"""What a new rotated file means to the stream that is read: its copy, a copy in the making, or nothing.

Everything raises Moved where a file is not where it was seen, and OSError.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from governance_console.cli.likeness import (
    WINDOW_BYTES,
    begins_as,
    begins_wholly_as,
    digest_of,
    is_done,
    is_known,
)
from governance_console.cli.rotation import Around, Seen
from governance_console.cli.state import State


class Meaning(Enum):
    """Of a rotated file that is not known."""

    OPEN = auto()
    """Soon it is known."""
    COPY = auto()
    """All that was read is in it, and the followed file was truncated since."""
    LIKENESS = auto()
    """How the followed file begins: somebody's copy, unless it grows."""
    NOTHING = auto()
    """No part of this log."""


def is_read(seen: Seen, state: State) -> bool:
    """Whether the state's stream is in this file."""
    return seen.identity.is_that_of(state.identity)


def new_ones(around: Around, state: State) -> list[Seen]:
    """Rotated files that are neither known nor the one that is read, the oldest first."""
    return [one for one in around.beside if not is_read(one, state) and not is_known(one, state.known)]


def copies(around: Around, state: State) -> list[Seen]:
    """Where the rest of a truncated file may be: first in what is new, then in what was left alone before it was."""
    new = new_ones(around, state)
    left = [one for one in around.beside if not is_read(one, state) and not is_done(one, state.known)]
    return [*new, *(one for one in left if one not in new)]


class Weighing:
    """``linger`` and ``clock`` count seconds. Owned by one ``Followed``."""

    def __init__(self, linger: float, clock: Callable[[], float]) -> None:
        self._linger = linger
        self._clock = clock
        self._weighed: tuple[object, float] | None = None

    def meaning(self, new: Seen, home: Seen, state: State) -> Meaning:
        """Of the oldest of the new files, while the followed one is where it was."""
        is_beginning = begins_as(new, home)
        if is_beginning and not self._has_been(new):
            return Meaning.OPEN  # a copy that is being made, or whose file is about to be truncated
        is_copy = new.size >= state.offset and (digest_of(new, bytes.fromhex(state.salt), state.offset) == state.digest)
        if is_copy and not (is_beginning and _could_be_anybodys(new, home)):
            return Meaning.COPY
        if is_beginning:
            return Meaning.LIKENESS
        # What is no copy may be one that was not whole when it was looked at.
        return Meaning.NOTHING if self._has_been(new.identity) else Meaning.OPEN

    def _has_been(self, what: object) -> bool:
        """Whether this was so for as long as a file may linger."""
        if self._weighed is None or self._weighed[0] != what:
            self._weighed = (what, self._clock())
        return self._clock() - self._weighed[1] >= self._linger


def _could_be_anybodys(copy: Seen, home: Seen) -> bool:
    """Whether nothing tells a file that was truncated and filled with the same again from one that was copied."""
    return copy.size >= WINDOW_BYTES and begins_wholly_as(copy, home)
