"""One copy for many watchers: each gets every byte in order, however slowly it reads, and no file stays open."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter

from governance_console.api import FEED
from governance_console.api.telemetry import Socket, SocketOutlet
from governance_console.parcel import LEAST_BYTES, LEAST_WATCHERS, NO_FILE, one_copy, send_from
from governance_console.settings import Settings
from tests.bench.wire import FrameReader
from tests.console import Console, running
from tests.test_ingest import LENIENT
from tests.test_stalled import stalled_watcher
from tests.test_tls import loops
from tests.waiting import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

REQUESTS = 25
EVENTS = 40


def files_in_memory() -> int:
    """How many this process has open."""
    handles = Path("/proc/self/fd")
    return sum(
        os.readlink(handles / name).startswith("/memfd:frames") for name in os.listdir(handles) if _is_there(name)
    )


def _is_there(name: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{name}")


async def read_all(stalled: socket.socket, pace: random.Random | None) -> list[int]:
    """The numbers of the entries that a stream brings, read at once, or in small pieces now and then."""
    stalled.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=stalled)
    try:
        await reader.readuntil(b"\r\n\r\n")
        frames, seqs = FrameReader(), [-1]
        while seqs[-1] < REQUESTS * EVENTS - 1:
            piece = await reader.read(pace.randrange(1, 60_000) if pace else 1 << 20)
            assert piece, "the stream ended"
            messages = [json.loads(payload) for payload in frames.feed(piece)]
            seqs += [message["entry"]["seq"] for message in messages if message["type"] == "entry"]
            if pace:
                await asyncio.sleep(pace.random() / 500)
        return seqs[1:]
    finally:
        writer.close()
        await writer.wait_closed()


async def watch_bursts(console: Console) -> None:
    watchers = 2 * LEAST_WATCHERS
    streams = [stalled_watcher(console.url.rstrip("/")) for _ in range(watchers)]
    paces = [random.Random(number) if number % 2 else None for number in range(watchers)]
    reading = [asyncio.create_task(read_all(*one)) for one in zip(streams, paces, strict=True)]
    async with asyncio.timeout(30):
        await until(lambda: console.app[FEED].watchers == watchers, 10)
        for _ in range(REQUESTS):
            await console.record(*[{**LENIENT, "data": "x" * 900}] * EVENTS)
        for seqs in await asyncio.gather(*reading):
            assert seqs == list(range(REQUESTS * EVENTS))
    await until(lambda: files_in_memory() == 0, 5)


@linux
@pytest.mark.parametrize("loop", loops(), ids=lambda loop: loop.__module__.partition(".")[0])
def test_watchers_of_any_pace_get_everything_in_its_order(
    loop: Callable[[], asyncio.AbstractEventLoop], settings: Settings
) -> None:
    async def scenario() -> None:
        async with running(settings) as console:
            await watch_bursts(console)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())


@linux
@pytest.mark.parametrize(
    ("size", "watchers", "is_made"),
    [
        (LEAST_BYTES, LEAST_WATCHERS, True),
        (LEAST_BYTES - 1, LEAST_WATCHERS, False),
        (LEAST_BYTES, LEAST_WATCHERS - 1, False),
    ],
)
def test_a_copy_is_made_where_it_is_worth_it_and_gone_afterwards(size: int, watchers: int, is_made: bool) -> None:
    frames = random.Random(1).randbytes(size)
    with one_copy(frames, watchers) as file:
        assert (file != NO_FILE) is is_made
        if is_made:
            assert os.pread(file, size + 1, 0) == frames
    assert files_in_memory() == 0


@linux
def test_without_a_handle_left_there_is_no_copy() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open("/dev/null", os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with one_copy(bytes(LEAST_BYTES), LEAST_WATCHERS) as file:
            assert file == NO_FILE
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@linux
def test_what_cannot_be_sent_was_not_sent() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with one_copy(bytes(LEAST_BYTES), LEAST_WATCHERS) as file, ours:
        assert send_from(file, ours.fileno(), LEAST_BYTES) == 0


@linux
async def test_nothing_is_sent_by_a_handle_that_is_being_closed() -> None:
    """It may be somebody else's at any moment."""
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    loop = asyncio.get_running_loop()
    outlet = SocketOutlet(Socket(), transport, StreamWriter(BaseProtocol(loop), loop))
    with one_copy(bytes(LEAST_BYTES), LEAST_WATCHERS) as file, theirs:
        assert outlet.send(bytes(LEAST_BYTES), file)
        assert len(theirs.recv(2 * LEAST_BYTES)) == LEAST_BYTES
        transport.close()
        assert outlet.send(bytes(LEAST_BYTES), file)
        await asyncio.sleep(0)
        assert theirs.recv(2 * LEAST_BYTES) == b""
