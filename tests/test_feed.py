"""The fan-out by itself: a small ring, a history that is a plain list, and peers that drain when told to."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from governance_console.entries import Item, Message, Page, entry_message, make_item
from governance_console.errors import PositionLost, RecordUnavailable
from governance_console.events import parse_json
from governance_console.feed import CATCHING_UP, Feed
from governance_console.metrics import Metrics
from governance_console.parcel import NO_FILE
from governance_console.ring import PIECE_BYTES, PIECE_MESSAGES, Ring
from governance_console.selection import EVERYTHING, Selection
from governance_console.watching import ROOM_BYTES, Watcher
from tests.waiting import until


def items(start: int, count: int, source: str = "s", data: str = "") -> list[Item]:
    (event,) = parse_json(json.dumps({"source": source, "type": "t", "data": data}).encode(), lambda place: "e")
    return [make_item(seq, "2026-11-22T10:00:00.000000Z", "p", event, bytes(16)) for seq in range(start, start + count)]


def texts(frames: bytes) -> Iterator[bytes]:
    """The payloads of unmasked text frames, as a client reads them (RFC 6455 section 5.2)."""
    at = 0
    while at < len(frames):
        first, length = frames[at], frames[at + 1]
        assert first == 0x81
        at += 2
        if length >= 126:
            form = "!H" if length == 126 else "!Q"
            (length,) = struct.unpack_from(form, frames, at)
            at += struct.calcsize(form)
        yield frames[at : at + length]
        at += length
    assert at == len(frames)


class Peer:
    """An outlet whose peer takes everything at once, or nothing while it is ``stalled``."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.written = 0
        self.ended: list[tuple[int, str]] = []
        self.stalled = False
        self.most_buffered = 0
        self._buffered = 0
        self._drained = asyncio.Event()

    @property
    def buffered(self) -> int:
        return self._buffered

    def send(self, frames: bytes, file: int = NO_FILE) -> bool:
        assert frames
        assert file == NO_FILE or os.pread(file, len(frames) + 1, 0) == frames
        if self._buffered > ROOM_BYTES:
            return False
        self.writes.append(frames)
        self.written += len(frames)
        if self.stalled:
            self._buffered += len(frames)
            self.most_buffered = max(self.most_buffered, self._buffered)
        return True

    def end(self, code: int, reason: str) -> None:
        self.ended.append((code, reason))

    async def drained(self) -> None:
        await self._drained.wait()

    def drain(self) -> None:
        """It goes on reading."""
        self.stalled, self._buffered = False, 0
        self._drained.set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(text) for frames in self.writes for text in texts(frames)]

    @property
    def seqs(self) -> list[int]:
        return [message["entry"]["seq"] for message in self.messages if message["type"] == "entry"]

    @property
    def beats(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == "audit"]


class House:
    """A feed, the list it was fed from, and from where it asked for what its ring no longer had."""

    def __init__(self, ring_messages: int = 8, ring_bytes: int = 1 << 20) -> None:
        self.recorded: list[Item] = []
        self.asked: list[int] = []
        self.failure: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.metrics = Metrics()
        self.feed = Feed("epoch", 0, 5.0, self._history, self.metrics, ring_messages, ring_bytes)

    async def _history(self, start: int, stop: int, limit: int, selection: Selection, most_bytes: int) -> Page:
        self.asked.append(start)
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        found = self.recorded[start : min(stop, start + limit)]
        return Page(found, start + len(found))

    def publish(self, new: list[Item]) -> None:
        self.recorded += new
        self.feed.publish([entry_message(item) for item in new])

    def join(
        self, start: int | None = None, selection: Selection = EVERYTHING, credential: str = "c"
    ) -> tuple[Watcher, Peer]:
        peer = Peer()
        return self.feed.join(start, None, selection, "operator", credential, peer), peer


@asynccontextmanager
async def house(ring_messages: int = 8, ring_bytes: int = 1 << 20) -> AsyncIterator[House]:
    at = House(ring_messages, ring_bytes)
    serving = asyncio.create_task(at.feed.run())
    try:
        yield at
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_the_first_message_is_the_welcome_and_then_come_entries_and_heartbeats() -> None:
    async with house() as at:
        _, peer = at.join()
        assert [message["message"] for message in peer.messages] == ["[AUDIT] governance heartbeat (welcome)"]
        at.publish(items(0, 1))
        await until(lambda: peer.seqs == [0])
        at.feed.beat()
        at.feed.beat()
        await until(lambda: len(peer.beats) == 2)
        assert peer.beats[1]["message"] == "[AUDIT] governance heartbeat"
        assert (peer.beats[1]["size"], peer.beats[1]["next"]) == (1, 1)
        await asyncio.sleep(0.02)
        assert len(peer.beats) == 2


async def test_publishing_and_joining_wait_for_nobody_and_what_arrives_meanwhile_is_one_write() -> None:
    async with house(ring_messages=100) as at:
        _, peer = at.join()
        for seq in range(20):
            at.publish(items(seq, 1))
        await until(lambda: len(peer.seqs) == 20)
        assert len(peer.writes) == 2  # the welcome, and all the rest


async def test_watchers_who_want_the_same_share_the_same_bytes() -> None:
    async with house(ring_messages=100) as at:
        wanted = [Selection(sources=frozenset(["s"])) for _ in range(3)]
        peers = [at.join(selection=selection)[1] for selection in wanted]
        at.publish(items(0, 5) + items(5, 5, source="other"))
        await until(lambda: all(peer.seqs == list(range(5)) for peer in peers))
        assert len({id(peer.writes[1]) for peer in peers}) == 1


async def test_who_joins_between_a_publication_and_its_flush_does_not_get_it() -> None:
    async with house() as at:
        at.publish(items(0, 3))
        _, peer = at.join()
        at.publish(items(3, 2))
        await until(lambda: len(peer.seqs) == 2)
        assert peer.seqs == [3, 4]


@pytest.mark.parametrize("start", range(21))
async def test_from_wherever_it_begins_it_gets_the_rest_once(start: int) -> None:
    async with house() as at:
        at.publish(items(0, 20))
        _, peer = at.join(start)
        await until(lambda: len(peer.seqs) == 20 - start)
        at.publish(items(20, 3))
        await until(lambda: len(peer.seqs) == 23 - start)
        assert peer.seqs == list(range(start, 23))
        assert [message["next"] for message in peer.messages[1:]] == list(range(start + 1, 24))
        # The ring keeps 7 of the 20; only what it let go of is asked for.
        assert bool(at.asked) == (start < 13)


async def test_a_stalled_watcher_keeps_a_bounded_buffer_and_later_gets_everything_while_others_wait_for_nothing() -> (
    None
):
    async with house(ring_messages=50) as at:
        (_, slow), (_, quick) = at.join(), at.join()
        slow.stalled = True
        for seq in range(200):
            at.publish(items(seq, 1, data="x" * 5000))
            await until(lambda seq=seq: len(quick.seqs) == seq + 1)  # type: ignore[misc]
            at.feed.beat()
        assert len(slow.seqs) < 30
        assert slow.most_buffered < ROOM_BYTES + PIECE_BYTES
        slow.drain()
        await until(lambda: slow.seqs == list(range(200)))
        at.publish(items(200, 1))
        await until(lambda: slow.seqs[-1] == quick.seqs[-1] == 200)


async def test_a_heartbeat_never_waits_for_storage_and_tells_a_lagging_watcher_its_own_position() -> None:
    async with house() as at:
        at.publish(items(0, 20))
        at.go_on.clear()
        _, peer = at.join(3)
        await until(lambda: at.asked == [3])
        at.feed.beat()
        await until(lambda: len(peer.beats) == 2)
        assert (peer.beats[1]["size"], peer.beats[1]["next"]) == (20, 3)
        at.go_on.set()
        await until(lambda: peer.seqs == list(range(3, 20)))


async def test_a_crowd_that_resumes_leaves_turns_for_everybody_else() -> None:
    async with house(ring_messages=10_000) as at:
        at.publish(items(0, 100))
        peers = [at.join(0)[1] for _ in range(200)]
        served = [0]
        while served[-1] < len(peers):
            await asyncio.sleep(0)
            served.append(sum(len(peer.writes) > 1 for peer in peers))
        assert max(after - before for before, after in pairwise(served)) <= CATCHING_UP
        assert all(peer.seqs == list(range(100)) for peer in peers)


async def test_a_watcher_whose_history_cannot_be_read_is_closed_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async with house() as at:
        at.failure = RecordUnavailable("the disk is gone")
        at.publish(items(0, 20))
        _, peer = at.join(0)
        await until(lambda: bool(peer.ended))
        assert peer.ended == [(1011, "the record cannot be read here")]
        assert "the disk is gone" in caplog.text


async def test_who_drains_nothing_for_30_s_is_cut_and_who_drains_a_little_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as at:
        (_, stuck), (_, slow), (_, idle) = at.join(), at.join(), at.join()
        stuck.stalled = slow.stalled = True
        at.publish(items(0, 3))
        await until(lambda: bool(stuck.buffered and slow.buffered))
        for second in range(0, 40, 2):
            at.feed.cut_stuck(float(second))
            if second == 20:
                slow._buffered -= 1
            assert bool(stuck.ended) == (second >= 30)
        assert stuck.ended[0] == (4008, "slow: resume from the next of your last message")
        assert not slow.ended
        assert not idle.ended
        assert "a watcher took nothing for 30 s and is cut" in caplog.text
        assert at.metrics.registry.get_sample_value("governance_slow_watchers_total") == 1


async def test_a_selection_that_matches_nothing_still_moves_on() -> None:
    async with house(ring_messages=10_000) as at:
        at.publish(items(0, 3000, source="other"))
        watcher, peer = at.join(0, Selection(sources=frozenset(["mine"])))
        await until(lambda: watcher.position == 3000)
        at.feed.beat()
        await until(lambda: len(peer.writes) == 2)
        assert peer.beats[1]["next"] == 3000


def test_the_ring_is_bounded_in_messages_and_bytes() -> None:
    ring = Ring(5, 8, 1 << 30)
    ring.extend([entry_message(item) for item in items(5, 100)])
    assert ring.size == 105
    assert 97 <= ring.oldest < 105
    ring = Ring(0, 1000, 10_000)
    for seq in range(100):
        ring.extend([entry_message(item) for item in items(seq, 1, data="x" * 1000)])
        assert 0 < ring.bytes <= 10_000
    kept = [entry_message(item) for item in items(ring.oldest, ring.size - ring.oldest, data="x" * 1000)]
    assert ring.bytes == sum(message.size for message in kept)
    assert all(message.size < len(message.frame) < message.size + 150 for message in kept)
    ring.forget(ring.oldest + 1)
    assert ring.bytes == sum(message.size for message in kept[2:])


def kept_of(contents: Sequence[bytes]) -> int:
    """How many of these something else than this list refers to."""
    return sum(sys.getrefcount(content) > 3 for content in contents)


def long_messages(start: int, count: int) -> list[Message]:
    """With data of its own each."""
    return [entry_message(item) for seq in range(start, start + count) for item in items(seq, 1, data="x" * 1000)]


def contents_of(messages: Sequence[Message]) -> list[bytes]:
    return [message.item.data for message in messages if message.item is not None and message.item.data is not None]


def test_what_the_ring_lets_go_of_is_freed_a_little_at_a_time_and_what_was_erased_at_once() -> None:
    ring = Ring(0, 12, 1 << 30)
    messages = long_messages(0, 16)
    contents = contents_of(messages)
    ring.extend(messages)
    del messages
    assert kept_of(contents) == 16
    assert ring.free_some(3)
    assert kept_of(contents) == 13
    while ring.free_some(3):
        pass
    assert kept_of(contents) == ring.size - ring.oldest <= 12
    ring.extend(long_messages(16, 8))
    ring.forget(23)
    assert (kept_of(contents), ring.bytes) == (0, 0)


def test_what_is_not_freed_yet_is_bounded_in_bytes_too() -> None:
    ring = Ring(0, 1000, 10_000)
    contents: list[bytes] = []
    for seq in range(100):
        messages = long_messages(seq, 1)
        contents += contents_of(messages)
        ring.extend(messages)
        del messages
        assert kept_of(contents) < 25


async def test_the_feed_frees_what_its_ring_lets_go_of() -> None:
    async with house(12) as at:
        messages = long_messages(0, 16)
        contents = contents_of(messages)
        at.feed.publish(messages)
        del messages
        await until(lambda: kept_of(contents) <= 12, 5)


def test_a_message_becomes_a_frame_once_and_lets_go_of_its_item() -> None:
    message = entry_message(items(0, 1)[0])
    assert message.item is not None
    assert message.frame is message.frame
    assert message.item is None


def test_a_piece_is_bounded_in_messages_and_ends_with_the_one_that_makes_it_long() -> None:
    ring = Ring(0, 100_000, 1 << 30)
    ring.extend([entry_message(item) for item in items(0, 3000) + items(3000, 10, data="x" * 40_000)])
    nobody = ring.piece(0, Selection(sources=frozenset(["nobody"])), 3010)
    assert (nobody.frames, nobody.messages, nobody.reached) == (b"", 0, PIECE_MESSAGES)
    small = ring.piece(0, EVERYTHING, 3010)
    assert PIECE_BYTES <= len(small.frames) < PIECE_BYTES + 1000
    assert small.messages == small.reached == len(list(texts(small.frames)))
    long = ring.piece(3000, EVERYTHING, 3010)
    assert long.reached == 3000 + PIECE_BYTES // 40_000 + 1
    assert len(long.frames) < PIECE_BYTES + 41_000
    assert ring.piece(5, EVERYTHING, 9).reached == 9


async def test_ending_a_credential_ends_its_sockets_and_ending_all_ends_all_and_who_comes_later() -> None:
    async with house() as at:
        (_, one), (_, two) = at.join(credential="a"), at.join(credential="b")
        at.feed.end(4401, "a ended", "a")
        assert one.ended == [(4401, "a ended")]
        assert not two.ended
        at.feed.end_all(1001, "bye")
        assert two.ended == [(1001, "bye")]
        assert at.join()[1].ended == [(1001, "bye")]


async def test_who_left_gets_nothing_more_and_it_is_empty_when_the_last_one_left() -> None:
    async with house() as at:
        at.publish(items(0, 20))
        at.go_on.clear()
        (one, peer), (two, _) = at.join(0), at.join()
        emptied = asyncio.create_task(at.feed.emptied())
        await until(lambda: bool(at.asked))
        at.feed.leave(one)
        at.go_on.set()
        await asyncio.sleep(0.01)
        assert not emptied.done()
        assert not peer.seqs
        at.feed.leave(two)
        at.feed.leave(two)
        await asyncio.wait_for(emptied, 5)


@pytest.mark.parametrize(
    ("start", "epoch", "reason"), [(1, None, "ahead"), (0, "other", "epoch"), (9, "other", "epoch")]
)
async def test_a_position_of_another_log_or_beyond_this_one_is_lost(start: int, epoch: str | None, reason: str) -> None:
    at = House()
    with pytest.raises(PositionLost, match=reason):
        at.feed.join(start, epoch, EVERYTHING, "operator", None, Peer())
    assert at.feed.watchers == 0
