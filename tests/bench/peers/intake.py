"""Where an aiohttp peer gets what it streams: ready-made texts, or events that it records first.

``PEER_RECORD=group`` says the latter: then it does the console's work. It takes the request that the console takes,
and the record is the console's own table.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.bench.peers.counting import Counted
from tests.bench.peers.drafting import drafts_of, events_of
from tests.bench.peers.group_commit import CommitGroup
from tests.bench.peers.publishing import Message, publish_route
from tests.bench.peers.record import Table

Publish = Callable[[Sequence[Message]], Awaitable[None]]


async def add_intake(app: web.Application, publish: Publish) -> None:
    """The route for what is to be streamed, as the settings say."""
    token = os.environ["OPERATOR_TOKEN"]
    if os.environ.get("PEER_RECORD") == "group":
        await add_recording(app, publish, token)
    else:
        app.add_routes([publish_route(publish, token)])


async def add_recording(app: web.Application, publish: Publish, token: str) -> None:
    """``POST /api/events``: a CloudEvent or a batch, durable before it is streamed, and streamed before the answer.

    ``publish`` must not wait for anything: whoever shares a commit is woken in the order of the numbers.
    """
    table, counted, expected = Table(), Counted(), f"Bearer {token}"
    recorder = CommitGroup(table)
    await recorder.open()

    def check(request: web.Request) -> None:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), expected):
            raise web.HTTPUnauthorized

    @web.middleware
    async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        response = await handler(request)
        if not isinstance(response, web.WebSocketResponse):
            counted.answered(request.method, request.path, response.status, time.perf_counter() - began)
        return response

    async def post(request: web.Request) -> web.Response:
        check(request)
        try:
            drafts = drafts_of(events_of(await request.read(), request.content_type))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        numbers = await recorder.record([table.row_of(one.event, one.entry, one.data) for one in drafts])
        new = [(one, seq) for one, seq in zip(drafts, numbers, strict=True) if seq is not None]
        await publish([Message(one.event.source, one.text(seq)) for one, seq in new])
        counted.recorded(len(new))
        items = [{"id": one.event.id, "seq": seq} for one, seq in zip(drafts, numbers, strict=True)]
        answer = msgspec.json.encode({"accepted": len(new), "items": items})
        return web.Response(status=201, body=answer, content_type="application/json")

    async def size(request: web.Request) -> web.Response:
        check(request)
        return web.json_response({"size": await recorder.size()})

    async def closed(_: web.Application) -> None:
        await recorder.close()

    app.middlewares.append(measured)
    app.on_cleanup.append(closed)
    app.add_routes([web.post("/api/events", post), web.get("/api/events", size)])
