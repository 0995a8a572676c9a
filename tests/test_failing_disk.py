"""The disk below the record becomes read-only or vanishes, under the console and before it starts.

A real ext4 of a few megabytes, which makes itself read-only as after an error of its own, or lets every call fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from governance_console.cli.serve import FAILED
from tests.console import Client, Stream, connected
from tests.process import RUN, ConsoleProcess, Ended, run_to_end
from tests.smalldisk import SmallDisk, ext4_disk

SIZE = 8 * 1024 * 1024
SETTINGS = {"WS_INTERVAL_SEC": "0.05", "CHECKPOINT_INTERVAL_SEC": "0.1"}
READ_ONLY = "its file system is read-only; mount it writable (the system's log says why it is not) and start again"
FAILS = "the disk below it fails (Input/output error); the system's log says more"


@pytest.fixture
def disk(tmp_path: Path, require: Callable[[bool, str, str], None]) -> Iterator[SmallDisk]:
    with ext4_disk(tmp_path / "data", SIZE, require) as one:
        yield one


def console_on(disk: SmallDisk, folder: Path) -> ConsoleProcess:
    return ConsoleProcess(folder, SETTINGS, command=disk.command(sys.executable, str(RUN)))


def event(number: int) -> dict[str, object]:
    return {"agent": "a", "type": "t", "id": str(number), "text": "x" * 20_000}


async def refused(client: Client, stream: Stream, says: str, size: int) -> None:
    """Nothing is taken, streamed or counted any more, and who sends, asks, watches and scrapes is told."""
    first, second = [await client.post("/api/events", event(size)) for _ in range(2)]
    assert (first.status, second.status) == (503, 503)
    assert says in first.json["detail"]
    assert says in second.json["detail"]
    assert (await client.post("/api/gpt/query", {"query": "?"})).status == 503
    assert (await client.get("/readyz")).status == 503
    assert (await client.get("/healthz")).status == 200
    assert await client.sample("governance_log_writable") == 0
    assert await client.sample("governance_log_size") == size
    while (heartbeat := await stream.message())["type"] == "audit" and heartbeat["writable"]:
        pass
    assert (heartbeat["type"], heartbeat["size"], heartbeat["next"]) == ("audit", size, size)


async def record_some(client: Client, stream: Stream) -> int:
    """So many entries, once they were streamed."""
    await client.record(*(event(number) for number in range(1, 30)))
    while (await stream.message())["next"] < 30:
        pass
    return 30


def started_again(disk: SmallDisk, folder: Path) -> Ended:
    return run_to_end(folder, "--listen", "127.0.0.1:0", interpreter=disk.command(sys.executable))


def files_of(disk: SmallDisk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in disk.inside.iterdir() if path.is_file()}


async def test_a_file_system_that_became_read_only_is_read_on_and_told_of(tmp_path: Path, disk: SmallDisk) -> None:
    with console_on(disk, tmp_path) as process:
        async with connected(process.url) as client, await client.watch() as stream:
            size = await record_some(client, stream)
            disk.fail()
            await refused(client, stream, "SQLITE_IOERR_WRITE: Read-only file system", size)
            page = (await client.get("/api/events?from=0")).json
            assert [item["entry"]["seq"] for item in page["items"]] == list(range(size))
            async with await client.watch("?from=0") as other:
                assert [(await other.entry())["entry"]["seq"] for _ in range(size)] == list(range(size))
        process.terminate()
        assert process.wait() == FAILED
        assert "because the record cannot be written" in process.log[-1]
        assert not [line for line in process.log if "Traceback" in line]


@pytest.mark.soak
async def test_a_read_only_file_system_ends_the_console_and_is_refused_at_start_untouched(
    tmp_path: Path, disk: SmallDisk
) -> None:
    """It ends by itself, and nobody has to look: and what it leaves can be proved where it is."""
    with console_on(disk, tmp_path) as process:
        async with connected(process.url) as client, await client.watch() as stream:
            await client.record(event(1), event(2))
            while "\n3\n" not in (await stream.message()).get("checkpoint", ""):
                pass
            disk.fail()
            assert (await client.post("/api/events", event(3))).status == 503
        assert process.wait(30) == FAILED
        assert "because the record cannot be written" in process.log[-1]
    before = files_of(disk)
    ended = started_again(disk, tmp_path)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors == f"governance-console: the record data/governance.db cannot be opened: {READ_ONLY}\n"
    verify = ("verify", "data/governance.db", "--key", "data/log.key")
    verified = run_to_end(tmp_path, *verify, interpreter=disk.command(sys.executable))
    assert (verified.status, verified.output.splitlines()[-1]) == (0, "WHOLE")
    assert files_of(disk) == before


@pytest.mark.soak
async def test_a_disk_that_vanishes_is_told_of_by_whoever_comes_to_it(tmp_path: Path, disk: SmallDisk) -> None:
    with console_on(disk, tmp_path) as process:
        async with connected(process.url) as client, await client.watch() as stream:
            size = await record_some(client, stream)
            disk.vanish()
            await refused(client, stream, "disk I/O error: SQLITE_IOERR_WRITE: Input/output error", size)
            answer = await client.get("/api/events/3")
            assert answer.status == 500
            assert "cannot be read (database disk image is malformed; or the disk fails)" in answer.json["detail"]
            async with await client.watch(f"?from={size - 1}") as other:  # the newest are in memory
                assert (await other.entry())["entry"]["seq"] == size - 1
        process.terminate()
        assert process.wait() == FAILED
        assert not [line for line in process.log if "Traceback" in line]
    ended = started_again(disk, tmp_path)
    assert ended.status == 2
    assert ended.errors == f"governance-console: the record data/governance.db cannot be opened: {FAILS}\n"
