"""Too many, too large, too slow: each bound at its edge, over real sockets, with short times given to the console."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import pytest

from governance_console.api import CROWD, PARSING
from governance_console.cli.serve import MAX_HEADER_BYTES, MAX_LINE_BYTES
from governance_console.limits import MAX_HEAD_BYTES, MAX_REQUEST_BYTES, MAX_SMALL_BODY_BYTES, Bounds
from governance_console.openfiles import RESERVED
from governance_console.settings import Settings
from tests.console import Console, running
from tests.process import ROOT
from tests.raw import RawConnection
from tests.test_ingest import JSON, LENIENT, problem
from tests.waiting import until

HASTY = Bounds(first_request_sec=0.3, idle_sec=0.6, body_sec=0.3, body_bytes_per_sec=1000, stalled_sec=0.4)
"""A third of a second instead of half a minute. No test waits for a bound to pass that it does not test."""


Connect = Callable[[str], RawConnection]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections, and closes what is left of them."""
    made: list[RawConnection] = []

    def one(url: str) -> RawConnection:
        made.append(RawConnection(url))
        return made[-1]

    yield one
    for connection in made:
        connection.close()


def head(url: str, line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", f"Host: {urlsplit(url).netloc}", *headers, "", ""]).encode()


async def ended(connection: RawConnection, within: float) -> bool:
    """Whether the server ends the connection in time."""
    try:
        async with asyncio.timeout(within):
            return (await connection.answer()).status == 0
    except TimeoutError:
        return False


async def true(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110  # it is asked of the console
            await asyncio.sleep(0.01)


async def dripped(connection: RawConnection, data: bytes, pause: float) -> None:
    """A byte at a time, as who would hold a connection open; until the server has enough."""
    writer = await connection.open()
    for place in range(len(data)):
        if writer.transport.is_closing():
            return
        writer.write(data[place : place + 1])
        await asyncio.sleep(pause)


async def test_a_first_request_that_does_not_come_whole_is_cut(connect: Connect, settings: Settings) -> None:
    async with running(settings, bounds=HASTY) as console:
        silent, dripping, quick = (connect(console.url) for _ in range(3))
        await silent.open()
        drip = asyncio.create_task(dripped(dripping, head(console.url, "GET /" + "x" * 500), 0.02))
        await quick.send(head(console.url, "GET /healthz"))
        assert await ended(silent, 5)
        await drip
        assert await ended(dripping, 5)
        assert await console.sample('governance_limited_total{limit="slow"}') == 2
        assert (await quick.send(head(console.url, "GET /healthz"))).status == 200  # it had sent one in time


async def test_a_connection_at_rest_is_ended_and_one_in_use_is_not(connect: Connect, settings: Settings) -> None:
    async with running(settings, bounds=replace(HASTY, first_request_sec=30, stalled_sec=30)) as console:
        used, resting = connect(console.url), connect(console.url)
        await resting.send(head(console.url, "GET /healthz"))
        for _ in range(5):
            assert (await used.send(head(console.url, "GET /healthz"))).status == 200
            await asyncio.sleep(0.2)
        assert await ended(resting, 5)
        assert (await used.send(head(console.url, "GET /healthz"))).status == 200


@pytest.mark.parametrize(
    ("at_once", "pause"), [(0, 30), (20_000, 30), (0, 0.1)], ids=["nothing", "much and then nothing", "now and then"]
)
async def test_a_body_that_stops_or_lags_is_408(
    connect: Connect, settings: Settings, at_once: int, pause: float
) -> None:
    async with running(settings, bounds=HASTY) as console:
        connection = connect(console.url)
        writer = await connection.open()
        content = ("Content-Length: 30000", "Content-Type: application/json")
        writer.write(head(console.url, "POST /api/events", *content) + b" " * at_once)
        drip = asyncio.create_task(dripped(connection, b" " * 900, pause))
        answer = await connection.answer()
        drip.cancel()
        assert answer.status == 408
        assert b"too slowly" in answer.body
        metrics = (await console.get("/metrics")).text
        assert 'governance_rejected_requests_total{reason="too_slow"} 1.0' in metrics


async def test_a_slow_line_that_keeps_the_least_rate_is_waited_for(connect: Connect, settings: Settings) -> None:
    """Longer than any pause may be, and far longer than it would take at once."""
    async with running(settings, bounds=replace(HASTY, body_sec=0.7, body_bytes_per_sec=100)) as console:
        body = b'{"agent":"a","type":"t","note":"' + b"x" * 2000 + b'"}'
        connection = connect(console.url)
        writer = await connection.open()
        writer.write(
            head(console.url, "POST /api/events", f"Content-Length: {len(body)}", "Content-Type: application/json")
        )
        for first in range(0, len(body), 250):
            writer.write(body[first : first + 250])
            await asyncio.sleep(0.1)
        assert (await connection.answer()).status == 201
        connection.close()


async def test_an_answer_that_nobody_takes_is_cut(connect: Connect, settings: Settings) -> None:
    async with running(settings, bounds=replace(HASTY, first_request_sec=30, idle_sec=30)) as console:
        for _ in range(12):
            await console.record(*[{**LENIENT, "data": "x" * 500_000}] * 2)
        address = urlsplit(console.url)
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((address.hostname, address.port))
        stalled.sendall(head(console.url, "GET /api/events?format=ndjson&from=0"))

        async def cut() -> bool:
            return await console.sample('governance_limited_total{limit="slow"}') == 1

        await true(cut)
        stalled.close()


async def test_more_watchers_than_a_principal_may_have_are_429_and_a_place_that_is_free_is_taken(
    settings: Settings,
) -> None:
    guarded = replace(settings, operator_token="operator", ws_interval_sec=60)
    async with running(guarded, bounds=Bounds(watchers_each=2, watchers=100)) as console:
        first = await console.watch(token="operator")
        async with first, await console.watch(token="operator"):
            answer = await console.get("/api/ws/telemetry", token="operator")
            assert "operator has 2 streams open" in problem(answer, 429)["detail"]
            assert answer.headers["Retry-After"] == "30"
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await console.watch(token="operator")
            assert caught.value.status == 429
            await first.socket.close()

            async def free() -> bool:
                return (await console.get("/api/ws/telemetry", token="operator")).status == 426

            await true(free)
            async with await console.watch(token="operator") as stream:
                assert (await stream.message())["type"] == "audit"


async def test_more_watchers_than_there_may_be_are_503(settings: Settings) -> None:
    async with running(settings, bounds=Bounds(watchers=1)) as console, await console.watch():
        answer = await console.get("/api/ws/telemetry")
        problem(answer, 503)
        assert answer.headers["Retry-After"] == "30"


async def test_more_requests_at_once_than_are_served_are_503_and_watchers_are_none_of_them(
    connect: Connect, settings: Settings
) -> None:
    async with running(settings, bounds=Bounds(in_flight=2)) as console:
        async with await console.watch(), await console.watch(), await console.watch():
            held = [connect(console.url) for _ in range(2)]
            for one in held:
                content = ("Content-Length: 5", "Content-Type: application/json")
                (await one.open()).write(head(console.url, "POST /api/events", *content))

            async def full() -> bool:
                return (await console.get("/api/events")).status == 503

            await true(full)
            answer = await console.post("/api/gpt/query", {"query": "x"})
            problem(answer, 503)
            assert answer.headers["Retry-After"] == "2"
            for path in ("/healthz", "/readyz", "/metrics", "/", "/api/session"):
                assert (await console.get(path)).status == 200, path
            for one in held:
                assert (await one.send(b"{   }")).status == 422
                one.close()
            assert (await console.get("/api/events")).status == 200


async def test_bodies_on_their_way_hold_so_much_and_no_more(connect: Connect, settings: Settings) -> None:
    """Counted inflated, and given back however the request ends."""
    async with running(settings, bounds=Bounds(body_bytes=300_000)) as console:
        content = ("Content-Length: 1000000", "Content-Type: application/json")
        held = connect(console.url)
        (await held.open()).write(head(console.url, "POST /api/events", *content) + b" " * 250_000)
        bomb = zlib.compress(b" " * 400_000)
        encoded = ("Content-Length: 1000000", "Content-Type: application/json", "Content-Encoding: deflate")
        packed = connect(console.url)
        (await packed.open()).write(head(console.url, "POST /api/events", *encoded))
        crowd = console.app[CROWD]
        await until(lambda: (crowd.in_flight, crowd.held) == (2, 250_000))
        answer = await packed.send(bomb)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert (await console.post("/api/events", LENIENT)).status == 201  # what came with its head holds nothing
        held.close()
        packed.close()
        await until(lambda: crowd.held == 0)
        large = b'{"agent":"a","type":"t"}'.ljust(280_000)
        assert (await console.request("POST", "/api/events", data=large, headers=JSON)).status == 201


async def test_bodies_that_wait_to_be_parsed_hold_what_they_are(settings: Settings) -> None:
    """Also one that came whole with its head, and is large only once it is inflated."""
    large = b'{"agent":"a","type":"t"}'.ljust(200_000)
    async with running(settings, bounds=Bounds(body_bytes=300_000)) as console:
        crowd = console.app[CROWD]
        for encoding, body in (("identity", large), ("deflate", zlib.compress(large))):
            headers = {**JSON, "Content-Encoding": encoding}
            async with console.app[PARSING], asyncio.timeout(10):
                waiting = asyncio.create_task(console.request("POST", "/api/events", data=body, headers=headers))
                await until(lambda: crowd.held == len(large))
                problem(await console.request("POST", "/api/events", data=body, headers=headers), 503)
                assert (await console.post("/api/events", LENIENT)).status == 201
            assert (await waiting).status == 201
            assert crowd.held == 0


async def test_a_connection_too_many_takes_the_place_of_one_at_rest_and_of_none_at_work(
    connect: Connect, settings: Settings
) -> None:
    async with running(settings, bounds=Bounds(connections=3)) as console:
        async with await console.watch() as stream:
            resting, working = connect(console.url), connect(console.url)
            assert (await resting.send(head(console.url, "GET /healthz"))).status == 200
            content = ("Content-Length: 5", "Content-Type: application/json")
            (await working.open()).write(head(console.url, "POST /api/events", *content))
            crowd = console.app[CROWD]
            await until(lambda: crowd.in_flight == 1)
            newcomer = connect(console.url)
            assert (await newcomer.send(head(console.url, "GET /healthz"))).status == 200
            assert await ended(resting, 5)
            (await newcomer.open()).write(head(console.url, "POST /api/events", *content))
            await until(lambda: crowd.in_flight == 2)
            refused = connect(console.url)
            await refused.open()
            answer = await refused.answer()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert (await working.send(b"{   }")).status == 422
            assert (await stream.message())["type"] == "audit"
            newcomer.close()
            working.close()


async def test_a_connection_is_at_work_from_the_moment_its_request_is_here(connect: Connect, console: Console) -> None:
    request = head(console.url, "GET /healthz")
    await connect(console.url).send(request)
    (connection,) = console.connections
    await until(lambda: connection.is_waiting)
    connection.data_received(request)
    assert not connection.is_waiting


@pytest.mark.parametrize(
    ("path", "most", "status"), [("/api/events", MAX_REQUEST_BYTES, 201), ("/api/gpt/query", MAX_SMALL_BODY_BYTES, 200)]
)
async def test_a_body_is_taken_at_its_bound_and_refused_beyond(
    console: Console, path: str, most: int, status: int
) -> None:
    content = b'{"agent":"a","type":"t","query":"hello"}'
    for chunked in (None, True):
        for size, expected in ((most, status), (most + 1, 413)):
            body = content + b" " * (size - len(content))
            answer = await console.request("POST", path, data=body, headers=JSON, chunked=chunked)
            assert answer.status == expected, (size, chunked)


async def test_a_head_is_taken_at_its_bounds_and_refused_beyond(connect: Connect, console: Console) -> None:
    connection = connect(console.url)

    async def status(line: str, *headers: str) -> int:
        answer = await connection.send(head(console.url, line, *headers))
        if answer.status not in (200, 422):
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            connection.close()
        return answer.status

    name = "X-Long: "
    for size, expected in ((MAX_HEADER_BYTES, 200), (MAX_HEADER_BYTES + 1, 400)):
        assert await status("GET /healthz", name + "x" * size) == expected, size
    for size, expected in ((MAX_LINE_BYTES - len("/healthz?"), 200), (MAX_LINE_BYTES, 400)):
        assert await status("GET /healthz?" + "x" * size) == expected, size
    lines = [f"X-{number}: x" for number in range(126)]
    assert await status("GET /healthz", *lines) == 200
    assert await status("GET /healthz", *lines, "A: x", "B: x", "C: x") == 400
    connection.close()


async def test_heads_that_come_in_pieces_are_each_counted_by_itself(connect: Connect, console: Console) -> None:
    connection = connect(console.url)
    whole = head(console.url, "GET /healthz", "X-Long: " + "x" * 90_000)
    for _ in range(4):
        (await connection.open()).write(whole[:-10])
        await asyncio.sleep(0.02)
        assert (await connection.send(whole[-10:])).status == 200


async def test_a_head_that_goes_on_and_on_is_431(connect: Connect, console: Console) -> None:
    connection = connect(console.url)
    writer = await connection.open()
    writer.write(head(console.url, "GET /healthz")[:-2])
    for number in range(MAX_HEAD_BYTES // 16384 + 10):
        writer.write(f"X-{number}: ".encode() + b"x" * 16384 + b"\r\n")
        await asyncio.sleep(0.002)
    answer = await connection.answer()
    assert answer.status in (431, 0)  # what it was still sending may make the system throw the answer away
    connection.close()
    assert (await console.get("/healthz")).status == 200


@pytest.mark.parametrize(("soft", "hard", "fits"), [(256, 10_000, 5000), (256, 512, 512 - RESERVED), (64, 64, 1)])
def test_connections_leave_room_for_the_record(soft: int, hard: int, fits: int) -> None:
    """In a process of its own, whose bounds may be lowered."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip("the system lets no process have so many files open")
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
        "from governance_console.openfiles import room_for; print(room_for(5000))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == fits
