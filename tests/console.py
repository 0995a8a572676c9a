"""The real application over a real socket, inside the test's own event loop."""

from __future__ import annotations

import io
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from governance_console.api import SERVES
from governance_console.api.connections import Connection
from governance_console.cli.serve import listen, make_runner
from governance_console.limits import DEFAULT_BOUNDS, Bounds
from governance_console.settings import Settings
from governance_console.storage import Storage
from governance_console.values import Listen

SAMPLE = Path(__file__).parent / "data" / "event_bus.jsonl"
"""231 lines of a real agent factory's log."""


def sample_lines() -> list[str]:
    return SAMPLE.read_text(encoding="utf-8").splitlines()


def sample_batch() -> str:
    return "[" + ",".join(sample_lines()) + "]"


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next: int | None


class Stream:
    """A watcher. ``message`` is the next one, ``entry`` the next that is an entry."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def message(self) -> dict[str, Any]:
        frame = await self.socket.receive(timeout=10)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        message = json.loads(frame.data)
        assert isinstance(message, dict)
        return message

    async def entry(self) -> dict[str, Any]:
        while True:
            message = await self.message()
            if message["type"] == "entry":
                return message

    async def close_code(self) -> tuple[int | None, str]:
        """Read until the server closes; with which code and reason."""
        while True:
            frame = await self.socket.receive(timeout=10)
            if frame.type is aiohttp.WSMsgType.CLOSE:
                return int(frame.data), str(frame.extra or "")
            if frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                return self.socket.close_code, ""

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()


class Client:
    """A client of a running console. ``token`` goes along as a bearer token unless it is empty."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self.url = url.rstrip("/")
        self.client = client

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        if isinstance(options.get("data"), bytes):
            options["data"] = io.BytesIO(options["data"])
        async with self.client.request(
            method, self.url + path, headers=sent, allow_redirects=False, **options
        ) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """POST JSON, unless ``data`` is given."""
        return await self.request("POST", path, **({} if body is None else {"json": body}), **options)

    async def record(self, *events: Mapping[str, Any], token: str = "") -> list[int]:
        """Record lenient events; returns their numbers."""
        answer = await self.post("/api/events", list(events), token=token)
        assert answer.status in (200, 201), answer.text
        return [item["seq"] for item in answer.json["items"]]

    async def lines(self, query: str = "", *, token: str = "") -> list[bytes]:
        """The record, oldest first, as an export has it (of data without line breaks), but read by pages: an export
        would add to it that it was exported.
        """
        found: list[bytes] = []
        following: int | None = 0
        while following is not None:
            answer = await self.get(f"/api/events?from={following}&limit=1000{query}", token=token)
            page = msgspec.json.decode(answer.body, type=_Page)
            found += [bytes(item) + b"\n" for item in page.items]
            following = page.next
        return found

    async def sample(self, name: str) -> float:
        """A metric's value, as ``/metrics`` shows it."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", (await self.get("/metrics")).text, re.MULTILINE)
        assert found is not None, name
        return float(found[1])

    async def watch(self, query: str = "", *, token: str = "", headers: Mapping[str, str] | None = None) -> Stream:
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        url = self.url + "/api/ws/telemetry" + query
        return Stream(await self.client.ws_connect(url, headers=sent, max_msg_size=0))


class Console(Client):
    """A console that runs inside the test, and its client."""

    def __init__(self, url: str, client: aiohttp.ClientSession, runner: web.AppRunner) -> None:
        super().__init__(url, client)
        self.app = runner.app
        self._runner = runner

    @property
    def connections(self) -> list[Connection]:
        """Those that its server has."""
        assert self._runner.server is not None
        return [one for one in self._runner.server.connections if isinstance(one, Connection)]

    async def stop(self) -> None:
        """Stop it as SIGTERM does."""
        await self._runner.cleanup()


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@asynccontextmanager
async def connected(url: str, connections: int = 100, tls: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    """A client of a console that runs elsewhere, such as in a process of its own."""
    connector = aiohttp.TCPConnector(limit=connections, ssl=tls or True)
    async with aiohttp.ClientSession(connector=connector) as client:
        yield Client(url, client)


@asynccontextmanager
async def running(
    settings: Settings,
    storage: Storage | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    port: int = 0,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Console]:
    """A console on a port of its own, stopped as SIGTERM stops it. ``storage`` is instead of what the settings say.

    ``tls``: the console's side and the client's.
    """
    where = Listen("127.0.0.1", port)
    runner = make_runner(replace(settings, listen=where), storage, bounds, clock)
    await runner.setup()
    try:
        url = await listen(runner, where, tls and tls[0])
        runner.app[SERVES].set()
        connector = aiohttp.TCPConnector(ssl=tls[1] if tls else True)
        async with aiohttp.ClientSession(connector=connector) as client:
            yield Console(url, client, runner)
    finally:
        await runner.cleanup()
