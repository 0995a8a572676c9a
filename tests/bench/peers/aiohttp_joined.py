"""aiohttp with joined writes: what anyone can do who knows that a frame is bytes.

Each text is framed once. What comes after a quiet moment goes out at once, the rest at most FLUSH_SEC later, in
one write for each watcher. With ``PEER_COPY=one`` what is large goes out of a file in memory, which the system
does not copy for each.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aiohttp import web

from tests.bench.peers.intake import add_intake
from tests.bench.peers.publishing import WELCOME, Message
from tests.bench.peers.serving import run_application

FLUSH_SEC: Final = 0.005
WORTH_A_FILE: Final = 8 * 1024
ONE_COPY: Final = os.environ.get("PEER_COPY") == "one"


def frame(text: str) -> bytes:
    """RFC 6455 section 5.2: one final text frame, unmasked."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Feed:
    """Watchers by the source they want, and what is about to go out to each of these rooms."""

    def __init__(self) -> None:
        self.rooms: defaultdict[str, set[asyncio.Transport]] = defaultdict(set)
        self._pending: defaultdict[str, list[bytes]] = defaultdict(list)
        self._flushed = 0.0
        self._is_scheduled = False

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            framed = frame(message.text)
            for source in ("", message.source):
                if self.rooms[source]:
                    self._pending[source].append(framed)
        if not self._is_scheduled:
            self._is_scheduled = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._flushed + FLUSH_SEC), self._flush)

    def _flush(self) -> None:
        self._is_scheduled = False
        for source, frames in self._pending.items():
            joined = b"".join(frames)
            if ONE_COPY and len(joined) >= WORTH_A_FILE:
                self._send_file(source, joined)
                continue
            for transport in self.rooms[source]:
                if not transport.is_closing():
                    transport.write(joined)
        self._pending.clear()
        self._flushed = asyncio.get_running_loop().time()

    def _send_file(self, source: str, joined: bytes) -> None:
        file = os.memfd_create("joined")
        os.write(file, joined)
        for transport in self.rooms[source]:
            if transport.is_closing():
                continue
            sent = 0
            if not transport.get_write_buffer_size():
                with suppress(BlockingIOError):
                    sent = os.sendfile(transport.get_extra_info("socket").fileno(), file, 0, len(joined))
            if sent < len(joined):
                transport.write(joined[sent:])
        os.close(file)


async def make() -> web.Application:
    """The application."""
    feed = Feed()

    async def watch(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        transport, room = request.transport, feed.rooms[request.query.get("source", "")]
        assert transport is not None, "it was there when the socket was made"
        await socket.send_str(WELCOME)
        room.add(transport)
        try:
            async for _ in socket:
                pass
        finally:
            room.discard(transport)
        return socket

    app = web.Application()
    app.add_routes([web.get("/api/ws/telemetry", watch)])
    await add_intake(app, feed.publish)
    return app


if __name__ == "__main__":
    run_application(make)
