"""``POST /publish``: messages to stream, ready-made. Publishing costs a peer no more than taking them in."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

WELCOME: Final = '{"type":"audit","message":"welcome"}'


class Message(msgspec.Struct):
    """One text to stream, and whose it is: a watcher may want one source's only."""

    source: str
    text: str


_messages: Final = msgspec.json.Decoder(list[Message])


def publish_route(publish: Callable[[Sequence[Message]], Awaitable[None]], token: str) -> web.RouteDef:
    """The route, for an aiohttp application."""
    expected = f"Bearer {token}"

    async def post(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), expected):
            raise web.HTTPUnauthorized
        messages = _messages.decode(await request.read())
        await publish(messages)
        return web.json_response({"accepted": len(messages)})

    return web.post("/publish", post)
