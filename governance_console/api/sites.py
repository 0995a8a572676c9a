"""Host, Origin and Sec-Fetch-Site: whether a request was meant for this console, by a page that may talk to it.

Host holds back DNS rebinding, which needs a name; Origin holds back other pages in the operator's browser, whatever
credential the request has (RFC 6454, RFC 9110 section 7.2). Browsers that send ``Sec-Fetch-Site`` (W3C Fetch Metadata)
tell also of reads without an Origin, such as images and scripts.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.hdrs import ORIGIN, REFERER
from multidict import istr

from governance_console.api import SETTINGS
from governance_console.api.clients import client_of
from governance_console.errors import Forbidden
from governance_console.settings import Settings
from governance_console.values import is_loopback_name

SEC_FETCH_SITE: Final = istr("Sec-Fetch-Site")
HTTP_PORT: Final = 80
MAX_HOST_CHARS: Final = 300
"""Room for the longest name of the DNS, 253, and a port."""

_NO_HOST: Final = "the Host header is no host name or address"
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?", re.ASCII | re.IGNORECASE)


class Host(NamedTuple):
    """A Host header: the name or address in lower case, without brackets, and the port.

    ``is_safe`` without any setting: an address or a loopback name, which DNS rebinding has no use for.
    """

    name: str
    port: int
    is_safe: bool


def host_of(request: web.Request) -> Host:
    """The request's Host. Raises Forbidden where it is none (RFC 9110 section 7.2)."""
    header = request.headers.get("Host", "")
    if len(header) > MAX_HOST_CHARS:
        raise Forbidden(_NO_HOST)
    return _read_host(header)


def check_host(request: web.Request, settings: Settings) -> None:
    """Raises Forbidden unless Host is an address, a loopback name, or a name that the settings allow.

    The same holds for the Host that a trusted proxy passes on: a proxy may have that one from anybody.
    """
    _check_name(host_of(request), settings)
    if settings.trusted_proxies and "X-Forwarded-Host" in request.headers:
        forwarded = client_of(request).host
        if len(forwarded) > MAX_HOST_CHARS:
            raise Forbidden(_NO_HOST)
        _check_name(_read_host(forwarded), settings)


def _check_name(host: Host, settings: Settings) -> None:
    if not (host.is_safe or host.name in settings.allowed_hosts or host.name == urlsplit(settings.public_url).hostname):
        raise Forbidden("this console is not served under that Host: name it in PUBLIC_URL or ALLOWED_HOSTS")


def check_page(request: web.Request, settings: Settings, *, is_unsafe: bool) -> None:
    """Raises Forbidden for what a page of another site asks for, unless its Origin is in CORS_ORIGINS.

    That is anything unsafe, any WebSocket and any preflight, by its Origin; and where the browser says that the site is
    another, any read too, except a person's going to a page here, from a link or back from a sign-in provider.
    """
    headers = request.headers
    origin, site = headers.get(ORIGIN), headers.get(SEC_FETCH_SITE)
    if origin is not None:
        if _is_own(request, origin.lower(), settings) or origin.lower() in settings.cors_origins:
            return
        if is_unsafe or "Access-Control-Request-Method" in headers:
            raise Forbidden(
                "that Origin may not use this console: name the console in PUBLIC_URL, others in CORS_ORIGINS"
            )
    if site in (None, "same-origin", "none"):
        return
    if is_unsafe or headers.get("Sec-Fetch-Mode") != "navigate" or headers.get("Sec-Fetch-Dest") != "document":
        raise Forbidden("a page of another site may not ask for this: open it by itself, or name it in CORS_ORIGINS")


def check_cookie(request: web.Request, settings: Settings) -> None:
    """Raises Forbidden unless a page of this console asks: nobody else's may act, or watch, by the session's cookie.

    For what is unsafe and for a WebSocket. CORS_ORIGINS is for pages that have a token of their own.
    """
    origin = request.headers.get(ORIGIN)
    if origin is None:
        raise Forbidden("a request with a session cookie has to name its Origin")
    if not _is_own(request, origin.lower(), settings):
        raise Forbidden("a page of another origin cannot use the session cookie: it has to send a bearer token")


def is_foreign(request: web.Request) -> bool:
    """Whether a page of another site led here: as the browser says, or by Origin or Referer where it says nothing."""
    headers = request.headers
    site = headers.get(SEC_FETCH_SITE)
    if site is not None:
        return site not in ("same-origin", "none")
    said = headers.get(ORIGIN) or headers.get(REFERER)
    if said is None:
        return False
    scheme, _, rest = said.lower().partition("://")
    return not _is_own(request, f"{scheme}://{rest.partition('/')[0]}", request.app[SETTINGS])


def _is_own(request: web.Request, origin: str, settings: Settings) -> bool:
    if settings.public_url and origin == settings.public_url:
        return True
    client = client_of(request)
    return origin == f"{client.scheme}://{client.host.lower()}"


@lru_cache(maxsize=256)
def _read_host(header: str) -> Host:
    """Nearly every request has one of a few."""
    match = _HOST.fullmatch(header)
    port = HTTP_PORT if match is None or match[3] is None else int(match[3])
    if match is None or port > 65535:
        raise Forbidden(_NO_HOST)
    name = (match[1] or match[2]).lower()
    return Host(name, port, _is_address(name) or is_loopback_name(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
