"""The fan-out by itself: a ring of a few messages, and a history that is a plain list."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from governance_console.entries import Item, Page, entry_message, make_item
from governance_console.errors import PositionLost
from governance_console.events import parse_json
from governance_console.feed import Feed, Watcher
from governance_console.selection import EVERYTHING, Selection
from tests.waiting import until


def items(start: int, count: int, source: str = "s", data: str = "") -> list[Item]:
    (event,) = parse_json(json.dumps({"source": source, "type": "t", "data": data}).encode(), lambda place: "e")
    return [make_item(seq, "2026-11-22T10:00:00.000000Z", "p", event, bytes(16)) for seq in range(start, start + count)]


class House:
    """A feed, the list it was fed from, and how often it asked for what its ring no longer had."""

    def __init__(self, ring_messages: int = 8, ring_bytes: int = 1 << 20) -> None:
        self.recorded: list[Item] = []
        self.asked: list[int] = []
        self.ended: list[tuple[int, str]] = []
        self.feed = Feed("epoch", 0, 5.0, self._history, ring_messages, ring_bytes)

    async def _history(self, start: int, stop: int, limit: int, selection: Selection) -> Page:
        self.asked.append(start)
        found = self.recorded[start : min(stop, start + limit)]
        return Page(found, start + len(found))

    def publish(self, new: list[Item]) -> None:
        self.recorded += new
        self.feed.publish([entry_message(item) for item in new])

    def join(self, start: int | None = None, selection: Selection = EVERYTHING, credential: str = "c") -> Watcher:
        return self.feed.join(
            start, None, selection, credential, lambda code, reason: self.ended.append((code, reason))
        )

    async def messages(self, watcher: Watcher) -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            return [json.loads(message) for message in await self.feed.following(watcher)]


async def test_the_first_message_is_the_welcome_and_then_it_waits() -> None:
    house = House()
    watcher = house.join()
    (welcome,) = await house.messages(watcher)
    assert welcome["message"].endswith("(welcome)")
    waiting = asyncio.create_task(house.messages(watcher))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    house.publish(items(0, 1))  # an entry wakes it, without any heartbeat
    assert [message["next"] for message in await waiting] == [1]


async def test_a_heartbeat_wakes_it_too_and_is_sent_once() -> None:
    house = House()
    watcher = house.join()
    await house.messages(watcher)
    house.feed.beat()
    house.feed.beat()
    (beat,) = await house.messages(watcher)
    assert beat["message"] == "[AUDIT] governance heartbeat"
    waiting = asyncio.create_task(house.messages(watcher))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("start", range(21))
async def test_from_wherever_it_begins_it_gets_the_rest_once(start: int) -> None:
    house = House()
    house.publish(items(0, 20))
    watcher = house.join(start)
    await house.messages(watcher)
    seqs: list[int] = []
    while len(seqs) < 20 - start:
        seqs += [message["entry"]["seq"] for message in await house.messages(watcher)]
    assert seqs == list(range(start, 20))
    # The ring keeps at most 8; only what it let go of is asked for.
    assert all(asked < 20 for asked in house.asked)
    assert bool(house.asked) == (start < 20 - len(house.feed._ring))


async def test_the_ring_is_bounded_in_messages_and_bytes() -> None:
    house = House(ring_messages=8)
    house.publish(items(0, 100))
    assert 0 < len(house.feed._ring) <= 8
    house = House(ring_messages=1000, ring_bytes=10_000)
    for seq in range(100):
        house.publish(items(seq, 1, data="x" * 1000))
    assert 0 < sum(len(message.text) for message in house.feed._ring) <= 10_000
    assert house.feed._ring_bytes == sum(len(message.text) for message in house.feed._ring)


async def test_what_is_handed_out_at_once_is_bounded() -> None:
    house = House(ring_messages=10_000, ring_bytes=1 << 30)
    house.publish(items(0, 1000))
    house.publish(items(1000, 10, data="x" * 700_000))
    watcher = house.join(0)
    await house.messages(watcher)
    assert len(await house.messages(watcher)) <= 256
    watcher.next = 1000
    assert len(await house.messages(watcher)) == 2


async def test_a_selection_that_matches_nothing_still_moves_on() -> None:
    house = House(ring_messages=10_000)
    house.publish(items(0, 1000, source="other"))
    watcher = house.join(0, Selection(sources=frozenset(["mine"])))
    await house.messages(watcher)
    waiting = asyncio.create_task(house.messages(watcher))
    await until(lambda: watcher.next == 1000)
    house.feed.beat()
    (beat,) = await waiting
    assert beat["next"] == 1000


async def test_ending_a_credential_ends_its_sockets_and_ending_all_ends_all() -> None:
    house = House()
    house.join(credential="a")
    house.join(credential="b")
    house.feed.end(4401, "a ended", "a")
    assert house.ended == [(4401, "a ended")]
    house.feed.end_all(1001, "bye")
    assert house.ended[1:] == [(1001, "bye")] * 2


async def test_it_is_empty_when_the_last_one_left() -> None:
    house = House()
    one, two = house.join(), house.join()
    emptied = asyncio.create_task(house.feed.emptied())
    house.feed.leave(one)
    await asyncio.sleep(0.01)
    assert not emptied.done()
    house.feed.leave(two)
    house.feed.leave(two)
    await asyncio.wait_for(emptied, 5)


@pytest.mark.parametrize(
    ("start", "epoch", "reason"), [(1, None, "ahead"), (0, "other", "epoch"), (9, "other", "epoch")]
)
async def test_a_position_of_another_log_or_beyond_this_one_is_lost(start: int, epoch: str | None, reason: str) -> None:
    house = House()
    with pytest.raises(PositionLost, match=reason):
        house.feed.join(start, epoch, EVERYTHING, None, lambda code, why: None)
    assert house.feed.watchers == 0
