"""Host and Origin: whether a request was meant for this console, by a page that may talk to it.

Host holds back DNS rebinding, which needs a name; Origin holds back other pages in the operator's browser,
whatever credential the request has (RFC 6454, RFC 9110 section 7.2).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from governance_console.errors import Forbidden
from governance_console.settings import Settings, is_loopback_name


def check_host(request: web.Request, settings: Settings) -> None:
    """Raises Forbidden unless Host is an address, a loopback name, or a name that the settings allow."""
    name = _host_name(request.headers.get("Host", ""))
    if name is None or not (
        _is_address(name)
        or is_loopback_name(name)
        or name in settings.allowed_hosts
        or name == urlsplit(settings.public_url).hostname
    ):
        raise Forbidden("this console is not served under that Host: name it in PUBLIC_URL or ALLOWED_HOSTS")


def check_origin(request: web.Request, settings: Settings) -> None:
    """Raises Forbidden for an Origin that is neither the console's own nor in CORS_ORIGINS."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    own = {settings.public_url, f"http://{request.headers.get('Host', '').lower()}"}
    if origin.lower() not in own and origin.lower() not in settings.cors_origins:
        raise Forbidden("that Origin may not use this console: name the console in PUBLIC_URL, others in CORS_ORIGINS")


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
