"""The sole writer: number, commit, publish, receipt. Durable before visible.

One task owns every commit, so a client that hangs up changes nothing, and requests that arrive while a
commit is under way share the next one.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from governance_console.edge import Edge
from governance_console.errors import Conflict, QueueFull, RecordUnavailable, StorageFailed
from governance_console.feed import Feed
from governance_console.limits import (
    MAX_QUEUED_BYTES,
    MAX_QUEUED_EVENTS,
    MAX_REQUEST_BYTES,
    MAX_REQUEST_EVENTS,
)
from governance_console.metrics import Metrics
from governance_console.recording import record
from governance_console.settling import Settled, Submission
from governance_console.storage import Log, Storage
from governance_console.times import text_of, utc_now

PROBE_SEC: Final = 2.0
"""How often a record that could not be written is tried again."""

GATHER_SEC: Final = 0.001
"""The longest wait for requests that may share a commit: less than most commits take."""

_UNKNOWN: Final = "the record cannot be written: {}; whether this was recorded is unknown, and sending it again is safe"

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Receipt(NamedTuple):
    """What was recorded: under which numbers, and how long the log is with it."""

    epoch: str
    size: int
    seqs: Sequence[int]
    accepted: int


class _Waiting(NamedTuple):
    submission: Submission
    receipt: asyncio.Future[Receipt]


class Journal:
    """Owns the edge of the log's tree, and so its size, and whether the record is writable; nothing else appends."""

    def __init__(
        self,
        storage: Storage,
        log: Log,
        feed: Feed,
        metrics: Metrics,
        now: Callable[[], datetime] = utc_now,
        probe_sec: float = PROBE_SEC,
    ) -> None:
        self._storage = storage
        self._epoch = log.epoch
        self._edge = log.edge
        self._recorded = log.recorded
        self._feed = feed
        self._metrics = metrics
        self._now = now
        self._probe_sec = probe_sec
        self._failure: StorageFailed | None = None
        self._failed = asyncio.Event()
        self._writable = True
        self._closing = False
        self._waiting: list[_Waiting] = []
        self._events_waiting = 0
        self._bytes_waiting = 0
        self._arrived = asyncio.Event()
        metrics.queue_depth.set_function(lambda: self._events_waiting)
        self._tell()

    @property
    def epoch(self) -> str:
        """The log's epoch."""
        return self._epoch

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._edge.size

    @property
    def edge(self) -> Edge:
        """The edge of the tree over all that is durable."""
        return self._edge

    @property
    def writable(self) -> bool:
        """Whether the last write succeeded, so that the next one may be expected to."""
        return self._writable and not self._closing

    @property
    def failure(self) -> StorageFailed | None:
        """Why nothing will be recorded any more, or None."""
        return self._failure

    async def failed(self) -> StorageFailed:
        """Wait until nothing will be recorded any more, which a healthy record never comes to; why."""
        await self._failed.wait()
        assert self._failure is not None
        return self._failure

    async def save_checkpoint(self, size: int, note: bytes) -> None:
        """Make a signed checkpoint durable in the record. Raises RecordUnavailable: it may be there all the same."""
        await self.write(lambda: self._storage.save_checkpoint(size, note))

    async def write(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Do a write that appends nothing. Raises RecordUnavailable: it may have been done all the same."""
        if self._failure:
            raise StorageFailed(f"the record cannot be written: {self._failure}")
        try:
            return await work()
        except RecordUnavailable as error:
            self._refuse([], error)
            raise

    async def append(self, submission: Submission) -> Receipt:
        """Record a request's events, all or none. Returns once they are durable and on their way to the watchers.

        Raises Conflict, or RecordUnavailable, after which it is unknown whether they were recorded.
        """
        if self._failure:
            raise StorageFailed(f"the record cannot be written: {self._failure}; nothing of this was recorded")
        if self._closing:
            raise RecordUnavailable("the console is shutting down; nothing of this was recorded")
        events, content = len(submission.events), submission.content_bytes
        if self._events_waiting + events > MAX_QUEUED_EVENTS or self._bytes_waiting + content > MAX_QUEUED_BYTES:
            raise QueueFull("too many events are waiting to be committed; nothing of this was recorded")
        waiting = _Waiting(submission, asyncio.get_running_loop().create_future())
        self._count(waiting, 1)
        self._waiting.append(waiting)
        self._arrived.set()
        # A request that is cancelled cancels its receipt, and nothing else: the commit does not wait for it.
        return await waiting.receipt

    async def run(self) -> None:
        """Commit what arrives, until ``close`` was called and nothing is waiting any more."""
        together = 1
        while self._waiting or not self._closing:
            if self._writable:
                await self._arrived.wait()
            else:
                await self._wait_or_probe()
            self._arrived.clear()
            while self._waiting:
                await self._gather(together)
                group = self._next_group()
                together = len(group)
                await self._commit(group)

    def close(self) -> None:
        """Take no more, and let ``run`` return once what was taken is answered."""
        self._closing = True
        self._arrived.set()

    async def _gather(self, together: int) -> None:
        """Who was answered together asks again together: wait a moment for as many as last time, and sync once."""
        if len(self._waiting) >= together or self._closing:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SEC):
                while len(self._waiting) < together and not self._closing:
                    self._arrived.clear()
                    await self._arrived.wait()

    async def _commit(self, group: list[_Waiting]) -> None:
        if self._failure is not None:
            # These waited while the store failed. It would take them, and that would prove nothing.
            self._refuse(group, self._failure)
            return
        write = functools.partial(record, self._edge, self._time(), [one.submission for one in group])
        try:
            started = time.perf_counter()
            done = await self._storage.write(write)
            if done.new:
                # Durable from here on. A crash before this line loses only what nobody was told of;
                # a crash after it loses only the telling, and the sender's repeat finds the entries.
                self._metrics.committed([new.shown.category for new in done.new], time.perf_counter() - started)
                self._edge, self._recorded = done.growth.edge, done.time
                self._feed.publish(done.messages)
                self._wrote()
        except RecordUnavailable as error:
            self._refuse(group, error)
        except Exception as error:
            self._refuse(group, self._broken(error))
        else:
            for one, outcome in zip(group, done.outcomes, strict=True):
                self._answer(one, outcome)

    async def _wait_or_probe(self) -> None:
        try:
            async with asyncio.timeout(self._probe_sec):
                await self._arrived.wait()
        except TimeoutError:
            await self._probe()

    async def _probe(self) -> None:
        if self._failure:
            return
        try:
            await self._storage.probe()
        except RecordUnavailable as error:
            self._refuse([], error)
        except Exception as error:
            self._refuse([], self._broken(error))
        else:
            self._wrote()

    def _broken(self, error: Exception) -> StorageFailed:
        """What nobody foresaw: the journal stops recording rather than guessing, and goes on answering."""
        _log.error("the journal failed", exc_info=error)
        return StorageFailed(f"the journal failed ({type(error).__name__})")

    def _answer(self, one: _Waiting, outcome: Settled | Conflict) -> None:
        self._count(one, -1)
        if one.receipt.done():
            return  # the request is gone
        if isinstance(outcome, Conflict):
            one.receipt.set_exception(outcome)
        else:
            one.receipt.set_result(Receipt(self._epoch, self.size, outcome.seqs, outcome.accepted))

    def _refuse(self, group: list[_Waiting], error: RecordUnavailable) -> None:
        if isinstance(error, StorageFailed):
            self._failure = error
            self._failed.set()
        if self._writable:
            _log.error("the record cannot be written: %s", error)
        self._writable = False
        self._tell()
        for one in group:
            self._count(one, -1)
            if not one.receipt.done():
                # To each its own: a raised exception gathers the frames it went through.
                one.receipt.set_exception(type(error)(_UNKNOWN.format(error)))

    def _wrote(self) -> None:
        if not self._writable:
            _log.warning("the record can be written again")
        self._writable = True
        self._tell()

    def _tell(self) -> None:
        self._metrics.writable.set(self._writable)
        self._metrics.size.set(self.size)
        self._feed.set_writable(self._writable)

    def _next_group(self) -> list[_Waiting]:
        """What waits, as far as one commit should hold."""
        events = content = 0
        for taken, one in enumerate(self._waiting):
            events += len(one.submission.events)
            content += one.submission.content_bytes
            if taken and (events > MAX_REQUEST_EVENTS or content > MAX_REQUEST_BYTES):
                group, self._waiting = self._waiting[:taken], self._waiting[taken:]
                return group
        group, self._waiting = self._waiting, []
        return group

    def _count(self, one: _Waiting, sign: int) -> None:
        self._events_waiting += sign * len(one.submission.events)
        self._bytes_waiting += sign * one.submission.content_bytes

    def _time(self) -> str:
        """Now, but never before the last entry: a clock that was set back must not reorder the record."""
        return max(text_of(self._now()), self._recorded)
