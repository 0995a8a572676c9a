"""Who watches the record, and what each watcher gets next. No HTTP.

A watcher is a cursor: the next ``seq`` it wants. There is no queue per watcher. The current ones are served
together: what is wanted is joined once for each cursor and selection, which most of them share, and written once
to each. One whose buffer is full leaves them and catches up by itself, at its own pace, from the ring, and from
storage where that no longer reaches. Resuming is the same path. Publishing waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from weakref import WeakValueDictionary

from governance_console.closes import FAILED, SLOW
from governance_console.entries import Head, Message, Page, entry_message, heartbeat_frame
from governance_console.errors import PositionLost
from governance_console.metrics import Metrics
from governance_console.ring import PIECE_BYTES, PIECE_MESSAGES, Piece, Ring
from governance_console.selection import Selection
from governance_console.times import text_of, utc_now
from governance_console.watching import SLOW_SEC, Interest, Outlet, Watcher

RING_MESSAGES: Final = 20_000
RING_BYTES: Final = 32 * 1024 * 1024
"""The ring's bounds: it holds at least the largest request, so that a commit never sends all to storage."""

PAUSE_SEC: Final = 0.004
"""The least pause between two flushes: what arrives in it is joined. After a longer rest a flush comes at once."""

MOST_PAUSE_SEC: Final = 0.05
"""A flush is followed by a pause as long as it took, up to this: watchers never take more than half of the loop."""

TURN: Final = 128
"""Watchers written to before anybody else has a turn: below a millisecond of system calls."""

History = Callable[[int, int, int, Selection, int], Awaitable[Page]]

_log = logging.getLogger(__name__)


class Feed:
    """The live fan-out from the journal to the watchers.

    The journal alone calls ``publish`` and ``set_writable``; the ticker alone calls ``beat`` and ``cut_stuck``.
    """

    def __init__(
        self,
        epoch: str,
        size: int,
        interval_sec: float,
        history: History,
        metrics: Metrics,
        ring_messages: int = RING_MESSAGES,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self._epoch = epoch
        self._writable = True
        self._interval_sec = interval_sec
        self._history = history
        self._metrics = metrics
        self._ring = Ring(size, ring_messages, ring_bytes)
        self._watchers: set[Watcher] = set()
        self._current: set[Watcher] = set()
        self._interests: WeakValueDictionary[Selection, Interest] = WeakValueDictionary()
        self._changed = asyncio.Event()
        self._beat_is_due = False
        self._ended: tuple[int, str] | None = None
        self._emptied = asyncio.Event()

    @property
    def head(self) -> Head:
        """Where the record stands, as watchers are told."""
        return Head(self._epoch, self._ring.size, self._writable)

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return len(self._watchers)

    @property
    def buffered(self) -> int:
        """Bytes that were written and that watchers have not taken yet."""
        return sum(watcher.outlet.buffered for watcher in self._watchers)

    def publish(self, messages: Sequence[Message]) -> None:
        """Hand durable entries to every watcher. They follow the last published one without a hole."""
        self._ring.extend(messages)
        self._writable = True
        self._changed.set()

    def set_writable(self, writable: bool) -> None:
        """Tell whether the record can be written; heartbeats say it on."""
        self._writable = writable

    def beat(self) -> None:
        """Let every watcher have a heartbeat."""
        self._beat_is_due = True
        self._changed.set()

    def join(
        self,
        start: int | None,
        epoch: str | None,
        selection: Selection,
        name: str,
        credential: str | None,
        outlet: Outlet,
    ) -> Watcher:
        """A new watcher, from ``start`` or live, with its welcome sent. ``name`` is who watches.

        Raises PositionLost where the position is one of another log, or beyond this one.
        """
        if epoch is not None and epoch != self._epoch:
            raise PositionLost("epoch")
        if start is not None and start > self._ring.size:
            raise PositionLost("ahead")
        interest = self._interests.setdefault(selection, Interest(selection))
        watcher = Watcher(self._ring.size if start is None else start, interest, name, credential, outlet)
        self._watchers.add(watcher)
        self._send_heartbeat(watcher, self._heartbeat(watcher.next, welcome=True))
        if self._ended is not None:
            outlet.end(*self._ended)
        else:
            self._catch_up(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; harmless when it has left already."""
        self._watchers.discard(watcher)
        self._current.discard(watcher)
        if watcher.catching_up is not None:
            watcher.catching_up.cancel()
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
                watcher.outlet.end(code, reason)

    def end_all(self, code: int, reason: str) -> None:
        """Close every socket, and every one that still joins."""
        self._ended = code, reason
        for watcher in tuple(self._watchers):
            watcher.outlet.end(code, reason)

    def cut_stuck(self, now: float) -> None:
        """Close the sockets of watchers that drain nothing. ``now`` is of a clock in seconds that never goes back."""
        for watcher in tuple(self._watchers):
            if watcher.is_stuck(now):
                self._metrics.slow_closes.inc()
                _log.warning("a watcher took nothing for %d s and is cut", SLOW_SEC, extra={"principal": watcher.name})
                self.leave(watcher)
                watcher.outlet.end(SLOW, "slow: resume from the next of your last message")

    async def run(self) -> None:
        """Serve the current watchers, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            started = loop.time()
            await self._flush()
            if self._beat_is_due:
                self._beat_is_due = False
                await self._send_heartbeats()
            await asyncio.sleep(min(max(loop.time() - started, PAUSE_SEC), MOST_PAUSE_SEC))

    async def _flush(self) -> None:
        """Bring every current watcher to the head, a piece at a time, all in step."""
        head = self._ring.size
        behind = [watcher for watcher in self._current if watcher.next < head]
        while behind:
            pieces: dict[tuple[int, Interest], Piece] = {}
            unfinished: list[Watcher] = []
            sent = 0
            for turn, watcher in enumerate(behind, start=1):
                if turn % TURN == 0:
                    await asyncio.sleep(0)
                if watcher not in self._current:
                    continue
                key = (watcher.next, watcher.interest)
                piece = pieces.get(key)
                if not watcher.has_room or (piece is None and watcher.next < self._ring.oldest):
                    self._current.discard(watcher)
                    self._catch_up(watcher)
                    continue
                if piece is None:
                    piece = pieces[key] = self._ring.piece(watcher.next, watcher.interest.selection)
                if piece.messages:
                    watcher.write(piece.frames)
                    sent += piece.messages
                watcher.next = piece.reached
                if piece.reached < head:
                    unfinished.append(watcher)
            self._metrics.messages.inc(sent)
            behind = unfinished

    async def _send_heartbeats(self) -> None:
        frames: dict[int, bytes] = {}
        for turn, watcher in enumerate(tuple(self._watchers), start=1):
            if turn % TURN == 0:
                await asyncio.sleep(0)
            frame = frames.get(watcher.next)
            if frame is None:
                frame = frames[watcher.next] = self._heartbeat(watcher.next, welcome=False)
            self._send_heartbeat(watcher, frame)

    def _send_heartbeat(self, watcher: Watcher, frame: bytes) -> None:
        # One whose buffer is full would only read later what was true now.
        if watcher.has_room:
            watcher.write(frame)
            self._metrics.messages.inc()

    def _heartbeat(self, following: int, *, welcome: bool) -> bytes:
        return heartbeat_frame(self.head, following, text_of(utc_now()), self._interval_sec, welcome=welcome)

    def _catch_up(self, watcher: Watcher) -> None:
        """Make it current, or let it come to that by itself."""
        if watcher.next == self._ring.size and watcher.has_room:
            self._current.add(watcher)
        else:
            watcher.catching_up = asyncio.create_task(self._follow(watcher))

    async def _follow(self, watcher: Watcher) -> None:
        """Send what is missing, as fast as it drains, and then make it current."""
        try:
            while watcher.next < self._ring.size or not watcher.has_room:
                if not watcher.has_room:
                    await watcher.outlet.drained()
                    continue
                if watcher.next >= self._ring.oldest:
                    piece = self._ring.piece(watcher.next, watcher.interest.selection)
                else:
                    piece = await self._older(watcher)
                if piece.messages:
                    watcher.write(piece.frames)
                    self._metrics.messages.inc(piece.messages)
                watcher.next = piece.reached
                await asyncio.sleep(0)  # everybody else has a turn
            self._current.add(watcher)
        except ConnectionError:
            pass  # it left; the reading side of its handler sees the same
        except Exception:
            _log.exception("a stream failed")
            watcher.outlet.end(FAILED, "the console failed here")

    async def _older(self, watcher: Watcher) -> Piece:
        """A piece of what the ring no longer holds."""
        page = await self._history(
            watcher.next, self._ring.size, PIECE_MESSAGES, watcher.interest.selection, PIECE_BYTES
        )
        frames = [entry_message(item).frame for item in page.items]
        return Piece(b"".join(frames), len(frames), page.reached)
