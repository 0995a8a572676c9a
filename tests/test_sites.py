"""The browser's rules as generated tables: Origin, Host, Sec-Fetch-Site, and CORS, each with its exact status."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, running
from tests.raw import RawAnswer, RawConnection
from tests.test_ingest import LENIENT

PUBLIC = "https://console.example.net"
SHARED = ("https://portal.example.net", "http://tool.example:8080")
EVENT = json.dumps({**LENIENT, "id": "once"}).encode()
UPGRADE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
)

SERVED_HOSTS = (
    "127.0.0.1:{port}",
    "localhost:{port}",
    "[::1]:{port}",
    "console.example.net",
    "Console.Example.NET:8443",
    "alt.example.net",
)
FOREIGN_HOSTS = ("evil.example", "console.example.net.evil.example", "", "x@127.0.0.1")

ORIGINS = (
    None,
    "http://{host}",  # the console's own, as it sees itself
    "https://{host}",
    PUBLIC,
    PUBLIC.upper(),
    "http://console.example.net",
    "https://console.example.net:8443",
    "https://a.console.example.net",
    "https://evilconsole.example.net",
    "https://console.example.net.evil.example",
    *SHARED,
    "HTTPS://Portal.example.net",
    "http://portal.example.net",
    "https://portal.example.net:444",
    "https://portal.example.net/",
    "https://portal.example.net, https://evil.example",
    "http://tool.example",
    "https://evil.example",
    "null",
    "",
    "file://",
)
KINDS = ("read", "write", "preflight", "socket")


def expected(kind: str, host: str, origin: str | None, served: bool) -> int:
    """What design.md says, in other words than the console's: who may is a list of strings for each Host."""
    if not served:
        return 403
    ours = {f"http://{host}".lower(), PUBLIC}
    shared = set(SHARED)
    said = None if origin is None else origin.lower()
    match kind:
        case "read":
            return 200
        case "write":
            return 200 if said is None or said in ours | shared else 403
        case "socket":
            return 101 if said is None or said in ours | shared else 403
        case _ if said in shared:
            return 204
        case _:
            return 405 if said is None or said in ours else 403


@asynccontextmanager
async def shared_console(settings: Settings) -> AsyncIterator[Console]:
    known = replace(
        settings,
        operator_token=TOKEN,
        public_url=PUBLIC,
        allowed_hosts=("alt.example.net",),
        cors_origins=SHARED,
        ws_interval_sec=60,
    )
    async with running(known) as console:
        await console.record({**LENIENT, "id": "once"}, token=TOKEN)
        yield console


async def ask(connection: RawConnection, kind: str, headers: list[tuple[str, str]]) -> RawAnswer:
    token = ("Authorization", f"Bearer {TOKEN}")
    match kind:
        case "read":
            return await connection.ask("GET", "/api/session", [*headers, token])
        case "write":
            return await connection.ask(
                "POST", "/api/events", [*headers, token, ("Content-Type", "application/json")], EVENT
            )
        case "socket":
            return await connection.ask("GET", "/api/ws/telemetry", [*headers, token, *UPGRADE])
        case _:
            wanted = ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization")
            return await connection.ask("OPTIONS", "/api/events", [*headers, *wanted])


async def test_every_origin_at_every_host_gets_what_it_should(settings: Settings) -> None:
    assert len(ORIGINS) >= 20
    assert len(SERVED_HOSTS + FOREIGN_HOSTS) == 10
    async with shared_console(settings) as console:
        port = console.url.rpartition(":")[2]
        connection = RawConnection(console.url)
        wrong = []
        for template, pattern, kind in itertools.product(SERVED_HOSTS + FOREIGN_HOSTS, ORIGINS, KINDS):
            host = template.format(port=port)
            origin = None if pattern is None else pattern.format(host=host)
            headers = [("Host", host)] if origin is None else [("Host", host), ("Origin", origin)]
            answer = await ask(connection, kind, headers)
            if answer.status != expected(kind, host, origin, template in SERVED_HOSTS):
                wrong.append((kind, host, origin, answer.status))
            is_shared = origin is not None and origin.lower() in SHARED
            # A page of another origin reads what is shared with it by name, and nothing by a wildcard or a cookie.
            assert answer.headers.getall("Access-Control-Allow-Origin", []) == ([origin] if is_shared else [])
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert answer.headers["Vary"] == "Origin"
        connection.close()
    assert not wrong


SITES = (None, "same-origin", "none", "same-site", "cross-site", "of-a-later-standard")
MODES = (
    *(("navigate", "document"), ("navigate", "iframe"), ("navigate", "embed"), ("no-cors", "image")),
    *(("no-cors", "script"), ("cors", "empty"), ("same-origin", "empty"), ("websocket", "websocket")),
)


def expected_of_site(method: str, origin: str | None, site: str | None, mode: tuple[str, str]) -> int:
    if origin in (*SHARED, PUBLIC):
        return 200
    if origin is not None and method == "POST":
        return 403
    if site in (None, "same-origin", "none"):
        return 200
    return 200 if method == "GET" and mode == ("navigate", "document") else 403


async def test_what_another_site_asks_for_is_refused_but_for_a_person_who_comes_here(settings: Settings) -> None:
    async with shared_console(settings) as console:
        connection = RawConnection(console.url)
        host = console.url.removeprefix("http://")
        wrong = []
        origins = (None, PUBLIC, SHARED[0], "https://evil.example")
        for method, origin, site, mode in itertools.product(("GET", "POST"), origins, SITES, MODES):
            headers = [("Host", host), ("Sec-Fetch-Mode", mode[0]), ("Sec-Fetch-Dest", mode[1])]
            headers += [("Origin", origin)] if origin else []
            headers += [("Sec-Fetch-Site", site)] if site else []
            answer = await ask(connection, "read" if method == "GET" else "write", headers)
            if answer.status != expected_of_site(method, origin, site, mode):
                wrong.append((method, origin, site, mode, answer.status))
        for path in ("/", "/log/17", "/healthz", "/api/events?limit=1", "/auth/callback?state=x&code=y"):
            navigated = [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"),
            ]
            answer = await connection.ask("GET", path, [("Host", host), *navigated])
            assert answer.status != 403, path  # a link, or the way back from a sign-in provider
            answer = await connection.ask("GET", path, [("Host", host), ("Sec-Fetch-Site", "cross-site")])
            assert answer.status == 403, path
        connection.close()
    assert not wrong


@pytest.mark.parametrize(
    ("path", "method", "asked", "status", "allowed"),
    [
        ("/api/events", "POST", "content-type, CE-id,ce-Source", 204, {"Content-Type", "ce-id", "ce-source"}),
        ("/api/events", "POST", "x-evil", 204, {"Idempotency-Key", "Content-Encoding", "Authorization"}),
        ("/api/events", "GET", "authorization", 204, {"Authorization"}),
        ("/api/events/0", "GET", "", 204, {"Authorization"}),
        ("/api/gpt/query", "POST", "content-type", 204, {"Authorization", "Content-Type"}),
        ("/api/ws/telemetry", "GET", "", 204, {"Authorization"}),
        ("/api/gpt/query", "GET", "", 405, set()),
        ("/api/events", "PUT", "", 405, set()),
        ("/api/events", "post", "", 405, set()),
        ("/api/nowhere", "GET", "", 404, set()),
    ],
)
async def test_a_preflight_is_answered_by_the_route_table(
    settings: Settings, path: str, method: str, asked: str, status: int, allowed: set[str]
) -> None:
    headers = {"Origin": SHARED[0], "Access-Control-Request-Method": method, "Access-Control-Request-Headers": asked}
    async with running(replace(settings, operator_token=TOKEN, cors_origins=SHARED)) as console:
        answer = await console.request("OPTIONS", path, headers=headers)
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == SHARED[0]
        if status == 204:
            assert answer.headers["Access-Control-Allow-Methods"] == method
            assert answer.headers["Access-Control-Max-Age"] == "600"
            named = set(answer.headers["Access-Control-Allow-Headers"].split(", "))
            assert allowed <= named
            assert "x-evil" not in named
            assert "*" not in named
            assert "Access-Control-Allow-Private-Network" not in answer.headers
        else:
            assert "Access-Control-Allow-Methods" not in answer.headers


async def test_a_page_elsewhere_can_use_the_api_and_read_why_it_may_not(settings: Settings) -> None:
    """The preflight, the request, its answer, and an error's; from a public page to a private address, too."""
    async with running(replace(settings, operator_token=TOKEN, cors_origins=SHARED)) as console:
        preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
        answer = await console.request("OPTIONS", "/api/events", headers={"Origin": SHARED[0], **preflight})
        assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
        for token, status in ((TOKEN, 201), ("", 401)):
            answer = await console.post("/api/events", LENIENT, token=token, headers={"Origin": SHARED[0]})
            assert answer.status == status
            assert answer.headers["Access-Control-Allow-Origin"] == SHARED[0]
            assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        page = await console.get("/")
        assert "Origin" in page.headers["Vary"].split(", ")
        assert "Access-Control-Allow-Origin" not in page.headers


async def test_without_cors_origins_there_is_no_trace_of_cors(console: Console) -> None:
    preflight = {"Origin": SHARED[0], "Access-Control-Request-Method": "GET"}
    refused = await console.request("OPTIONS", "/api/events", headers=preflight)
    assert refused.status == 403
    for answer in (refused, await console.get("/api/events", headers={"Origin": SHARED[0]})):
        assert not {name for name in answer.headers if name.lower().startswith("access-control")}
        assert "Vary" not in answer.headers
