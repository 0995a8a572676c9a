"""Requests from another process: so many at a time (closed loop), or so many a second (open loop)."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.bench import wire
from tests.bench.errors import WrongResult

PLACE: Final = b"########"
"""Stands in a request where its number goes, in eight digits, so that no two are the same."""

OPEN_CONNECTIONS: Final = 256
"""Requests under way at most in an open loop. One that finds none free waits, and its wait counts."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked and answered: how many in how many seconds, and each one's seconds in ascending order."""

    requests: int
    seconds: float
    latencies: Sequence[float]


@dataclass(slots=True, eq=False)
class _Connection:
    socket: socket.socket
    began: float = 0.0
    events: int = select.EPOLLIN
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))


class Load:
    """Requests to one server, each a copy of ``template`` with a number of its own. Used by one thread."""

    def __init__(self, port: int, template: bytes) -> None:
        self._port = port
        self._template = template
        self._number = 0
        self._poll = select.epoll()
        self._by_handle: dict[int, _Connection] = {}
        self._free: list[_Connection] = []

    def closed(self, connections: int, seconds: float) -> Done:
        """On each connection one request after the other. Raises WrongResult unless each is answered with 2xx."""
        while len(self._free) < connections:
            self._connect()
        latencies: list[float] = []
        began = time.monotonic()
        give_up = began + seconds
        busy, self._free = self._free[:connections], self._free[connections:]
        under_way = len(busy)
        for one in busy:
            self._send(one, time.monotonic())
        while under_way:
            for one, now in self._answered(1.0):
                latencies.append(now - one.began)
                if now < give_up:
                    self._send(one, now)
                else:
                    self._free.append(one)
                    under_way -= 1
            if time.monotonic() > give_up + 30:
                raise WrongResult(f"{under_way} requests were not answered in 30 s")
        return Done(len(latencies), time.monotonic() - began, sorted(latencies))

    def open(self, rate: float, seconds: float) -> list[float]:
        """So many a second, whatever the server does; returns when each was due (monotonic clock).

        Raises WrongResult.
        """
        return [due for due, _ in self._open(rate, seconds)]

    def waits(self, rate: float, seconds: float) -> list[float]:
        """So many a second, and how long each took from when it was due, in ascending order. Raises WrongResult."""
        return sorted(ended - due for due, ended in self._open(rate, seconds))

    def _open(self, rate: float, seconds: float) -> list[tuple[float, float]]:
        """When each was due and when it was answered.

        A request that has to wait, for a connection or for us, was due when it was due: nothing is left out.
        """
        while len(self._free) < min(OPEN_CONNECTIONS, int(rate)):
            self._connect()
        began = time.monotonic() + 0.01
        due = [began + place / rate for place in range(int(rate * seconds))]
        sent = 0
        done: list[tuple[float, float]] = []
        while len(done) < len(due):
            now = time.monotonic()
            while sent < len(due) and due[sent] <= now and self._free:
                self._send(self._free.pop(), due[sent])
                sent += 1
            is_waiting = sent == len(due) or not self._free
            wait = 1.0 if is_waiting else max(0.0, due[sent] - time.monotonic())
            for one, ended in self._answered(wait):
                self._free.append(one)
                done.append((one.began, ended))
            if time.monotonic() > due[-1] + 30:
                raise WrongResult(f"{len(due) - len(done)} requests were not answered in 30 s")
        return sorted(done)

    def _answered(self, seconds: float) -> list[tuple[_Connection, float]]:
        """Connections whose answer is whole, and when."""
        found: list[tuple[_Connection, float]] = []
        for handle, event in self._poll.poll(seconds, 64):
            one = self._by_handle[handle]
            if event & select.EPOLLOUT:
                self._send_more(one)
                continue
            piece = one.socket.recv(65536)
            if not piece:
                raise WrongResult("the server closed a connection")
            one.received += piece
            whole = wire.answer_bytes(one.received)
            if whole is None or len(one.received) < whole:
                continue
            if one.received[9:10] != b"2" or len(one.received) != whole:
                raise WrongResult(f"not the answer that was hoped for: {bytes(one.received[:500])!r}")
            one.received.clear()
            found.append((one, time.monotonic()))
        return found

    def _send(self, one: _Connection, now: float) -> None:
        self._number += 1
        one.began = now
        one.unsent = memoryview(self._template.replace(PLACE, b"%08d" % self._number))
        self._send_more(one)

    def _send_more(self, one: _Connection) -> None:
        """As much as the socket takes; the rest when it takes more."""
        try:
            one.unsent = one.unsent[one.socket.send(one.unsent) :]
        except BlockingIOError:
            pass
        events = select.EPOLLOUT if one.unsent else select.EPOLLIN
        if events != one.events:  # a system call that most requests do not need
            one.events = events
            self._poll.modify(one.socket, events)

    def _connect(self) -> None:
        peer = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setblocking(False)
        one = _Connection(peer)
        self._by_handle[peer.fileno()] = one
        self._poll.register(peer, select.EPOLLIN)
        self._free.append(one)
