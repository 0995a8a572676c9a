"""The most recent messages, each encoded once for all watchers, and what of them a watcher gets next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from governance_console.entries import Message
from governance_console.selection import EVERYTHING, Selection

PIECE_BYTES: Final = 128 * 1024
"""A piece ends with the message that takes it past this: what one write adds to a watcher's buffer."""

PIECE_MESSAGES: Final = 1024
"""Messages looked at for one piece: a rare selection must not hold up everybody else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole frames, joined; how many they are; and the cursor after the last message that was looked at."""

    frames: bytes
    messages: int
    reached: int


class Ring:
    """The messages of the entries ``oldest <= seq < size``, bounded in number and bytes."""

    def __init__(self, size: int, most_messages: int, most_bytes: int) -> None:
        self.size = size
        self._messages: list[Message] = []
        self._gone: list[Message] = []
        self._gone_bytes = 0
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._bytes = 0

    @property
    def oldest(self) -> int:
        """The first entry whose message is still here; ``size`` when none is."""
        return self.size - len(self._messages)

    @property
    def bytes(self) -> int:
        """What the messages take, as each says."""
        return self._bytes

    def extend(self, messages: Sequence[Message]) -> None:
        """Add the messages of the next entries, and let go of the oldest past the bounds."""
        self._messages.extend(messages)
        self.size += len(messages)
        self._bytes += sum([message.size for message in messages])
        # A quarter at a time: cutting the front of a list moves all of it.
        while len(self._messages) > self._most_messages or self._bytes > self._most_bytes:
            cut = max(1, len(self._messages) // 4)
            # Not freed here: ten thousand of them would keep everybody waiting for milliseconds.
            self._gone += self._messages[:cut]
            self._gone_bytes += self._let_go(cut)
        if len(self._gone) > self._most_messages or self._gone_bytes > self._most_bytes:
            self._free_all()

    def free_some(self, most: int) -> bool:
        """Free so many at most of those that were let go; whether there are more."""
        del self._gone[-most:]
        if not self._gone:
            self._gone_bytes = 0
        return bool(self._gone)

    def forget(self, last: int) -> None:
        """Let go of everything up to this entry: what was erased is not sent from here again."""
        self._free_all()
        self._let_go(max(last + 1 - self.oldest, 0))

    def _let_go(self, cut: int) -> int:
        """Cut so many off the front; how many bytes they have."""
        size = sum([message.size for message in self._messages[:cut]])
        self._bytes -= size
        del self._messages[:cut]
        return size

    def _free_all(self) -> None:
        self._gone.clear()
        self._gone_bytes = 0

    def piece(self, start: int, selection: Selection, stop: int) -> Piece:
        """What is wanted of the entries ``oldest <= start <= seq < stop <= size``, as far as a piece goes."""
        begin = start - self.oldest
        found: list[bytes] = []
        content = looked_at = 0
        wants_all = selection == EVERYTHING
        for message in self._messages[begin : min(begin + PIECE_MESSAGES, stop - self.oldest)]:
            looked_at += 1
            if wants_all or selection.matches(message.shown):
                frame = message.frame
                found.append(frame)
                content += len(frame)
                if content >= PIECE_BYTES:
                    break
        return Piece(b"".join(found), len(found), start + looked_at)
