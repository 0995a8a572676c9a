"""Who is at the other end: the peer, or whom a proxy that TRUSTED_PROXIES names says it speaks for.

``X-Forwarded-For``, ``-Proto`` and ``-Host`` count from such a peer only, and the last value counts, for that is what
it said itself; what came before may be anybody's. ``Forwarded`` (RFC 7239) is not read: the two could disagree.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple

from aiohttp import web

from governance_console.api import SETTINGS
from governance_console.values import Network

MAX_HOPS: Final = 16
"""Proxies behind each other that are looked through."""

_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d+)?|([0-9.]+):\d+", re.ASCII)


class Client(NamedTuple):
    """Who asks: the address (empty where the system does not tell), the scheme and the Host that it sees."""

    address: str
    scheme: str
    host: str


def client_of(request: web.Request) -> Client:
    """Who asks, through trusted proxies. What one of them says that makes no sense is as if it was not said."""
    settings, headers = request.app[SETTINGS], request.headers
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    address = plain(peer[0]) or "" if isinstance(peer, tuple) else ""
    scheme, host = "https" if settings.has_tls else "http", headers.get("Host", "")
    if not settings.trusted_proxies or not is_trusted(address, settings.trusted_proxies):
        return Client(address, scheme, host)
    said = _last(headers.getall("X-Forwarded-Proto", ())).lower()
    return Client(
        _speaks_for(address, headers.getall("X-Forwarded-For", ()), settings.trusted_proxies),
        said if said in ("http", "https") else scheme,
        _last(headers.getall("X-Forwarded-Host", ())) or host,
    )


def is_https(request: web.Request) -> bool:
    """Whether this client's browser reaches the console over TLS."""
    settings = request.app[SETTINGS]
    return settings.is_https or (bool(settings.trusted_proxies) and client_of(request).scheme == "https")


def plain(text: str) -> str | None:
    """An address in its one form, without a port, brackets and a zone; None where it is none."""
    text = text.strip()
    match = _PORT.fullmatch(text)
    if match is not None:
        text = match[1] or match[2] or ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


@lru_cache(maxsize=256)
def is_trusted(address: str, proxies: tuple[Network, ...]) -> bool:
    """Whether it is one of the proxies'. Asked of few addresses, again and again."""
    return bool(address) and any(ipaddress.ip_address(address) in network for network in proxies)


def _speaks_for(peer: str, said: list[str] | tuple[()], proxies: tuple[Network, ...]) -> str:
    """The rightmost address that is no proxy's; where there is none, or nonsense, the last that is known."""
    address = peer
    for entry in reversed(",".join(said).rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
        before = plain(entry)
        if before is None:
            return address
        address = before
        if not is_trusted(address, proxies):
            return address
    return address


def _last(said: list[str] | tuple[()]) -> str:
    return said[-1].rpartition(",")[2].strip() if said else ""
