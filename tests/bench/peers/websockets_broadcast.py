"""``websockets.broadcast``: the fastest fan-out that a library offers.

The library serves no POST, so what is to be broadcast comes through aiohttp on a second port.
"""

from __future__ import annotations

import socket
import sys
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.bench.peers.intake import add_intake
from tests.bench.peers.publishing import WELCOME, Message
from tests.bench.peers.serving import run, tls


async def start(door: socket.socket) -> None:
    """Watchers by the source they want; the empty one for everything."""
    rooms: defaultdict[str, set[ServerConnection]] = defaultdict(set)

    async def watch(socket: ServerConnection) -> None:
        assert socket.request is not None, "a handler runs after the handshake"
        room = rooms[parse_qs(urlsplit(socket.request.path).query).get("source", [""])[0]]
        await socket.send(WELCOME)
        room.add(socket)
        try:
            await socket.wait_closed()
        finally:
            room.discard(socket)

    async def publish(messages: Sequence[Message]) -> None:
        for message in messages:
            broadcast(rooms[""], message.text)
            broadcast(rooms[message.source], message.text)

    server = await serve(watch, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=1024, ssl=tls())
    [listening] = server.sockets
    sys.stderr.write(f"streams on port {listening.getsockname()[1]}\n")
    app = web.Application()
    await add_intake(app, publish)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, door, ssl_context=tls()).start()


if __name__ == "__main__":
    run(start)
