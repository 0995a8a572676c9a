"""What happens around every handler, outermost first: observed, explained, same-site, authenticated."""

from __future__ import annotations

import logging
import os
import time
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from governance_console.access import ANONYMOUS, NOBODY, Access, Principal
from governance_console.api import METRICS, PRINCIPAL, REQUEST_ID, SESSION, SESSIONS, SETTINGS, TOKENS
from governance_console.api.cookies import session_cookie
from governance_console.api.problems import problem, problem_of
from governance_console.api.routes import access_of, template_of
from governance_console.api.sites import check_host, check_origin
from governance_console.errors import ConsoleError, Forbidden, RecordUnreadable, Unauthenticated

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))

CLIENT_GONE: Final = 499
"""What the log and the metrics say of an answer that nobody waited for, as nginx has it."""

_log = logging.getLogger(__name__)


@web.middleware
async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, measure it, and log it: quietly when all went well."""
    request[REQUEST_ID] = os.urandom(8).hex()
    started = time.perf_counter()
    response = await handler(request)
    if not isinstance(response, web.WebSocketResponse):
        seconds = time.perf_counter() - started
        route = template_of(request)
        method = request.method if request.method in METHODS else "other"
        request.app[METRICS].answered(method, route, response.status, seconds)
        level = logging.DEBUG if response.status < 400 else logging.INFO
        if _log.isEnabledFor(level):
            _log.log(
                level,
                "request",
                extra={
                    "request": request[REQUEST_ID],
                    "method": method,
                    "route": route,
                    "status": response.status,
                    "ms": round(seconds * 1000, 1),
                },
            )
    return response


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document, and let no traceback out."""
    try:
        return await handler(request)
    except RecordUnreadable as error:
        _log.error("%s", error, extra={"request": request[REQUEST_ID]})
        return problem_of(request, error)
    except ConsoleError as error:
        return problem_of(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        headers = {name: error.headers[name] for name in ("Allow", "Upgrade", "Connection") if name in error.headers}
        return problem(request, error.status, _detail(request, error), headers=headers)
    except Exception as error:
        if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            # The client is gone, and nobody reads this answer. Raised on, aiohttp would log it as our failure.
            return web.Response(status=CLIENT_GONE)
        _log.exception("a handler failed", extra={"request": request[REQUEST_ID]})
        return problem(request, 500, "the console failed here; its log says more under this request_id")


@web.middleware
async def same_site(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a foreign Host, and a foreign Origin where a request could change or watch something."""
    settings = request.app[SETTINGS]
    check_host(request, settings)
    if request.method not in SAFE or "Upgrade" in request.headers:
        check_origin(request, settings)
    return await handler(request)


@web.middleware
async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks, and refuse who may not use this route."""
    access = access_of(request)
    principal = request[PRINCIPAL] = _metrics_reader(request) if access is Access.METRICS else _principal(request)
    if access not in (Access.PUBLIC, Access.METRICS) and not principal.may(access):
        if principal is NOBODY:
            raise Unauthenticated("sign in, or send the token as Authorization: Bearer")
        raise Forbidden(f"{principal.name} may only append events")
    return await handler(request)


MIDDLEWARES: Final[tuple[Middleware, ...]] = (observed, explained, same_site, authenticated)


def _principal(request: web.Request) -> Principal:
    tokens = request.app[TOKENS]
    if not tokens.are_set:
        return ANONYMOUS
    token = _bearer(request)
    if token is not None:
        principal = tokens.principal(token)
        if principal is None and access_of(request) is not Access.PUBLIC:
            request.app[METRICS].failed_signins.inc()
            raise Unauthenticated("this token is not valid here")
        return principal or NOBODY
    cookie = request.cookies.get(session_cookie(request.app[SETTINGS], request).name)
    session = None if cookie is None else request.app[SESSIONS].find(cookie)
    if session is None:
        return NOBODY
    if (request.method not in SAFE or "Upgrade" in request.headers) and "Origin" not in request.headers:
        raise Forbidden("a request with a session cookie has to name its Origin")
    request[SESSION] = session
    return session.principal


def _metrics_reader(request: web.Request) -> Principal:
    tokens = request.app[TOKENS]
    if tokens.guard_metrics and not tokens.opens_metrics(_bearer(request) or ""):
        if "Authorization" in request.headers:
            request.app[METRICS].failed_signins.inc()
        raise Unauthenticated("send METRICS_TOKEN as Authorization: Bearer")
    return NOBODY


def _bearer(request: web.Request) -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _detail(request: web.Request, error: web.HTTPException) -> str:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"{request.method} is not for this path; it takes {', '.join(sorted(error.allowed_methods))}"
    if request.match_info.http_exception is not None:
        return "there is nothing at this path"
    return error.text or error.reason
