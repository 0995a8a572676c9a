"""Routes that say who may use them: default deny, from the place where a route is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

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


_ACCESS: Final = web.AppKey("access", dict[int, Access])


def add_routes(app: web.Application, routes: Iterable[Route], witness: Access = Access.WITNESS) -> None:
    """Add the rows, and refuse to start while any route of the application has no access of its own.

    ``witness`` is what those of ``Access.WITNESS`` want here.
    """
    app[_ACCESS] = {}
    for row in routes:
        methods = ("GET", "HEAD") if row.method == "GET" and not row.upgrades else (row.method,)
        for method in methods:
            route = app.router.add_route(method, row.path, row.handler, expect_handler=_continue_later)
            app[_ACCESS][id(route)] = witness if row.access is Access.WITNESS else row.access
    app.on_startup.append(_deny_by_default)


def access_of(request: web.Request) -> Access:
    """What the request's route wants. What is found nowhere (404, 405) has nothing to guard."""
    if request.match_info.http_exception is not None:
        return Access.PUBLIC
    return request.app[_ACCESS][id(request.match_info.route)]


def template_of(request: web.Request) -> str:
    """The route's template: a label of which there are only as many as rows in the table."""
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical


async def _continue_later(request: web.Request) -> None:
    """``Expect: 100-continue`` is answered by who reads the body, so that one that is refused is never sent."""
    del request


async def _deny_by_default(app: web.Application) -> None:
    undeclared = [str(route.resource) for route in app.router.routes() if id(route) not in app[_ACCESS]]
    if undeclared:
        raise RuntimeError(f"these routes do not say who may use them: {', '.join(undeclared)}")
