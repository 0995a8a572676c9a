"""The sole writer: number, commit, publish, receipt. Durable before visible.

One task owns every commit, so a client that hangs up changes nothing, and requests that arrive while a
commit is under way share the next one.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Final, TypeVar

from governance_console.edge import Edge
from governance_console.errors import Conflict, RecordUnavailable, StorageFailed
from governance_console.feed import Feed
from governance_console.gathering import COMING_SEC, Gathering, Receipt, Waiting
from governance_console.metrics import Metrics
from governance_console.recording import record
from governance_console.settling import Settled, Submission
from governance_console.storage import Log, Storage
from governance_console.times import text_of, utc_now

PROBE_SEC: Final = 2.0
"""How often a record that could not be written is tried again."""

_UNKNOWN: Final = (
    "the record cannot be written: {}; whether this was recorded is unknown, "
    "and sending it again with the same id is safe"
)

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


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
        self._probe_at = 0.0
        self._failure: StorageFailed | None = None
        self._failed = asyncio.Event()
        self._writable = True
        self._closing = False
        self._gathering = Gathering()
        self._took = COMING_SEC
        metrics.queue_depth.set_function(lambda: self._gathering.events)
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
        # A request that is cancelled cancels its receipt, and nothing else: the commit does not wait for it.
        return await self._gathering.add(submission)

    def coming(self) -> AbstractContextManager[None]:
        """Whoever is in here is about to append: a commit may wait for that a little."""
        return self._gathering.coming()

    async def run(self) -> None:
        """Commit what arrives, until ``close`` was called and nothing is waiting any more."""
        while not (self._closing and self._gathering.is_empty):
            if self._gathering.is_empty:
                await self._wait()
            if not self._writable:
                await self._probe_when_due()
            if not self._gathering.is_empty:
                await self._commit(await self._gathering.group(self._took))

    def close(self) -> None:
        """Take no more, and let ``run`` return once what was taken is answered."""
        self._closing = True
        self._gathering.close()

    async def _commit(self, group: list[Waiting]) -> None:
        if self._failure is not None:
            # These waited while the store failed. It would take them, and that would prove nothing.
            self._refuse(group, self._failure)
            return
        write = functools.partial(record, self._edge, self._time(), [one.submission for one in group])
        try:
            started = time.perf_counter()
            done = await self._storage.write(write)
            self._took = time.perf_counter() - started
            if done.new:
                # Durable from here on. A crash before this line loses only what nobody was told of;
                # a crash after it loses only the telling, and the sender's repeat finds the entries.
                self._metrics.committed([new.shown.category for new in done.new], self._took)
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

    async def _wait(self) -> None:
        """Until something arrives, or a probe is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(None if self._writable else self._probe_at):
                await self._gathering.arrival()

    async def _probe_when_due(self) -> None:
        """By the clock and not by silence: what comes may be repeats, which prove nothing."""
        now = asyncio.get_running_loop().time()
        if now >= self._probe_at:
            self._probe_at = now + self._probe_sec
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

    def _answer(self, one: Waiting, outcome: Settled | Conflict) -> None:
        self._gathering.answered(one)
        if one.receipt.done():
            return  # the request is gone
        if isinstance(outcome, Conflict):
            one.receipt.set_exception(outcome)
        else:
            one.receipt.set_result(Receipt(self._epoch, self.size, outcome.seqs, outcome.accepted))

    def _refuse(self, group: list[Waiting], error: RecordUnavailable) -> None:
        if isinstance(error, StorageFailed):
            self._failure = error
            self._failed.set()
        if self._writable:
            _log.error("the record cannot be written: %s", error)
        self._writable = False
        self._probe_at = asyncio.get_running_loop().time() + self._probe_sec
        self._gathering.wake()  # else nothing is probed before something arrives
        self._tell()
        for one in group:
            self._gathering.answered(one)
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

    def _time(self) -> str:
        """Now, but never before the last entry: a clock that was set back must not reorder the record."""
        return max(text_of(self._now()), self._recorded)
