"""The disk is full: writing is refused and tried again, everything else goes on, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console import Client, Stream, connected
from tests.process import RUN, ConsoleProcess, run_to_end
from tests.smalldisk import SmallDisk, small_disk
from tests.test_inject import TracedConsole, may_trace  # noqa: F401  # a fixture

DISK = 32 * 1024 * 1024
SPACE = 1024 * 1024
SETTINGS = {"WS_INTERVAL_SEC": "0.1"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk | None]:
    with small_disk(tmp_path / "data", DISK) as disk:
        yield disk


async def ready(client: Client) -> bool:
    return (await client.get("/readyz")).status == 200


async def wait_until_ready(client: Client) -> None:
    for _ in range(400):
        if await ready(client):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it cannot be written, though there is space")


async def says_writable(stream: Stream) -> bool:
    """What the next heartbeat says."""
    while True:
        message = await stream.message()
        if message["type"] == "audit":
            return bool(message["writable"])


async def fill(client: Client, acknowledged: dict[str, int]) -> dict[str, object]:
    """Post large events until one is refused, then small ones, which may still fit; the small one that was."""
    event: dict[str, object] = {}
    for size in (20_000, 10):
        while True:
            event = {"agent": "a", "type": "t", "text": "x" * size, "id": f"{len(acknowledged)}"}
            answer = await client.post("/api/events", event)
            if answer.status != 201:
                break
            acknowledged[str(event["id"])] = answer.json["items"][0]["seq"]
            assert len(acknowledged) < 1000
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert "no space is left" in answer.json["detail"]
    return event


async def goes_on_reading(client: Client, acknowledged: dict[str, int]) -> None:
    """History, stream and metrics know what was acknowledged, and nothing else but what the console did itself."""
    page = (await client.get("/api/events?from=0&limit=1000")).json
    entries = [item["entry"] for item in page["items"]]
    theirs = {one["event"]["id"]: one["seq"] for one in entries if one["principal"] != "console"}
    assert theirs == acknowledged
    assert [one["seq"] for one in entries] == list(range(page["size"]))
    async with await client.watch("?from=0") as stream:
        assert [(await stream.entry())["entry"]["seq"] for _ in entries] == list(range(page["size"]))
    assert await client.sample("governance_log_size") == page["size"]


async def test_a_full_disk_stops_writing_and_nothing_else_and_passes_by_itself(
    tmp_path: Path, small: SmallDisk | None, request: pytest.FixtureRequest
) -> None:
    if small is None:
        request.getfixturevalue("may_trace")
        await without_a_small_disk(tmp_path)
        return
    with ConsoleProcess(tmp_path, SETTINGS, command=small.command(sys.executable, str(RUN))) as process:
        async with connected(process.url) as client, await client.watch() as stream:
            acknowledged: dict[str, int] = {}
            small.leave(SPACE)
            refused = await fill(client, acknowledged)
            while await says_writable(stream):
                pass
            await goes_on_reading(client, acknowledged)
            assert (await client.post("/api/gpt/query", {"query": "?"})).status == 503
            assert not await ready(client)
            assert await client.sample("governance_log_writable") == 0
            assert await client.sample("governance_log_disk_free_bytes") < SPACE
            small.leave(DISK)
            while not await says_writable(stream):
                pass
            await wait_until_ready(client)
            answer = await client.post("/api/events", refused)
            assert (answer.status, answer.json["accepted"]) == (201, 1)
            acknowledged[str(refused["id"])] = answer.json["items"][0]["seq"]
            await goes_on_reading(client, acknowledged)
        process.terminate()
        assert process.wait() == 0
        assert not [line for line in process.log if "Traceback" in line]
        process.start()
        async with connected(process.url) as client:
            await goes_on_reading(client, acknowledged)


async def without_a_small_disk(folder: Path) -> None:
    """Where none can be made: the system calls say that the disk is full, twice, and then no more."""
    process = TracedConsole(folder, "pwrite64:error=ENOSPC:when=200..202")
    with process:
        async with connected(process.url) as client:
            acknowledged: dict[str, int] = {}
            refused = await fill(client, acknowledged)
            assert not await ready(client)
            await goes_on_reading(client, acknowledged)
            await wait_until_ready(client)
            answer = await client.post("/api/events", refused)
            assert (answer.status, answer.json["accepted"]) == (201, 1)
            acknowledged[str(refused["id"])] = answer.json["items"][0]["seq"]
            await goes_on_reading(client, acknowledged)


@pytest.mark.soak
async def test_a_disk_that_is_full_again_and_again_costs_nothing_acknowledged(
    tmp_path: Path, small: SmallDisk | None, request: pytest.FixtureRequest
) -> None:
    """Full, ended or killed while it is, not started while it is, and well again."""
    if small is None:
        request.getfixturevalue("may_trace")
        await without_a_small_disk(tmp_path)
        return
    acknowledged: dict[str, int] = {}
    process = ConsoleProcess(tmp_path, SETTINGS, command=small.command(sys.executable, str(RUN)))
    for number in range(8):
        with process:
            async with connected(process.url) as client:
                await goes_on_reading(client, acknowledged)
                small.leave(SPACE)
                await fill(client, acknowledged)
                await goes_on_reading(client, acknowledged)
            if number % 2:
                process.kill()
                small.leave(0)
                ended = run_to_end(tmp_path, "--listen", "127.0.0.1:0", interpreter=small.command(sys.executable))
                assert ended.status == 2
                assert "no space is left there; free some and start again" in ended.errors
            else:
                process.terminate()
                assert process.wait() == 0
        small.leave(DISK)
    with process:
        async with connected(process.url) as client:
            await goes_on_reading(client, acknowledged)
