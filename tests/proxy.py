"""What may stand between a command and its console: a proxy that can be told to misbehave as real ones do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

Recorded = tuple[str, str, int]


class Proxy:
    """Forwards to ``console``. ``statuses`` are answered first, in their order, to POSTs and exports instead.

    ``max_body`` is the most it lets through; ``cut_after`` breaks each answer to an export off after so many bytes,
    or ends it there as if it was whole where ``cuts_cleanly``, or says nothing more where it ``stalls``. After a cut it
    forwards to ``then``, if that is set.
    """

    def __init__(self, console: str, client: aiohttp.ClientSession) -> None:
        self.console = console
        self.then = ""
        self._client = client
        self.url = ""
        self.statuses: list[int] = []
        self.max_body = 8 * 1024 * 1024
        self.cut_after: int | None = None
        self.cuts_cleanly = False
        self.stalls = False
        self.posts: list[tuple[int, str]] = []
        self.cuts = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        is_export = request.headers.get("Accept") == "application/x-ndjson"
        if request.method == "POST":
            self.posts.append((len(body), request.headers.get("Content-Encoding", "identity")))
        if self.statuses and (is_export or request.method == "POST"):
            return web.Response(status=self.statuses.pop(0), headers={"Retry-After": "0"}, text="not now")
        if len(body) > self.max_body:
            return web.Response(status=413, text="<html>413 Request Entity Too Large</html>")
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        async with self._client.request(
            request.method, self.console + request.path_qs, headers=headers, data=body or None
        ) as answer:
            content = await answer.read()
            response = web.StreamResponse(
                status=answer.status, headers={"Content-Type": answer.headers.get("Content-Type", "text/plain")}
            )
            response.enable_chunked_encoding()
            await response.prepare(request)
            if is_export and self.cut_after is not None and len(content) > self.cut_after:
                self.cuts += 1
                self.console = self.then or self.console
                await response.write(content[: self.cut_after])
                if self.stalls:
                    await asyncio.Event().wait()
                if self.cuts_cleanly:
                    await response.write_eof()
                    return response
                assert request.transport is not None
                request.transport.close()
                return response
            await response.write(content)
            await response.write_eof()
            return response


@asynccontextmanager
async def before(console: str) -> AsyncIterator[Proxy]:
    """A proxy before a console, on a port of its own."""
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        proxy = Proxy(console, client)
        async with serving(proxy.handle) as url:
            proxy.url = url
            yield proxy


@asynccontextmanager
async def serving(handle: web.RequestHandler | object) -> AsyncIterator[str]:
    """A web server that is no console, with one handler for everything."""
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handle)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
