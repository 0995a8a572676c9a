"""Answers as JSON."""

from __future__ import annotations

from aiohttp import web


def json_answer(body: bytes, status: int = 200) -> web.Response:
    """An answer whose body is JSON already."""
    return web.Response(status=status, body=body, content_type="application/json")
