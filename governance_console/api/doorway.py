"""Somebody comes in or goes: the session, its cookie, its sockets, and what is noted of it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from governance_console.access import Principal
from governance_console.api import AUDIT, FEED, METRICS, SESSION, SESSIONS
from governance_console.api.clients import client_of
from governance_console.api.cookies import session_cookie
from governance_console.audit import SESSION_BEGAN, SESSION_ENDED, SESSION_REFUSED
from governance_console.browsers import browser_of
from governance_console.closes import CREDENTIAL_ENDED
from governance_console.errors import RecordUnavailable
from governance_console.events import CONSOLE
from governance_console.sessions import LIFETIME, Session
from governance_console.times import text_of

_NOT_SAVED: Final = (
    "the session has ended, but that could not be saved yet: it is tried again every few seconds, and the session "
    "lives again if the console is started anew before that is done"
)


async def let_in(request: web.Request, principal: Principal, by: str) -> tuple[Session, str]:
    """Begin a session of this browser, in the place of its earlier one; also the secret for its cookie.

    ``by`` says how one signed in.
    """
    sessions = request.app[SESSIONS]
    earlier = request.get(SESSION)
    if earlier is not None:
        _end(request.app, earlier, "signed in again")
    secret, session, evicted = sessions.begin(principal, browser_of(request.headers.get("User-Agent", "")))
    if evicted is not None:
        end_sockets(request.app, evicted, "too many sessions")
    begun = {
        "by": by,
        "session": session.name,
        "expires": text_of(session.began + LIFETIME),
        "browser": session.browser,
        "from": client_of(request).address,
    }
    request.app[AUDIT].note(principal.name, SESSION_BEGAN, begun)
    await sessions.saved()
    return session, secret


def give_cookie(request: web.Request, response: web.Response, secret: str) -> None:
    """Hand the session to the browser."""
    session_cookie(request).set(response, secret, int(LIFETIME.total_seconds()))


async def let_out(request: web.Request, session: Session, why: str) -> None:
    """End a session and its sockets. ``why`` is what they are told.

    Raises RecordUnavailable where that is so here and now, and could not be saved.
    """
    _end(request.app, session, why)
    if not await request.app[SESSIONS].saved():
        raise RecordUnavailable(_NOT_SAVED)


def turn_away(request: web.Request, by: str, why: str, **said: str) -> None:
    """Count and note somebody who was not let in, by that way; ``said`` is who that one says to be."""
    request.app[METRICS].failed_signins.inc()
    note_refused(request, by, why, **said)


def note_refused(request: web.Request, by: str, why: str, **said: str) -> None:
    """Note somebody who was not let in, and is counted already."""
    told = {"by": by, "why": why, **said, "from": client_of(request).address}
    request.app[AUDIT].note(CONSOLE, SESSION_REFUSED, told)


def end_sockets(app: web.Application, session: Session, why: str) -> None:
    """A session is over: so are the streams that it opened."""
    app[FEED].end(CREDENTIAL_ENDED, why, session.key)
    app[AUDIT].note(session.principal.name, SESSION_ENDED, {"session": session.name, "why": why})


def _end(app: web.Application, session: Session, why: str) -> None:
    app[SESSIONS].end(session.key)
    end_sockets(app, session, why)
