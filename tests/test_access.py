"""Every route with every credential, and the browser's rules on Origin and Host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from governance_console.access import Access
from governance_console.api.routes import Route, add_routes
from governance_console.app import ROUTES
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, running
from tests.test_ingest import LENIENT, problem

AGENT = "agent-token-for-tests"
METRICS = "metrics-token-for-tests"


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Console]:
    async with running(
        replace(settings, operator_token=TOKEN, agent_tokens={"planner-7": AGENT}, metrics_token=METRICS)
    ) as one:
        yield one


OPEN = {"none": 200, "wrong": 200, "agent": 200, "operator": 200, "metrics": 200}
READ = {"none": 401, "wrong": 401, "agent": 403, "operator": 200, "metrics": 401}
APPEND = {"none": 401, "wrong": 401, "agent": 201, "operator": 201, "metrics": 401}
SCRAPE = {"none": 401, "wrong": 401, "agent": 401, "operator": 401, "metrics": 200}
TOKENS = {"none": "", "wrong": "wrong", "agent": AGENT, "operator": TOKEN, "metrics": METRICS}

MATRIX = {
    ("POST", "/api/gpt/query"): READ,
    ("GET", "/api/ws/telemetry"): {**READ, "operator": 426},
    ("POST", "/api/events"): APPEND,
    ("GET", "/api/events"): READ,
    ("GET", r"/api/events/{seq:0|[1-9][0-9]*}"): READ,
    ("GET", r"/api/events/{seq:0|[1-9][0-9]*}/entry"): READ,
    ("GET", r"/api/events/{seq:0|[1-9][0-9]*}/proof"): {**READ, "operator": 409},  # nothing is signed yet
    ("GET", "/api/log"): READ,
    ("GET", "/api/log/checkpoint"): {**READ, "operator": 404},
    ("GET", "/api/log/consistency"): {**READ, "operator": 422},
    ("GET", "/api/log/tile/entries/{number:.+}"): {**READ, "operator": 404},
    ("GET", "/api/log/tile/{level}/{number:.+}"): {**READ, "operator": 404},
    ("GET", "/api/sources"): READ,
    ("GET", "/api/session"): OPEN,
    ("POST", "/api/session"): OPEN,
    ("DELETE", "/api/session"): dict.fromkeys(OPEN, 204),
    ("GET", "/api/openapi.json"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): SCRAPE,
    ("GET", "/{path:(?!/*(?i:api|auth)(?:/|$)).*}"): OPEN,
}
BODIES = {
    "/api/gpt/query": {"query": "hello"},
    "/api/events": {**LENIENT, "id": "x"},
    "/api/session": {"token": TOKEN},
}


def test_the_matrix_has_every_route() -> None:
    assert {(route.method, route.path) for route in ROUTES} == set(MATRIX)


@pytest.mark.parametrize("credential", TOKENS)
@pytest.mark.parametrize(("method", "template"), MATRIX)
async def test_every_route_lets_in_whom_it_should(
    guarded: Console, method: str, template: str, credential: str
) -> None:
    await guarded.record({**LENIENT, "id": "0"}, token=TOKEN)
    path = template.replace(r"{seq:0|[1-9][0-9]*}", "0").replace("{path:(?!/*(?i:api|auth)(?:/|$)).*}", "")
    path = path.replace("{level}", "0").replace("{number:.+}", "000.p/1")
    body = BODIES.get(path) if method == "POST" else None
    answer = await guarded.request(method, path, token=TOKENS[credential], **({"json": body} if body else {}))
    expected = MATRIX[method, template][credential]
    if expected >= 400:
        problem(answer, expected)
        if expected == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.status == expected, answer.text


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
