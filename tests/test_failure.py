"""When the record's store fails: writing stops with a sentence, reading goes on, and nothing is claimed.

The real application over a real socket and a real SQLite file, on a disk that fails when it is told to.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from governance_console.api import JOURNAL
from governance_console.cli.serve import until_over
from governance_console.errors import CannotStart, ConsoleError, StorageFull, StorageGone
from governance_console.settings import Settings
from governance_console.storage.sqlite import SqliteStorage
from tests.console import Console, running
from tests.disk import Disk, error_of, no_fault
from tests.growing import GrowingStorage
from tests.test_storage import new_item, store
from tests.waiting import until

EVENT = {"agent": "a", "type": "t"}


@asynccontextmanager
async def on(disk: Disk, settings: Settings) -> AsyncIterator[Console]:
    storage = SqliteStorage(settings.database_path, None, lambda: "epoch", vfs=disk.name)
    async with running(settings, storage) as console:
        yield console


async def refused(console: Console, says: str) -> None:
    """The record cannot be written: who sends, who asks whether it is ready, who watches and who scrapes is told."""
    answer = await console.post("/api/events", EVENT)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert says in answer.json["detail"]
    assert (await console.post("/api/gpt/query", {"query": "?"})).status == 503
    assert (await console.get("/readyz")).status == 503
    assert (await console.get("/healthz")).status == 200
    assert await console.sample("governance_log_writable") == 0
    async with await console.watch() as stream:
        assert (await stream.message())["writable"] is False


async def goes_on_reading(console: Console, size: int) -> None:
    """History and stream show what was recorded, and no more."""
    page = (await console.get("/api/events")).json
    assert (page["size"], len(page["items"])) == (size, size)
    async with await console.watch("?from=0") as stream:
        assert [(await stream.entry())["entry"]["seq"] for _ in range(size)] == list(range(size))
    assert await console.sample("governance_log_size") == size


FAILURES = {
    "a failed sync of the WAL": ("xSync", "governance.db-wal", apsw.SQLITE_IOERR_FSYNC),
    "a failed write": ("xWrite", "governance.db-wal", apsw.SQLITE_IOERR_WRITE),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_after_a_failed_write_or_sync_the_record_is_read_only_and_the_console_ends(
    settings: Settings, tmp_path: Path, failure: str
) -> None:
    at, where, code = FAILURES[failure]
    with Disk(tmp_path) as disk:
        async with on(disk, settings) as console:
            assert await console.record(EVENT, EVENT) == [0, 1]
            async with await console.watch() as stream:
                await stream.message()
                disk.fault = lambda call, name: error_of(code) if (call, name) == (at, where) else None
                await refused(console, "disk I/O error")
                disk.fault = no_fault
                await refused(console, "nothing of this was recorded")  # a disk that is well again proves nothing
                await goes_on_reading(console, 2)
                while (heartbeat := await stream.message())["writable"]:
                    assert heartbeat["type"] == "audit"
                assert heartbeat["size"] == 2
            journal = console.app[JOURNAL]
            assert journal.failure is not None
            await asyncio.wait_for(until_over(asyncio.Event(), journal, failed_sec=0.01), 10)
        async with on(disk, settings) as console:
            assert await console.record(EVENT) == [2]


async def test_a_console_told_to_stop_does_not_wait_for_its_failure_to_be_heard(
    settings: Settings, tmp_path: Path
) -> None:
    with Disk(tmp_path) as disk:
        async with on(disk, settings) as console:
            disk.fault = lambda call, name: error_of(apsw.SQLITE_IOERR_FSYNC) if call == "xSync" else None
            await refused(console, "disk I/O error")
            disk.fault = no_fault
            stop = asyncio.Event()
            ending = asyncio.create_task(until_over(stop, console.app[JOURNAL], failed_sec=3600))
            await asyncio.sleep(0.05)
            assert not ending.done()
            stop.set()
            await asyncio.wait_for(ending, 10)


def deleted(folder: Path, name: str) -> None:
    (folder / name).unlink()


def replaced(folder: Path, name: str) -> None:
    shutil.copy(folder / name, folder / "copy")
    os.replace(folder / "copy", folder / name)


def cut(folder: Path, name: str) -> None:
    os.truncate(folder / name, 512)


def moved(folder: Path, name: str) -> None:
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("harm", "name", "says"),
    [
        (deleted, "governance.db", "deleted or moved"),
        (deleted, "governance.db-wal", "deleted or moved"),
        (deleted, "governance.db-shm", "deleted or moved"),
        (replaced, "governance.db", "replaced"),
        (replaced, "governance.db-wal", "replaced"),
        (cut, "governance.db", "cut off"),
        (moved, "governance.db", "deleted or moved"),
    ],
)
async def test_nothing_is_acknowledged_into_a_file_that_nobody_will_find(
    settings: Settings, tmp_path: Path, harm: Callable[[Path, str], None], name: str, says: str
) -> None:
    folder = tmp_path / "data"
    path = folder / "governance.db"
    async with running(
        Settings(database_url=f"sqlite:///{path}", log_key_file=f"{path}.key", ws_interval_sec=0.05)
    ) as console:
        assert await console.record({**EVENT, "id": "1"}, EVENT) == [0, 1]
        harm(folder, name)
        # What was recorded before is not acknowledged either: it may not be there any more.
        answer = await console.post("/api/events", {**EVENT, "id": "1"})
        assert answer.status == 503
        await refused(console, says)
        if harm is not cut:
            await goes_on_reading(console, 2)
        journal = console.app[JOURNAL]
        assert isinstance(journal.failure, StorageGone)
        # It stays: what it has open may be the last copy.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until_over(asyncio.Event(), journal, failed_sec=0.01), 0.2)


async def test_a_record_that_another_program_changed_is_not_written_any_more(settings: Settings) -> None:
    async with running(settings) as console:
        await console.record(EVENT, EVENT)
        other = apsw.Connection(str(settings.database_path))
        other.execute("DELETE FROM entries WHERE seq = 1")
        other.close()
        await refused(console, "another program changed the record: its last entry is #0")


async def test_a_record_that_another_program_locks_is_written_again_when_that_is_over(settings: Settings) -> None:
    storage = SqliteStorage(settings.database_path, None, lambda: "epoch")
    async with running(settings, storage) as console:
        assert await console.record(EVENT) == [0]
        assert storage._writer is not None
        storage._writer.set_busy_timeout(10)
        other = apsw.Connection(str(settings.database_path))
        other.execute("BEGIN IMMEDIATE")
        await refused(console, "locked by another program")
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: console.app[JOURNAL].writable)
        assert await console.record(EVENT) == [1]


async def test_a_damaged_page_hides_its_own_entries_and_no_others(settings: Settings) -> None:
    async with running(settings) as console:
        await console.record(*({**EVENT, "text": f"entry {number} {'x' * 3000}"} for number in range(60)))
    with settings.database_path.open("r+b") as file:
        content = file.read()
        page = content.index(b"entry 30 xxx") // 4096 * 4096
        file.seek(page)
        file.write(b"\xff" * 4096)
    async with running(settings) as console:
        read = {seq: await console.get(f"/api/events/{seq}") for seq in range(60)}
        hidden = [seq for seq, answer in read.items() if answer.status != 200]
        assert 30 in hidden
        assert len(hidden) < 5
        for seq in hidden:
            assert read[seq].status == 500
            assert "cannot be read" in read[seq].json["detail"]
            assert "Retry-After" not in read[seq].headers
        assert (await console.get("/api/events?limit=60")).status == 500
        assert (await console.get(f"/api/events?limit={hidden[0]}&from=0")).status == 200
        async with await console.watch("?from=0") as stream:
            assert await stream.close_code() == (1011, "the record cannot be read here")
        async with await console.watch(f"?from={hidden[-1] + 1}") as stream:
            assert (await stream.entry())["entry"]["seq"] == hidden[-1] + 1
        assert await console.record(EVENT) == [60]
        assert console.app[JOURNAL].writable


async def test_a_read_that_the_disk_fails_is_refused_and_the_next_one_is_not(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Disk(tmp_path) as disk:
        async with on(disk, settings) as console:
            await console.record({**EVENT, "text": "x" * 100_000})
        async with on(disk, settings) as console:
            disk.fault = lambda call, name: error_of(apsw.SQLITE_IOERR_READ) if call == "xRead" else None
            answer = await console.get("/api/events/0")
            assert (answer.status, answer.headers["Content-Type"]) == (500, "application/problem+json")
            assert "cannot be read (disk I/O error: SQLITE_IOERR_READ" in answer.json["detail"]
            assert [one.getMessage() for one in caplog.records] == [answer.json["detail"]]
            disk.fault = no_fault
            assert (await console.get("/api/events/0")).status == 200
            assert await console.record(EVENT) == [1]


async def test_what_is_left_of_a_record_whose_file_is_gone_is_kept(tmp_path: Path) -> None:
    storage = store(tmp_path)
    await storage.open()
    await storage.record([new_item(0)])
    left = (tmp_path / "governance.db-wal").read_bytes()
    await storage.close()
    (tmp_path / "governance.db").unlink()
    (tmp_path / "governance.db-wal").write_bytes(left)
    for _ in range(2):
        with pytest.raises(CannotStart, match=r"governance.db-wal is left of it"):
            await store(tmp_path).open()
    assert (tmp_path / "governance.db-wal").read_bytes() == left


async def live(disk: Disk, outcomes: list[str]) -> None:
    """A record's whole life; which of its steps were done, and the numbers that were acknowledged."""
    storage = GrowingStorage(disk.folder / "governance.db", None, lambda: "epoch", vfs=disk.name)

    async def step(name: str, work: Callable[..., Awaitable[object]], *given: object) -> bool:
        try:
            try:
                await work(*given)
            except StorageFull:
                await work(*given)  # nothing of it was recorded, and trying again is right
        except ConsoleError as error:
            assert str(error).isprintable()
            return False
        outcomes.append(name)
        return True

    if await step("opened", storage.open):
        for seq in range(4):
            if not await step(str(seq), storage.record, [new_item(seq, b"x" * 6000)]):
                break
            await step("read", storage.ascending, 0, seq + 1, 10)
            await step("known", storage.known, [new_item(seq).identity])
        await storage.close()


async def fail_at(folder: Path, call: int, code: int) -> bool:
    """Let one call of the disk fail, and compare what the next console finds. False when there is no such call."""
    folder.mkdir(parents=True)
    outcomes: list[str] = []
    calls = itertools.count()
    failing: list[str] = []

    def fault(name: str, file: str) -> apsw.Error | None:
        if (code == apsw.SQLITE_FULL and name != "xWrite") or next(calls) != call:
            return None
        failing.append(f"{name} of {file}")
        return error_of(code)

    with Disk(folder) as disk:
        disk.fault = fault
        await live(disk, outcomes)
        disk.fault = no_fault
        acknowledged = [int(outcome) for outcome in outcomes if outcome.isdigit()]
        storage = SqliteStorage(folder / "governance.db", None, lambda: "epoch", vfs=disk.name)
        log = await storage.open()
        items = (await storage.ascending(0, log.size, 10)).items
        await storage.close()
    assert [item.seq for item in items] == list(range(log.size)), failing
    assert acknowledged == list(range(len(acknowledged))), failing
    assert log.size >= len(acknowledged), failing
    assert code != apsw.SQLITE_FULL or "opened" not in outcomes or len(acknowledged) == 4, failing
    return bool(failing)


@pytest.mark.parametrize("code", [apsw.SQLITE_IOERR, apsw.SQLITE_FULL], ids=["I/O error", "disk full"])
@pytest.mark.parametrize("step", [pytest.param(11, id="some"), pytest.param(1, id="any", marks=pytest.mark.soak)])
async def test_a_call_of_the_disk_that_fails_costs_nothing_that_was_acknowledged(
    tmp_path: Path, step: int, code: int
) -> None:
    calls = 0
    while await fail_at(tmp_path / str(calls), calls, code):
        calls += step
    assert calls > (30 if code == apsw.SQLITE_FULL else 150)
