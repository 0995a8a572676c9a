"""Requests that can be sent again and again, what a console said of them, and whether its record bears that out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import msgspec

from governance_console.settings import Settings
from tests.console import Client, connected, running


class Refused(Exception):
    """503: whether it was recorded is unknown, and sending it again is right."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One request of lenient events, which can be sent again under its key.

    ``send`` raises Refused where the console says that the record cannot be written.
    """

    key: str
    lines: tuple[str, ...]

    async def send(self, client: Client) -> Receipt:
        answer = await client.post(
            "/api/events",
            data=f"[{','.join(self.lines)}]" if len(self.lines) > 1 else self.lines[0],
            headers={"Content-Type": "application/json", "Idempotency-Key": self.key},
        )
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "2"
            raise Refused(answer.json["detail"])
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

    @property
    def theirs(self) -> list[Item]:
        """What senders put into it; the rest is what the console did itself."""
        return [item for item in self.items if entry_of(item).principal != "console"]


class Entry(msgspec.Struct, frozen=True):
    """What of an entry does not depend on when it was recorded is in ``event``."""

    seq: int
    principal: str
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
        with suppress(aiohttp.ClientError, Refused):
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
    for item in page.theirs:
        assert content_of(item) == reference.content[id_of(item)]
        if item.salt:
            hashed = hashlib.sha256(base64.b64decode(item.salt) + bytes(item.data)).digest()
            assert entry_of(item).data_hash == base64.b64encode(hashed).decode()
    for ids in reference.ids.values():
        assert found.issuperset(ids) or found.isdisjoint(ids), "half of a request was recorded"
