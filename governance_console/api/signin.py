"""``/auth/login`` and ``/auth/callback``: to the sign-in provider, and back from it.

A person stands before each answer: what goes wrong is a page that says what to do, with the status that it has.
"""

from __future__ import annotations

import logging
import math
import re
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from governance_console.api import METRICS, PENDING, PEOPLE, PROVIDER, SESSION, SETTINGS, TOKENS
from governance_console.api.clients import client_of
from governance_console.api.cookies import signin_cookie
from governance_console.api.doorway import give_cookie, let_in, turn_away
from governance_console.api.guesses import failed, waiting
from governance_console.api.pages import page
from governance_console.api.problems import STATUSES
from governance_console.api.queries import known_query
from governance_console.api.sites import is_foreign
from governance_console.errors import (
    ConsoleError,
    Malformed,
    NotVouched,
    ProviderAway,
    ProviderFailed,
    SignInLost,
    TooMany,
    Unacceptable,
)
from governance_console.limits import MAX_CODE_CHARS, MAX_NEXT_CHARS
from governance_console.oidc import RelyingParty, is_error_code
from governance_console.pending import PATIENCE_SEC, Pending

LOGIN: Final = "/auth/login"
CALLBACK: Final = "/auth/callback"
AGAIN: Final = {"Sign in": LOGIN}
ANOTHER: Final = {"Sign in with another account": f"{LOGIN}?account=another"}
TOKEN: Final[dict[str, str]] = {"Use a token": "/sign-in"}

_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path that no browser takes for another host: one slash, and printable ASCII without a backslash."""

_OUTSIDE: Final = re.compile(r"/(?:api|auth)(?:[/?#]|$)", re.IGNORECASE)

_log = logging.getLogger(__name__)


async def login(request: web.Request) -> web.StreamResponse:
    """To the provider. ``next`` is where the browser goes on to; ``account=another`` asks which account it is.

    Who came by another address than PUBLIC_URL goes there first, for the provider leads back there, and the cookie has
    to be there too. ``moved`` says that this was done: behind a proxy that tells nothing it would be done for ever.
    """
    provider = _provider(request)
    query = known_query(request.rel_url, ("next", "account", "moved"))
    path, account = query.get("next", "/"), query.get("account", "another")
    if len(path) > MAX_NEXT_CHARS or not _OWN_PATH.fullmatch(path) or _OUTSIDE.match(path):
        raise Unacceptable("next has to be the path of a page of this console, such as /log/17")
    if account != "another":
        raise Unacceptable("account can only be another")
    if "moved" not in query and not _is_at_home(request):
        return _to(f"{request.app[SETTINGS].public_url}{LOGIN}?{urlencode({**query, 'moved': 'true'})}")
    session = request.get(SESSION)
    if session is not None and is_foreign(request):
        return _asked(session.principal.name, request.rel_url.raw_path_qs)
    pending, sealed = request.app[PENDING].begin(path)
    try:
        location = await provider.way_in(pending, another="account" in query)
    except ProviderFailed as error:
        return _told(request, error)
    response = _to(location)
    signin_cookie(request).set(response, sealed, PATIENCE_SEC)
    return response


async def callback(request: web.Request) -> web.StreamResponse:
    """Back from the provider, with a code or with what it says against one."""
    provider = _provider(request)
    if (too_many := waiting(request)) is not None:
        return _kept_waiting(request, too_many)  # nothing is used up: the same answer is good after the wait
    try:
        pending = _resumed(request)
        response = await _welcomed(request, provider, pending)
    except (SignInLost, NotVouched, ProviderFailed, Malformed) as error:
        too_many = failed(request)
        if too_many is None and isinstance(error, ProviderFailed):
            _log.warning("a sign-in failed: %s", error)
        response = _told(request, error) if too_many is None else _kept_waiting(request, too_many)
    signin_cookie(request).clear(response)
    return response


def _asked(name: str, address: str) -> web.Response:
    """A link elsewhere led here, and must not change unasked who one is. The link on this page is our own."""
    sentences = [f"You are signed in here as {name}. A page of another site wants you to sign in again."]
    links = {"Stay who I am": "/", "Continue as somebody else": address}
    return page(HTTPStatus.OK, "Sign in as somebody else?", sentences, links)


def _provider(request: web.Request) -> RelyingParty:
    provider = request.app.get(PROVIDER)
    if provider is None:
        raise web.HTTPNotFound(text="this console has no sign-in provider: see OAUTH_CLIENT_ID in .env.example")
    return provider


def _is_at_home(request: web.Request) -> bool:
    client = client_of(request)
    return f"{client.scheme}://{client.host.lower()}" == request.app[SETTINGS].public_url


def _resumed(request: web.Request) -> Pending:
    cookie = request.cookies.get(signin_cookie(request).name)
    return request.app[PENDING].resume(cookie, _one(request, "state"))


async def _welcomed(request: web.Request, provider: RelyingParty, pending: Pending) -> web.Response:
    error, code = _one(request, "error"), _one(request, "code")
    if error is not None:
        raise _refused(error)
    if not code or len(code) > MAX_CODE_CHARS:
        raise SignInLost("the provider sent no code")
    identity = await provider.who_came(code, _one(request, "iss"), pending)
    principal = request.app[PEOPLE].principal(identity.email)
    if principal is None:
        failed(request)
        turn_away(request, provider.name, "on no list", email=identity.email)
        sentences = [
            f"You are {identity.email}, as {provider.name} says, and that address may not use this console.",
            "Its operator lets people in by OAUTH_OPERATORS and OAUTH_VIEWERS: ask to be put on one of them.",
        ]
        return page(HTTPStatus.FORBIDDEN, "You are not let in", sentences, {**ANOTHER, **_by_token(request)})
    _, secret = await let_in(request, principal, provider.name)
    response = _to(pending.path)
    give_cookie(request, response, secret)
    return response


def _refused(error: str) -> ConsoleError:
    """What the provider says instead of a code (RFC 6749, section 4.1.2.1)."""
    said = error if is_error_code(error) else "something that is no error code"
    if said == "access_denied":
        return NotVouched("the provider says that you, or it, did not agree to this sign-in (access_denied)")
    if said in ("server_error", "temporarily_unavailable"):
        return ProviderAway(f"the provider says that it cannot sign you in now ({said})")
    return ProviderFailed(f"the provider did not sign you in ({said})")


def _told(request: web.Request, error: ConsoleError) -> web.Response:
    """What went wrong, for the person who signs in."""
    status = next(known for kind, known in STATUSES.items() if isinstance(error, kind))
    if isinstance(error, NotVouched):
        # All else refuses nobody: a provider that is down, or an answer that belongs to no sign-in.
        turn_away(request, _provider(request).name, str(error))
    if isinstance(error, SignInLost | Malformed):
        title, advice = "This sign-in cannot go on", f"Begin again, at {request.app[SETTINGS].public_url}."
    elif isinstance(error, NotVouched):
        title, advice = "You are not let in", "Nothing was changed."
    else:
        title, advice = "The sign-in provider failed", "Try again in a while, or tell whoever runs this console."
    links = {**(ANOTHER if isinstance(error, NotVouched) else AGAIN), **_by_token(request)}
    sentence = str(error)
    return page(status, title, [f"{sentence[0].upper()}{sentence[1:]}.", advice], links)


def _kept_waiting(request: web.Request, error: TooMany) -> web.Response:
    request.app[METRICS].limited.labels(error.limit).inc()
    sentences = [f"From your address {error}.", "Then load this page again, or begin again."]
    response = page(HTTPStatus.TOO_MANY_REQUESTS, "Wait a little", sentences, {**AGAIN, **_by_token(request)})
    response.headers["Retry-After"] = str(math.ceil(error.after))
    return response


def _by_token(request: web.Request) -> dict[str, str]:
    """The other way in, where there is one."""
    return TOKEN if request.app[TOKENS].sign_in else {}


def _one(request: web.Request, name: str) -> str | None:
    """A parameter of the answer. Others than are known here are none of ours: every provider has some of its own."""
    found = request.query.getall(name, [])
    if len(found) > 1:
        raise Malformed(f"the answer has {name} more than once")
    return found[0] if found else None


def _to(location: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})
