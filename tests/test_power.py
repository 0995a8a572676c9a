"""The power fails at any moment: what was acknowledged is there, whole, and nothing else but what was sent.

The real journal and storage run over a disk that notes what is done to it. From the notes follows what any
moment's power failure would leave; the real storage then opens that, and the whole log is compared.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from governance_console.attributes import Event
from governance_console.entries import Item
from governance_console.errors import StorageFailed
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.metrics import Metrics
from governance_console.settling import Submission
from governance_console.storage import Log
from governance_console.storage.sqlite import SqliteStorage
from tests.disk import Create, Deed, Delete, Disk, Sync, SyncFolder, Truncate, Write, error_of, no_fault
from tests.growing import known
from tests.power import PowerFailure
from tests.test_journal import event

RECORD = "governance.db"
SENDERS = 8
WAL_PAGES = 1_000
"""So few that the WAL is folded and begun anew within a trace."""
FULL, NORMAL = 2, 1
"""SQLite's ``synchronous``: each commit is synced, or only what a checkpoint needs."""


@asynccontextmanager
async def opened(disk: Disk, epoch: str, synchronous: int = FULL) -> AsyncIterator[tuple[Journal, SqliteStorage, Log]]:
    storage = SqliteStorage(disk.folder / RECORD, None, lambda: epoch, vfs=disk.name, wal_pages=WAL_PAGES)
    log = await storage.open()
    assert storage._writer is not None
    storage._writer.pragma("synchronous", synchronous)
    metrics = Metrics()
    feed = Feed(log.epoch, log.size, 5.0, storage.ascending, metrics)
    journal = Journal(storage, log, feed, metrics, probe_sec=0.01)
    running = asyncio.create_task(journal.run())
    try:
        yield journal, storage, log
    finally:
        journal.close()
        await running
        await storage.close()


async def all_of(storage: SqliteStorage, size: int) -> list[Item]:
    items: list[Item] = []
    while len(items) < size:
        items += (await storage.ascending(len(items), size, 1000)).items
    return items


@dataclass
class Trace:
    """What was done to the disk, what was told to senders after how much of it, and the log that came of it."""

    deeds: list[Deed] = field(default_factory=list)
    epochs: list[tuple[int, str]] = field(default_factory=list)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def told(self, moment: int) -> tuple[str | None, int]:
        """The epoch and the size of the log that somebody was told of after so many deeds."""
        epochs = [epoch for when, epoch in self.epochs if when <= moment]
        return (epochs[0] if epochs else None), max([size for when, size in self.acknowledged if when <= moment] + [0])


async def traced(folder: Path, chance: random.Random, synchronous: int = FULL) -> Trace:
    """A record is made, written by many, closed, opened again, and folded into its file while it is written."""
    trace = Trace()
    (folder / RECORD).touch()  # its name is durable before SQLite opens it; test_inject.py sees to that
    with Disk(folder) as disk:
        trace.deeds = disk.deeds
        for session, (requests, most_bytes) in enumerate(((6, 300), (6, 9_000), (5, 120_000), (4, 300))):
            async with opened(disk, f"epoch-{session}", synchronous) as (journal, storage, log):
                trace.epochs.append((len(disk.deeds), log.epoch))
                senders = (f"{session}-{number}" for number in range(SENDERS))
                await asyncio.gather(*(send(journal, name, requests, most_bytes, trace, chance) for name in senders))
                trace.items = await all_of(storage, journal.size)
    return trace


async def send(
    journal: Journal, name: str, requests: int, most_bytes: int, trace: Trace, chance: random.Random
) -> None:
    for request in range(requests):
        group = [
            event(f"{name}-{request}-{number}", "x" * chance.randrange(most_bytes), f"source-{name}")
            for number in range(chance.choice((1, 1, 3)))
        ]
        trace.sent.extend(group)
        receipt = await journal.append(Submission.of("p", group))
        trace.acknowledged.append((len(trace.deeds), max(receipt.seqs) + 1))


async def check(folder: Path, trace: Trace, moment: int) -> int:
    """Open what is left and compare it. Returns how many acknowledged events are not there."""
    epoch, told = trace.told(moment)
    with Disk(folder) as disk:
        async with opened(disk, "new") as (_, storage, log):
            assert log.epoch == epoch or epoch is None
            # Nothing but what was sent, in its order, without a hole, byte for byte.
            assert await all_of(storage, log.size) == trace.items[: log.size]
            if log.size < told:
                return told - log.size
            found = await known(storage, Submission.of("p", trace.sent).identities)
            assert sorted(one.seq for one in found.values()) == list(range(log.size))
    assert is_sound(folder)
    return 0


async def send_again(folder: Path, trace: Trace, chance: random.Random) -> None:
    """Open what is left and send all of it again; then the power fails again, somewhere in that."""
    power = PowerFailure([(path.name, path.read_bytes()) for path in sorted(folder.iterdir())])
    with Disk(folder) as disk:
        async with opened(disk, "new") as (journal, _, before):
            receipt = await journal.append(Submission.of("p", trace.sent))
            assert receipt.accepted == len(trace.sent) - before.size
            assert sorted(receipt.seqs) == list(range(len(trace.sent)))
            answered = len(disk.deeds)
    moment = chance.randrange(len(disk.deeds))
    power.go_on(disk.deeds[:moment])
    empty(folder)
    power.left_in(folder, chance)
    with Disk(folder) as disk:
        async with opened(disk, "newer") as (_, storage, log):
            # A request is recorded whole or not at all, and surely once it was answered.
            assert log.size == len(trace.sent) or (log.size == before.size and moment < answered)
            assert (await all_of(storage, log.size))[: before.size] == trace.items[: before.size]
    assert is_sound(folder)


def is_sound(folder: Path) -> bool:
    reader = apsw.Connection(str(folder / RECORD))
    try:
        counted = reader.execute("SELECT ifnull(sum(events), 0), (SELECT count(*) FROM entries) FROM sources").get
        return (reader.execute("PRAGMA integrity_check").get, counted[0]) == ("ok", counted[1])
    finally:
        reader.close()


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def moments_of(trace: Trace, chance: random.Random, times: int) -> list[int]:
    """When the power fails: at any deed, often while the record is made, and often just after a receipt."""
    early = trace.epochs[0][0] * 2
    told = [when for when, _ in trace.acknowledged]
    choices = (lambda: chance.randrange(len(trace.deeds)), lambda: chance.randrange(early), lambda: chance.choice(told))
    return sorted(choices[number % 3]() for number in range(times))


async def fail_often(folder: Path, seed: int, times: int, synchronous: int = FULL) -> list[int]:
    """Let the power fail at so many moments; how many acknowledged events each lost."""
    chance = random.Random(seed)
    noted, left = folder / "noted", folder / "left"
    noted.mkdir()
    left.mkdir()
    trace = await traced(noted, chance, synchronous)
    power = PowerFailure([(RECORD, b"")])
    lost: list[int] = []
    at = 0
    for number, moment in enumerate(moments_of(trace, chance, times)):
        power.go_on(trace.deeds[at:moment])
        at = moment
        empty(left)
        power.left_in(left, chance)
        again = folder / "again"
        if number % 10 == 0:
            shutil.copytree(left, again)
        lost.append(await check(left, trace, moment))
        if again.exists():
            if not lost[-1]:
                await send_again(again, trace, chance)
            shutil.rmtree(again)
    return lost


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is room for one: what is durable is worked out, not tried."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 256 * 1024 * 1024 or not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


async def test_the_power_fails_and_nothing_acknowledged_is_lost(in_memory: Path) -> None:
    assert await fail_often(in_memory, seed=1, times=24) == [0] * 24


async def test_without_a_sync_at_each_commit_this_loses_what_was_acknowledged(in_memory: Path) -> None:
    """The control: the tests beside this one are able to fail."""
    assert sum(await fail_often(in_memory, seed=1, times=24, synchronous=NORMAL)) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 6))
async def test_the_power_fails_five_hundred_times_and_nothing_acknowledged_is_lost(in_memory: Path, seed: int) -> None:
    assert await fail_often(in_memory, seed, times=500) == [0] * 500


async def test_the_trace_holds_what_these_tests_are_about(in_memory: Path) -> None:
    """The WAL is begun anew behind a running writer, and files are made, cut and deleted."""
    deeds = (await traced(in_memory, random.Random(1))).deeds
    begun = Counter(deed.file for deed in deeds if isinstance(deed, Write) and deed.offset == 0)
    assert max(begun.values()) >= 3
    assert {type(deed) for deed in deeds} == {Write, Truncate, Sync, Create, Delete, SyncFolder}
    assert {deed.name for deed in deeds if isinstance(deed, Delete)} == {f"{RECORD}-wal", f"{RECORD}-journal"}


@pytest.mark.parametrize("file", [f"{RECORD}-wal", RECORD], ids=["of the WAL", "of the file"])
async def test_what_a_failed_sync_left_in_memory_is_made_durable_before_it_is_acknowledged(
    in_memory: Path, file: str
) -> None:
    """After a failed sync the system shows what was written, and counts it as synced: only writing it again helps.

    So a console that finds an event there, sent again, must not take that for durable.
    """
    before, after = in_memory / "before", in_memory / "after"
    before.mkdir()
    (before / RECORD).touch()
    sent = [event(number, "x" * 600_000) for number in range(8)]
    power = PowerFailure([(RECORD, b"")])
    with Disk(before) as disk:
        async with opened(disk, "epoch") as (journal, _, _):
            disk.fault = lambda call, name: (
                error_of(apsw.SQLITE_IOERR_FSYNC) if (call, name) == ("xSync", file) else None
            )
            receipts = 0
            with pytest.raises(StorageFailed, match="IOERR_FSYNC"):
                for one in sent:
                    await journal.append(Submission.of("p", [one]))
                    receipts += 1
            disk.fault = no_fault
            # Killed here. The next console finds what the system shows, and what is durable is less.
            shutil.copytree(before, after, ignore=shutil.ignore_patterns("*.lock", "*-shm"))
            power.go_on(disk.deeds)
    for chance in range(5):
        sure = power.sure()
        assert [name for name, _ in sure] == sorted(path.name for path in after.iterdir())
        left = in_memory / f"left-{chance}"
        shown = in_memory / f"shown-{chance}"
        left.mkdir()
        shutil.copytree(after, shown)
        second = PowerFailure(sure)
        with Disk(shown) as disk:
            async with opened(disk, "other") as (journal, _, log):
                receipt = await journal.append(Submission.of("p", sent[: receipts + 1]))
                assert receipt.accepted == receipts + 1 - log.size
                second.go_on(disk.deeds)
        second.left_in(left, random.Random(chance))
        with Disk(left) as disk:
            async with opened(disk, "third") as (_, storage, log):
                assert log.size == receipts + 1
                assert {item.seq for item in await all_of(storage, log.size)} == set(range(receipts + 1))
        assert is_sound(left)
