"""HTTP by hand over a socket, for what no client library would send."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from multidict import CIMultiDict


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back. ``status`` is 0 where the connection was closed without a word."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


class RawConnection:
    """One connection, kept alive as long as the server keeps it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._where = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> asyncio.StreamWriter:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._where)
        return self._streams[1]

    async def ask(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> RawAnswer:
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    async def send(self, data: bytes) -> RawAnswer:
        (await self.open()).write(data)
        return await self.answer()

    async def answer(self) -> RawAnswer:
        assert self._streams is not None
        reader = self._streams[0]
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            return RawAnswer(0, CIMultiDict(), b"")
        status, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = CIMultiDict((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        code = int(status.split()[1])
        body = await reader.readexactly(int(headers.get("Content-Length", 0))) if code != 101 else b""
        if code == 101 or headers.get("Connection", "").lower() == "close":
            self.close()
        return RawAnswer(code, headers, body)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None
