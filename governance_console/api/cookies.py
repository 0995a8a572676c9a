"""The session cookie's name and attributes (RFC 6265bis)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from governance_console.api.clients import is_https
from governance_console.api.sites import host_of
from governance_console.settings import Settings


@dataclass(frozen=True, slots=True)
class SessionCookie:
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


def session_cookie(settings: Settings, request: web.Request) -> SessionCookie:
    """``__Host-`` over TLS. Over plain http the port is in the name, for cookies ignore ports and two
    consoles on one host would sign each other out."""
    if is_https(request):
        return SessionCookie("__Host-session", secure=True)
    return SessionCookie(f"session_{host_of(request).port}", secure=False)
