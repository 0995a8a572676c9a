"""The application: what it is made of, in which order, and its route table."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from aiohttp import web

from governance_console import oidc
from governance_console.access import Access, Entrances, People, Tokens
from governance_console.api import (
    ASSISTANT,
    ATTEMPTS,
    AUDIT,
    BOUNDS,
    CROWD,
    ERASER,
    FEED,
    JOURNAL,
    METRICS,
    PARSING,
    PENDING,
    PEOPLE,
    PROVIDER,
    SERVES,
    SESSIONS,
    SETTINGS,
    SIGNER,
    STORAGE,
    TOKENS,
    erasing,
    events,
    gpt,
    history,
    log,
    session,
    signin,
    site,
    sources,
    status,
    telemetry,
)
from governance_console.api.cors import share
from governance_console.api.doorway import end_sockets
from governance_console.api.headers import add_headers
from governance_console.api.middleware import MIDDLEWARES
from governance_console.api.routes import Route, add_routes
from governance_console.assistant.stub import StubAssistant
from governance_console.attempts import Attempts
from governance_console.audit import Audit
from governance_console.background import in_background
from governance_console.crowd import Crowd
from governance_console.erasing import Eraser
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.keyfile import KeyFile
from governance_console.limits import DEFAULT_BOUNDS, Bounds
from governance_console.metrics import Metrics
from governance_console.pending import PendingSignIns
from governance_console.retention import Retention
from governance_console.sessions import Sessions
from governance_console.settings import Settings
from governance_console.signer import LogSigner
from governance_console.storage import Storage
from governance_console.storage.sqlite import SqliteStorage
from governance_console.ticker import Ticker

ROUTES: Final = (
    Route("POST", "/api/gpt/query", gpt.post, Access.READ),
    Route("GET", "/api/ws/telemetry", telemetry.telemetry, Access.READ, upgrades=True),
    Route("POST", "/api/events", events.post, Access.APPEND),
    Route("GET", "/api/events", history.page, Access.READ),
    Route("GET", r"/api/events/{seq:0|[1-9][0-9]*}", history.entry, Access.READ),
    Route("DELETE", r"/api/events/{seq:0|[1-9][0-9]*}/data", erasing.delete, Access.OPERATE),
    Route("GET", r"/api/events/{seq:0|[1-9][0-9]*}/entry", log.entry, Access.READ),
    Route("GET", r"/api/events/{seq:0|[1-9][0-9]*}/proof", log.proof, Access.READ),
    Route("GET", "/api/log", log.get, Access.READ),
    Route("GET", "/api/log/checkpoint", log.checkpoint, Access.WITNESS),
    Route("GET", "/api/log/consistency", log.consistency, Access.READ),
    Route("GET", "/api/log/tile/entries/{number:.+}", log.bundle, Access.READ),
    Route("GET", "/api/log/tile/{level}/{number:.+}", log.tile, Access.WITNESS),
    Route("GET", "/api/sources", sources.get, Access.READ),
    Route("GET", "/api/session", session.get, Access.PUBLIC),
    Route("POST", "/api/session", session.post, Access.PUBLIC),
    Route("DELETE", "/api/session", session.delete, Access.PUBLIC),
    Route("GET", "/api/sessions", session.list_own, Access.READ),
    Route("DELETE", "/api/sessions/{id}", session.end_own, Access.READ),
    Route("GET", signin.LOGIN, signin.login, Access.PUBLIC),
    Route("GET", signin.CALLBACK, signin.callback, Access.PUBLIC),
    Route("GET", "/api/openapi.json", status.openapi, Access.PUBLIC),
    Route("GET", "/healthz", status.healthz, Access.PUBLIC),
    Route("GET", "/readyz", status.readyz, Access.PUBLIC),
    Route("GET", "/metrics", status.metrics, Access.METRICS),
    Route("GET", site.ROUTED, site.page, Access.PUBLIC),
)


def create_app(
    settings: Settings,
    storage: Storage | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    clock: Callable[[], float] = time.monotonic,
) -> web.Application:
    """The whole console as one application. Its parts live from start-up to clean-up.

    The record is kept in ``storage``, by default where the settings say. ``clock`` is in seconds and never goes back;
    sign-ins go by it.
    """
    app = web.Application(middlewares=MIDDLEWARES)
    app[SETTINGS] = settings
    app[BOUNDS] = bounds
    app[CROWD] = Crowd(bounds)
    app[ATTEMPTS] = Attempts(bounds, clock)
    app[METRICS] = Metrics()
    app[STORAGE] = storage or _storage_of(settings)
    app[TOKENS] = _tokens_of(settings)
    app[PEOPLE] = _people_of(settings)
    app[SESSIONS] = Sessions(_entrances_of(app), app[STORAGE].sessions)
    app[ASSISTANT] = StubAssistant()
    app[PARSING] = asyncio.Semaphore(1)
    app[SERVES] = asyncio.Event()
    add_routes(app, ROUTES, Access.PUBLIC if settings.public_checkpoint else Access.WITNESS)
    app.on_response_prepare.append(add_headers)
    if settings.cors_origins:
        app.on_response_prepare.append(share)
    app.cleanup_ctx.extend((_record, _sessions, partial(_provider, clock=clock), _erasing, _heartbeat))
    app.on_shutdown.append(telemetry.close_all)
    return app


def _storage_of(settings: Settings) -> Storage:
    return SqliteStorage(settings.database_path, settings.log_origin or None, lambda: secrets.token_hex(8))


def _tokens_of(settings: Settings) -> Tokens:
    return Tokens(settings.operator_token, settings.agent_tokens, settings.metrics_token, signin=settings.has_signin)


def _people_of(settings: Settings) -> People:
    return People(settings.oauth_operators, settings.oauth_viewers) if settings.has_signin else People((), ())


def _entrances_of(app: web.Application) -> Entrances:
    settings = app[SETTINGS]
    provider = " ".join((settings.oauth_issuer, settings.oauth_client_id, settings.oauth_client_secret))
    return Entrances(app[TOKENS], app[PEOPLE], provider)


async def _record(app: web.Application) -> AsyncIterator[None]:
    """Storage, feed and journal: opened in this order, closed in the other."""
    settings, storage = app[SETTINGS], app[STORAGE]
    opened = await storage.open()
    feed = app[FEED] = Feed(opened.epoch, opened.size, settings.ws_interval_sec, storage.ascending, app[METRICS])
    journal = app[JOURNAL] = Journal(storage, opened, feed, app[METRICS])
    audit = app[AUDIT] = Audit(journal)
    app[ERASER] = Eraser(storage, journal, feed)
    app[METRICS].watch_feed(lambda: feed.watchers, lambda: feed.buffered)
    app[METRICS].watch_disk(settings.database_path.parent)
    try:
        with KeyFile(settings.key_path) as key:
            signer = app[SIGNER] = LogSigner(
                key, opened, storage, journal, feed, app[METRICS], settings.checkpoint_interval_sec
            )
            await signer.begin()
            committing, signing = asyncio.create_task(journal.run()), asyncio.create_task(signer.run())
            async with (
                in_background(feed.run(), "nothing is streamed to watchers"),
                in_background(audit.run(), "who comes and goes is not recorded"),
            ):
                yield
                await audit.close()
                journal.close()
                await committing
                # Last, so that what was recorded until now is in the last checkpoint.
                signer.close()
                await signing
    finally:
        await storage.close()


async def _erasing(app: web.Application) -> AsyncIterator[None]:
    """What finishes an erasure that a reader was in the way of, and what erases by itself."""
    days = app[SETTINGS].retention_days
    async with AsyncExitStack() as running:
        await running.enter_async_context(in_background(app[ERASER].run(), "erasures are not finished"))
        if days is not None:
            await running.enter_async_context(in_background(_retain(app, days), "nothing is erased by its age"))
        yield


async def _retain(app: web.Application, days: float) -> None:
    # A start that fails has to leave the record as it was.
    await app[SERVES].wait()
    await Retention(days, app[ERASER], app[STORAGE], app[JOURNAL]).run()


async def _sessions(app: web.Application) -> AsyncIterator[None]:
    """Those of before, and what is saved of those of now."""
    await app[SESSIONS].load()
    async with in_background(app[SESSIONS].run(), "sessions are not saved"):
        yield
    await app[SESSIONS].save()


async def _provider(app: web.Application, clock: Callable[[], float]) -> AsyncIterator[None]:
    """The way to the sign-in provider, if there is one. It need not be up."""
    settings = app[SETTINGS]
    if not settings.has_signin:
        yield
        return
    async with oidc.http_client(app[BOUNDS].provider_sec) as http:
        redirect_uri = settings.public_url + signin.CALLBACK
        client = oidc.Client(
            settings.oauth_issuer, settings.oauth_client_id, settings.oauth_client_secret, redirect_uri
        )
        app[PROVIDER] = oidc.RelyingParty(client, http, clock, app[BOUNDS].provider_sec)
        app[PENDING] = PendingSignIns(clock)
        yield


async def _heartbeat(app: web.Application) -> AsyncIterator[None]:
    """The one ticker."""
    over = partial(end_sockets, app)
    ticker = Ticker(app[SETTINGS].ws_interval_sec, app[FEED], app[SESSIONS], app[METRICS], over)
    async with in_background(ticker.run(), "there are no heartbeats"):
        yield
