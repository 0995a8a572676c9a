"""The headers that every answer has, whoever made it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from governance_console.api import REQUEST_ID, SETTINGS

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
EVERYWHERE: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "governance-console",
}

HSTS: Final = "max-age=31536000"
"""A year of nothing but TLS to this host (RFC 6797)."""


async def add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``. What a handler has set stays."""
    response.headers.update(EVERYWHERE)
    response.headers.setdefault("Cache-Control", "no-store")
    if isinstance(request, web.Request) and request.app[SETTINGS].is_https:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
