"""What waits to be committed: bounded in events and in bytes, and gathered into groups that share a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from governance_console.errors import QueueFull
from governance_console.limits import MAX_QUEUED_BYTES, MAX_QUEUED_EVENTS, MAX_REQUEST_BYTES, MAX_REQUEST_EVENTS
from governance_console.settling import Submission

GATHER_SEC: Final = 0.001
"""The longest wait for requests that may share a commit: less than most commits take."""

COMING_SEC: Final = 0.015
"""The longest wait for those that are being parsed: so long take four batches of 500 events, one after the other."""


class Receipt(NamedTuple):
    """What was recorded: under which numbers, and how long the log is with it."""

    epoch: str
    size: int
    seqs: Sequence[int]
    accepted: int


class Waiting(NamedTuple):
    """A request that waits for its receipt."""

    submission: Submission
    receipt: asyncio.Future[Receipt]


class Gathering:
    """Owns what waits. A request counts against the bounds from ``add`` until ``answered``."""

    def __init__(self) -> None:
        self.events = 0
        self._bytes = 0
        self._waiting: list[Waiting] = []
        self._together = 1
        self._coming: set[object] = set()
        self._closing = False
        self._arrived = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits that was in no group yet."""
        return not self._waiting

    def add(self, submission: Submission) -> asyncio.Future[Receipt]:
        """Let it wait; what it waits for. Raises QueueFull."""
        events, content = len(submission.events), submission.content_bytes
        if self.events + events > MAX_QUEUED_EVENTS or self._bytes + content > MAX_QUEUED_BYTES:
            raise QueueFull("too many events are waiting to be committed; nothing of this was recorded")
        one = Waiting(submission, asyncio.get_running_loop().create_future())
        self._count(one, 1)
        self._waiting.append(one)
        self._arrived.set()
        return one.receipt

    def answered(self, one: Waiting) -> None:
        """Forget one of a group: its receipt is settled, or nobody waits for it any more."""
        self._count(one, -1)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Whoever is in here is about to add something: one commit may wait for that a little."""
        one = object()
        self._coming.add(one)
        try:
            yield
        finally:
            self._coming.discard(one)
            self._arrived.set()

    def close(self) -> None:
        """Wait for nobody any more."""
        self._closing = True
        self.wake()

    def wake(self) -> None:
        """End the wait for an arrival: something else has changed."""
        self._arrived.set()

    async def arrival(self) -> None:
        """Wait until something was added, or ``wake`` or ``close`` was called, or somebody did not come after all."""
        await self._arrived.wait()
        self._arrived.clear()

    async def group(self, took: float) -> list[Waiting]:
        """What shares the next commit, after a moment's wait for more; the last commit took so many seconds.

        Who was answered together asks again together: so for as many as last time. And for those that are coming,
        but no longer than they would wait for a commit of the others, and for none of them twice.
        """
        if self._misses():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(took, COMING_SEC) if self._coming else GATHER_SEC):
                    while self._misses():
                        self._arrived.clear()
                        await self._arrived.wait()
        self._coming.clear()
        group = self._next()
        self._together = len(group)
        return group

    def _misses(self) -> bool:
        if self._closing or self.events >= MAX_REQUEST_EVENTS:
            return False
        return bool(self._coming) or len(self._waiting) < self._together

    def _next(self) -> list[Waiting]:
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

    def _count(self, one: Waiting, sign: int) -> None:
        self.events += sign * len(one.submission.events)
        self._bytes += sign * one.submission.content_bytes
