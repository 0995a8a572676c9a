"""``/healthz``, ``/readyz``, ``/metrics`` and ``/api/openapi.json``: what machines ask."""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from governance_console.api import JOURNAL, METRICS, SIGNER
from governance_console.api.answers import json_answer
from governance_console.api.cookies import session_cookie
from governance_console.errors import RecordUnavailable
from governance_console.openapi import document

_ALIVE: Final = b'{"status":"alive"}'
_READY: Final = b'{"status":"ready"}'


async def healthz(request: web.Request) -> web.Response:
    """Alive: the event loop answers."""
    del request
    return json_answer(_ALIVE)


async def readyz(request: web.Request) -> web.Response:
    """Ready: the record can be written and signed."""
    if not request.app[JOURNAL].writable:
        raise RecordUnavailable("the record cannot be written; the console's log says why")
    if why := request.app[SIGNER].refusing:
        raise RecordUnavailable(f"no checkpoint is signed, and events are recorded all the same: {why}")
    return json_answer(_READY)


async def openapi(request: web.Request) -> web.Response:
    """The API, described."""
    cookie = session_cookie(request)
    return json_answer(msgspec.json.encode(document(cookie.name)))


async def metrics(request: web.Request) -> web.StreamResponse:
    """Prometheus text or OpenMetrics, by content negotiation."""
    return await make_aiohttp_handler(request.app[METRICS].registry)(request)
