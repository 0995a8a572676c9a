"""Every accepted form of an event becomes an ``Event`` here, or a documented error. Pure.

Strict forms follow CloudEvents 1.0.2 (the JSON event format, the JSON batch format and the HTTP
protocol binding's binary mode). The lenient form takes the JSON lines that agents already write.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

from governance_console import jsontext, lenient, typed
from governance_console.attributes import Data, Event, Faulty, ItemTooLarge, event_of, pointer_to, shown
from governance_console.errors import Fault, InputError, Malformed, TooLarge, Unacceptable
from governance_console.lenient import OPTIONAL_KEYS
from governance_console.limits import MAX_FAULTS, MAX_REQUEST_EVENTS

CONSOLE: Final = "console"
"""The source of what the console records of itself, and the principal of what nobody but it did. No token and no person
has this name; but anybody who may append may claim to be the source."""

AT_ONCE_BYTES: Final = 512 * 1024
"""A larger batch is decoded event by event: nothing else runs while a text is decoded at once."""

MakeId = Callable[[int], str]
"""Makes an id for the item at a place in its request, counted from 0, that came without one."""

_STRICT: Final = b'"specversion"'
_LINE_KEYS: Final = {key: name for key, name in OPTIONAL_KEYS.items() if key != "id"}

_encode: Final = msgspec.json.Encoder().encode


def of_console(event_type: str, data: dict[str, Any], made_id: str, **more: str) -> Event:
    """An event that the console itself submits, for somebody. ``more`` are further attributes."""
    content = _encode(data)
    attributes = {"specversion": "1.0", "id": made_id, "source": CONSOLE, "type": event_type, **more}
    return event_of(attributes, Data(content, True), data)


def parse_structured(body: bytes, make_id: MakeId) -> list[Event]:
    """One CloudEvent (``application/cloudevents+json``). Raises InputError."""
    text = jsontext.decode(body)
    event = typed.read(body)  # of a body that is UTF-8 to its end
    if event is not None:
        return [event]
    if jsontext.is_array(text):
        raise Unacceptable("the body has to be one CloudEvents object; an array is application/cloudevents-batch+json")
    return _each(jsontext.read_items(text, typed.read), _strict, make_id)


def parse_batch(body: bytes, make_id: MakeId) -> list[Event]:
    """An array of CloudEvents (``application/cloudevents-batch+json``). Raises InputError."""
    text = jsontext.decode(body)
    if len(body) <= AT_ONCE_BYTES:
        events = typed.read_all(body)  # of a body that is UTF-8 to its end
        if events is not None:
            return events
    if not jsontext.is_array(text):
        jsontext.parse(text)
        raise Unacceptable("the body has to be an array of CloudEvents objects")
    return _each(jsontext.read_items(text, typed.read), _strict, make_id)


def parse_json(body: bytes, make_id: MakeId) -> list[Event]:
    """One object or an array of them, each strict where it has ``specversion``, else lenient. Raises InputError."""
    return _each(jsontext.read_items(jsontext.decode(body), _read), _either, make_id)


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
    return lenient.read(members, line_id, {"source": source, "type": type_}, _LINE_KEYS)


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
    try:
        return [event_of(attributes, data, payload)]
    except Faulty as fault:
        faults = [Fault(0, fault.pointer, fault.detail)]
        raise _refusal(f"item 0: {fault.detail}", faults, too_large=isinstance(fault, ItemTooLarge)) from None


def _lines(text: str) -> Iterator[Event | jsontext.Item]:
    for place, (number, line) in enumerate(jsontext.lines(text)):
        try:
            if jsontext.is_array(line):
                raise Unacceptable("one object a line is taken, and this is an array")
            yield from jsontext.read_items(line, _read)
        except (Malformed, Unacceptable) as error:
            detail = jsontext.said_of_line(error)
            raise type(error)(f"{_line_name(place, number)}: {detail}", [Fault(place, "", detail)]) from None


def _line_name(place: int, number: int) -> str:
    return f"item {place} (line {number})"


def _read(text: bytes) -> Event | None:
    return typed.read(text) if _STRICT in text else None


def _each(
    found: Iterable[Event | jsontext.Item],
    read: Callable[[list[jsontext.Member], str], Event],
    make_id: MakeId,
    name: Callable[[int], str] = "item {}".format,
) -> list[Event]:
    """All events, or one error that names every item at fault, and the first in its sentence."""
    events: list[Event] = []
    faults: list[Fault] = []
    too_large = False
    for place, item in enumerate(found):
        if place == MAX_REQUEST_EVENTS:
            raise TooLarge(f"more than {MAX_REQUEST_EVENTS} events in one request")
        if isinstance(item, Event):
            events.append(item)
            continue
        try:
            if item.members is None:
                raise Faulty("", "an event has to be a JSON object")
            events.append(read(item.members, make_id(place)))
        except Faulty as fault:
            too_large = too_large or isinstance(fault, ItemTooLarge)
            if len(faults) < MAX_FAULTS:
                faults.append(Fault(place, fault.pointer, fault.detail))
    if faults:
        raise _refusal(f"{name(faults[0].item)}: {faults[0].detail}", faults, too_large=too_large)
    return events


def _refusal(said: str, faults: Sequence[Fault], *, too_large: bool) -> InputError:
    return (TooLarge if too_large else Unacceptable)(said, faults)


def _either(found: list[jsontext.Member], made_id: str) -> Event:
    strict = any(member.key == "specversion" for member in found)
    return (_strict if strict else lenient.read)(found, made_id)


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


def _from_base64(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Faulty("/data_base64", "data_base64 has to be a string in Base64 (RFC 4648, section 4)") from None


def _names_json(content_type: str | None) -> bool:
    subtype = (content_type or "").partition(";")[0].strip().lower().partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")
