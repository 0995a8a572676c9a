"""``WS /api/ws/telemetry``: the record as it grows, and the one adapter that writes to a watcher's socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from aiohttp import WSMsgType, web

from governance_console.api import FEED, METRICS, PRINCIPAL, SESSION
from governance_console.api.bodies import refuse_body
from governance_console.api.queries import STREAM_FILTERS, check_known, number, read_selection
from governance_console.closes import FAILED, GOING_AWAY, POSITION_LOST, SLOW
from governance_console.errors import PositionLost
from governance_console.feed import Feed, Watcher
from governance_console.limits import MAX_WATCHER_MESSAGE_BYTES
from governance_console.metrics import Metrics

SLOW_SEC: Final = 30.0
"""A watcher that takes nothing for this long is cut."""

CLOSE_SEC: Final = 1.0
"""How long a close may take before the connection is aborted."""

PING_SEC: Final = 75.0
"""Ping after this silence. Longer than SLOW_SEC, or the ping would cut a slow watcher first, and wordlessly."""

_log = logging.getLogger(__name__)


class UpgradeRequired(web.HTTPClientError):
    """RFC 9110 section 15.5.22."""

    status_code = 426


class Outlet:
    """One watcher's socket. Every text goes out through ``send``, every close through ``end``."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, metrics: Metrics) -> None:
        self._socket = socket
        self._transport = request.transport  # the request loses it when the peer is gone
        self._metrics = metrics
        self._closing: asyncio.Task[None] | None = None

    async def send(self, message: bytes) -> None:
        """Send one text message. Raises TimeoutError when the peer takes nothing for SLOW_SEC."""
        async with asyncio.timeout(SLOW_SEC):
            await self._socket.send_frame(message, WSMsgType.TEXT)
        self._metrics.messages.inc()

    def end(self, code: int, reason: str) -> None:
        """Close without waiting; what is not closed after CLOSE_SEC is aborted."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def ended(self) -> None:
        """Wait until a close that was begun is done."""
        if self._closing is not None:
            await self._closing

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_SEC):
                await self._socket.close(code=code, message=reason.encode(), drain=False)
                return
        if self._transport is not None:
            self._transport.abort()


async def telemetry(request: web.Request) -> web.StreamResponse:
    """Stream to one watcher until it leaves, is cut, or the console stops."""
    feed, metrics = request.app[FEED], request.app[METRICS]
    check_known(request.query, ("from", "epoch", *STREAM_FILTERS))
    start, selection = number(request.query, "from", 0, None), read_selection(request.query)
    socket = _upgradable(request)
    await socket.prepare(request)
    outlet = Outlet(socket, request, metrics)
    session = request.get(SESSION)
    try:
        watcher = feed.join(start, request.query.get("epoch"), selection, session.key if session else None, outlet.end)
    except PositionLost as lost:
        outlet.end(POSITION_LOST, lost.reason)
        await outlet.ended()
        return socket
    sending = asyncio.create_task(_send_all(feed, watcher, outlet, metrics, request[PRINCIPAL].name))
    try:
        async for _ in socket:
            pass  # a watcher has nothing to say; its text is ignored
    finally:
        feed.leave(watcher)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await outlet.ended()
    return socket


async def close_all(app: web.Application) -> None:
    """Signal ``on_shutdown``: say 1001 to every watcher, before the record goes."""
    feed = app[FEED]
    feed.end_all(GOING_AWAY, "the console is shutting down")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SEC + 0.5):
            await feed.emptied()


async def _send_all(feed: Feed, watcher: Watcher, outlet: Outlet, metrics: Metrics, principal: str) -> None:
    try:
        while True:
            for message in await feed.following(watcher):
                await outlet.send(message)
    except TimeoutError:
        metrics.slow_closes.inc()
        _log.warning("a watcher took nothing for %d s and is cut", SLOW_SEC, extra={"principal": principal})
        watcher.end(SLOW, "slow: resume from the next of your last message")
    except ConnectionError:
        pass  # it left; the handler's reading side sees the same
    except Exception:
        _log.exception("a stream failed")
        watcher.end(FAILED, "the console failed here")


def _upgradable(request: web.Request) -> web.WebSocketResponse:
    """A socket for this request. Raises HTTPException, before the upgrade, where it cannot be one."""
    if "Sec-WebSocket-Protocol" in request.headers:
        # aiohttp would log what was offered, and clients are known to offer tokens there.
        raise web.HTTPBadRequest(text="this stream has no subprotocols: offer none")
    socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_WATCHER_MESSAGE_BYTES, heartbeat=PING_SEC)
    if not socket.can_prepare(request):
        raise UpgradeRequired(
            text="this is a WebSocket stream: connect with wscat -c, or any WebSocket client",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
        )
    body = refuse_body(request)
    if body is not None:
        raise body
    return socket
