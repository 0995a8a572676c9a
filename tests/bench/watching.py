"""Watchers by the thousand in one process: raw sockets, every byte counted and checked.

Watchers of one group are sent the same bytes. One of them is read frame by frame, and each frame is checked;
of the others the length and the CRC-32 of all they got must be the same. So every frame of every watcher is
checked, at a cost far below the server's.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from tests.bench import wire
from tests.bench.errors import WrongResult

BUFFER_BYTES: Final = 256 * 1024
"""More than a TLS record holds, so that nothing read stays with OpenSSL, where poll does not see it."""


class Shown(msgspec.Struct):
    """What is looked at in a message. Everything else of it is covered by the CRC."""

    next: int
    entry: _Entry


class _Event(msgspec.Struct):
    id: str
    source: str


class _Entry(msgspec.Struct):
    seq: int
    recorded: str
    event: _Event


decode: Final = msgspec.json.Decoder(Shown).decode


@dataclass(frozen=True, slots=True)
class Group:
    """Watchers that want the same. ``source`` is the only one they want; empty for everything."""

    path: str
    source: str
    watchers: int


@dataclass(slots=True, eq=False)
class _Watcher:
    socket: socket.socket
    group: _Joined
    bytes: int = 0
    crc: int = 0
    last: float = 0.0


@dataclass(slots=True, eq=False)
class _Joined:
    asked: Group
    watchers: list[_Watcher] = field(default_factory=list)
    reader: wire.FrameReader = field(default_factory=wire.FrameReader)
    frames: int = 0
    seq: int = -1
    wanted: int = 0
    is_due: bool = False
    total: int | None = None
    """What each of them has to have got, as soon as the first one has it."""

    def check(self, payload: bytes) -> None:
        """One message to the first of them: the next one in order, and wanted."""
        message = decode(payload)
        seq = message.entry.seq
        is_next = seq > self.seq if self.asked.source or self.seq < 0 else seq == self.seq + 1
        if not is_next or message.next != seq + 1:
            raise WrongResult(f"#{seq} (next {message.next}) came after #{self.seq}")
        if self.asked.source not in ("", message.entry.event.source):
            raise WrongResult(f"#{seq} of {message.entry.event.source} came to who watches {self.asked.source}")
        self.seq = seq
        self.frames += 1


class Watchers:
    """All of them, on one server, over TLS where a certificate to trust is given. Used by one thread."""

    def __init__(self, port: int, token: str, groups: Sequence[Group], cert: Path | None = None) -> None:
        self._trust = trusting(cert) if cert else None
        self._groups = [_Joined(group) for group in groups]
        self._by_handle: dict[int, _Watcher] = {}
        self._poll = select.epoll()
        self._unfinished = 0
        self._buffer = bytearray(BUFFER_BYTES)
        for group in self._groups:
            for _ in range(group.asked.watchers):
                self._join(port, token, group)

    def expect(self, frames: Sequence[int]) -> None:
        """So many more frames are going to come to each watcher of each group."""
        self._unfinished = 0
        for group, more in zip(self._groups, frames, strict=True):
            group.wanted += more
            group.is_due = more > 0
            group.total = None
            self._unfinished += len(group.watchers) if group.is_due else 0

    def receive(self, seconds: float) -> list[float]:
        """Until each has what it is to get; when each that was to get something got its last byte (monotonic clock).

        Raises WrongResult.
        """
        give_up = time.monotonic() + seconds
        view = memoryview(self._buffer)
        while self._unfinished:
            ready = self._poll.poll(min(seconds, 0.5), 64)
            if not ready and time.monotonic() > give_up:
                raise WrongResult(f"{self._unfinished} watchers did not get everything in {seconds} s: {self._state()}")
            for handle, _ in ready:
                self._read(self._by_handle[handle], view)
        self._compare()
        return [one.last for group in self._groups if group.is_due for one in group.watchers]

    def close(self) -> None:
        """Leave without a word."""
        for one in self._by_handle.values():
            one.socket.close()
        self._poll.close()

    def _read(self, one: _Watcher, view: memoryview) -> None:
        try:
            got = one.socket.recv_into(view)
        except ssl.SSLWantReadError:
            return  # a piece of a record: the rest of it will wake us again
        one.last = time.monotonic()
        if not got:
            raise WrongResult("the server closed a stream")
        one.crc = zlib.crc32(view[:got], one.crc)
        one.bytes += got
        group = one.group
        if one is group.watchers[0]:
            for payload in group.reader.feed(bytes(view[:got])):
                group.check(payload)
            if group.frames > group.wanted:
                raise WrongResult(f"{group.frames} messages came where {group.wanted} were sent")
            if group.frames == group.wanted and group.reader.is_between:
                group.total = one.bytes
                self._unfinished -= sum(each.bytes == one.bytes for each in group.watchers)
                _refuse_more(group.total, max(each.bytes for each in group.watchers))
        elif group.total is not None:
            self._unfinished -= one.bytes == group.total
            _refuse_more(group.total, one.bytes)

    def _compare(self) -> None:
        for group in self._groups:
            first = group.watchers[0]
            for one in group.watchers:
                if (one.bytes, one.crc) != (first.bytes, first.crc):
                    raise WrongResult("two watchers of the same got different bytes")

    def _state(self) -> str:
        return ", ".join(
            f"{group.frames} of {group.wanted} frames for {group.asked.source or 'everything'}"
            for group in self._groups
            if group.is_due
        )

    def _join(self, port: int, token: str, group: _Joined) -> None:
        peer = join(port, token, group.asked.path, self._trust)
        one = _Watcher(peer, group)
        group.watchers.append(one)
        self._by_handle[peer.fileno()] = one
        self._poll.register(peer, select.EPOLLIN)


def _refuse_more(total: int, got: int) -> None:
    if got > total:
        raise WrongResult("a watcher got more than the first of its group")


def trusting(cert: Path) -> ssl.SSLContext:
    """A client that trusts this certificate alone, and speaks TLS 1.3 with everybody."""
    context = ssl.create_default_context(cafile=cert)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def join(port: int, token: str, path: str, trust: ssl.SSLContext | None = None) -> socket.socket:
    """A stream that has got its welcome, so the server counts it among its watchers. Raises WrongResult.

    Over TLS it does not block: a socket that is readable may hold no whole record.
    """
    peer = socket.create_connection(("127.0.0.1", port), timeout=20)
    try:
        if trust is not None:
            peer = trust.wrap_socket(peer, server_hostname="127.0.0.1")
        peer.sendall(wire.upgrade(path, token))
        head = b""
        while b"\r\n\r\n" not in head:
            head += _some(peer)
        head, _, rest = head.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise WrongResult(f"no WebSocket: {head[:200]!r}")
        reader = wire.FrameReader()
        came = reader.feed(rest)
        while not came or not reader.is_between:
            came += reader.feed(_some(peer))
        # A heartbeat may be due while thousands join: it comes right behind the welcome.
        if not all(message.startswith(b'{"type":"audit"') for message in came):
            raise WrongResult("more than a welcome and heartbeats came first")
        if trust is not None:
            peer.setblocking(False)
    except BaseException:
        peer.close()
        raise
    return peer


def _some(peer: socket.socket) -> bytes:
    received = peer.recv(65536)
    if not received:
        raise WrongResult("the server closed a stream before its welcome")
    return received
