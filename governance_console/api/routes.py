"""Routes that say who may use them: default deny, from the place where a route is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from governance_console.access import Access


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the route table. A ``GET`` also answers ``HEAD``, except where it upgrades."""

    method: str
    path: str
    handler: Handler
    access: Access
    upgrades: bool = False


class Known(NamedTuple):
    """What is known of a route from start-up on: what it wants of who asks, and its template, which is a label."""

    access: Access
    template: str


UNMATCHED: Final = Known(Access.PUBLIC, "unmatched")
"""What is found nowhere (404, 405): it has nothing to guard."""

_KNOWN: Final = web.AppKey("known", dict[int, Known])


def add_routes(app: web.Application, routes: Iterable[Route], witness: Access = Access.WITNESS) -> None:
    """Add the rows, and refuse to start while any route of the application has no access of its own.

    ``witness`` is what those of ``Access.WITNESS`` want here.
    """
    app[_KNOWN] = {}
    for row in routes:
        methods = ("GET", "HEAD") if row.method == "GET" and not row.upgrades else (row.method,)
        for method in methods:
            route = app.router.add_route(method, row.path, row.handler, expect_handler=_continue_later)
            access = witness if row.access is Access.WITNESS else row.access
            app[_KNOWN][id(route)] = Known(
                access, UNMATCHED.template if route.resource is None else route.resource.canonical
            )
    app.on_startup.append(_deny_by_default)


def known_of(request: web.Request) -> Known:
    """The request's route. Raises KeyError where nobody said who may use it."""
    match = request.match_info
    return UNMATCHED if match.http_exception is not None else request.app[_KNOWN][id(match.route)]


async def _continue_later(request: web.Request) -> None:
    """``Expect: 100-continue`` is answered by who reads the body, so that one that is refused is never sent."""
    del request


async def _deny_by_default(app: web.Application) -> None:
    undeclared = [str(route.resource) for route in app.router.routes() if id(route) not in app[_KNOWN]]
    if undeclared:
        raise RuntimeError(f"these routes do not say who may use them: {', '.join(undeclared)}")
