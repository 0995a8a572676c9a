"""What happens around every handler: is it from this site, who asks, what is said of an error, what is counted."""

from __future__ import annotations

import logging
import random
import time
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.hdrs import ORIGIN, UPGRADE
from aiohttp.typedefs import Handler, Middleware

from governance_console.access import ANONYMOUS, NOBODY, Access, Principal
from governance_console.api import CROWD, METRICS, PRINCIPAL, REQUEST_ID, SESSION, SESSIONS, SETTINGS, TOKENS
from governance_console.api.cookies import session_cookie
from governance_console.api.cors import preflight
from governance_console.api.doorway import note_refused
from governance_console.api.guesses import refusal
from governance_console.api.problems import problem, problem_of
from governance_console.api.routes import known_of
from governance_console.api.sites import SEC_FETCH_SITE, check_cookie, check_host, check_page
from governance_console.errors import ConsoleError, Forbidden, RecordUnreadable, TooMany, Unauthenticated

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))

ALWAYS_ANSWERED: Final = (Access.PUBLIC, Access.METRICS)
"""Reads that cost next to nothing, and that tell how a console is that has too much to do."""

CLIENT_GONE: Final = 499
"""What the log and the metrics say of an answer that nobody waited for, as nginx has it."""

_log = logging.getLogger(__name__)


@web.middleware
async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, let it in or not, turn every error into a problem document, and count and log the answer.

    One step for all of it, and what decides is no coroutine: each layer more is paid by every request.
    """
    started = time.perf_counter()
    request[REQUEST_ID] = f"{random.getrandbits(64):016x}"  # names it, and guards nothing: no system call for it
    route = known_of(request)
    crowd = request.app[CROWD]
    crowd.in_flight += 1
    try:
        if crowd.in_flight > crowd.most and not (route.access in ALWAYS_ANSWERED and request.method in SAFE):
            crowd.refuse()
        check_site(request)
        if request.method == "OPTIONS" and (allowed := await preflight(request)) is not None:
            response: web.StreamResponse = allowed
        else:
            check_access(request, route.access)
            response = await handler(request)
    except Exception as error:
        if isinstance(error, web.HTTPException) and error.status < 400:
            raise
        response = _explained(request, error)
    finally:
        crowd.in_flight -= 1
    if not isinstance(response, web.WebSocketResponse):
        _observe(request, route.template, response.status, time.perf_counter() - started)
    return response


MIDDLEWARES: Final[tuple[Middleware, ...]] = (around,)


def check_site(request: web.Request) -> None:
    """Raises Forbidden for a foreign Host, and for what a page of another site may not ask for."""
    settings = request.app[SETTINGS]
    check_host(request, settings)
    headers = request.headers
    if ORIGIN in headers or SEC_FETCH_SITE in headers:  # a browser sends one of them with all that matters
        check_page(request, settings, is_unsafe=request.method not in SAFE or UPGRADE in headers)


def check_access(request: web.Request, access: Access) -> None:
    """Find out who asks. Raises Unauthenticated or Forbidden where they may not use this route."""
    if access is Access.METRICS:
        request[PRINCIPAL] = _metrics_reader(request)
        return
    principal = request[PRINCIPAL] = _principal(request, access)
    if access is not Access.PUBLIC and not principal.may(access):
        if principal is NOBODY:
            raise Unauthenticated("sign in, or send the token as Authorization: Bearer")
        raise Forbidden(principal.lacking)


def _observe(request: web.Request, route: str, status: int, seconds: float) -> None:
    """Count the answer, and log it: quietly when all went well."""
    method = request.method if request.method in METHODS else "other"
    request.app[METRICS].latencies.answered(method, route, status, seconds)
    # A flood of guesses is one warning and a metric: it shall not fill the log, too.
    level = logging.DEBUG if status < 400 or status == HTTPStatus.TOO_MANY_REQUESTS else logging.INFO
    if _log.isEnabledFor(level):
        told = {
            "request": request[REQUEST_ID],
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        _log.log(level, "request", extra=told)


def _explained(request: web.Request, error: Exception) -> web.Response:
    """An error as its problem document; no traceback gets out. Called where it was caught."""
    if isinstance(error, ConsoleError):
        if isinstance(error, RecordUnreadable):
            _log.error("%s", error, extra={"request": request[REQUEST_ID]})
        return problem_of(request, error)
    if isinstance(error, web.HTTPException):
        headers = {name: error.headers[name] for name in ("Allow", "Upgrade", "Connection") if name in error.headers}
        return problem(request, error.status, _detail(request, error), headers=headers)
    if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
        # The client is gone, and nobody reads this answer. Raised on, aiohttp would log it as our failure.
        return web.Response(status=CLIENT_GONE)
    _log.exception("a handler failed", extra={"request": request[REQUEST_ID]})
    return problem(request, 500, "the console failed here; its log says more under this request_id")


def _principal(request: web.Request, access: Access) -> Principal:
    tokens = request.app[TOKENS]
    if tokens.open_to_all:
        return ANONYMOUS
    token = _bearer(request)
    if token is not None:
        principal = tokens.principal(token)
        if principal is None:
            refused = refusal(request, "this token is not valid here")
            if isinstance(refused, Unauthenticated):
                # As for sign-ins: guesses beyond the bound are answered, and do not fill the record.
                note_refused(request, "bearer", "the token is not valid")
            # What is public stays so beside a wrong token; but /api/session tells whether it was one.
            if access is not Access.PUBLIC or isinstance(refused, TooMany):
                raise refused
        return principal or NOBODY
    cookie = request.cookies.get(session_cookie(request).name)
    session = None if cookie is None else request.app[SESSIONS].find(cookie)
    if session is None:
        return NOBODY
    if request.method not in SAFE or UPGRADE in request.headers:
        check_cookie(request, request.app[SETTINGS])
    request[SESSION] = session
    return session.principal


def _metrics_reader(request: web.Request) -> Principal:
    tokens = request.app[TOKENS]
    if tokens.guard_metrics and not tokens.opens_metrics(_bearer(request) or ""):
        detail = "send METRICS_TOKEN as Authorization: Bearer"
        raise refusal(request, detail) if "Authorization" in request.headers else Unauthenticated(detail)
    return NOBODY


def _bearer(request: web.Request) -> str | None:
    """The token that was sent, or None without the header; what is no bearer token is the empty one, which none is."""
    headers = request.headers.getall("Authorization", [])
    if not headers:
        return None
    scheme, _, token = headers[0].partition(" ")
    # Sent twice, something between may have gone by the other one.
    return token.strip() if scheme.lower() == "bearer" and len(headers) == 1 else ""


def _detail(request: web.Request, error: web.HTTPException) -> str:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"{request.method} is not for this path; it takes {', '.join(sorted(error.allowed_methods))}"
    if request.match_info.http_exception is not None:
        return "there is nothing at this path"
    return error.text or error.reason
