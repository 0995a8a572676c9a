"""Answers as JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, cast

from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time

from governance_console.api import REQUEST_ID, SETTINGS
from governance_console.api.clients import is_https
from governance_console.api.headers import EVERYWHERE

JSON: Final = "application/json"
MOST_AT_ONCE: Final = 16 * 1024
"""A larger answer is sent as aiohttp does it, which waits while the client takes nothing."""


def json_answer(body: bytes, status: int = 200) -> web.Response:
    """An answer whose body is JSON already."""
    return web.Response(status=status, body=body, content_type=JSON)


def quick_answer(body: bytes, status: int) -> web.StreamResponse:
    """``json_answer`` to a POST, for requests that come by the thousand a second: with status 200 or 201.

    To put headers into a dictionary, ask everybody about them and take them out again costs more than reading the
    request did.
    """
    return cast(web.StreamResponse, _Quick(body, status))  # aiohttp asks no more of an answer than what is there


def _head(status: HTTPStatus) -> bytes:
    """All that is the same for each answer with this status, with places for what is not."""
    headers = {"Content-Type": JSON, **EVERYWHERE, "Cache-Control": "no-store"}
    lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    same = "\r\n".join(lines).replace("%", "%%")
    return "\r\n".join((same, "Content-Length: %d", "Date: %s", "X-Request-Id: %s", "", "")).encode()


_HEADS: Final = {int(status): _head(status) for status in (HTTPStatus.OK, HTTPStatus.CREATED)}


class _Quick:
    """To an ordinary request it goes out in one piece; to any other, as aiohttp would send it."""

    __slots__ = ("_body", "_full", "keep_alive", "status")

    def __init__(self, body: bytes, status: int) -> None:
        self.status = status
        self.keep_alive: bool | None = True
        self._body = body
        self._full: web.Response | None = None

    async def prepare(self, request: web.Request) -> None:
        """Send it, or its head."""
        if _is_ordinary(request) and len(self._body) <= MOST_AT_ONCE:
            said = len(self._body), rfc822_formatted_time().encode(), request[REQUEST_ID].encode()
            assert request.transport is not None, "it is ordinary"
            request.transport.write(_HEADS[self.status] % said + self._body)
            return
        self._full = json_answer(self._body, self.status)
        await self._full.prepare(request)
        self.keep_alive = self._full.keep_alive

    async def write_eof(self) -> None:
        """Send what was not sent."""
        if self._full is not None:
            await self._full.write_eof()


def _is_ordinary(request: web.Request) -> bool:
    """Whether nothing about the answer depends on the request, and nothing is in its way."""
    transport = request.transport
    return (
        request.version == HttpVersion11
        and request.keep_alive
        and not request.app[SETTINGS].cors_origins
        and not is_https(request)
        and transport is not None
        and not transport.is_closing()
        and not transport.get_write_buffer_size()
    )
