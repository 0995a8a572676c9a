"""uvicorn at its fastest: uvloop, httptools, no access log, no deflate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import uvicorn
import uvloop
from fastapi import FastAPI

from tests.bench.peers.serving import listening, say_serving, tls


def run_fastapi(app: FastAPI) -> None:
    """An application until it is ended."""
    door = listening()
    context = tls()

    def made(_: object, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        return context or default()

    config = uvicorn.Config(
        app,
        http="httptools",
        ws="auto",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_keep_alive=75,  # as aiohttp has it: the load's connection is quiet while watchers connect
        access_log=False,
        log_level="warning",
        ssl_context_factory=made if context else None,
    )
    say_serving(door)  # it listens already: who connects now is served in a moment
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[door]))
