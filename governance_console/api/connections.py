"""The server's connections: how many there are, and how long one may keep it waiting.

aiohttp ends a connection that waits too long for its next request, and bounds each line of a head. What it leaves open
is here: the size of a whole head, a first request that never comes whole, an answer that nobody takes, their number.
Over TLS the handshake is part of all that (``arriving``).
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web, web_runner
from aiohttp.typedefs import Handler

from governance_console.api import BOUNDS, METRICS
from governance_console.api.arriving import Arriving
from governance_console.api.headers import EVERYWHERE
from governance_console.crowd import RETRY_SEC
from governance_console.limits import MAX_HEAD_BYTES, Bounds
from governance_console.metrics import Metrics

MOST_SWEEP_SEC: Final = 5.0
"""How often connections are looked through at least, while there are any."""


def _last_words(status: HTTPStatus, *headers: str) -> bytes:
    """An answer without a body, to a connection that is closed with it."""
    said = ("Content-Length: 0", "Connection: close", "Cache-Control: no-store", *headers)
    return "\r\n".join((f"HTTP/1.1 {status} {status.phrase}", *said, "", "")).encode()


FULL: Final = _last_words(HTTPStatus.SERVICE_UNAVAILABLE, f"Retry-After: {RETRY_SEC:g}")
"""Said to a connection that there is no room for, before anything of it is read."""

HEAD_TOO_LARGE: Final = _last_words(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
"""Said to who sends a head that goes on and on."""


class Connection(web.RequestHandler):
    """One connection, as aiohttp serves it, and since when it has kept us waiting. Looked at by its server alone."""

    __slots__ = ("_head", "_since", "_unsent")

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._since = self._loop.time()
        self._unsent = 0
        self._head = 0

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for the head of a request, and nothing would be lost with it."""
        # A waiter that is done has a request already, which its handler takes up at the next step of the loop.
        return self._waiter is not None and not self._waiter.done() and self.transport is not None

    def is_late(self, transport: asyncio.Transport, now: float, bounds: Bounds) -> bool:
        """Whether it has not sent a first request, or taken anything of an answer, for too long."""
        if self._upgraded:
            return False  # the feed cuts a watcher that takes nothing
        if self.is_waiting and not self._request_count:
            return now - self._since > bounds.first_request_sec
        # A TLS transport that is closing has no buffer to ask for; that it is still here means that it is not empty.
        unsent = -1 if transport.is_closing() else transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._since, self._unsent = now, unsent
        return now - self._since > bounds.stalled_sec

    def data_received(self, data: bytes) -> None:
        """As aiohttp, but for a head that goes on and on: 128 lines of any length would be memory for the asking."""
        web.RequestHandler.data_received(self, data)
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._head = 0
            return
        self._head += len(data)
        if self._head > MAX_HEAD_BYTES and self.transport is not None:
            self.transport.write(HEAD_TOO_LARGE)
            self.force_close()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """As aiohttp, which asks for it after each piece of a body, whether reading was paused or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def handle_error(self, *arguments: Any, **named: Any) -> web.StreamResponse:
        """aiohttp's own answer to what is no HTTP, with the headers that every answer has."""
        response = super().handle_error(*arguments, **named)
        response.headers.update(EVERYWHERE)
        response.headers["Cache-Control"] = "no-store"
        return response


class Server(web.Server):
    """aiohttp's server, for as many connections as there is room for."""

    def __init__(self, handler: Handler, bounds: Bounds, metrics: Metrics, **options: Any) -> None:
        super().__init__(handler, **options)  # type: ignore[arg-type]
        self._bounds = bounds
        self._metrics = metrics
        self._sweep_sec = min(MOST_SWEEP_SEC, bounds.first_request_sec / 4, bounds.stalled_sec / 4)
        self._sweeping: asyncio.TimerHandle | None = None
        self.arriving: dict[Arriving, None] = {}

    def __call__(self) -> web.RequestHandler:
        """A new connection's protocol."""
        return Connection(self, loop=self._loop, **self._kwargs)

    def over_tls(self, tls: ssl.SSLContext) -> Arriving:
        """The protocol of a new connection that has to agree on TLS first."""
        return Arriving(self, self(), tls, self._bounds.first_request_sec, self._metrics)

    def has_room(self) -> bool:
        """Whether one more may come, if need be in the place of one that waits: of the oldest handshake at first."""
        return len(self._connections) + len(self.arriving) < self._bounds.connections or self._make_room()

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection in; one for which there is no room, even without the oldest that only waits, is told so."""
        if not self.has_room():
            self._metrics.limited.labels("connections").inc()
            transport.write(FULL)
            transport.close()
        super().connection_made(handler, transport)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._sweep_sec, self._sweep)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as aiohttp has it
        """End all connections."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for one in tuple(self.arriving):
            one.end()
        await super().shutdown(timeout)

    def _make_room(self) -> bool:
        if self.arriving:
            self._metrics.limited.labels("connections").inc()
            next(iter(self.arriving)).end()
            return True
        for connection in self._connections:
            if isinstance(connection, Connection) and connection.is_waiting:
                self._metrics.limited.labels("connections").inc()
                connection.force_close()
                return True
        return False

    def _sweep(self) -> None:
        self._sweeping = None
        now = self._loop.time()
        for connection, transport in tuple(self._connections.items()):
            if isinstance(connection, Connection) and connection.is_late(transport, now, self._bounds):
                self._metrics.limited.labels("slow").inc()
                transport.abort()
        if self._connections:
            self._sweeping = self._loop.call_later(self._sweep_sec, self._sweep)


class Runner(web.AppRunner):
    """An application's runner, with this server instead of aiohttp's."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(
            made.request_handler,
            self.app[BOUNDS],
            self.app[METRICS],
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )


class SecureSite(web.TCPSite):
    """A port that speaks TLS. Connections are counted when they are accepted, not when they have agreed on it."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext) -> None:
        super().__init__(runner, host, port, reuse_port=False)
        self._tls = tls

    async def start(self) -> None:
        """As aiohttp's site, with a handshake of ours."""
        await web_runner.BaseSite.start(self)
        server = self._runner.server
        assert isinstance(server, Server)
        self._server = await asyncio.get_running_loop().create_server(
            partial(server.over_tls, self._tls), self._host, self._port, backlog=self._backlog, reuse_port=False
        )
