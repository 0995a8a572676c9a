"""Wrong tokens and failed sign-ins: counted, and refused ever more cheaply. A right token never comes here, from
whichever address."""

from __future__ import annotations

import logging
import math
from typing import Final

from aiohttp import web

from governance_console.api import ATTEMPTS, METRICS
from governance_console.api.clients import client_of
from governance_console.attempts import Wait
from governance_console.errors import ConsoleError, TooMany, Unauthenticated

_FAILED: Final = "too many sign-ins failed"

_log = logging.getLogger(__name__)


def refusal(request: web.Request, detail: str) -> ConsoleError:
    """What to raise for a token that is not valid: Unauthenticated, or TooMany after too many of them."""
    request.app[METRICS].failed_signins.inc()
    address = client_of(request).address
    wait = request.app[ATTEMPTS].failed(address)
    if wait is None:
        return Unauthenticated(detail)
    return _too_many(wait, f"{detail}, and there were too many of them", "wrong tokens", address)


def failed(request: web.Request) -> TooMany | None:
    """Count a sign-in that came back from the provider and failed; what to say where there were too many of them."""
    address = client_of(request).address
    wait = request.app[ATTEMPTS].failed(address)
    return None if wait is None else _too_many(wait, _FAILED, "failed sign-ins", address)


def waiting(request: web.Request) -> TooMany | None:
    """The same of who has not failed anew, by what failed from this address before."""
    address = client_of(request).address
    wait = request.app[ATTEMPTS].waiting(address)
    return None if wait is None else _too_many(wait, _FAILED, "failed sign-ins", address)


def _too_many(wait: Wait, detail: str, what: str, address: str) -> TooMany:
    if wait.began:
        _log.warning("too many %s; more are answered 429", what, extra={"client": address})
    return TooMany(f"{detail}: wait {math.ceil(wait.seconds)} s", wait.seconds, "signins")
