"""Every accepted form of an event becomes an ``Event`` here, or a documented error. Pure.

Strict forms follow CloudEvents 1.0.2 (the JSON event format, the JSON batch format and the HTTP
protocol binding's binary mode). The lenient form takes the JSON lines that agents already write.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

from governance_console import jsontext
from governance_console.attributes import Data, Event, Faulty, ItemTooLarge, event_of, pointer_to, shown
from governance_console.errors import Fault, Malformed, TooLarge, Unacceptable
from governance_console.limits import MAX_FAULTS, MAX_REQUEST_EVENTS
from governance_console.times import read_time

MakeId = Callable[[int], str]
"""Makes an id for the item at a place in its request, counted from 0, that came without one."""

SOURCE_KEYS: Final = ("source", "agent", "origin")
TYPE_KEYS: Final = ("type", "event", "action")
TIME_KEYS: Final = ("time", "timestamp", "ts")
OPTIONAL_KEYS: Final[Mapping[str, str]] = {
    "id": "id",
    "subject": "subject",
    "category": "category",
    "severity": "severity",
    "trace_id": "traceid",
    "traceId": "traceid",
    "traceid": "traceid",
}
"""Lenient keys that become attributes when they hold something, and the attributes they become."""

_LINE_KEYS: Final = {key: name for key, name in OPTIONAL_KEYS.items() if key != "id"}

_SCALARS: Final = (str, int, float)
_NO_DEFAULTS: Final[Mapping[str, str | None]] = {}

_encode: Final = msgspec.json.Encoder().encode


def of_console(event_type: str, data: dict[str, Any], made_id: str) -> Event:
    """An event that the console itself submits, for somebody."""
    content = _encode(data)
    attributes = {"specversion": "1.0", "id": made_id, "source": "console", "type": event_type}
    return event_of(attributes, Data(content, True), data)


def parse_structured(body: bytes, make_id: MakeId) -> list[Event]:
    """One CloudEvent (``application/cloudevents+json``). Raises InputError."""
    text = jsontext.decode(body)
    if jsontext.is_array(text):
        raise Unacceptable("the body has to be one CloudEvents object; an array is application/cloudevents-batch+json")
    return _each(jsontext.items(text), _strict, make_id)


def parse_batch(body: bytes, make_id: MakeId) -> list[Event]:
    """An array of CloudEvents (``application/cloudevents-batch+json``). Raises InputError."""
    text = jsontext.decode(body)
    if not jsontext.is_array(text):
        jsontext.parse(text)
        raise Unacceptable("the body has to be an array of CloudEvents objects")
    return _each(jsontext.items(text), _strict, make_id)


def parse_json(body: bytes, make_id: MakeId) -> list[Event]:
    """One object or an array of them, each strict where it has ``specversion``, else lenient. Raises InputError."""
    return _each(jsontext.items(jsontext.decode(body)), _either, make_id)


def parse_ndjson(body: bytes, make_id: MakeId) -> list[Event]:
    """One object a line (``application/x-ndjson``), strict or lenient each; empty lines count for nothing.

    Raises InputError, which names the line, counted from 1, beside the item.
    """
    text = jsontext.decode(body)

    def name(place: int) -> str:
        number, _ = next(islice(jsontext.lines(text), place, None))
        return _line_name(place, number)

    return _each(_lines(text), _either, make_id, name)


def parse_line(text: str, line_id: str, source: str | None, type_: str | None) -> Event:
    """One line of a file, as ``import`` sends it. Raises InputError, or Faulty.

    A lenient line gets ``line_id``, the ``source`` and ``type_`` that it lacks, and keeps an id of its own in its data.
    A CloudEvents line (with ``specversion``) is one already: it keeps its id, and gets nothing.
    """
    items = list(jsontext.items(text))
    members = None if jsontext.is_array(text) else items[0].members
    if members is None:
        raise Faulty("", "an event has to be a JSON object")
    if any(member.key == "specversion" for member in members):
        return _strict(members, line_id)
    return _lenient(members, line_id, {"source": source, "type": type_}, _LINE_KEYS)


def parse_binary(headers: Iterable[tuple[str, str]], content_type: str | None, body: bytes) -> list[Event]:
    """Binary mode: attributes in ``ce-*`` headers, the body is the data. Raises InputError."""
    attributes: dict[str, Any] = {}
    faults: list[Fault] = []
    for header, value in headers:
        name = header.lower().removeprefix("ce-")
        if name == header.lower():
            continue
        if name in attributes or name == "datacontenttype":
            faults.append(Fault(0, pointer_to(name), f"the header ce-{shown(name)} may not be sent, or not twice"))
        try:
            attributes[name] = unquote_to_bytes(value).decode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError):
            faults.append(Fault(0, pointer_to(name), f"the header ce-{shown(name)} is not percent-encoded UTF-8"))
    if faults:
        raise Unacceptable("a ce- header is at fault", faults)
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    data: Data | None = None
    payload: Any = None
    if body and _names_json(content_type):
        payload, text = jsontext.parse(jsontext.decode(body))
        data = Data(text.encode(), True)
    elif body:
        data = Data(body, False)
    return _settled([lambda: event_of(attributes, data, payload)], "item {}".format)


def _lines(text: str) -> Iterator[jsontext.Item]:
    for place, (number, line) in enumerate(jsontext.lines(text)):
        try:
            if jsontext.is_array(line):
                raise Unacceptable("one object a line is taken, and this is an array")
            yield from jsontext.items(line)
        except (Malformed, Unacceptable) as error:
            detail = jsontext.said_of_line(error)
            raise type(error)(f"{_line_name(place, number)}: {detail}", [Fault(place, "", detail)]) from None


def _line_name(place: int, number: int) -> str:
    return f"item {place} (line {number})"


def _each(
    found: Iterable[jsontext.Item],
    read: Callable[[list[jsontext.Member], str], Event],
    make_id: MakeId,
    name: Callable[[int], str] = "item {}".format,
) -> list[Event]:
    def reader(place: int, item: jsontext.Item) -> Callable[[], Event]:
        def read_item() -> Event:
            if item.members is None:
                raise Faulty("", "an event has to be a JSON object")
            return read(item.members, make_id(place))

        return read_item

    return _settled((reader(place, item) for place, item in enumerate(found)), name)


def _settled(readers: Iterable[Callable[[], Event]], name: Callable[[int], str]) -> list[Event]:
    """All events, or one error that names every item at fault, and the first in its sentence."""
    events: list[Event] = []
    faults: list[Fault] = []
    too_large = False
    for place, read in enumerate(readers):
        if place == MAX_REQUEST_EVENTS:
            raise TooLarge(f"more than {MAX_REQUEST_EVENTS} events in one request")
        try:
            events.append(read())
        except Faulty as fault:
            too_large = too_large or isinstance(fault, ItemTooLarge)
            if len(faults) < MAX_FAULTS:
                faults.append(Fault(place, fault.pointer, fault.detail))
    if not faults:
        return events
    first = f"{name(faults[0].item)}: {faults[0].detail}"
    raise (TooLarge if too_large else Unacceptable)(first, faults)


def _either(found: list[jsontext.Member], made_id: str) -> Event:
    strict = any(member.key == "specversion" for member in found)
    return (_strict if strict else _lenient)(found, made_id)


def _strict(found: list[jsontext.Member], made_id: str) -> Event:
    del made_id  # a CloudEvent brings its own
    attributes: dict[str, Any] = {}
    data: Data | None = None
    value: Any = None
    for member in found:
        if member.key in attributes or (data is not None and member.key in ("data", "data_base64")):
            raise Faulty(pointer_to(member.key), f"{shown(member.key)} is there twice, or beside its other form")
        if member.key == "data":
            data, value = Data(member.text, True), member.value
        elif member.key == "data_base64":
            data = Data(_from_base64(member.value), False)
        else:
            attributes[member.key] = member.value
    return event_of({key: kept for key, kept in attributes.items() if kept is not None}, data, value)


def _lenient(
    found: list[jsontext.Member],
    made_id: str,
    defaults: Mapping[str, str | None] = _NO_DEFAULTS,
    optional: Mapping[str, str] = OPTIONAL_KEYS,
) -> Event:
    named = _Named(found)
    attributes: dict[str, Any] = {"specversion": "1.0", "id": made_id}
    for name, keys in (("source", SOURCE_KEYS), ("type", TYPE_KEYS)):
        member = named.first(keys)
        default = defaults.get(name)
        if member is None and default is not None:
            attributes[name] = default
            continue
        if member is None:
            raise Faulty(f"/{name}", f"{name} is missing: give it as one of {', '.join(keys)}")
        if not isinstance(member.value, str):
            raise Faulty(pointer_to(member.key), f"{shown(member.key)} has to be a string")
        attributes[name] = named.take(member).value
    for key, name in optional.items():
        if key not in named or (name in attributes and name != "id"):
            continue
        member = named.get(key)
        if member is not None and isinstance(member.value, _SCALARS) and member.value != "":
            attributes[name] = member.value if isinstance(member.value, str) else member.text.decode()
            named.take(member)
    for key in TIME_KEYS:
        member = named.get(key)
        time = None if member is None else read_time(member.value)
        if member is not None and time is not None:
            attributes["time"] = time
            named.take(member)
            break
    left = named.left()
    if not left:
        return event_of(attributes, None, None)
    if len(left) == 1 and left[0].key == "data":
        return event_of(attributes, Data(left[0].text, True), left[0].value)
    value = {member.key: member.value for member in left}
    return event_of(attributes, Data(jsontext.object_text(left), True), value)


class _Named:
    """The members of a lenient object by key, and which of them became attributes. Null is as good as absent."""

    def __init__(self, found: list[jsontext.Member]) -> None:
        self._found = found
        self._by_key = {member.key: member for member in found if member.value is not None}
        self._taken: list[jsontext.Member] = []

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def get(self, key: str) -> jsontext.Member | None:
        """The member under this key. Raises Faulty where it is there twice: which would count?"""
        member = self._by_key.get(key)
        if member is not None and len(self._by_key) < len(self._found):
            if sum(one.key == key for one in self._found) > 1:
                raise Faulty(pointer_to(key), f"{shown(key)} is there twice")
        return member

    def first(self, keys: tuple[str, ...]) -> jsontext.Member | None:
        """The member under the first of these keys that is there."""
        for key in keys:
            member = self.get(key)
            if member is not None:
                return member
        return None

    def take(self, member: jsontext.Member) -> jsontext.Member:
        """It is an attribute, and no data."""
        self._taken.append(member)
        return member

    def left(self) -> list[jsontext.Member]:
        """What is data."""
        taken = {id(member) for member in self._taken}
        return [member for member in self._found if id(member) not in taken]


def _from_base64(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Faulty("/data_base64", "data_base64 has to be a string in Base64 (RFC 4648, section 4)") from None


def _names_json(content_type: str | None) -> bool:
    subtype = (content_type or "").partition(";")[0].strip().lower().partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")
