"""The entry's bytes, and every shape in which an entry or a heartbeat leaves the console. Pure.

The entry's bytes are what is hashed, stored and proved: they are made once, here, and never re-encoded.
Everything else on the wire is put together around them.
"""

from __future__ import annotations

import base64
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from typing import Final, NamedTuple

import msgspec

from governance_console.attributes import Event
from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.errors import RecordUnreadable
from governance_console.frames import text_frame
from governance_console.limits import MAX_ENTRY_BYTES
from governance_console.selection import Shown

SALT_BYTES: Final = 16


class Erased(NamedTuple):
    """That an entry's data was erased: by whom, when (RFC 3339, UTC), why; ``seq`` is the entry that says so."""

    by: str
    at: str
    reason: str
    seq: int | None = None


class Item(msgspec.Struct, frozen=True, gc=False):
    """An entry with its data, as it is stored and as it is shown.

    ``salt`` and ``data`` are None where the event had no data, or has no longer: then ``erased`` says why.
    """

    seq: int
    entry: bytes
    salt: bytes | None
    data: bytes | None
    data_is_json: bool
    erased: Erased | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order, and the cursor at which looking goes on: everything before it was looked at."""

    items: Sequence[Item]
    reached: int


class Message(msgspec.Struct, gc=False):
    """An entry as the stream sends it, and what filters look at.

    The frame is made once, when the first watcher wants it, and then takes the item's place. ``size`` is the bytes that
    either takes, but for the hundred or so that a frame has more.
    """

    shown: Shown
    size: int
    item: Item | None
    made: bytes = b""

    @property
    def frame(self) -> bytes:
        """One whole frame."""
        if self.item is not None:
            self.made, self.item = _frame_of(self.item, self.shown), None
        return self.made


class _Attributes(msgspec.Struct):
    source: str
    type: str
    traceid: str | int | bool | None = None
    subject: str | None = None


class Deed(msgspec.Struct):
    """Who did what, and when, as an entry says it."""

    seq: int
    recorded: str
    principal: str
    event: _Attributes


class _Entry(msgspec.Struct):
    recorded: str
    category: str
    severity: str
    event: msgspec.Raw
    data_hash: str | None = None


_entry_decoder: Final = msgspec.json.Decoder(_Entry)
_deed_decoder: Final = msgspec.json.Decoder(Deed)
_attributes_decoder: Final = msgspec.json.Decoder(_Attributes)
_string: Final = msgspec.json.Encoder().encode
_KIND_TEXTS: Final = {
    pair: b'%b","severity":"%b","event":' % (pair[0].encode(), pair[1].encode())
    for pair in product(CATEGORIES, SEVERITIES)
}
"""What stands between the category's and the event's beginning: the same few texts again and again."""


def make_item(seq: int, recorded: str, principal: str, event: Event, salt: bytes) -> Item:
    """Number an event: the entry's exact bytes, and its data bound to them by a salted hash."""
    return make_items(seq, recorded, principal, [event], salt)[0]


def make_items(first: int, recorded: str, principal: str, events: Sequence[Event], salts: bytes) -> list[Item]:
    """``make_item`` for events that follow each other; ``salts`` has 16 bytes for each."""
    between = b',"recorded":"%s","principal":%s,"category":"' % (recorded.encode(), _string(principal))
    made = []
    for seq, event in enumerate(events, first):
        kind = _KIND_TEXTS[event.shown.category, event.shown.severity]
        if event.data is None:
            entry = b'{"seq":%d%b%b%b}' % (seq, between, kind, event.attributes)
            made.append(Item(seq, entry, None, None, False))
        else:
            at = (seq - first) * SALT_BYTES
            salt, content = salts[at : at + SALT_BYTES], event.data.content
            hashed = _data_hash(salt, content)
            entry = b'{"seq":%d%b%b%b,"data_hash":"%b"}' % (seq, between, kind, event.attributes, hashed)
            made.append(Item(seq, entry, salt, content, event.data.is_json))
        # The limits on attributes and principals leave room; an entry past this could never be proved.
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes")
    return made


def data_hash(salt: bytes, data: bytes) -> str:
    """Base64 of SHA-256(salt || data): what an entry says of its data."""
    return _data_hash(salt, data).decode()


def _data_hash(salt: bytes, data: bytes) -> bytes:
    return b2a_base64(sha256(salt + data).digest(), newline=False)


def identity(principal: str, source: str, event_id: str) -> bytes:
    """What makes an event the same event: 16 bytes of SHA-256 over the three, parted by NUL, which none has."""
    return sha256(f"{principal}\0{source}\0{event_id}".encode()).digest()[:16]


def is_same(entry: bytes, salt: bytes | None, event: Event) -> bool:
    """Whether the recorded entry is this event, attribute for attribute and byte for byte of data.

    Where the salt is gone the data was erased, and only the attributes can still be compared.
    """
    recorded = _entry_decoder.decode(entry)
    if bytes(recorded.event) != event.attributes:
        return False
    if recorded.data_hash is None or event.data is None:
        return recorded.data_hash is None and event.data is None
    return salt is None or recorded.data_hash == data_hash(salt, event.data.content)


def recorded_of(entry: bytes) -> str:
    """When the entry was recorded: RFC 3339, UTC, microseconds."""
    return _entry_decoder.decode(entry).recorded


def deed_of(entry: bytes) -> Deed | None:
    """Who did what, read back from an entry's bytes; None where they are damaged, or nobody's entry."""
    try:
        return _deed_decoder.decode(entry)
    except (ValueError, RecursionError):
        return None


def item_json(item: Item) -> bytes:
    """The item as it is shown everywhere: ``{"entry":…,"data":…,"salt":…}``, or ``{"entry":…,"erased":{…}}``."""
    return b"{%s}" % _members(item)


def item_line(item: Item) -> bytes:
    """The item as one line of NDJSON.

    Line breaks between the tokens of its data become spaces there; such data comes as ``data_base64`` too, exact.
    """
    if item.data is None or not item.data_is_json or (b"\n" not in item.data and b"\r" not in item.data):
        return item_json(item) + b"\n"
    flat = item.data.replace(b"\n", b" ").replace(b"\r", b" ")
    shown = item_json(Item(item.seq, item.entry, item.salt, flat, True))
    return b'%s,"data_base64":"%s"}\n' % (shown[:-1], base64.b64encode(item.data))


def page_json(epoch: str, size: int, items: Sequence[Item], following: int | None) -> bytes:
    """One page of history: ``{"epoch":…,"size":…,"items":[…],"next":…}``."""
    return b'{"epoch":"%s","size":%d,"items":[%s],"next":%s}' % (
        epoch.encode(),
        size,
        b",".join([item_json(item) for item in items]),
        b"null" if following is None else b"%d" % following,
    )


def entry_message(item: Item, shown: Shown | None = None) -> Message:
    """The stream's message for an entry. ``shown`` is read from the entry if need be.

    Raises RecordUnreadable where that is damaged.
    """
    if shown is None:
        try:
            shown = shown_of(item.entry)
        except msgspec.DecodeError as error:
            raise RecordUnreadable(f"#{item.seq} is damaged ({error})") from None
    return Message(shown, len(item.entry) + len(item.data or b""), item)


def _frame_of(item: Item, shown: Shown) -> bytes:
    """The message's frame, with one line for people."""
    line = _string(f"[{shown.category.upper()}] {shown.source} {shown.type}")
    return text_frame(b'{"type":"entry","message":%s,"next":%d,%s}' % (line, item.seq + 1, _members(item)))


def shown_of(entry: bytes) -> Shown:
    """What filters look at, read back from an entry's bytes."""
    found = _entry_decoder.decode(entry)
    event = _attributes_decoder.decode(found.event)
    trace = event.traceid
    traceid = trace if trace is None or isinstance(trace, str) else _string(trace).decode()
    return Shown(found.category, found.severity, event.source, event.type, traceid)


def subject_of(entry: bytes) -> str | None:
    """The event's subject, read back from an entry's bytes."""
    return _attributes_decoder.decode(_entry_decoder.decode(entry).event).subject


@dataclass(frozen=True, slots=True)
class Head:
    """Where the record stands: its epoch, its size, and whether it can be written.

    ``signature`` is what heartbeats say of the newest checkpoint: see ``signature_json``.
    """

    epoch: str
    size: int
    writable: bool
    signature: bytes = b""


def signature_json(note: bytes | None, refusing: str) -> bytes:
    """``,"checkpoint":"<signed note>"`` where there is one, and ``,"signing":"refused: …"`` where none is signed."""
    checkpoint = b"" if note is None else b',"checkpoint":%s' % _string(note.decode())
    return checkpoint + (b',"signing":%s' % _string(f"refused: {refusing}") if refusing else b"")


def heartbeat_frame(head: Head, following: int, time: str, interval_sec: float, *, welcome: bool) -> bytes:
    """The console's heartbeat. ``following`` is the watcher's cursor, which a lagging one has below the size."""
    text = (
        b'{"type":"audit","message":"%s","time":"%s","epoch":"%s","size":%d,"next":%d,"writable":%s,"interval_sec":%s%s}'
    ) % (
        b"[AUDIT] governance heartbeat (welcome)" if welcome else b"[AUDIT] governance heartbeat",
        time.encode(),
        head.epoch.encode(),
        head.size,
        following,
        b"true" if head.writable else b"false",
        _string(int(interval_sec) if interval_sec == int(interval_sec) else interval_sec),
        head.signature,
    )
    return text_frame(text)


def erased_json(erased: Erased) -> bytes:
    """What an item shows instead of its data."""
    return b'{"by":%s,"at":%s,"reason":%s}' % (_string(erased.by), _string(erased.at), _string(erased.reason))


def _members(item: Item) -> bytes:
    if item.erased is not None:
        return b'"entry":%s,"erased":%s' % (item.entry, erased_json(item.erased))
    if item.data is None or item.salt is None:
        return b'"entry":%s' % item.entry
    salt = base64.b64encode(item.salt)
    if item.data_is_json:
        return b'"entry":%s,"data":%s,"salt":"%s"' % (item.entry, item.data, salt)
    return b'"entry":%s,"data_base64":"%s","salt":"%s"' % (item.entry, base64.b64encode(item.data), salt)
