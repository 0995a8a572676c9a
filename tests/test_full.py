"""The disk is full: writing is refused and tried again, everything else goes on, and nothing acknowledged is lost.

On a tmpfs, and on a real ext4, which says so at other calls: see ``smalldisk``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console import Client, Stream, connected
from tests.process import RUN, ConsoleProcess, run_to_end
from tests.smalldisk import EXT4, TMPFS, SmallDisk, ext4_disk, small_disk
from tests.test_inject import RECORD, TracedConsole, may_trace  # noqa: F401  # a fixture

DISK = 32 * 1024 * 1024
SPACE = 1024 * 1024
SETTINGS = {"WS_INTERVAL_SEC": "0.1"}


@pytest.fixture
def ext4(tmp_path: Path, require: Callable[[bool, str, str], None]) -> Iterator[SmallDisk]:
    with ext4_disk(tmp_path / "data", DISK, require) as disk:
        yield disk


@pytest.fixture(params=[TMPFS, pytest.param(EXT4, marks=pytest.mark.soak)])
def small(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk | None]:
    """On None the system calls have to say that the disk is full."""
    if request.param == EXT4:
        yield request.getfixturevalue("ext4")
        return
    with small_disk(tmp_path / "data", DISK) as disk:
        yield disk


def console_on(disk: SmallDisk, folder: Path) -> ConsoleProcess:
    return ConsoleProcess(folder, SETTINGS, command=disk.command(sys.executable, str(RUN)))


async def ready(client: Client) -> bool:
    return (await client.get("/readyz")).status == 200


async def wait_until_ready(client: Client) -> None:
    for _ in range(400):
        if await ready(client):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it cannot be written, though there is space")


async def heartbeat_saying(stream: Stream, *, writable: bool) -> None:
    for _ in range(1200):
        message = await stream.message()
        if message["type"] == "audit" and message["writable"] is writable:
            return
    raise AssertionError(f"no heartbeat says {writable}")


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
    with console_on(small, tmp_path) as process:
        async with connected(process.url) as client, await client.watch() as stream:
            acknowledged: dict[str, int] = {}
            small.leave(SPACE)
            refused = await fill(client, acknowledged)
            await heartbeat_saying(stream, writable=False)
            await goes_on_reading(client, acknowledged)
            assert (await client.post("/api/gpt/query", {"query": "?"})).status == 503
            assert not await ready(client)
            assert await client.sample("governance_log_writable") == 0
            assert await client.sample("governance_log_disk_free_bytes") < SPACE
            small.leave(DISK)
            await heartbeat_saying(stream, writable=True)
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


async def without_a_small_disk(folder: Path, error: str = "ENOSPC") -> None:
    """Where none can be made: the system calls say that the disk is full, twice, and then no more."""
    process = TracedConsole(folder, f"pwrite64:error={error}:when=200..202")
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
    process = console_on(small, tmp_path)
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


@pytest.mark.soak
async def test_a_quota_that_is_used_up_is_a_full_disk(tmp_path: Path, may_trace: None) -> None:  # noqa: F811
    """SQLite has an I/O error for that, after which we would not write again."""
    await without_a_small_disk(tmp_path, "EDQUOT")


@pytest.mark.soak
async def test_a_quota_that_ends_while_the_wal_is_folded_costs_no_receipt(tmp_path: Path, may_trace: None) -> None:  # noqa: F811
    """What was committed stays in the WAL; the file takes it when it may grow."""
    large = {"agent": "a", "type": "t", "text": "x" * 900_000}
    process = TracedConsole(tmp_path, "pwrite64:error=EDQUOT:when=30..31", files=[RECORD])
    with process:
        async with connected(process.url) as client:
            for number in range(45):
                assert await client.record({**large, "id": str(number)}) == [1 + number]
        assert process.injected() == 2
        process.terminate()
        assert process.wait() == 0


@pytest.mark.soak
async def test_an_index_of_the_wal_without_blocks_of_its_own_ends_no_console(tmp_path: Path, ext4: SmallDisk) -> None:
    """There is room in the WAL, and none for the -shm file, which is written to as memory: SIGBUS would say so."""
    with console_on(ext4, tmp_path) as process:
        async with connected(process.url) as client:
            with (ext4.inside / "governance.db-wal").open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, 20 * 1024 * 1024)
            ext4.leave(16 * 1024)
            recorded = 0
            events = [{"agent": "a", "type": "t", "text": "x" * 9_000}] * 50
            while (await client.post("/api/events", events)).status == 201:
                recorded += 50
            # Each takes three pages: the index has come to its second part, of 4096 pages.
            assert recorded > 4096 / 3
            assert not await ready(client)
            ext4.leave(DISK)
            await wait_until_ready(client)
        process.terminate()
        assert process.wait() == 0


@pytest.mark.soak
async def test_too_little_space_for_the_index_of_the_wal_is_said_before_it_is_begun(
    tmp_path: Path, ext4: SmallDisk
) -> None:
    """As after a crash, with a WAL to read: so much space that its index can be made, but not filled."""
    with console_on(ext4, tmp_path) as process:
        async with connected(process.url) as client:
            await client.record(*({"agent": "a", "type": "t", "text": "x" * 3000} for _ in range(300)))
        process.kill()
    (ext4.inside / "governance.db-shm").unlink()
    kept = tmp_path / "kept"
    shutil.copytree(ext4.inside, kept, ignore=shutil.ignore_patterns("lost+found"))
    for free in (12, 24, 48):
        ext4.leave(free * 1024)
        ended = run_to_end(tmp_path, "--listen", "127.0.0.1:0", interpreter=ext4.command(sys.executable))
        assert ended.status == 2, free
        assert ended.errors.endswith("cannot be opened: no space is left there; free some and start again\n")
        assert not (ext4.inside / "governance.db-shm").exists()
        assert all((ext4.inside / one.name).read_bytes() == one.read_bytes() for one in kept.glob("governance.db*[lb]"))
    ext4.leave(DISK)
    with process:
        async with connected(process.url) as client:
            assert (await client.get("/api/events?limit=1")).json["size"] == 302
