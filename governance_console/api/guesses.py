"""Wrong tokens: counted, and refused ever more cheaply. A right one never comes here, from whichever address."""

from __future__ import annotations

import logging
import math

from aiohttp import web

from governance_console.api import ATTEMPTS, METRICS
from governance_console.api.clients import client_of
from governance_console.errors import ConsoleError, TooMany, Unauthenticated

_log = logging.getLogger(__name__)


def refusal(request: web.Request, detail: str) -> ConsoleError:
    """What to raise for a token that is not valid: Unauthenticated, or TooMany after too many of them."""
    request.app[METRICS].failed_signins.inc()
    address = client_of(request).address
    wait = request.app[ATTEMPTS].failed(address)
    if wait is None:
        return Unauthenticated(detail)
    if wait.began:
        _log.warning("too many wrong tokens; more are answered 429", extra={"client": address})
    seconds = math.ceil(wait.seconds)
    return TooMany(f"{detail}, and there were too many of them: wait {seconds} s", wait.seconds, "signins")
