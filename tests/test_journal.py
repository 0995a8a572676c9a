"""Number, commit, publish, receipt: in this order, whatever fails in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_console.attributes import Event
from governance_console.edge import Edge
from governance_console.entries import Item
from governance_console.errors import Conflict, QueueFull, RecordUnavailable, StorageFailed, StorageFull
from governance_console.events import parse_json
from governance_console.feed import Feed
from governance_console.gathering import Receipt
from governance_console.journal import Journal
from governance_console.limits import MAX_QUEUED_BYTES, MAX_QUEUED_EVENTS, MAX_REQUEST_BYTES
from governance_console.merkle import leaf_hashes
from governance_console.metrics import Metrics
from governance_console.settling import Submission
from governance_console.times import utc_now
from tests.faults import FaultyStorage
from tests.waiting import until


def event(number: int | str = 0, content: object = None, source: str = "a") -> Event:
    sent = {"id": f"id-{number}", "source": source, "type": "tool.call", "data": content}
    return parse_json(json.dumps(sent).encode(), lambda place: "unused")[0]


@dataclass
class House:
    """A journal with everything around it that is real, but for its storage's health."""

    journal: Journal
    storage: FaultyStorage
    feed: Feed
    metrics: Metrics

    async def append(self, events: Sequence[Event], principal: str = "p") -> Receipt:
        return await self.journal.append(Submission.of(principal, events))

    def counted(self) -> float:
        return self.metrics.registry.get_sample_value("governance_events_total", {"category": "tool"}) or 0.0

    async def stored(self) -> list[Item]:
        return list((await self.storage.ascending(0, self.journal.size, 1000)).items)

    async def tree(self) -> Edge:
        """The edge of the tree over what is stored."""
        return Edge().grown(leaf_hashes([item.entry for item in await self.stored()])).edge


@asynccontextmanager
async def house(path: Path, clock: Iterator[datetime] | None = None) -> AsyncIterator[House]:
    storage, metrics = FaultyStorage(path / "governance.db"), Metrics()
    log = await storage.open()
    feed = Feed(log.epoch, log.size, 5.0, storage.ascending, metrics)
    now = utc_now if clock is None else clock.__next__
    journal = Journal(storage, log, feed, metrics, now, probe_sec=0.01)
    running = asyncio.create_task(journal.run())
    try:
        yield House(journal, storage, feed, metrics)
    finally:
        storage.go.set()
        journal.close()
        await asyncio.wait_for(running, 10)
        await storage.close()


async def test_events_are_numbered_in_order_and_without_a_hole(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        receipts = await asyncio.gather(*(at.append([event(n, n)]) for n in range(50)))
        assert [receipt.seqs for receipt in receipts] == [[n] for n in range(50)]
        assert [item.seq for item in await at.stored()] == list(range(50))
        assert at.journal.size == at.feed.head.size == at.counted() == 50


async def test_requests_that_wait_together_share_a_commit(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        waiting = [asyncio.create_task(at.append([event(n)])) for n in range(20)]
        await asyncio.sleep(0.05)
        at.storage.go.set()
        await asyncio.gather(*waiting)
        assert sum(at.storage.appends) == 20
        assert len(at.storage.appends) <= 2


async def test_no_two_entries_of_a_commit_have_the_same_salt(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        with at.journal.coming():
            waiting = [asyncio.create_task(at.append([event(f"{n}-{k}", n) for k in range(3)])) for n in range(9)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        assert len(at.storage.appends) <= 2
        assert len({item.salt for item in await at.stored()}) == 27


async def test_repeats_do_not_put_off_a_probe(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1)])
        at.storage.error = StorageFull("full")
        with pytest.raises(RecordUnavailable):
            await at.append([event(2)])
        at.storage.error = None

        repeats: list[asyncio.Task[Receipt]] = []
        async with asyncio.timeout(2):
            while not at.journal.writable:  # something always waits, so that nothing is ever waited for
                repeats.append(asyncio.create_task(at.append([event(1)])))
                await asyncio.sleep(0.0001)
        assert {receipt.accepted for receipt in await asyncio.gather(*repeats)} == {0}


async def test_what_failed_beside_the_events_is_probed_too_while_none_comes(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1)])
        at.storage.error, at.storage.fails_at = StorageFull("full"), ("save_checkpoint",)
        with pytest.raises(StorageFull):
            await at.journal.save_checkpoint(1, b"note")
        assert not at.journal.writable
        await until(lambda: at.journal.writable, 2)


async def test_a_commit_waits_a_little_for_what_is_coming(tmp_path: Path) -> None:
    async with house(tmp_path) as at:

        async def parse_and_append() -> Receipt:
            with at.journal.coming():
                await asyncio.sleep(0.002)
            return await at.append([event(2)])

        await asyncio.gather(parse_and_append(), at.append([event(1)]))
        assert at.storage.appends == [2]
        with at.journal.coming():  # and stays away: who waits is not kept for long
            assert (await asyncio.wait_for(at.append([event(3)]), 1)).seqs == [2]


async def test_nothing_is_seen_counted_or_acknowledged_before_it_is_durable(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        waiting = asyncio.create_task(at.append([event(1)]))
        await asyncio.sleep(0.05)
        assert (at.journal.size, at.feed.head.size, at.counted(), waiting.done()) == (0, 0, 0, False)
        at.storage.go.set()
        assert (await waiting).size == 1


async def test_a_sender_that_hangs_up_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        gone = asyncio.create_task(at.append([event(1)]))
        stays = asyncio.create_task(at.append([event(2)]))
        await asyncio.sleep(0.05)
        gone.cancel()
        at.storage.go.set()
        assert (await stays).seqs == [1]
        assert len(await at.stored()) == 2


async def test_the_same_event_is_acknowledged_with_its_first_number(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        first = await at.append([event(1, {"x": 1}), event(2)])
        again = await at.append([event(2), event(1, {"x": 1}), event(3)])
        assert (first.seqs, first.accepted) == ([0, 1], 2)
        assert (again.seqs, again.accepted, again.size) == ([1, 0, 2], 1, 3)
        assert at.counted() == 3


async def test_the_same_event_twice_in_one_request_or_one_group_is_recorded_once(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        assert (await at.append([event(1), event(1)])).seqs == [0, 0]
        at.storage.go.clear()
        waiting = [asyncio.create_task(at.append([event(2)])) for _ in range(5)]
        await asyncio.sleep(0.05)
        at.storage.go.set()
        receipts = await asyncio.gather(*waiting)
        assert [receipt.seqs for receipt in receipts] == [[1]] * 5
        assert sorted(receipt.accepted for receipt in receipts) == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("other", [event(1, {"x": 2}), event(1), event(1, {"x": 1.0})])
async def test_other_content_under_the_same_id_records_nothing_of_its_request(tmp_path: Path, other: Event) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1, {"x": 1})])
        with pytest.raises(Conflict) as caught:
            await at.append([event(7), other])
        assert [(fault.item, fault.pointer) for fault in caught.value.faults] == [(1, "/id")]
        assert "#0" in str(caught.value)
        with pytest.raises(Conflict) as caught:
            await at.append([event(9, "a"), event(10), event(9, "b")])
        assert [fault.item for fault in caught.value.faults] == [2]
        assert (await at.append([event(8)])).seqs == [1]
        assert at.journal.size == 2


async def test_a_conflict_inside_a_group_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        requests = [[event(0)], [event(1, "a")], [event(2), event(1, "b")], [event(3)]]
        waiting = [asyncio.create_task(at.append(one)) for one in requests]
        await asyncio.sleep(0.05)
        at.storage.go.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(outcomes[2], Conflict)
        assert [outcome.seqs for outcome in outcomes if not isinstance(outcome, BaseException)] == [[0], [1], [2]]


async def test_identity_is_principal_and_source_and_id(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1, "mine")])
        assert (await at.append([event(1, "theirs")], "q")).seqs == [1]
        assert (await at.append([event(1, "another", source="b")])).seqs == [2]


async def test_after_a_full_disk_it_goes_on_when_there_is_space(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1)])
        at.storage.error = StorageFull("full")
        with pytest.raises(StorageFull):
            await at.append([event(2)])
        assert (at.journal.writable, at.feed.head.writable, at.journal.size, at.counted()) == (False, False, 1, 1)
        at.storage.error = None
        await until(lambda: at.journal.writable)
        assert at.feed.head.writable
        assert (await at.append([event(2)])).seqs == [1]
        assert at.journal.edge == await at.tree()


@pytest.mark.parametrize("saved", [False, True])
async def test_after_a_failed_store_nothing_is_recorded_any_more(tmp_path: Path, saved: bool) -> None:
    async with house(tmp_path) as at:
        await at.append([event(1)])
        at.storage.error, at.storage.saves_before_failing = StorageFailed("sync failed"), saved
        with pytest.raises(StorageFailed):
            await at.append([event(2)])
        at.storage.error = None
        with pytest.raises(StorageFailed):
            await at.append([event(3)])
        assert (at.journal.size, at.feed.head.size, at.counted(), at.journal.writable) == (1, 1, 1, False)
    async with house(tmp_path) as at:
        # Started again, the record tells what became of the event whose outcome was unknown.
        assert at.journal.size == (2 if saved else 1)
        receipt = await at.append([event(2)])
        assert (receipt.seqs, receipt.accepted) == ([1], 0 if saved else 1)
        assert at.journal.edge == await at.tree()


async def test_what_waited_while_the_store_failed_is_not_recorded_either(tmp_path: Path) -> None:
    """It is well again for the next commit, as a disk is after a failed sync; but what is it worth?"""
    async with house(tmp_path) as at:
        at.storage.go.clear()
        at.storage.error, at.storage.times = StorageFailed("sync failed"), 1
        waiting = [asyncio.create_task(at.append([event(n)])) for n in range(2)]
        await asyncio.sleep(0.05)
        waiting += [asyncio.create_task(at.append([event(n)])) for n in range(2, 5)]
        await asyncio.sleep(0)
        at.storage.go.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, StorageFailed) for outcome in outcomes)
        assert (at.journal.size, at.feed.head.size, at.journal.writable, await at.stored()) == (0, 0, False, [])


async def test_what_nobody_foresaw_stops_the_recording_and_not_the_answers(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.error = ZeroDivisionError("a bug")
        for number in range(3):
            with pytest.raises(StorageFailed):
                await at.append([event(number)])
        assert at.metrics.registry.get_sample_value("governance_queue_depth_events") == 0
        assert not at.journal.writable
    async with house(tmp_path) as at:
        at.storage.error = StorageFull("full")
        with pytest.raises(StorageFull):
            await at.append([event(1)])
        at.storage.error = ZeroDivisionError("a bug in the probe")
        await asyncio.sleep(0.05)
        with pytest.raises(StorageFailed):
            await at.append([event(1)])


async def test_every_sender_gets_an_error_of_its_own(tmp_path: Path) -> None:
    """One exception raised again and again would gather the frames, and bodies, of every request."""
    async with house(tmp_path) as at:
        at.storage.error = StorageFailed("sync failed")
        errors = [
            *await asyncio.gather(*(at.append([event(n)]) for n in range(3)), return_exceptions=True),
            *[(await asyncio.gather(at.append([event(9)]), return_exceptions=True))[0] for _ in range(3)],
        ]
        assert all(isinstance(error, StorageFailed) for error in errors)
        assert len({id(error) for error in errors}) == 6


async def test_salts_are_random_and_each_its_own(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(n, "same") for n in range(20)])
        await at.append([event(n, "same") for n in range(20, 40)])
        items = await at.stored()
    assert {len(item.salt or b"") for item in items} == {16}
    assert len({item.salt for item in items}) == len({item.entry[-46:] for item in items}) == 40


async def test_conflicts_are_all_found_and_a_hundred_told(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.append([event(n, 1) for n in range(300)])
        with pytest.raises(Conflict) as caught:
            await at.append([event(n, 2) for n in range(300)])
        assert len(caught.value.faults) == 100


async def test_a_full_queue_is_told_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        many = Submission.of("p", [event()] * 10_000)
        waiting = [asyncio.create_task(at.journal.append(many)) for _ in range(MAX_QUEUED_EVENTS // 10_000)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await at.append([event("one more")])
        at.storage.error = StorageFull("no space is left")
        at.storage.go.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        at.storage.error = None
        assert (await at.append([event("one more")])).size == 1


async def test_the_queue_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        large = event("large", "x" * 1_000_000)
        waiting = [asyncio.create_task(at.append([large])) for _ in range(MAX_QUEUED_BYTES // 1_000_100)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await asyncio.wait_for(at.append([large]), 5)
        at.storage.go.set()
        assert {receipt.size for receipt in await asyncio.gather(*waiting)} == {1}


async def test_a_commit_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        waiting = [asyncio.create_task(at.append([event(n, "x" * 600_000)])) for n in range(30)]
        await asyncio.sleep(0.05)
        at.storage.go.set()
        await asyncio.gather(*waiting)
        assert sum(at.storage.appends) == 30
        assert max(at.storage.appends) * 600_000 <= MAX_REQUEST_BYTES


async def test_a_closing_journal_answers_what_it_took_and_takes_no_more(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.storage.go.clear()
        waiting = asyncio.create_task(at.append([event(1)]))
        await asyncio.sleep(0)
        at.journal.close()
        with pytest.raises(RecordUnavailable):
            await at.append([event(2)])
        at.storage.go.set()
        assert (await waiting).seqs == [0]


async def test_recorded_never_goes_backwards(tmp_path: Path) -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    clock = iter([start, start - timedelta(hours=1), start + timedelta(seconds=1)])
    async with house(tmp_path, clock) as at:
        for n in range(3):
            await at.append([event(n)])
        recorded = [json.loads(item.entry)["recorded"] for item in await at.stored()]
    assert recorded == ["2026-11-22T00:00:00.000000Z"] * 2 + ["2026-11-22T00:00:01.000000Z"]
    async with house(tmp_path, iter([start])) as at:
        await at.append([event("late")])
        assert json.loads((await at.stored())[-1].entry)["recorded"] == recorded[-1]


async def test_who_was_answered_together_shares_the_next_commit_and_one_alone_waits_for_nobody(tmp_path: Path) -> None:
    async with house(tmp_path) as at:

        async def ask(client: int) -> None:
            for number in range(10):
                await at.append([event(f"{client}-{number}")])
                await asyncio.sleep(0.0001 * client)

        await asyncio.gather(*(ask(client) for client in range(8)))
        # Without a moment's wait nearly every round is cut in two or more.
        assert len(at.storage.appends) <= 15
        await at.append([event("alone")])
        started = asyncio.get_running_loop().time()
        for number in range(20):
            await at.append([event(f"alone-{number}")])
        assert at.storage.appends[-20:] == [1] * 20
        assert asyncio.get_running_loop().time() - started < 5
