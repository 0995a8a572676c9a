"""Watchers that say when each message reached each of them: a hundred of them, every frame timed and checked."""

from __future__ import annotations

import select
import socket
import time
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.bench.errors import WrongResult
from tests.bench.results import percentile
from tests.bench.watching import decode, join
from tests.bench.wire import FrameReader


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds until a watcher had a message, over all watchers and messages.

    ``due`` counts from when the request was to be sent, ``recorded`` from the time in the entry, which the console
    takes before it commits, so that the commit is part of it.
    """

    due_p50: float
    due_p99: float
    recorded_p50: float
    recorded_p99: float


@dataclass(slots=True, eq=False)
class _Watcher:
    socket: socket.socket
    reader: FrameReader = field(default_factory=FrameReader)
    crc: int = 0
    frames: int = 0
    counts: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)


class TimedWatchers:
    """All of them, on one server, wanting everything. Used by one thread."""

    def __init__(self, port: int, token: str, path: str, watchers: int) -> None:
        self._by_handle: dict[int, _Watcher] = {}
        self._poll = select.epoll()
        self._messages: list[bytes] = []
        for _ in range(watchers):
            peer = join(port, token, path)
            self._by_handle[peer.fileno()] = _Watcher(peer)
            self._poll.register(peer, select.EPOLLIN)
        self._first = next(iter(self._by_handle.values()))

    def receive(self, messages: int, seconds: float) -> None:
        """Until each has got so many. Raises WrongResult."""
        unfinished = len(self._by_handle)
        give_up = time.monotonic() + seconds
        while unfinished:
            if time.monotonic() > give_up:
                raise WrongResult(f"{unfinished} watchers did not get {messages} messages in {seconds} s")
            for handle, _ in self._poll.poll(0.5):
                one = self._by_handle[handle]
                self._read(one)
                if one.frames > messages:
                    raise WrongResult(f"{one.frames} messages came where {messages} were sent")
                unfinished -= one.frames == messages and one.reader.is_between
        if any((one.frames, one.crc) != (self._first.frames, self._first.crc) for one in self._by_handle.values()):
            raise WrongResult("two watchers got different bytes")

    def latencies(self, due: Sequence[float]) -> Latencies:
        """Once everything is received: the message with the id of request n (from 1) was due at ``due[n - 1]``.

        Raises WrongResult where an id came twice or not at all.
        """
        shown = [decode(message) for message in self._messages]
        numbers = [int(one.entry.event.id[1:9]) - 1 for one in shown]
        if sorted(numbers) != list(range(len(due))):
            raise WrongResult("not every message came once")
        wall = time.time() - time.monotonic()
        recorded = [datetime.fromisoformat(one.entry.recorded).timestamp() - wall for one in shown]
        from_due, from_recorded = [], []
        for one in self._by_handle.values():
            for place, number in enumerate(numbers):
                moment = one.moments[bisect_right(one.counts, place)]
                from_due.append(moment - due[number])
                from_recorded.append(moment - recorded[place])
        from_due.sort()
        from_recorded.sort()
        return Latencies(
            percentile(from_due, 0.50),
            percentile(from_due, 0.99),
            percentile(from_recorded, 0.50),
            percentile(from_recorded, 0.99),
        )

    def _read(self, one: _Watcher) -> None:
        chunk = one.socket.recv(65536)
        moment = time.monotonic()
        if not chunk:
            raise WrongResult("the server closed a stream")
        found = one.reader.feed(chunk)
        one.crc = zlib.crc32(chunk, one.crc)
        one.frames += len(found)
        one.counts.append(one.frames)
        one.moments.append(moment)
        if one is self._first:
            self._messages += found
