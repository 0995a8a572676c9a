"""Who watches the record, and what each watcher gets next. No HTTP.

A watcher is a cursor: the next ``seq`` it wants. It is served from a ring of recent messages, encoded once
for all, and from storage where the ring no longer reaches. So there is no queue per watcher: one that is
slow only falls behind its cursor, delays nobody, costs no memory, and loses nothing. Publishing never waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from governance_console.entries import Head, Item, entry_message, heartbeat_message
from governance_console.errors import PositionLost
from governance_console.times import text_of, utc_now

RING_MESSAGES: Final = 20_000
RING_BYTES: Final = 32 * 1024 * 1024
"""The ring's bounds: it holds at least the largest request, so that a commit never sends all to storage."""

BATCH_MESSAGES: Final = 256
"""Messages handed to a watcher at once: few enough that heartbeats between batches keep their time."""

History = Callable[[int, int], Awaitable[Sequence[Item]]]
End = Callable[[int, str], None]


class Watcher:
    """One open socket's place in the record. Owned by its handler, moved on only by ``Feed.following``."""

    def __init__(self, start: int, credential: str | None, end: End) -> None:
        self.next = start
        self.credential = credential
        self.end = end
        self.beats = -1


class Feed:
    """The live fan-out from the journal to the watchers.

    The journal alone calls ``publish`` and ``set_writable``; the ticker alone calls ``beat``.
    """

    def __init__(self, epoch: str, size: int, interval_sec: float, history: History) -> None:
        self._head = Head(epoch, size, True)
        self._interval_sec = interval_sec
        self._history = history
        self._ring: list[bytes] = []
        self._ring_bytes = 0
        self._beats = 0
        self._changed = asyncio.Event()
        self._watchers: set[Watcher] = set()
        self._emptied = asyncio.Event()

    @property
    def head(self) -> Head:
        """Where the record stands, as watchers are told."""
        return self._head

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return len(self._watchers)

    def publish(self, items: Sequence[Item]) -> None:
        """Hand durable items to every watcher. They follow the last published one without a hole."""
        for item in items:
            message = entry_message(item)
            self._ring.append(message)
            self._ring_bytes += len(message)
        self._trim()
        self._head = Head(self._head.epoch, self._head.size + len(items), True)
        self._wake()

    def set_writable(self, writable: bool) -> None:
        """Tell whether the record can be written; heartbeats say it on."""
        self._head = Head(self._head.epoch, self._head.size, writable)

    def beat(self) -> None:
        """Let every watcher have a heartbeat."""
        self._beats += 1
        self._wake()

    def join(self, start: int | None, epoch: str | None, credential: str | None, end: End) -> Watcher:
        """A new watcher, from ``start`` or live. ``end`` closes its socket with a code and a reason, at once.

        Raises PositionLost where the position is one of another log, or beyond this one.
        """
        if epoch is not None and epoch != self._head.epoch:
            raise PositionLost("epoch")
        if start is not None and start > self._head.size:
            raise PositionLost("ahead")
        watcher = Watcher(self._head.size if start is None else start, credential, end)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; harmless when it has left already."""
        self._watchers.discard(watcher)
        if not self._watchers:
            self._emptied.set()

    async def emptied(self) -> None:
        """Wait until nobody is watching."""
        while self._watchers:
            self._emptied.clear()
            await self._emptied.wait()

    def end(self, code: int, reason: str, credential: str | None = None) -> None:
        """Close the sockets that were opened with this credential, or all of them."""
        for watcher in tuple(self._watchers):
            if credential is None or watcher.credential == credential:
                watcher.end(code, reason)

    async def following(self, watcher: Watcher) -> Sequence[bytes]:
        """What this watcher gets next, waiting until there is something. The first is its welcome.

        Calling it again states that everything returned before was sent.
        """
        while True:
            changed = self._changed
            if watcher.beats < self._beats:
                welcome, watcher.beats = watcher.beats < 0, self._beats
                return [self._heartbeat(watcher, welcome)]
            if watcher.next < self._head.size:
                messages = self._recent(watcher.next)
                if messages is None:
                    items = await self._history(watcher.next, BATCH_MESSAGES)
                    messages = [entry_message(item) for item in items]
                watcher.next += len(messages)
                return messages
            await changed.wait()

    def _recent(self, start: int) -> list[bytes] | None:
        """Messages from the ring, or None where it no longer reaches back to ``start``."""
        oldest = self._head.size - len(self._ring)
        return None if start < oldest else self._ring[start - oldest : start - oldest + BATCH_MESSAGES]

    def _heartbeat(self, watcher: Watcher, welcome: bool) -> bytes:
        return heartbeat_message(self._head, watcher.next, text_of(utc_now()), self._interval_sec, welcome=welcome)

    def _trim(self) -> None:
        # A quarter at a time: cutting the front of a list moves all of it.
        while len(self._ring) > RING_MESSAGES or self._ring_bytes > RING_BYTES:
            cut = max(1, len(self._ring) // 4)
            self._ring_bytes -= sum(map(len, self._ring[:cut]))
            del self._ring[:cut]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
