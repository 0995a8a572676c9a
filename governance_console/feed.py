"""Who watches the record, and what each watcher gets next. No HTTP.

A watcher is a cursor: the next ``seq`` it wants. There is no queue per watcher. All current watchers with the same
selection are one audience with one cursor: what it wants is joined once, and written once to each. One whose buffer
is full leaves it and catches up by itself, at its own pace, from the ring, and from storage where that no longer
reaches. Resuming is the same path. Publishing waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from weakref import WeakValueDictionary

from governance_console.closes import FAILED, SLOW
from governance_console.entries import Head, Message, Page, entry_message, heartbeat_frame, signature_json
from governance_console.errors import PositionLost, RecordUnavailable, RecordUnreadable
from governance_console.metrics import Metrics
from governance_console.parcel import one_copy
from governance_console.ring import PIECE_BYTES, PIECE_MESSAGES, Piece, Ring
from governance_console.selection import Selection
from governance_console.times import text_of, utc_now
from governance_console.watching import ROOM_BYTES, SLOW_SEC, Audience, Outlet, Watcher

RING_MESSAGES: Final = 20_000
RING_BYTES: Final = 32 * 1024 * 1024
"""The ring's bounds: it holds at least the largest request, so that a commit never sends all to storage."""

PAUSE_SEC: Final = 0.004
"""The least pause between two flushes: what arrives in it is joined. After a longer rest a flush comes at once."""

MOST_PAUSE_SEC: Final = 0.05
"""A flush is followed by a pause as long as it took, up to this: watchers never take more than half of the loop."""

TURN: Final = 256
"""Watchers written to before anybody else has a turn: about a millisecond of system calls."""

FREED: Final = 1000
"""Messages freed before anybody else has a turn: a third of a millisecond."""

CATCHING_UP: Final = 8
"""Pieces that all who catch up get between two turns of everybody else."""

History = Callable[[int, int, int, Selection, int], Awaitable[Page]]

_log = logging.getLogger(__name__)


class Feed:
    """The live fan-out from the journal to the watchers.

    The journal alone calls ``publish`` and ``set_writable``, the signer ``set_signature``, the eraser ``forget``, the
    ticker ``beat`` and ``cut_stuck``.
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
        self._signature = b""
        self._interval_sec = interval_sec
        self._history = history
        self._metrics = metrics
        self._ring = Ring(size, ring_messages, ring_bytes)
        self._watchers: set[Watcher] = set()
        self._audiences: WeakValueDictionary[Selection, Audience] = WeakValueDictionary()
        self._changed = asyncio.Event()
        self._beat_is_due = False
        self._ended: tuple[int, str] | None = None
        self._emptied = asyncio.Event()
        self._turns = asyncio.Semaphore(CATCHING_UP)

    @property
    def head(self) -> Head:
        """Where the record stands, as watchers are told."""
        return Head(self._epoch, self._ring.size, self._writable, self._signature)

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

    def forget(self, last: int) -> None:
        """Keep no message up to this entry: who still wants one gets it from the record, as it is there."""
        self._ring.forget(last)

    def set_writable(self, writable: bool) -> None:
        """Tell whether the record can be written; heartbeats say it on."""
        self._writable = writable

    def set_signature(self, note: bytes | None, refusing: str) -> None:
        """Tell the newest checkpoint, and why none is signed if so; heartbeats say both on."""
        self._signature = signature_json(note, refusing)

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
        audience = self._audiences.setdefault(selection, Audience(selection, self._ring.size))
        watcher = Watcher(self._ring.size if start is None else start, audience, name, credential, outlet)
        self._watchers.add(watcher)
        self._send(watcher, self._heartbeat(watcher.next, welcome=True))
        if self._ended is not None:
            outlet.end(*self._ended)
        elif watcher.next == audience.next:
            audience.current[outlet] = watcher
        else:
            watcher.catching_up = asyncio.create_task(self._catch_up(watcher))
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; harmless when it has left already."""
        self._watchers.discard(watcher)
        watcher.audience.current.pop(watcher.outlet, None)
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

    def is_watching(self, credential: str) -> bool:
        """Whether a socket that was opened with this credential is open."""
        return any(watcher.credential == credential for watcher in self._watchers)

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
                _log.warning(
                    "a watcher took nothing for %d s and is cut",
                    SLOW_SEC,
                    extra={"principal": watcher.name, "next": watcher.position},
                )
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
            while self._ring.free_some(FREED):  # noqa: ASYNC110  # there is nothing to be told of
                await asyncio.sleep(0)  # everybody else has a turn
            await asyncio.sleep(min(max(loop.time() - started, PAUSE_SEC), MOST_PAUSE_SEC))

    async def _flush(self) -> None:
        """Bring every audience to the head, a piece at a time."""
        head = self._ring.size
        for audience in list(self._audiences.values()):
            while audience.current and audience.next < head:
                if audience.next < self._ring.oldest:
                    self._fall_behind(audience, tuple(audience.current), audience.next)
                    break
                start, piece = audience.next, self._ring.piece(audience.next, audience.selection, head)
                # Moved on first: who becomes current while this is being sent does not want it.
                audience.next = piece.reached
                if piece.messages:
                    full = await self._send_to_all(audience, piece)
                    self._fall_behind(audience, full, start)
            audience.next = max(audience.next, head)

    async def _send_to_all(self, audience: Audience, piece: Piece) -> list[Outlet]:
        """Send a piece to all who are current; returns those who had no room for it."""
        current, frames = tuple(audience.current), piece.frames
        full: list[Outlet] = []
        with one_copy(frames, len(current)) as file:
            for first in range(0, len(current), TURN):
                if first:
                    await asyncio.sleep(0)  # everybody else has a turn
                full += [outlet for outlet in current[first : first + TURN] if not outlet.send(frames, file)]
        self._metrics.messages.inc(piece.messages * (len(current) - len(full)))
        return full

    def _fall_behind(self, audience: Audience, outlets: Sequence[Outlet], position: int) -> None:
        for outlet in outlets:
            watcher = audience.current.pop(outlet, None)
            if watcher is not None:  # it is still there
                watcher.next = position
                watcher.catching_up = asyncio.create_task(self._catch_up(watcher))

    async def _send_heartbeats(self) -> None:
        frames: dict[int, bytes] = {}
        for turn, watcher in enumerate(tuple(self._watchers), start=1):
            if turn % TURN == 0:
                await asyncio.sleep(0)
            following = watcher.position
            frame = frames.get(following)
            if frame is None:
                frame = frames[following] = self._heartbeat(following, welcome=False)
            self._send(watcher, frame)

    def _send(self, watcher: Watcher, heartbeat: bytes) -> None:
        # Where there is no room it is left out: it would only be read when it is no longer true.
        if watcher.outlet.send(heartbeat):
            self._metrics.messages.inc()

    def _heartbeat(self, following: int, *, welcome: bool) -> bytes:
        return heartbeat_frame(self.head, following, text_of(utc_now()), self._interval_sec, welcome=welcome)

    async def _catch_up(self, watcher: Watcher) -> None:
        """Send what is missing, as fast as it drains, until the watcher is where its audience is."""
        audience, outlet = watcher.audience, watcher.outlet
        try:
            while watcher.next != audience.next:
                if watcher.next > audience.next:
                    await asyncio.sleep(PAUSE_SEC)  # it came between a publication and its flush, which will pass it
                elif outlet.buffered > ROOM_BYTES:
                    await outlet.drained()
                else:
                    piece = await self._missed(watcher)
                    if not piece.messages or outlet.send(piece.frames):
                        self._metrics.messages.inc(piece.messages)
                        watcher.next = piece.reached
            audience.current[outlet] = watcher
        except ConnectionError:
            pass  # it left; the reading side of its handler sees the same
        except (RecordUnavailable, RecordUnreadable) as error:
            _log.error("a stream broke off at #%d: %s", watcher.next, error, extra={"principal": watcher.name})
            watcher.outlet.end(FAILED, "the record cannot be read here")
        except Exception:
            _log.exception("a stream failed")
            watcher.outlet.end(FAILED, "the console failed here")

    async def _missed(self, watcher: Watcher) -> Piece:
        """The next piece of what lies between a watcher and its audience."""
        async with self._turns:
            await asyncio.sleep(0)  # everybody else has a turn
        start, stop, selection = watcher.next, watcher.audience.next, watcher.audience.selection
        if start >= self._ring.oldest:
            return self._ring.piece(start, selection, stop)
        page = await self._history(start, stop, PIECE_MESSAGES, selection, PIECE_BYTES)
        frames = [entry_message(item).frame for item in page.items]
        return Piece(b"".join(frames), len(frames), page.reached)
