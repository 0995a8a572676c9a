"""An event once its attributes are known: what CloudEvents 1.0.2 section 3 and the limits allow. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from governance_console.categories import category_of, severity_of
from governance_console.limits import MAX_ATTRIBUTE_BYTES, MAX_DATA_BYTES
from governance_console.selection import Shown
from governance_console.times import is_rfc3339

_REQUIRED: Final = ("id", "source", "type")
_STRINGS: Final = frozenset(("id", "source", "type", "subject", "datacontenttype", "dataschema", "time"))
_KNOWN: Final = _STRINGS | {"specversion", "category", "severity", "traceid"}
_NAME_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_INTEGERS: Final = range(-(2**63), 2**63)
_encoder: Final = msgspec.json.Encoder(order="sorted")


class Data(msgspec.Struct, frozen=True, gc=False):
    """An event's payload: the exact bytes, and whether they are a JSON text or anything else."""

    content: bytes
    is_json: bool


class Event(msgspec.Struct, frozen=True, gc=False):
    """What a sender submits, checked. ``attributes`` is their JSON, keys sorted, without the data.

    ``shown`` is what filters look at: its category and severity are the console's, the rest the sender's.
    """

    id: str
    source: str
    type: str
    subject: str | None
    shown: Shown
    attributes: bytes
    data: Data | None


class Faulty(Exception):
    """One item is at fault; collected by ``_each``, so that all faults are told at once."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


class ItemTooLarge(Faulty):
    """One item is past a limit."""


def event_of(attributes: dict[str, Any], data: Data | None, value: Any) -> Event:
    """The event, once its attributes are those of CloudEvents 1.0.2 section 3 and within the limits."""
    if attributes.get("specversion") != "1.0":
        raise Faulty("/specversion", 'specversion has to be "1.0"')
    for name in _REQUIRED:
        if name not in attributes:
            raise Faulty(f"/{name}", f"{name} is missing")
    for name, held in attributes.items():
        wrong = _wrong_with(name, held)
        if wrong is not None:
            raise Faulty(pointer_to(name), f"{shown(name)} {wrong}")
    encoded = _encoder.encode(attributes)
    if len(encoded) > MAX_ATTRIBUTE_BYTES:
        raise ItemTooLarge("", f"{len(encoded)} bytes of attributes; at most {MAX_ATTRIBUTE_BYTES} are taken")
    if data is not None and len(data.content) > MAX_DATA_BYTES:
        raise ItemTooLarge("/data", f"{len(data.content)} bytes of data; at most {MAX_DATA_BYTES} are taken")
    return Event(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes.get("subject"),
        shown=Shown(
            category=category_of(attributes["type"], attributes.get("category")),
            severity=severity_of(attributes["type"], value, attributes.get("severity")),
            source=attributes["source"],
            type=attributes["type"],
            traceid=_text_of(attributes.get("traceid")),
        ),
        attributes=encoded,
        data=data,
    )


def _wrong_with(name: str, held: Any) -> str | None:
    if name not in _KNOWN and not (name and _NAME_CHARS.issuperset(name)):
        return "is no attribute name: only a-z and 0-9 are allowed"
    if isinstance(held, str):
        if not held and name in _STRINGS:
            return "may not be empty"
        if not held.isprintable():
            if any(is_control(char) for char in held):
                return "has a control character, such as NUL or a line break"
            if not is_text(held):
                return HALF_PAIR
        if name == "time" and not is_rfc3339(held):
            return "has to be an RFC 3339 timestamp, such as 2026-11-22T10:00:00Z"
        return None
    if name in _STRINGS:
        return "has to be a string"
    if not isinstance(held, int):
        return "has to be a string, a boolean or an integer"
    return None if held in _INTEGERS else "is outside the range of a 64-bit integer"


def _text_of(held: str | int | None) -> str | None:
    """An attribute as a filter names it: a number or a boolean as JSON writes it."""
    return held if held is None or isinstance(held, str) else _encoder.encode(held).decode()


HALF_PAIR: Final = "has half of a surrogate pair, which is no character"


def is_text(said: str) -> bool:
    """Whether it can be written in UTF-8: JSON can escape half of a surrogate pair, which cannot."""
    try:
        said.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_control(char: str) -> bool:
    """Whether it is a control character of Unicode (Cc)."""
    return char < " " or "\x7f" <= char <= "\x9f"


def pointer_to(key: str) -> str:
    return "/" + shown(key).replace("~", "~0").replace("/", "~1")


def shown(key: str) -> str:
    """A key as an error may repeat it: short and printable, whatever was sent."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in key[:64])
