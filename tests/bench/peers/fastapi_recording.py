"""FastAPI taking in events and answering questions, as the console does: token, metrics, a durable record.

``PEER_RECORD`` says how: ``each`` (aiosqlite, a commit per request), ``group``, or ``nothing``.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.bench.peers.counting import Counted
from tests.bench.peers.fastapi_serving import run_fastapi
from tests.bench.peers.group_commit import CommitGroup
from tests.bench.peers.record import Table
from tests.bench.peers.recording import CommitEach, Recorder
from tests.bench.peers.serving import token


class Event(BaseModel):
    """A CloudEvent."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    traceid: str | None = None
    data: Any = None


class Question(BaseModel):
    """What is asked."""

    query: str


class Measured:
    """The latency of each request by route, as the console measures it.

    Plain ASGI, for a middleware written with FastAPI's decorator is slower.
    """

    def __init__(self, app: ASGIApp, counted: Counted) -> None:
        self._app = app
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def observed(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        await self._app(scope, receive, observed)
        seconds = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", "other")
        self._counted.answered(scope["method"], route, status, seconds)


def _recorder(way: str, table: Table) -> Recorder | None:
    if way == "nothing":
        return None
    return CommitEach(table) if way == "each" else CommitGroup(table)


def make(way: str) -> FastAPI:
    """The application."""
    table = Table()
    recorder = _recorder(way, table)
    counted = Counted()
    expected = f"Bearer {token()}"

    async def authenticated(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization, expected):
            raise HTTPException(401)

    @asynccontextmanager
    async def opened(_: FastAPI) -> AsyncIterator[None]:
        if recorder is not None:
            await recorder.open()
        yield

    async def record(events: list[dict[str, Any]]) -> None:
        if recorder is not None:
            await recorder.record([table.row(event) for event in events])
            counted.recorded(len(events))

    app = FastAPI(lifespan=opened, dependencies=[Depends(authenticated)])
    app.add_middleware(Measured, counted=counted)

    @app.post("/api/events", status_code=201)
    async def post_event(event: Event) -> dict[str, Any]:
        await record([event.model_dump()])
        return {"accepted": 1, "items": [{"id": event.id}]}

    @app.post("/api/events/batch", status_code=201)
    async def post_batch(events: list[Event]) -> dict[str, Any]:
        await record([event.model_dump() for event in events])
        return {"accepted": len(events), "items": [{"id": event.id} for event in events]}

    @app.get("/api/events")
    async def size() -> dict[str, int]:
        return {"size": await recorder.size() if recorder is not None else 0}

    @app.post("/api/gpt/query")
    async def ask(question: Question) -> dict[str, str]:
        asked = {"specversion": "1.0", "id": secrets.token_hex(16), "source": "console", "type": "model.query"}
        await record([{**asked, "data": {"query": question.query}}])
        return {"response": f"[GPT-5] received query: {question.query}"}

    return app


if __name__ == "__main__":
    run_fastapi(make(os.environ["PEER_RECORD"]))
