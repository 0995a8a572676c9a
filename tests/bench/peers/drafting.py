"""A CloudEvent on its way to the record and the watchers: what is kept of it, and the text that is streamed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

_NO_DATA: Final = msgspec.Raw()


class Event(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A CloudEvent, its attributes in the order in which the console shows them: nothing has to sort them."""

    datacontenttype: str | None = None
    id: str
    source: str
    specversion: str
    subject: str | None = None
    time: str | None = None
    traceid: str | None = None
    type: str
    data: msgspec.Raw = _NO_DATA


class _Entry(msgspec.Struct):
    recorded: str
    principal: str
    category: str
    severity: str
    event: Event


class Draft(NamedTuple):
    """An event with everything encoded, once, but the number that the record is going to give it."""

    event: Event
    entry: bytes
    data: bytes | None

    def text(self, seq: int) -> str:
        """The message that the console would stream, salt apart: the kept bytes, with the number before them."""
        source, type_ = self.event.source, self.event.type
        line = _json(f"[{type_.partition('.')[0].upper()}] {source} {type_}").decode()
        data = "" if self.data is None else f',"data":{self.data.decode()}'
        entry = self.entry[1:].decode()
        return f'{{"type":"entry","message":{line},"next":{seq + 1},"entry":{{"seq":{seq},{entry}{data}}}'


_json: Final = msgspec.json.Encoder().encode
_one: Final = msgspec.json.Decoder(Event)
_many: Final = msgspec.json.Decoder(list[Event])


def events_of(body: bytes, media: str) -> list[Event]:
    """What a request brings: a batch, or one event. Raises ValueError."""
    return _many.decode(body) if media == "application/cloudevents-batch+json" else [_one.decode(body)]


def drafts_of(events: Sequence[Event]) -> list[Draft]:
    """Of what came in one request, at this moment."""
    recorded = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    drafts = []
    for event in events:
        data, event.data = event.data, _NO_DATA
        entry = _json(_Entry(recorded, "operator", event.type.partition(".")[0], "info", event))
        drafts.append(Draft(event, entry, None if data is _NO_DATA else bytes(data)))
    return drafts
