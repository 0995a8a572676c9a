"""CORS (the Fetch standard, section 3.2): answers are shared with pages of ``CORS_ORIGINS``, and with no others.

Never with credentials: the session cookie is SameSite=Lax and for the console's own pages. Other origins send a bearer
token, which a page has to hold itself, so that nothing comes along by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from governance_console.api import SETTINGS

EXPOSED: Final = "Retry-After, WWW-Authenticate, X-Request-Id"
MAX_AGE_SEC: Final = 600
"""How long a browser may believe a preflight: so long a changed CORS_ORIGINS may go unnoticed."""

ALWAYS: Final = ("Authorization",)
WITH_A_BODY: Final = ("Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key")


async def share(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``, where ``CORS_ORIGINS`` names any: say who may read this answer."""
    vary = response.headers.get("Vary")
    response.headers["Vary"] = f"{vary}, Origin" if vary else "Origin"
    origin = request.headers.get("Origin")
    if isinstance(request, web.Request) and origin and origin.lower() in request.app[SETTINGS].cors_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED


async def preflight(request: web.Request) -> web.Response | None:
    """The answer to a preflight from an origin that is shared with; None where it is no such, or nothing is there."""
    origin, method = request.headers.get("Origin", ""), request.headers.get("Access-Control-Request-Method")
    if method is None or origin.lower() not in request.app[SETTINGS].cors_origins:
        return None
    found = await request.app.router.resolve(request.clone(method=method))
    return None if found.http_exception is not None else web.Response(status=204, headers=_allowed(request, method))


def _allowed(request: web.Request, method: str) -> Mapping[str, str]:
    """Always the same for a route, but for CloudEvents' attributes, of which there is no list."""
    names = list(ALWAYS if method in ("GET", "HEAD") else WITH_A_BODY)
    if method not in ("GET", "HEAD"):
        asked = request.headers.get("Access-Control-Request-Headers", "").lower().split(",")
        names += sorted({name.strip() for name in asked if name.strip().startswith("ce-")})
    allowed = {
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": ", ".join(names),
        "Access-Control-Max-Age": str(MAX_AGE_SEC),
    }
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        allowed["Access-Control-Allow-Private-Network"] = "true"
    return allowed
