"""Watchers that read nothing: they delay nobody, and what they cost is bounded."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from governance_console.api import FEED
from governance_console.ring import PIECE_BYTES
from governance_console.watching import ROOM_BYTES
from tests.console import Client, Console, connected
from tests.process import ConsoleProcess
from tests.test_ingest import LENIENT
from tests.waiting import until

TAKEN_BYTES = 1_500_000
"""More than the system keeps of a stream with SO_SNDBUF as it is set, and half of what it keeps without."""


def stalled_watcher(url: str) -> socket.socket:
    """A watcher that opens the stream and never reads."""
    host, port = url.removeprefix("http://").split(":")
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect((host, int(port)))
    stalled.sendall(
        f"GET /api/ws/telemetry HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    return stalled


@asynccontextmanager
async def stalled_watchers(client: Client, count: int) -> AsyncIterator[None]:
    stalled = [stalled_watcher(client.url) for _ in range(count)]
    try:
        async with asyncio.timeout(20):
            while await client.sample("governance_watchers") < count:  # noqa: ASYNC110  # another process counts
                await asyncio.sleep(0.05)
        yield
    finally:
        for one in stalled:
            one.close()


async def test_a_watcher_that_reads_nothing_delays_nobody_and_costs_a_bounded_buffer(console: Console) -> None:
    """16 MB go past a stalled socket; a healthy one and the journal do not notice."""
    async with stalled_watchers(console, 1), await console.watch() as healthy:
        for number in range(160):
            await console.record(*[{**LENIENT, "data": "x" * 10_000}] * 10)
            for place in range(10):
                assert (await healthy.entry())["entry"]["seq"] == 10 * number + place
        buffered = await console.sample("governance_stream_buffered_bytes")
        assert ROOM_BYTES < buffered < ROOM_BYTES + PIECE_BYTES + 20_000
        sent = await console.sample("governance_stream_messages_total") - 1600
        assert sent * 10_000 - buffered < TAKEN_BYTES  # what the system has taken for it


@pytest.mark.soak
async def test_watchers_that_take_nothing_for_30_s_are_named_and_cut(
    console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    async with stalled_watchers(console, 10):
        async with await console.watch() as healthy:
            for number in range(16):
                await console.record({**LENIENT, "data": "x" * 1_000_000})
                assert (await healthy.entry())["entry"]["seq"] == number
            keep_reading = asyncio.create_task(healthy.close_code())
            await until(lambda: console.app[FEED].watchers == 1, 40)
            keep_reading.cancel()
        assert await console.sample("governance_slow_watchers_total") == 10
        assert caplog.text.count("a watcher took nothing for 30 s and is cut") == 10


def resident(pid: int) -> int:
    """What a process has in memory, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.soak
async def test_a_thousand_stalled_watchers_cost_bounded_memory_and_healthy_ones_get_everything(tmp_path: Path) -> None:
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with ConsoleProcess(tmp_path) as process:
            async with connected(process.url) as client, stalled_watchers(client, 1000):
                before = resident(process.pid)
                async with await client.watch() as one, await client.watch("?source=planner-7") as two:
                    begun = (await client.get("/api/events?limit=1")).json["size"]
                    for number in range(400):
                        await client.record(*[{**LENIENT, "data": "x" * 1000}] * 100)
                        for stream in (one, two):
                            for place in range(100):
                                assert (await stream.entry())["entry"]["seq"] == begun + 100 * number + place
                grown = resident(process.pid) - before
                buffered = await client.sample("governance_stream_buffered_bytes")
                assert 1000 * ROOM_BYTES < buffered < 1000 * (ROOM_BYTES + PIECE_BYTES + 2000)
                # What is buffered, the ring, and what the interpreter and its allocator add: not 1,000 times 50 MB.
                assert grown < 1000 * (ROOM_BYTES + PIECE_BYTES) + 150 * 1024 * 1024
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
