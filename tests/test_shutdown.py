"""SIGTERM ends the console within 5 s, whoever is connected, and keeps every promise made until then."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from governance_console.settings import Settings
from tests.console import Client, connected
from tests.process import ConsoleProcess
from tests.test_kill import end_amid_batches
from tests.waiting import until

_log = logging.getLogger(__name__)

SHUTDOWN_SEC = 5
HANDSHAKE = (
    "GET /api/ws/telemetry?from=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HALF_A_BODY = (
    "POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    '{"agent":"cut short","type":"t"'
)
HALF_A_HEAD = "POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Ty"
LONG_PAGE = "GET /api/events?from=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WHOLE = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def raw(port: int, text: str, wait_for: bytes = b"") -> socket.socket:
    """A connection that sends this, reads up to something, and then nothing more."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that a peer who reads nothing is soon felt
    one.settimeout(10)
    one.connect(("127.0.0.1", port))
    one.sendall(text.encode())
    received = b""
    while wait_for not in received:
        received += one.recv(1)
    return one


@dataclass(slots=True)
class Told:
    """What became of the requests: the numbers that were acknowledged, and how the others ended."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    pages: int = 0


async def post(client: Client, name: str, told: Told) -> None:
    """Record one event after the other until nobody listens. An answer comes whole or not at all."""
    number = 0
    while True:
        number += 1
        body = {"agent": name, "type": "t", "id": f"{name}-{number}"}
        try:
            answer = await client.post("/api/events", body)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return
        if answer.status != 201:
            told.refused[answer.status] += 1
            assert answer.status == 503
            assert answer.json["status"] == 503
            return
        told.acknowledged[answer.json["items"][0]["seq"]] = body["id"]


async def read(client: Client, told: Told) -> None:
    """Read long pages until nobody listens. A page that was begun comes to its end."""
    while True:
        try:
            answer = await client.get("/api/events?from=10&limit=1000")
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return
        assert len(answer.json["items"]) > 0
        told.pages += 1


async def check(client: Client, told: Told) -> None:
    """Everything that was acknowledged is there, under its number, and nothing that was cut short."""
    found: dict[int, str] = {}
    start: int | None = 0
    while start is not None:
        page = (await client.get(f"/api/events?from={start}&limit=1000")).json
        found |= {item["entry"]["seq"]: item["entry"]["event"]["id"] for item in page["items"]}
        assert all(item["entry"]["event"]["source"] != "cut short" for item in page["items"])
        start = page["next"]
    assert list(found) == list(range(len(found)))
    assert {seq: found[seq] for seq in told.acknowledged} == told.acknowledged


async def end_under_load(folder: Path, end: Callable[[ConsoleProcess], None], wait: float, watchers: int) -> None:
    """Load a console with all kinds of clients, end it, and see what each was told."""
    with ConsoleProcess(folder, {"WS_INTERVAL_SEC": "0.2"}) as process:
        told = Told()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(connected(process.url, connections=1000))
            # More than the kernel's buffers take of a stream that is not read.
            large = {"agent": "a", "type": "large", "text": "x" * 1_000_000}
            await asyncio.gather(*(client.record(large) for _ in range(12)))
            loop = asyncio.get_running_loop()
            for text, wait_for in (
                (HANDSHAKE, b"\r\n\r\n"),
                (HALF_A_BODY, b""),
                (HALF_A_HEAD, b""),
                ("", b""),
                (LONG_PAGE, b"\r\n\r\n"),
                (WHOLE, b"alive"),
            ):
                stack.enter_context(await loop.run_in_executor(None, raw, process.port, text, wait_for))
            streams = [await stack.enter_async_context(await client.watch()) for _ in range(watchers)]
            closes = [asyncio.create_task(stream.close_code()) for stream in streams]
            working = [asyncio.create_task(post(client, f"sender-{number}", told)) for number in range(8)]
            working += [asyncio.create_task(read(client, told)) for _ in range(2)]
            await until(lambda: len(told.acknowledged) >= 20 and told.pages > 0)
            await asyncio.sleep(wait)
            end(process)
            ended = loop.time()
            status = await loop.run_in_executor(None, process.wait, SHUTDOWN_SEC)
            _log.info("it took %.2f s after %d acknowledgements", loop.time() - ended, len(told.acknowledged))
            codes = Counter([code for code, _ in await asyncio.gather(*closes)])
            await asyncio.gather(*working)
        assert status == 0
        assert codes == {1001: watchers}
        assert not [line for line in process.log if "Traceback" in line or " error " in line]
        assert process.log[-1].endswith("stopped")
        process.start()
        async with connected(process.url) as client:
            await check(client, told)


async def test_sigterm_ends_a_loaded_console_within_5_s_and_tells_every_watcher_1001(tmp_path: Path) -> None:
    await end_under_load(tmp_path, ConsoleProcess.terminate, 0.2, watchers=40)


@pytest.mark.soak
async def test_a_signal_ends_an_idle_console_and_the_next_one_goes_on_with_its_record(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path) as process:
        for number, end in enumerate((process.terminate, process.interrupt)):
            async with connected(process.url) as client, await client.watch() as stream:
                assert await client.record({"agent": "a", "type": "t"}) == [1 + 3 * number]
                end()
                end()  # an impatient operator's second one changes nothing
                assert await stream.close_code() == (1001, "the console is shutting down")
            assert process.wait(SHUTDOWN_SEC) == 0
            process.start()


@pytest.mark.soak
@pytest.mark.parametrize("end", [ConsoleProcess.terminate, ConsoleProcess.interrupt], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("seed", range(10))
async def test_a_signal_ends_a_loaded_console_at_any_moment(
    tmp_path: Path, seed: int, end: Callable[[ConsoleProcess], None]
) -> None:
    wait = random.Random(seed).uniform(0, 0.5)
    _log.info("the signal comes after %.0f ms of load", wait * 1000)
    await end_under_load(tmp_path, end, wait, watchers=200)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
async def test_what_was_acknowledged_is_there_after_twenty_times_sigterm_amid_batches(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    await end_amid_batches(settings, tmp_path, ConsoleProcess.terminate, random.Random(seed), times=20)
