"""aiohttp as its documentation shows it: ``send_str`` to one watcher after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from aiohttp import web

from tests.bench.peers.publishing import WELCOME, Message, publish_route
from tests.bench.peers.serving import run_application, token


async def make() -> web.Application:
    """Watchers by the source they want; the empty one for everything."""
    rooms: defaultdict[str, set[web.WebSocketResponse]] = defaultdict(set)

    async def watch(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        room = rooms[request.query.get("source", "")]
        room.add(socket)
        await socket.send_str(WELCOME)
        try:
            async for _ in socket:
                pass
        finally:
            room.discard(socket)
        return socket

    async def publish(messages: Sequence[Message]) -> None:
        for message in messages:
            for room in (rooms[""], rooms[message.source]):
                for socket in tuple(room):
                    await socket.send_str(message.text)

    app = web.Application()
    app.add_routes([web.get("/api/ws/telemetry", watch), publish_route(publish, token())])
    return app


if __name__ == "__main__":
    run_application(make)
