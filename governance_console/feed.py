"""Who watches the record, and what each watcher gets next. No HTTP.

A watcher is a cursor: the next ``seq`` it wants. It is served from a ring of recent messages, encoded once
for all, and from storage where the ring no longer reaches. So there is no queue per watcher: one that is
slow only falls behind its cursor, delays nobody, keeps one batch in memory, and loses nothing. Publishing never waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from governance_console.entries import Head, Message, Page, entry_message, heartbeat_message
from governance_console.errors import PositionLost
from governance_console.selection import Selection
from governance_console.times import text_of, utc_now

RING_MESSAGES: Final = 20_000
RING_BYTES: Final = 32 * 1024 * 1024
"""The ring's bounds: it holds at least the largest request, so that a commit never sends all to storage."""

BATCH_MESSAGES: Final = 256
"""Messages handed to a watcher at once: few enough that heartbeats between batches keep their time."""

BATCH_BYTES: Final = 1024 * 1024
"""What a slow watcher may keep in memory after the ring has let go of it."""

History = Callable[[int, int, int, Selection], Awaitable[Page]]
End = Callable[[int, str], None]


class Watcher:
    """One open socket's place in the record. Owned by its handler, moved on only by ``Feed.following``."""

    def __init__(self, start: int, selection: Selection, credential: str | None, end: End) -> None:
        self.next = start
        self.selection = selection
        self.credential = credential
        self.end = end
        self.beats = -1


class Feed:
    """The live fan-out from the journal to the watchers.

    The journal alone calls ``publish`` and ``set_writable``; the ticker alone calls ``beat``.
    """

    def __init__(
        self,
        epoch: str,
        size: int,
        interval_sec: float,
        history: History,
        ring_messages: int = RING_MESSAGES,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self._head = Head(epoch, size, True)
        self._interval_sec = interval_sec
        self._history = history
        self._ring: list[Message] = []
        self._most_messages = ring_messages
        self._most_bytes = ring_bytes
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

    def publish(self, messages: Sequence[Message]) -> None:
        """Hand durable entries to every watcher. They follow the last published one without a hole."""
        self._ring.extend(messages)
        self._ring_bytes += sum(len(message.text) for message in messages)
        self._trim()
        self._head = Head(self._head.epoch, self._head.size + len(messages), True)
        self._wake()

    def set_writable(self, writable: bool) -> None:
        """Tell whether the record can be written; heartbeats say it on."""
        self._head = Head(self._head.epoch, self._head.size, writable)

    def beat(self) -> None:
        """Let every watcher have a heartbeat."""
        self._beats += 1
        self._wake()

    def join(
        self, start: int | None, epoch: str | None, selection: Selection, credential: str | None, end: End
    ) -> Watcher:
        """A new watcher, from ``start`` or live. ``end`` closes its socket with a code and a reason, at once.

        Raises PositionLost where the position is one of another log, or beyond this one.
        """
        if epoch is not None and epoch != self._head.epoch:
            raise PositionLost("epoch")
        if start is not None and start > self._head.size:
            raise PositionLost("ahead")
        watcher = Watcher(self._head.size if start is None else start, selection, credential, end)
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

    def end(self, code: int, reason: str, credential: str) -> None:
        """Close the sockets that were opened with this credential."""
        for watcher in tuple(self._watchers):
            if watcher.credential == credential:
                watcher.end(code, reason)

    def end_all(self, code: int, reason: str) -> None:
        """Close every socket."""
        for watcher in tuple(self._watchers):
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
                found = self._recent(watcher) if self._oldest <= watcher.next else await self._older(watcher)
                if found:
                    return found
                await asyncio.sleep(0)  # a rare selection must not keep everybody else waiting
                continue
            await changed.wait()

    @property
    def _oldest(self) -> int:
        return self._head.size - len(self._ring)

    def _recent(self, watcher: Watcher) -> list[bytes]:
        """What the watcher wants of the next messages in the ring."""
        start = watcher.next - self._oldest
        found: list[bytes] = []
        content = 0
        for message in self._ring[start : start + BATCH_MESSAGES]:
            watcher.next += 1
            if watcher.selection.matches(message.shown):
                found.append(message.text)
                content += len(message.text)
                if content > BATCH_BYTES:
                    break
        return found

    async def _older(self, watcher: Watcher) -> list[bytes]:
        """What it wants of what the ring no longer holds."""
        page = await self._history(watcher.next, self._head.size, BATCH_MESSAGES, watcher.selection)
        watcher.next = page.reached
        return [entry_message(item).text for item in page.items]

    def _heartbeat(self, watcher: Watcher, welcome: bool) -> bytes:
        return heartbeat_message(self._head, watcher.next, text_of(utc_now()), self._interval_sec, welcome=welcome)

    def _trim(self) -> None:
        # A quarter at a time: cutting the front of a list moves all of it.
        while len(self._ring) > self._most_messages or self._ring_bytes > self._most_bytes:
            cut = max(1, len(self._ring) // 4)
            self._ring_bytes -= sum(len(message.text) for message in self._ring[:cut])
            del self._ring[:cut]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
