"""``/api/session``: who one is, sign in with the operator token, sign out. ``/api/sessions``: one's browsers."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from governance_console import __version__
from governance_console.access import OPERATOR, Principal, Role
from governance_console.api import PRINCIPAL, PROVIDER, SESSION, SESSIONS, TOKENS
from governance_console.api.answers import json_answer
from governance_console.api.bodies import read_object
from governance_console.api.cookies import session_cookie
from governance_console.api.doorway import give_cookie, let_in, let_out, note_refused, turn_away
from governance_console.api.guesses import refusal
from governance_console.api.problems import problem_of
from governance_console.errors import Forbidden, ProviderFailed, RecordUnavailable, Unacceptable, Unauthenticated
from governance_console.sessions import Session
from governance_console.times import text_of

WAY_OUT_SEC: Final = 2.0
"""How long signing out waits to learn where the provider's own sign-out is."""


async def get(request: web.Request) -> web.Response:
    """Who asks, and how one could sign in."""
    return _told(request, request[PRINCIPAL], request.get(SESSION))


async def post(request: web.Request) -> web.Response:
    """Exchange a token for a session cookie, so that a browser can open the stream."""
    tokens = request.app[TOKENS]
    token = await _token(request)
    if tokens.open_to_all:
        raise Unacceptable("this console has no tokens: everybody on this machine is let in already")
    principal = tokens.principal(token)
    if principal is None:
        refused = refusal(request, "this token is not valid here")
        if isinstance(refused, Unauthenticated):
            # Guesses beyond the bound are answered, and do not fill the record.
            note_refused(request, "token", "the token is not valid")
        raise refused
    if principal.role is Role.AGENT:
        turn_away(request, "token", f"the token of {principal.name}")
        raise Forbidden(f"{principal.lacking}; sign in with the operator token")
    session, secret = await let_in(request, principal, "token")
    response = _told(request, principal, session)
    give_cookie(request, response, secret)
    return response


async def delete(request: web.Request) -> web.Response:
    """Sign out: the session ends, and so do its sockets. Harmless without one."""
    session = request.get(SESSION)
    response = web.Response(status=204)
    if session is not None:
        try:
            await let_out(request, session, "signed out")
        except RecordUnavailable as error:
            response = problem_of(request, error)
        else:
            way_out = await _way_out(request, session)
            if way_out is not None:
                response = json_answer(msgspec.json.encode({"continue": way_out}))
    session_cookie(request).clear(response)
    return response


async def list_own(request: web.Request) -> web.Response:
    """The sessions of who asks, the newest first."""
    current = request.get(SESSION)
    listed = [
        {
            "id": one.key,
            "principal": one.principal.name,
            "began": text_of(one.began),
            "seen": text_of(one.seen),
            "expires": text_of(one.expires),
            "browser": one.browser,
            "current": current is not None and current.key == one.key,
        }
        for one in request.app[SESSIONS].of(request[PRINCIPAL])
    ]
    return json_answer(msgspec.json.encode({"sessions": listed}))


async def end_own(request: web.Request) -> web.Response:
    """End one of one's own sessions, wherever that browser is. Its streams end within a second.

    Raises RecordUnavailable where that could not be saved.
    """
    key = request.match_info["id"]
    session = next((one for one in request.app[SESSIONS].of(request[PRINCIPAL]) if one.key == key), None)
    if session is None:
        raise web.HTTPNotFound(text="you have no such session")
    await let_out(request, session, "the session was ended")
    return web.Response(status=204)


async def _token(request: web.Request) -> str:
    token = (await read_object(request, "the token", '{"token": "…"}')).get("token")
    if not isinstance(token, str) or not token:
        raise Unacceptable('the body has to be {"token": "…"}')
    return token


async def _way_out(request: web.Request, session: Session) -> str | None:
    """Where who came in by the provider goes on to, to be signed out there too."""
    provider = request.app.get(PROVIDER)
    if provider is None or session.principal == OPERATOR:
        return None
    try:
        async with asyncio.timeout(WAY_OUT_SEC):
            return await provider.way_out()
    except (ProviderFailed, TimeoutError):
        return None  # here one is signed out in any case


def _told(request: web.Request, principal: Principal, session: Session | None) -> web.Response:
    known = principal.role is not Role.NOBODY
    provider = request.app.get(PROVIDER)
    document: dict[str, Any] = {
        "principal": principal.name if known else None,
        "role": principal.role.value if known else None,
        "signin": ["token"] * request.app[TOKENS].sign_in + ["openid"] * (provider is not None),
        "provider": {"name": provider.name, "url": "/auth/login"} if provider is not None else None,
        "expires": text_of(session.expires) if session else None,
        "version": __version__,
    }
    return json_answer(msgspec.json.encode(document))
