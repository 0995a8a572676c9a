"""FastAPI as its documentation shows it: a connection manager whose ``broadcast`` awaits one send after the other."""

from __future__ import annotations

import hmac
from collections import defaultdict
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from tests.bench.peers.fastapi_serving import run_fastapi
from tests.bench.peers.publishing import WELCOME
from tests.bench.peers.serving import token


class Message(BaseModel):
    """One text to stream, and whose it is."""

    source: str
    text: str


def make() -> FastAPI:
    """Watchers by the source they want; the empty one for everything."""
    rooms: defaultdict[str, set[WebSocket]] = defaultdict(set)
    expected = f"Bearer {token()}"
    app = FastAPI()

    @app.websocket("/api/ws/telemetry")
    async def watch(socket: WebSocket, source: str = "") -> None:
        await socket.accept()
        await socket.send_text(WELCOME)
        rooms[source].add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            rooms[source].discard(socket)

    @app.post("/publish")
    async def publish(messages: list[Message], authorization: Annotated[str, Header()] = "") -> dict[str, int]:
        if not hmac.compare_digest(authorization, expected):
            raise HTTPException(401)
        for message in messages:
            for room in (rooms[""], rooms[message.source]):
                for socket in tuple(room):
                    await socket.send_text(message.text)
        return {"accepted": len(messages)}

    return app


if __name__ == "__main__":
    run_fastapi(make())
