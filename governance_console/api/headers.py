"""The headers that every answer has, whoever made it."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.hdrs import CACHE_CONTROL
from multidict import CIMultiDict, CIMultiDictProxy, istr

from governance_console.api import REQUEST_ID
from governance_console.api.clients import is_https

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
EVERYWHERE: Final = CIMultiDictProxy(
    CIMultiDict(
        {
            "Content-Security-Policy": CSP,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Server": "governance-console",
        }
    )
)
"""Kept as an answer's headers are, so that each answer gets them in one piece."""

STRICT_TRANSPORT_SECURITY: Final = istr("Strict-Transport-Security")
X_REQUEST_ID: Final = istr("X-Request-Id")

HSTS: Final = "max-age=31536000"
"""A year of nothing but TLS to this host (RFC 6797)."""


async def add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``. What a handler has set stays."""
    headers = response.headers
    headers.update(EVERYWHERE)
    headers.setdefault(CACHE_CONTROL, "no-store")
    if isinstance(request, web.Request) and is_https(request):
        headers.setdefault(STRICT_TRANSPORT_SECURITY, HSTS)
    if (number := request.get(REQUEST_ID)) is not None:
        headers[X_REQUEST_ID] = number
