"""``/api/session``: who one is, sign in with the operator token, sign out."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from governance_console import __version__
from governance_console.access import Principal, Role
from governance_console.api import AUDIT, FEED, PRINCIPAL, SESSION, SESSIONS, SETTINGS, TOKENS
from governance_console.api.answers import json_answer
from governance_console.api.bodies import read_object
from governance_console.api.clients import client_of
from governance_console.api.cookies import session_cookie
from governance_console.api.guesses import refusal
from governance_console.audit import CONSOLE, SESSION_BEGAN, SESSION_ENDED, SESSION_REFUSED
from governance_console.closes import CREDENTIAL_ENDED
from governance_console.errors import Forbidden, Unacceptable, Unauthenticated
from governance_console.sessions import LIFETIME, Session
from governance_console.times import text_of


async def get(request: web.Request) -> web.Response:
    """Who asks, and how one could sign in."""
    return _told(request, request[PRINCIPAL], request.get(SESSION))


async def post(request: web.Request) -> web.Response:
    """Exchange a token for a session cookie, so that a browser can open the stream."""
    tokens, sessions = request.app[TOKENS], request.app[SESSIONS]
    token = await _token(request)
    if not tokens.are_set:
        raise Unacceptable("this console has no tokens: everybody on this machine is let in already")
    principal = tokens.principal(token)
    if principal is None:
        refused = refusal(request, "this token is not valid here")
        if isinstance(refused, Unauthenticated):
            # Guesses beyond the bound are answered, and do not fill the record.
            _refused(request, "the token is not valid")
        raise refused
    if principal.role is Role.AGENT:
        _refused(request, f"the token of {principal.name}")
        raise Forbidden("an agent's token may only append events; sign in with the operator token")
    earlier = request.get(SESSION)
    if earlier is not None:
        _end(request, earlier, "signed in again")
    secret, session, evicted = sessions.begin(principal)
    if evicted is not None:
        request.app[FEED].end(CREDENTIAL_ENDED, "too many sessions", evicted.key)
        _note_end(request, evicted, "too many sessions")
    begun = {"by": "token", "session": session.name, "expires": text_of(session.expires)}
    request.app[AUDIT].note(principal.name, SESSION_BEGAN, {**begun, "from": client_of(request).address})
    response = _told(request, principal, session)
    session_cookie(request.app[SETTINGS], request).set(response, secret, int(LIFETIME.total_seconds()))
    return response


async def delete(request: web.Request) -> web.Response:
    """Sign out: the session ends, and so do its sockets. Harmless without one."""
    session = request.get(SESSION)
    if session is not None:
        _end(request, session, "signed out")
    response = web.Response(status=204)
    session_cookie(request.app[SETTINGS], request).clear(response)
    return response


def _end(request: web.Request, session: Session, why: str) -> None:
    request.app[SESSIONS].end(session.key)
    request.app[FEED].end(CREDENTIAL_ENDED, "signed out", session.key)
    _note_end(request, session, why)


def _note_end(request: web.Request, session: Session, why: str) -> None:
    request.app[AUDIT].note(session.principal.name, SESSION_ENDED, {"session": session.name, "why": why})


def _refused(request: web.Request, why: str) -> None:
    request.app[AUDIT].note(CONSOLE, SESSION_REFUSED, {"by": "token", "why": why, "from": client_of(request).address})


async def _token(request: web.Request) -> str:
    token = (await read_object(request, "the token", '{"token": "…"}')).get("token")
    if not isinstance(token, str) or not token:
        raise Unacceptable('the body has to be {"token": "…"}')
    return token


def _told(request: web.Request, principal: Principal, session: Session | None) -> web.Response:
    known = principal.role is not Role.NOBODY
    document: dict[str, Any] = {
        "principal": principal.name if known else None,
        "role": principal.role.value if known else None,
        "signin": ["token"] if request.app[TOKENS].are_set else [],
        "expires": text_of(session.expires) if session else None,
        "version": __version__,
    }
    return json_answer(msgspec.json.encode(document))
