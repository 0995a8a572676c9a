"""Errors as RFC 9457 problem documents: the one place that turns them into HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from governance_console.api import METRICS, REQUEST_ID
from governance_console.errors import (
    Conflict,
    ConsoleError,
    Fault,
    Forbidden,
    InputError,
    Malformed,
    NotVouched,
    Overloaded,
    ProviderAway,
    ProviderFailed,
    RecordUnavailable,
    RecordUnreadable,
    Refused,
    SignInLost,
    TooLarge,
    TooMany,
    TooSlow,
    Unacceptable,
    Unauthenticated,
    Unsupported,
)

STATUSES: Final[Mapping[type[ConsoleError], HTTPStatus]] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    Unacceptable: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    NotVouched: HTTPStatus.FORBIDDEN,
    SignInLost: HTTPStatus.BAD_REQUEST,
    ProviderAway: HTTPStatus.SERVICE_UNAVAILABLE,
    ProviderFailed: HTTPStatus.BAD_GATEWAY,
    RecordUnreadable: HTTPStatus.INTERNAL_SERVER_ERROR,
    RecordUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
RETRY_AFTER_SEC: Final = 2
_TITLES: Final = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large"}


def problem(
    request: web.Request,
    status: int,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A problem document. ``detail`` is a sentence for people, without secrets."""
    known = HTTPStatus(status)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(known, known.phrase),
        "status": status,
        "detail": detail,
        "request_id": request[REQUEST_ID],
    }
    if faults:
        document["errors"] = [
            {"item": fault.item, "pointer": fault.pointer, "detail": fault.detail} for fault in faults
        ]
    return web.Response(
        status=status,
        body=msgspec.json.encode(document),
        content_type="application/problem+json",
        headers=headers,
    )


def problem_of(request: web.Request, error: ConsoleError) -> web.Response:
    """The problem document of a domain error."""
    status = next((known for kind, known in STATUSES.items() if isinstance(error, kind)), None)
    if status is None:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Refused):
        headers["Retry-After"] = str(math.ceil(error.after))
        request.app[METRICS].limited.labels(error.limit).inc()
    if isinstance(error, TooSlow):
        headers["Connection"] = "close"  # what is still to come of the body is not waited for
    if isinstance(error, RecordUnavailable):
        headers["Retry-After"] = str(RETRY_AFTER_SEC)
        return problem(request, status, str(error), headers=headers)
    faults = error.faults if isinstance(error, InputError) else ()
    return problem(request, status, str(error), faults, headers)
