"""The names and attributes of our cookies (RFC 6265bis)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from governance_console.api.clients import is_https
from governance_console.api.sites import host_of


@dataclass(frozen=True, slots=True)
class Cookie:
    """How the cookie is called and whether only TLS may carry it."""

    name: str
    secure: bool

    def set(self, response: web.Response, secret: str, max_age: int) -> None:
        """Give it to the browser. Lax, because the return from a sign-in provider is cross-site."""
        response.set_cookie(
            self.name, secret, max_age=max_age, path="/", httponly=True, samesite="Lax", secure=self.secure
        )

    def clear(self, response: web.Response) -> None:
        """Take it from the browser."""
        response.del_cookie(self.name, path="/", httponly=True, samesite="Lax", secure=self.secure)


def session_cookie(request: web.Request) -> Cookie:
    """What says which session a browser has."""
    return _named("session", request)


def signin_cookie(request: web.Request) -> Cookie:
    """What says which sign-in a browser has begun at the provider."""
    return _named("signin", request)


def _named(name: str, request: web.Request) -> Cookie:
    """``__Host-`` over TLS. Over plain http the port is in the name, for cookies ignore ports and two
    consoles on one host would sign each other out."""
    if is_https(request):
        return Cookie(f"__Host-{name}", secure=True)
    return Cookie(f"{name}_{host_of(request).port}", secure=False)
