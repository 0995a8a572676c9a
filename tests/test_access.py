"""Every route with every credential, and the browser's rules on Origin and Host."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from governance_console.access import OPERATOR, Access, Principal, Role, digest_of
from governance_console.api import SESSIONS
from governance_console.api.routes import Route, add_routes
from governance_console.limits import Bounds
from governance_console.sessions import LIFETIME
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Answer, Console, running
from tests.test_ingest import LENIENT, problem

AGENT = "agent-token-for-tests"
METRICS = "metrics-token-for-tests"


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Console]:
    async with running(
        replace(settings, operator_token=TOKEN, agent_tokens={"planner-7": AGENT}, metrics_token=METRICS)
    ) as one:
        yield one


CREDENTIALS = (
    *("none", "wrong", "truncated", "agent", "metrics", "operator", "viewer's session", "operator's session"),
    *("expired session", "ended session", "cookie of another console", "in the query", "Basic", "twice"),
)
OK = 0
"""Let in: what the route then answers is in GRANTED."""


def row(refused: int = 401, *, agent: int, viewer: int, operator: int, metrics: int = 401) -> dict[str, int]:
    """What each credential gets. All that is no valid credential gets the same."""
    told = {"agent": agent, "metrics": metrics, "viewer's session": viewer}
    return {**dict.fromkeys(CREDENTIALS, refused), **told, "operator": operator, "operator's session": operator}


OPEN = dict.fromkeys(CREDENTIALS, OK)
READ = row(agent=403, viewer=OK, operator=OK)
OPERATE = row(agent=403, viewer=403, operator=OK)
APPEND = row(agent=OK, viewer=403, operator=OK)
SCRAPE = row(agent=401, viewer=401, operator=401, metrics=OK)

MATRIX = {
    "/api/gpt/query": {"POST": READ},
    "/api/ws/telemetry": {"GET": READ},
    "/api/events": {"GET": READ, "HEAD": READ, "POST": APPEND},
    "/api/events/{seq}": {"GET": READ, "HEAD": READ},
    "/api/events/{seq}/data": {"DELETE": OPERATE},
    "/api/events/{seq}/entry": {"GET": READ, "HEAD": READ},
    "/api/events/{seq}/proof": {"GET": READ, "HEAD": READ},
    "/api/log": {"GET": READ, "HEAD": READ},
    "/api/log/checkpoint": {"GET": READ, "HEAD": READ},
    "/api/log/consistency": {"GET": READ, "HEAD": READ},
    "/api/log/tile/entries/{number}": {"GET": READ, "HEAD": READ},
    "/api/log/tile/{level}/{number}": {"GET": READ, "HEAD": READ},
    "/api/sources": {"GET": READ, "HEAD": READ},
    "/api/session": {"GET": OPEN, "HEAD": OPEN, "POST": OPEN, "DELETE": OPEN},
    "/api/sessions": {"GET": READ, "HEAD": READ},
    "/api/sessions/{id}": {"DELETE": READ},
    "/auth/login": {"GET": OPEN, "HEAD": OPEN},
    "/auth/callback": {"GET": OPEN, "HEAD": OPEN},
    "/api/openapi.json": {"GET": OPEN, "HEAD": OPEN},
    "/healthz": {"GET": OPEN, "HEAD": OPEN},
    "/readyz": {"GET": OPEN, "HEAD": OPEN},
    "/metrics": {"GET": SCRAPE, "HEAD": SCRAPE},
    "/{path}": {"GET": OPEN, "HEAD": OPEN},
}
GRANTED = {
    ("GET", "/api/ws/telemetry"): 426,
    ("POST", "/api/events"): 201,
    ("DELETE", "/api/session"): 204,
    ("DELETE", "/api/events/{seq}/data"): 415,  # no reason is sent
    ("DELETE", "/api/sessions/{id}"): 404,
    # There is no provider here: test_signin.py has one.
    **{(method, f"/auth/{name}"): 404 for method in ("GET", "HEAD") for name in ("login", "callback")},
    # Nothing is signed yet.
    **{(method, "/api/events/{seq}/proof"): 409 for method in ("GET", "HEAD")},
    **{(method, "/api/log/checkpoint"): 404 for method in ("GET", "HEAD")},
    **{(method, "/api/log/consistency"): 422 for method in ("GET", "HEAD")},
    **{(method, "/api/log/tile/entries/{number}"): 404 for method in ("GET", "HEAD")},
    **{(method, "/api/log/tile/{level}/{number}"): 404 for method in ("GET", "HEAD")},
}
TOLD = {
    "agent": "agent:planner-7 may only append events",
    "viewer's session": "viewer:ann@example.net is a viewer, who may read, watch and ask; this is for operators",
}
UNBOUNDED = Bounds(failed_signins=10**6, all_failed_signins=10**6)
"""As many wrong tokens as the matrix has are answered 429 else."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PLACES = {"{seq}": "0", "{level}": "0", "{number}": "000.p/1", "{path}": "", "{id}": "0"}
BODIES = {"/api/gpt/query": {"query": "hello"}, "/api/events": LENIENT, "/api/session": {"token": TOKEN}}
VIEWER = Principal("viewer:ann@example.net", Role.VIEWER)


def signed_in(console: Console, principal: Principal, *, lasts: timedelta = timedelta(hours=1)) -> str:
    """The secret of a new session."""
    sessions = console.app[SESSIONS]
    secret, session, _ = sessions.begin(principal, "a browser")
    sessions._open[session.key] = replace(session, began=datetime.now(UTC) + lasts - LIFETIME)
    return secret


def presented(console: Console, credential: str) -> list[tuple[str, str]]:
    """The headers of a credential. Sessions are new each time, for some routes end the one they are asked with."""

    def bearer(*tokens: str) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {token}") for token in tokens]

    def cookie(secret: str, port: int | None = URL(console.url).port) -> list[tuple[str, str]]:
        return [("Cookie", f"session_{port}={secret}"), ("Origin", console.url)]

    if credential == "ended session":
        ended = signed_in(console, OPERATOR)
        console.app[SESSIONS].end(digest_of(ended).hex())
        return cookie(ended)
    return {
        "none": lambda: bearer(),
        "wrong": lambda: bearer("wrong"),
        "truncated": lambda: bearer(TOKEN[:-1]),
        "agent": lambda: bearer(AGENT),
        "metrics": lambda: bearer(METRICS),
        "operator": lambda: bearer(TOKEN),
        "viewer's session": lambda: cookie(signed_in(console, VIEWER)),
        "operator's session": lambda: cookie(signed_in(console, OPERATOR)),
        "expired session": lambda: cookie(signed_in(console, OPERATOR, lasts=-timedelta(seconds=1))),
        "cookie of another console": lambda: cookie(signed_in(console, OPERATOR), port=1),
        "in the query": lambda: bearer(),
        "Basic": lambda: [("Authorization", "Basic " + base64.b64encode(f"operator:{TOKEN}".encode()).decode())],
        "twice": lambda: bearer(TOKEN, TOKEN),
    }[credential]()


async def test_every_route_method_and_credential_has_its_exact_status(settings: Settings) -> None:
    agents = {"planner-7": AGENT}
    guarding = replace(
        settings, operator_token=TOKEN, agent_tokens=agents, metrics_token=METRICS, checkpoint_interval_sec=3600
    )
    wrong: list[str] = []
    async with running(guarding, bounds=UNBOUNDED) as console:
        served = {(route.method, route.resource.canonical) for route in console.app.router.routes() if route.resource}
        assert served == {(method, path) for path, methods in MATRIX.items() for method in methods}
        await console.record(LENIENT, token=TOKEN)
        for path, methods in MATRIX.items():
            url = console.url + re.sub(r"\{\w+\}", lambda found: PLACES[found[0]], path)
            for method in METHODS:
                # What no route takes is told to everybody alike.
                for credential in CREDENTIALS if method in methods else ("none", "agent", "operator's session"):
                    expected = methods[method][credential] if method in methods else 405
                    async with console.client.request(
                        method,
                        url + (f"?token={TOKEN}" if credential == "in the query" else ""),
                        headers=CIMultiDict(presented(console, credential)),
                        json=BODIES.get(path) if method == "POST" else None,
                        allow_redirects=False,
                    ) as answer:
                        body = await answer.read()
                    console.client.cookie_jar.clear()
                    if answer.status != (expected or GRANTED.get((method, path), 200)):
                        wrong.append(f"{method} {path} {credential}: {answer.status} {body[:200]!r}")
                    if answer.status == 403 and method != "HEAD":
                        # Who one is, and what one lacks.
                        assert TOLD[credential] in json.loads(body)["detail"], f"{method} {path} {body!r}"
                    if answer.status == 401:
                        assert answer.headers["WWW-Authenticate"] == "Bearer"
                    if answer.status >= 400 and method != "HEAD":
                        problem(Answer(answer.status, answer.headers, body), answer.status)
    assert wrong == []


@pytest.mark.parametrize(
    "header", ["Basic b3BlcmF0b3I6eA==", "Bearer", "Bearer  ", TOKEN, "bearer \xff\xfe", "Bearer " + "x" * 7000]
)
async def test_odd_credentials_are_refused_and_not_repeated(
    guarded: Console, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer = await guarded.get("/api/events", headers={"Authorization": header})
    problem(answer, 401)
    assert header[-20:] not in answer.text
    assert header[-20:] not in caplog.text


async def test_the_scheme_is_taken_in_any_case(guarded: Console) -> None:
    assert (await guarded.get("/api/events", headers={"Authorization": f"bEARER {TOKEN}"})).status == 200


async def test_the_record_says_who_sent_an_event_whatever_it_claims(guarded: Console) -> None:
    for token in (AGENT, TOKEN):
        await guarded.record({**LENIENT, "source": "somebody-else", "id": "same"}, token=token)
    items = (await guarded.get("/api/events", token=TOKEN)).json["items"]
    assert [item["entry"]["principal"] for item in items] == ["operator", "agent:planner-7"]


async def test_nobody_guards_an_open_console(console: Console) -> None:
    await console.record(LENIENT)
    (item,) = (await console.get("/api/events")).json["items"]
    assert item["entry"]["principal"] == "anonymous"
    assert (await console.get("/metrics")).status == 200


async def test_metrics_are_open_without_their_token_also_on_a_guarded_console(settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN)) as console:
        assert (await console.get("/metrics")).status == 200


async def test_failed_credentials_are_counted(guarded: Console) -> None:
    for token in ("wrong", ""):
        await guarded.get("/api/events", token=token)
    await guarded.post("/api/session", {"token": "wrong"})
    answer = await guarded.get("/metrics", token=METRICS)
    assert "governance_failed_signins_total 2.0" in answer.text


NO_HOSTS = [
    "[::1",
    "a b",
    "127.0.0.1:99999",
    "127.0.0.1:x",
    "127.0.0.1:",
    "localhost:٣",
    "u@127.0.0.1",
    "127.0.0.1/a",
    "127.1",
]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example", *NO_HOSTS])
@pytest.mark.parametrize("path", ["/", "/api/events", "/metrics", "/healthz"])
async def test_a_foreign_host_is_refused(console: Console, host: str, path: str) -> None:
    problem(await console.get(path, headers={"Host": host}), 403)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3:8080", "[::1]:8080", "localhost", "my.localhost:1", "ok.example", "pub.example:1"]
)
async def test_addresses_loopback_names_and_named_hosts_are_served(settings: Settings, host: str) -> None:
    allowed = replace(settings, operator_token=TOKEN, allowed_hosts=("ok.example",), public_url="https://pub.example")
    async with running(allowed) as console:
        assert (await console.get("/healthz", headers={"Host": host})).status == 200


FOREIGN = ["", "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://", "http://"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_may_neither_change_nor_watch_whatever_its_credential(
    guarded: Console, origin: str
) -> None:
    headers = {"Origin": origin}
    for path, body in (*BODIES.items(), ("/nowhere", {})):
        problem(await guarded.post(path, body, headers=headers, token=TOKEN), 403)
    problem(await guarded.request("DELETE", "/api/session", headers=headers), 403)
    upgrade = {**headers, "Connection": "Upgrade", "Upgrade": "websocket"}
    problem(await guarded.get("/api/ws/telemetry", headers=upgrade, token=TOKEN), 403)
    assert (await guarded.get("/api/events", headers=headers, token=TOKEN)).status == 200


async def test_own_and_named_origins_may(settings: Settings) -> None:
    named = replace(settings, cors_origins=("https://portal.example",), public_url="https://pub.example")
    async with running(named) as console:
        for origin in (console.url, "https://portal.example", "https://pub.example", "HTTPS://PUB.example"):
            answer = await console.post("/api/events", LENIENT, headers={"Origin": origin})
            assert answer.status == 201, origin


async def test_a_route_that_does_not_say_who_may_use_it_keeps_the_console_from_starting() -> None:
    app = web.Application()
    add_routes(app, [Route("GET", "/said", _nothing, Access.PUBLIC)])
    app.router.add_get("/unsaid", _nothing)
    runner = web.AppRunner(app)
    with pytest.raises(RuntimeError, match="/unsaid"):
        await runner.setup()
    await runner.cleanup()


async def _nothing(request: web.Request) -> web.Response:
    return web.Response(text=request.path)
