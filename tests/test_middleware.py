"""What the middleware does with what no handler should do, and what logs keep to themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from governance_console.access import Access, Tokens
from governance_console.api import CROWD, METRICS, SETTINGS, TOKENS
from governance_console.api.headers import add_headers
from governance_console.api.middleware import MIDDLEWARES
from governance_console.api.routes import Route, add_routes
from governance_console.crowd import Crowd
from governance_console.limits import DEFAULT_BOUNDS
from governance_console.logs import LogfmtFormatter, WithoutRequestText
from governance_console.metrics import Metrics
from governance_console.settings import Settings
from tests.console import Client, Console
from tests.test_ingest import JSON, problem


async def _fails(request: web.Request) -> web.Response:
    raise KeyError("a secret that was in a variable")


@pytest.fixture
async def failing() -> AsyncIterator[Client]:
    """A server whose one handler fails in a way that nobody foresaw."""
    app = web.Application(middlewares=MIDDLEWARES)
    app[SETTINGS], app[METRICS], app[TOKENS] = Settings(), Metrics(), Tokens("", {}, "")
    app[CROWD] = Crowd(DEFAULT_BOUNDS)
    add_routes(app, [Route("GET", "/fails", _fails, Access.PUBLIC)])
    app.on_response_prepare.append(add_headers)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        yield Client(f"http://127.0.0.1:{runner.addresses[0][1]}", client)
    await runner.cleanup()


async def test_a_failing_handler_is_a_500_that_tells_nothing_but_where_to_look(
    failing: Client, caplog: pytest.LogCaptureFixture
) -> None:
    document = problem(await failing.get("/fails"), 500)
    assert "secret" not in str(document)
    assert document["request_id"] in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize("method", ["PROPFIND", "MKCOL"])
async def test_odd_methods_make_no_series_of_their_own(console: Console, method: str) -> None:
    await console.request(method, "/healthz")
    await console.request(method, "/nowhere-" + method)
    metrics = (await console.get("/metrics")).text
    assert method not in metrics
    assert 'method="other"' in metrics


@pytest.mark.parametrize("path", ["/api/events", "/api/session", "/api/gpt/query"])
async def test_a_client_that_leaves_in_the_middle_is_no_failure_of_ours(
    console: Console, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = console.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
    writer.write(f"{head}\r\n{{".encode())
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    assert (await console.post("/api/events", {"source": "s", "type": "t"})).status == 201
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_body_beside_the_upgrade_is_refused(console: Console) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    answer = await console.request("GET", "/api/ws/telemetry", data=b"x", headers={**upgrade, **JSON})
    assert answer.status == 400


def test_what_a_client_sent_is_kept_out_of_the_servers_own_log() -> None:
    record = logging.makeLogRecord({"msg": "Error handling request", "levelno": logging.ERROR, "levelname": "ERROR"})
    error = BadHttpMessage("got: Authorization: Bearer s3cret")
    record.exc_info = (type(error), error, None)
    logging.getLogger().setLevel(logging.INFO)
    try:
        assert WithoutRequestText().filter(record)
    finally:
        logging.getLogger().setLevel(logging.WARNING)
    shown = LogfmtFormatter("%(name)s: %(message)s").format(record)
    assert "s3cret" not in shown
    assert "BadHttpMessage" in shown


def test_a_log_line_stays_one_line_whatever_is_in_it() -> None:
    record = logging.makeLogRecord({"msg": "request", "route": "a b\nfake level=error", "name": "n"})
    line = LogfmtFormatter("%(name)s: %(message)s").format(record)
    assert "\n" not in line
