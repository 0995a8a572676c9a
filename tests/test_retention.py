"""Data that is too old is erased: at start and from then on, in short steps, and the record says what and why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from governance_console.api import JOURNAL, SERVES, STORAGE
from governance_console.attributes import Event
from governance_console.cli.serve import make_runner
from governance_console.erasing import Eraser
from governance_console.errors import StorageFull
from governance_console.events import of_console, parse_json
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.limits import MAX_DATA_BYTES
from governance_console.metrics import Metrics
from governance_console.retention import STEP_ENTRIES, Retention
from governance_console.settings import Settings
from governance_console.settling import Submission
from tests.console import connected
from tests.faults import FaultyStorage
from tests.process import ConsoleProcess
from tests.test_journal import event
from tests.waiting import until

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30


def bare(number: int) -> Event:
    """An event without data."""
    return parse_json(b'{"id":"bare-%d","source":"a","type":"t"}' % number, lambda place: "unused")[0]


@dataclass
class Aging:
    """A journal whose clock is set, and what erases by it."""

    journal: Journal
    storage: FaultyStorage
    eraser: Eraser
    retention: Retention
    now: datetime = BEGUN

    async def record(self, *events: Event, principal: str = "p") -> None:
        await self.journal.append(Submission.of(principal, events))

    async def items(self) -> list[dict[str, Any]]:
        """What is said of each entry: its data, or why that is gone."""
        page = await self.storage.ascending(0, self.journal.size, 100_000)
        return [
            {"erased": item.erased} if item.erased else {"data": None if item.data is None else json.loads(item.data)}
            for item in page.items
        ]

    async def with_data(self) -> list[int]:
        return [number for number, item in enumerate(await self.items()) if item.get("data") is not None]


@asynccontextmanager
async def aging(path: Path) -> AsyncIterator[Aging]:
    storage = FaultyStorage(path)
    log = await storage.open()
    metrics = Metrics()
    feed = Feed(log.epoch, log.size, 5.0, storage.ascending, metrics)
    made: list[Aging] = []
    journal = Journal(storage, log, feed, metrics, lambda: made[0].now)
    eraser = Eraser(storage, journal, feed)
    made.append(Aging(journal, storage, eraser, Retention(DAYS, eraser, storage, journal, lambda: made[0].now)))
    committing = asyncio.create_task(journal.run())
    try:
        yield made[0]
    finally:
        storage.error = None
        journal.close()
        await committing
        await storage.close()


async def test_what_is_older_is_erased_and_the_record_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "governance.db"
    async with aging(path) as at:
        await at.record(event(0, "old"), bare(1), event(2, "old"))
        await at.record(of_console("log.begun", {"from": 9}, "b"), principal="console")
        await at.record(of_console("log.begun", {"claimed": 1}, "b"), principal="agent:a")
        at.now += timedelta(days=1)
        await at.record(event(3, "younger"))
        at.now = BEGUN + timedelta(days=DAYS)
        assert await at.retention.erase() == 0  # just as old as data may be
        assert at.journal.size == 6
        at.now += timedelta(seconds=1)
        assert await at.retention.erase() == 3
        items = await at.items()
        (said,) = items[6:]
        assert said["data"] == {"first": 0, "last": 4, "reason": "older than 30 days (RETENTION_DAYS)", "erased": 3}
        assert await at.with_data() == [3, 5, 6]
        assert {item["erased"].by for item in items if "erased" in item} == {"console"}
        assert {item["erased"].seq for item in items if "erased" in item} == {6}
        # Nothing to erase, nothing to say.
        assert await at.retention.erase() == 0
        assert at.journal.size == 7
        assert at.eraser.is_done
        at.now += timedelta(days=365)
    async with aging(path) as at:
        at.now = BEGUN + timedelta(days=365)
        assert await at.retention.erase() == 1
        # What says what was erased is never too old.
        assert await at.with_data() == [3, 6, 7]
        assert (await at.items())[5]["erased"].seq == 7


async def test_a_damaged_word_on_how_the_log_began_is_kept_and_all_else_is_erased(tmp_path: Path) -> None:
    path = tmp_path / "governance.db"
    async with aging(path) as at:
        await at.record(event(0, "old"), event(1, "old"))
        await at.record(of_console("log.begun", {"from": 9}, "b"), principal="console")
        await at.record(event(3, "old"))
        with apsw.Connection(str(path)) as file:
            damaged = "CAST(replace(CAST(entry AS TEXT), 'principal\":\"console\"', 'principal\":5') AS BLOB)"
            file.execute(f"UPDATE entries SET entry = {damaged} WHERE seq = 2")
        at.now += timedelta(days=2 * DAYS)
        assert await at.retention.erase() == 3
        assert at.journal.failure is None
        assert await at.with_data() == [2, 4]


async def test_a_long_record_is_erased_in_steps_that_nobody_waits_for(tmp_path: Path) -> None:
    size = STEP_ENTRIES + 10
    async with aging(tmp_path / "governance.db") as at:
        for start in range(0, size, 1000):
            await at.record(*(event(number, "x") for number in range(start, min(start + 1000, size))))
        await at.record(*(event(f"large-{number}", "y" * (MAX_DATA_BYTES - 9)) for number in range(6)))
        at.now += timedelta(days=2 * DAYS)
        erasing = asyncio.create_task(at.retention.erase())
        await at.record(event("meanwhile", "z"))
        assert await erasing == size + 6
        said = [item["data"] for item in await at.items() if (item.get("data") or {}) and "first" in item["data"]]
        spans = [(one["first"], one["last"], one["erased"]) for one in said]
        assert spans == [(0, 4095, 4096), (4096, size + 3, 14), (size + 4, size + 5, 2)]
        assert (tmp_path / "governance.db-wal").stat().st_size == 0


async def test_where_to_go_on_is_remembered_also_where_nothing_was_erased(tmp_path: Path) -> None:
    path = tmp_path / "governance.db"
    async with aging(path) as at:
        await at.record(event(0, "old"), *(bare(number) for number in range(1, 50)))
        at.now += timedelta(days=2 * DAYS)
        # Killed in between it goes on where it was: that is known in the commit that erases.
        at.storage.error, at.storage.fails_at = StorageFull("no space"), ["save_looked_through"]
        with pytest.raises(StorageFull):
            await at.retention.erase()
        at.storage.error = None
        assert (await at.storage.looked_through(), at.journal.size) == (1, 51)
        assert (await at.retention.erase(), await at.storage.looked_through()) == (0, 50)
    async with aging(path) as at:
        at.now = BEGUN + timedelta(days=5 * DAYS)
        assert await at.storage.looked_through() == 50
        at.storage.error, at.storage.fails_at = StorageFull("no space"), ["erasable"]
        with pytest.raises(StorageFull):  # looked at: the entry that tells of the erasure, and nothing before it
            await at.retention.erase()
        at.storage.error = None
        assert await at.retention.erase() == 0
        assert (at.journal.size, await at.storage.looked_through()) == (51, 51)


async def test_a_record_that_cannot_be_written_is_tried_again_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with aging(tmp_path / "governance.db") as at:
        await at.record(event(0, "old"))
        at.now += timedelta(days=2 * DAYS)
        at.storage.error, at.storage.fails_at, at.storage.times = StorageFull("no space"), ["append"], 2
        trying = Retention(DAYS, at.eraser, at.storage, at.journal, lambda: at.now, again_sec=0.01)
        running_on = asyncio.create_task(trying.run())
        await until(lambda: at.journal.size == 2)
        running_on.cancel()
        await asyncio.gather(running_on, return_exceptions=True)
        assert await at.with_data() == [1]
    # Twice for one reason: that is said once.
    assert len([one for one in caplog.messages if one.startswith("data that is too old is not erased: ")]) == 1


async def test_a_console_that_starts_says_so_and_then_erases_what_became_too_old_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "data" / "governance.db"
    path.parent.mkdir()
    async with aging(path) as at:
        await at.record(event(0, "a secret of long ago"))
    with ConsoleProcess(tmp_path, {"RETENTION_DAYS": str(DAYS)}) as process:
        async with connected(process.url) as client, asyncio.timeout(10):
            lines: list[bytes] = []
            while len(lines) < 3:
                lines = await client.lines()
        process.terminate()
        assert process.wait() == 0
    first, *said = map(json.loads, lines)
    assert (first["erased"]["by"], first["erased"]["reason"]) == ("console", "older than 30 days (RETENTION_DAYS)")
    assert [one["entry"]["event"]["type"] for one in said] == ["console.started", "data.erased"]
    assert b"long ago" not in path.read_bytes()
    with apsw.Connection(str(path)) as file:
        assert file.execute("SELECT seq FROM entries WHERE salt IS NOT NULL").fetchall() == [(1,), (2,), (3,)]


async def test_a_start_that_is_not_over_yet_erases_nothing(settings: Settings) -> None:
    async with aging(settings.database_path) as at:
        await at.record(event(0, "a secret of long ago"))
    runner = make_runner(replace(settings, retention_days=DAYS))
    await runner.setup()
    storage, journal = runner.app[STORAGE], runner.app[JOURNAL]
    try:
        for _ in range(20):  # it would have got that far
            await storage.first_recorded("", journal.size)
        assert journal.size == 1
        runner.app[SERVES].set()
        await until(lambda: journal.size == 2)
    finally:
        await runner.cleanup()
