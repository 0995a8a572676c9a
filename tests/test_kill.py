"""``kill -9`` at any moment: what was acknowledged is there, whole, and repeating everything adds only the rest.

This shows that nothing is told before it is committed, and that the record is whole however it was left. It
cannot show durability against power loss: the kernel outlives a killed process and keeps its writes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
import pytest

from governance_console.settings import Settings
from tests.console import Client, connected, running, sample_lines
from tests.process import RUN, ConsoleProcess, clean_environment

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Posting:
    """One request of lenient events, which can be sent again under its key."""

    key: str
    lines: tuple[str, ...]

    async def send(self, client: Client) -> Receipt:
        answer = await client.post(
            "/api/events",
            data=f"[{','.join(self.lines)}]" if len(self.lines) > 1 else self.lines[0],
            headers={"Content-Type": "application/json", "Idempotency-Key": self.key},
        )
        assert answer.status in (200, 201), answer.text
        return msgspec.json.decode(answer.body, type=Receipt)


class Numbered(msgspec.Struct, frozen=True):
    id: str
    seq: int


class Receipt(msgspec.Struct, frozen=True):
    epoch: str
    size: int
    accepted: int
    duplicates: int
    items: list[Numbered]


class Item(msgspec.Struct, frozen=True):
    """A recorded event, byte for byte as the console shows it in its history and on its stream."""

    entry: msgspec.Raw
    data: msgspec.Raw = msgspec.Raw(b"")
    salt: str = ""


class Message(Item, frozen=True):
    """An entry on the stream."""

    next: int = 0


class Page(msgspec.Struct, frozen=True):
    epoch: str
    size: int
    items: list[Item]
    next: int | None


class Entry(msgspec.Struct, frozen=True):
    """What of an entry does not depend on when it was recorded is in ``event``."""

    seq: int
    event: msgspec.Raw
    data_hash: str | None = None


class EventId(msgspec.Struct, frozen=True):
    id: str


def entry_of(item: Item) -> Entry:
    return msgspec.json.decode(item.entry, type=Entry)


def id_of(item: Item) -> str:
    return msgspec.json.decode(entry_of(item).event, type=EventId).id


def content_of(item: Item) -> tuple[bytes, bytes]:
    """What the sender said: attributes and data."""
    return bytes(entry_of(item).event), bytes(item.data)


async def history(client: Client) -> Page:
    """The whole record."""
    items: list[Item] = []
    start: int | None = 0
    while True:
        answer = await client.get(f"/api/events?from={start}&limit=1000")
        page = msgspec.json.decode(answer.body, type=Page)
        items += page.items
        start = page.next
        if start is None:
            assert len(items) == page.size
            return Page(page.epoch, page.size, items, None)


@dataclass(slots=True)
class Told:
    """What the console said before it was killed: to senders, and to a watcher."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    streamed: dict[int, Item] = field(default_factory=dict)

    def acknowledge(self, receipt: Receipt) -> None:
        for item in receipt.items:
            assert self.acknowledged.setdefault(item.id, item.seq) == item.seq


class Reference(msgspec.Struct, frozen=True):
    """The record of the same postings on a console that nobody kills."""

    ids: Mapping[str, Sequence[str]]
    content: Mapping[str, tuple[bytes, bytes]]


async def reference_of(settings: Settings, postings: Sequence[Posting]) -> Reference:
    async with running(settings) as console:
        ids = {posting.key: [item.id for item in (await posting.send(console)).items] for posting in postings}
        return Reference(ids, {id_of(item): content_of(item) for item in (await history(console)).items})


async def post_all(
    url: str, postings: Sequence[Posting], connections: int, on_receipt: Callable[[Receipt], None]
) -> None:
    """Post over several connections at once, in no particular order, until all is done or nobody answers."""
    left = iter(postings)

    async def post_some(client: Client) -> None:
        with suppress(aiohttp.ClientError):
            for posting in left:
                on_receipt(await posting.send(client))

    async with connected(url, connections) as client:
        await asyncio.gather(*(post_some(client) for _ in range(connections)))


async def watch(client: Client, told: Told) -> None:
    """Note every entry on the stream, until the console is gone."""
    with suppress(aiohttp.ClientError):
        async with await client.watch("?from=0") as stream:
            async for frame in stream.socket:
                if frame.type is aiohttp.WSMsgType.TEXT and frame.data.startswith('{"type":"entry"'):
                    message = msgspec.json.decode(frame.data, type=Message)
                    told.streamed[message.next - 1] = Item(message.entry, message.data, message.salt)


async def kill_while_posting(
    process: ConsoleProcess, postings: Sequence[Posting], told: Told, point: int, delay: float, connections: int
) -> None:
    """Kill it ``delay`` seconds after it acknowledged ``point`` different events."""
    loop = asyncio.get_running_loop()
    killing: list[asyncio.TimerHandle] = []

    def on_receipt(receipt: Receipt) -> None:
        told.acknowledge(receipt)
        if len(told.acknowledged) >= point and not killing:
            killing.append(loop.call_later(delay, process.kill))

    async with connected(process.url) as client:
        watching = asyncio.create_task(watch(client, told))
        await post_all(process.url, postings, connections, on_receipt)
        assert killing, "everything was posted before it was time to kill"
        await watching


def check(page: Page, earlier: Page | None, told: Told, reference: Reference) -> None:
    """After a kill and a restart: is the record whole, and is everything there that anybody was told?"""
    if earlier is not None:
        assert page.epoch == earlier.epoch
        assert page.items[: earlier.size] == earlier.items
    assert [entry_of(item).seq for item in page.items] == list(range(page.size))
    for seq, streamed in told.streamed.items():
        assert page.items[seq] == streamed
    for event_id, seq in told.acknowledged.items():
        assert id_of(page.items[seq]) == event_id
    found = {id_of(item) for item in page.items}
    assert len(found) == page.size
    for item in page.items:
        assert content_of(item) == reference.content[id_of(item)]
        if item.salt:
            hashed = hashlib.sha256(base64.b64decode(item.salt) + bytes(item.data)).digest()
            assert entry_of(item).data_hash == base64.b64encode(hashed).decode()
    for ids in reference.ids.values():
        assert found.issuperset(ids) or found.isdisjoint(ids), "half of a request was recorded"


async def kill_often(
    folder: Path, postings: Sequence[Posting], reference: Reference, chance: random.Random, kills: int, connections: int
) -> None:
    """Kill a console again and again while everything is posted, then let it finish."""
    told = Told()
    total = len(reference.content)
    # Not so late that all may be recorded before it is time to kill.
    points = sorted(chance.sample(range(1, total * 4 // 5), kills))
    earlier: Page | None = None
    process = ConsoleProcess(folder)
    with process:
        for point in points:
            delay = chance.uniform(0, 0.004)
            _log.info("killing %.1f ms after %d events were acknowledged", delay * 1000, point)
            shuffled = chance.sample(postings, len(postings))
            await kill_while_posting(process, shuffled, told, point, delay, connections)
            process.start()
            async with connected(process.url) as client:
                page = await history(client)
            check(page, earlier, told, reference)
            earlier = page
        assert earlier is not None
        receipts: list[Receipt] = []
        await post_all(process.url, postings, connections, receipts.append)
        assert len(receipts) == len(postings)
        assert sum(receipt.accepted for receipt in receipts) == total - earlier.size
        for receipt in receipts:
            told.acknowledge(receipt)
        async with connected(process.url) as client:
            page = await history(client)
        check(page, earlier, told, reference)
        assert page.size == total
        assert told.acknowledged.keys() == reference.content.keys()


@pytest.mark.parametrize("seed", [1])
async def test_what_was_acknowledged_survives_kill_9_and_posting_all_again_adds_only_the_rest(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    postings = [Posting(f"line {number}", (line,)) for number, line in enumerate(sample_lines(), start=1)]
    reference = await reference_of(settings, postings)
    assert len(reference.content) == 231
    await kill_often(tmp_path, postings, reference, random.Random(seed), kills=3, connections=8)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
async def test_what_was_acknowledged_survives_ten_times_kill_9_amid_batches(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    lines = sample_lines()
    postings = [
        Posting(f"request {number}", tuple(chance.choices(lines, k=chance.choice((1, 1, 1, 2, 20, 200)))))
        for number in range(400)
    ]
    reference = await reference_of(settings, postings)
    await kill_often(tmp_path, postings, reference, chance, kills=10, connections=16)


def kill_first_start(folder: Path, size: int, delay: float) -> None:
    """Kill a first start ``delay`` seconds after the record's file had this many bytes."""
    folder.mkdir()
    path = folder / "data" / "governance.db"
    process = subprocess.Popen(
        [sys.executable, str(RUN), "--listen", "127.0.0.1:0"],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        give_up = time.monotonic() + 20
        while not path.exists() or path.stat().st_size < size:
            assert time.monotonic() < give_up
        time.sleep(delay)
    finally:
        process.kill()
        process.wait()


async def start_and_record(folder: Path) -> None:
    """The first event of a console that works."""
    with ConsoleProcess(folder) as process:
        async with connected(process.url) as client:
            assert await client.record({"agent": "a", "type": "t"}) == [0]


@pytest.mark.parametrize("size", [pytest.param(0, id="its file appears"), pytest.param(1, id="something is in it")])
async def test_a_console_killed_while_it_makes_its_record_starts_the_next_time(tmp_path: Path, size: int) -> None:
    kill_first_start(tmp_path / "folder", size, 0.0)
    await start_and_record(tmp_path / "folder")


@pytest.mark.soak
async def test_a_console_killed_at_any_moment_of_its_first_start_starts_the_next_time(tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(25):
        delay = chance.uniform(0, 0.02)
        _log.info("killing %.1f ms after the file appeared", delay * 1000)
        kill_first_start(tmp_path / str(number), 0, delay)
        await start_and_record(tmp_path / str(number))
