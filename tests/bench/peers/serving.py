"""How a peer is started, the same for all: ``serve --listen HOST:PORT``, on uvloop, saying where it serves."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web


def listening() -> socket.socket:
    """The socket of ``--listen``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("--listen", required=True)
    host, _, port = parser.parse_args().listen.rpartition(":")
    return socket.create_server((host, int(port)), backlog=1024)


def token() -> str:
    """What clients have to present."""
    return os.environ["OPERATOR_TOKEN"]


def tls() -> ssl.SSLContext | None:
    """Python's defaults for a server, as the console has them, where ``TLS_CERT`` and ``TLS_KEY`` are set."""
    if not os.environ.get("TLS_CERT"):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    return context


def say_serving(door: socket.socket) -> None:
    """As the console says it."""
    scheme = "https" if os.environ.get("TLS_CERT") else "http"
    sys.stderr.write(f"serves {scheme}://127.0.0.1:{door.getsockname()[1]}/\n")


def run_application(make: Callable[[], Awaitable[web.Application]]) -> None:
    """An aiohttp application until it is ended."""
    run(lambda door: _serve(make, door))


def run(serve: Callable[[socket.socket], Awaitable[None]]) -> None:
    """A server until it is ended."""
    door = listening()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_ended(serve, door))


async def _until_ended(serve: Callable[[socket.socket], Awaitable[None]], door: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(door)
    say_serving(door)
    await stop.wait()


async def _serve(make: Callable[[], Awaitable[web.Application]], door: socket.socket) -> None:
    runner = web.AppRunner(await make(), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, door, ssl_context=tls()).start()
