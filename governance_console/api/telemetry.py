"""``WS /api/ws/telemetry``: the record as it grows, and the one adapter that writes to a watcher's socket."""

from __future__ import annotations

import asyncio
import contextlib
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from governance_console.api import CROWD, FEED, PRINCIPAL, SESSION
from governance_console.api.bodies import refuse_body
from governance_console.api.queries import known_query, number, read_selection
from governance_console.closes import GOING_AWAY, POSITION_LOST
from governance_console.errors import PositionLost
from governance_console.limits import MAX_WATCHER_MESSAGE_BYTES
from governance_console.parcel import NO_FILE, send_from
from governance_console.selection import STREAM_FILTERS
from governance_console.watching import ROOM_BYTES

CLOSE_SEC: Final = 1.0
"""How long a close may take before the connection is aborted."""

PING_SEC: Final = 75.0
"""Ping after this silence. Longer than SLOW_SEC, or the ping would cut a slow watcher first, and wordlessly."""

RETRY_SEC: Final = 0.02
"""How soon a full buffer is looked at again where nothing says that it drained."""

SEND_BUFFER_BYTES: Final = 128 * 1024
"""What the system may keep for a watcher. Left to itself it grows to megabytes for each that is stalled."""


class UpgradeRequired(web.HTTPClientError):
    """RFC 9110 section 15.5.22."""

    status_code = 426


class Socket(web.WebSocketResponse):
    """A socket that tells its outlet before it closes: aiohttp answers a close by itself, and what is no WebSocket."""

    outlet: SocketOutlet | None = None

    def __init__(self) -> None:
        super().__init__(compress=False, max_msg_size=MAX_WATCHER_MESSAGE_BYTES, heartbeat=PING_SEC)

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        if self.outlet is not None:
            self.outlet.is_shut = True
        return await super().close(code=code, message=message, drain=drain)


class SocketOutlet:
    """One watcher's socket. Every text goes out through ``send``, every close through ``end``.

    A flush goes through a thousand of these: what ``send`` looks at is all in one place.
    """

    __slots__ = ("_closing", "_handle", "_socket", "_transport", "_writer", "is_shut", "written")

    def __init__(self, socket: Socket, transport: asyncio.Transport, writer: AbstractStreamWriter) -> None:
        self._socket = socket
        self._transport = transport
        self._writer = writer
        self.written = 0
        self.is_shut = False
        self._closing: asyncio.Task[None] | None = None
        socket.outlet = self
        self._transport.set_write_buffer_limits(high=ROOM_BYTES)
        system = self._transport.get_extra_info("socket")
        system.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
        # What goes over TLS is another text for each, and has to be written.
        is_plain = self._transport.get_extra_info("sslcontext") is None
        self._handle: int = system.fileno() if is_plain else NO_FILE

    @property
    def buffered(self) -> int:
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    def send(self, frames: bytes, file: int = NO_FILE) -> bool:
        transport = self._transport
        # Nothing may follow a close frame, and one dead peer must not break a flush for all: a closing TLS
        # transport has no buffer to ask for. A plain one's handle may soon be somebody else's.
        if self.is_shut or transport.is_closing():
            return True
        waiting = transport.get_write_buffer_size()
        if waiting > ROOM_BYTES:
            return False
        if file == NO_FILE or waiting or self._handle == NO_FILE:
            transport.write(frames)
        else:
            sent = send_from(file, self._handle, len(frames))
            if sent < len(frames):
                transport.write(frames[sent:])
        self.written += len(frames)
        return True

    async def drained(self) -> None:
        await self._writer.drain()
        if self.buffered > ROOM_BYTES:
            await asyncio.sleep(RETRY_SEC)  # a transport that did not say that it is full

    def end(self, code: int, reason: str) -> None:
        """Close without waiting; what is not closed after CLOSE_SEC is aborted."""
        if self._closing is None:
            self.is_shut = True
            self._closing = asyncio.create_task(self._close(code, reason))

    async def ended(self) -> None:
        """Wait until a close that was begun is done."""
        if self._closing is not None:
            await self._closing
        self._socket.outlet = None  # else the two would keep each other for the garbage collector

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_SEC):
                await self._socket.close(code=code, message=reason.encode(), drain=False)
                return
        self._transport.abort()


async def telemetry(request: web.Request) -> web.StreamResponse:
    """Stream to one watcher until it leaves, is cut, or the console stops."""
    with request.app[CROWD].watching(request[PRINCIPAL].name):
        return await _stream(request)


async def _stream(request: web.Request) -> web.StreamResponse:
    feed = request.app[FEED]
    query = known_query(request.rel_url, ("from", "epoch", *STREAM_FILTERS))
    start, selection = number(query, "from", 0, None), read_selection(query)
    socket = _upgradable(request)
    await socket.prepare(request)
    if request.transport is None:
        return socket  # it left already
    outlet = SocketOutlet(socket, request.transport, request.writer)
    session = request.get(SESSION)
    name, credential = request[PRINCIPAL].name, session.key if session else None
    try:
        watcher = feed.join(start, query.get("epoch"), selection, name, credential, outlet)
    except PositionLost as lost:
        outlet.end(POSITION_LOST, lost.reason)
        await outlet.ended()
        return socket
    try:
        async for _ in socket:
            pass  # a watcher has nothing to say; its text is ignored
    finally:
        feed.leave(watcher)
        await outlet.ended()
    return socket


async def close_all(app: web.Application) -> None:
    """Signal ``on_shutdown``: say 1001 to every watcher, before the record goes."""
    feed = app[FEED]
    feed.end_all(GOING_AWAY, "the console is shutting down")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SEC + 0.5):
            await feed.emptied()


def _upgradable(request: web.Request) -> Socket:
    """A socket for this request. Raises HTTPException, before the upgrade, where it cannot be one."""
    if "Sec-WebSocket-Protocol" in request.headers:
        # aiohttp would log what was offered, and clients are known to offer tokens there.
        raise web.HTTPBadRequest(text="this stream has no subprotocols: offer none")
    socket = Socket()
    if not socket.can_prepare(request):
        raise UpgradeRequired(
            text="this is a WebSocket stream: connect with wscat -c, or any WebSocket client",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
        )
    body = refuse_body(request)
    if body is not None:
        raise body
    return socket
