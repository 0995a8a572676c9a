"""The JSON lines that agents already write: which of their keys become attributes, and what is left as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from governance_console import jsontext
from governance_console.attributes import Data, Event, Faulty, event_of, pointer_to, shown
from governance_console.times import read_time

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

_SCALARS: Final = (str, int, float)
_NO_DEFAULTS: Final[Mapping[str, str | None]] = {}


def read(
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
    for key in named.among(optional):
        name = optional[key]
        if name in attributes and name != "id":
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
        self._taken: set[str] = set()

    def among(self, keys: Iterable[str]) -> list[str]:
        """Which of these keys are there, in their order."""
        return [key for key in keys if key in self._by_key]

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
            if key in self._by_key:
                return self.get(key)
        return None

    def take(self, member: jsontext.Member) -> jsontext.Member:
        """It is an attribute, and no data. ``get`` has made sure that there is no other of its key."""
        self._taken.add(member.key)
        return member

    def left(self) -> list[jsontext.Member]:
        """What is data."""
        return [member for member in self._found if member.key not in self._taken]
