"""Failed sign-ins, for each address and over all: how many are answered, and how long to wait after that.

A bound is a debt that time pays back (the generic cell rate algorithm of ITU-T I.371): one number for each address.
Only failures are counted. Who has a valid credential is let in from any address, so nobody can lock another out. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from governance_console.limits import Bounds

KEPT: Final = 1024
"""Addresses that are kept at most. What fails beyond the bound over all is not kept, so that few are."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A failure beyond the bounds: seconds until another is answered, and whether it is the first beyond them."""

    seconds: float
    began: bool


@dataclass(slots=True)
class _Debt:
    """When all is paid back, and whether who owes it was told to wait since."""

    until: float
    told: bool = False


class Attempts:
    """Counts failures. ``now`` is a clock in seconds that never goes back."""

    def __init__(self, bounds: Bounds, now: Callable[[], float]) -> None:
        self._bounds = bounds
        self._now = now
        self._all = _Debt(0.0)
        self._each: dict[str, _Debt] = {}

    def __len__(self) -> int:
        return len(self._each)

    def failed(self, address: str) -> Wait | None:
        """Count a failure from an address; None while it is within the bounds, and how long to wait where not."""
        now, bounds = self._now(), self._bounds
        network = network_of(address)
        own = self._each.get(network) or _Debt(now)
        wait = _beyond(own, now, bounds.failed_signins, bounds.failed_signin_sec) or _beyond(
            self._all, now, bounds.all_failed_signins, bounds.all_failed_signin_sec
        )
        if wait is None:
            _owe(self._all, now, bounds.all_failed_signin_sec)
            _owe(own, now, bounds.failed_signin_sec)
            self._each[network] = own
            if len(self._each) > KEPT:
                self._forget(now)
        return wait

    def waiting(self, address: str) -> Wait | None:
        """How long an address has to wait by its own failures alone. Counts nothing: others cannot keep it waiting."""
        own = self._each.get(network_of(address))
        bounds = self._bounds
        return None if own is None else _beyond(own, self._now(), bounds.failed_signins, bounds.failed_signin_sec)

    def _forget(self, now: float) -> None:
        self._each = {network: debt for network, debt in self._each.items() if debt.until > now}
        while len(self._each) > KEPT:
            del self._each[next(iter(self._each))]


def network_of(address: str) -> str:
    """What one client can have many addresses of: the /64 of IPv6 (RFC 6177), and an IPv4 address itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, 64), strict=False))


def _beyond(debt: _Debt, now: float, most: int, sec: float) -> Wait | None:
    seconds = debt.until - now - (most - 1) * sec
    if seconds <= 0:
        return None
    began, debt.told = not debt.told, True
    return Wait(seconds, began)


def _owe(debt: _Debt, now: float, sec: float) -> None:
    debt.until = max(debt.until, now) + sec
    debt.told = False
