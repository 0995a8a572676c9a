"""What an erasure is, and how the record says it: an entry ``data.erased`` for what is gone and why. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from governance_console.attributes import Event
from governance_console.entries import Erased, deed_of
from governance_console.events import CONSOLE, of_console

ERASED_TYPE: Final = "data.erased"
BEGUN_TYPE: Final = "log.begun"
"""How a log began. Its data tells of the log before it and is kept for good."""


class Erasing(NamedTuple):
    """What is to be erased: the data of the entries ``first`` to ``last``, both included, but for what is kept.

    ``entries`` is how many of them have data, where more than one was asked for.
    """

    first: int
    last: int
    reason: str
    entries: int | None = None


class Erasure(NamedTuple):
    """An erasure on the record: whose data it names, from ``first`` to ``last``, and what their items show."""

    first: int
    last: int
    erased: Erased


class _Said(msgspec.Struct):
    first: int
    last: int
    reason: str


_said: Final = msgspec.json.Decoder(_Said).decode


def event_of(erasing: Erasing, made_id: str) -> Event:
    """The event that says so."""
    data: dict[str, object] = {"first": erasing.first, "last": erasing.last, "reason": erasing.reason}
    return of_console(ERASED_TYPE, data if erasing.entries is None else {**data, "erased": erasing.entries}, made_id)


def erasure_of(entry: bytes, data: bytes) -> Erasure | None:
    """What an entry of the record says was erased; None where it says nothing of that, or was sent by one who may not.

    Anybody who may append can send an event of that type. What he says was erased, was not.
    """
    found = deed_of(entry)
    if found is None or (found.event.type, found.event.source) != (ERASED_TYPE, CONSOLE):
        return None
    try:
        said = _said(data)
    except (ValueError, RecursionError):
        return None
    if not may_erase(found.principal):
        return None
    return Erasure(said.first, said.last, Erased(found.principal, found.recorded, said.reason, found.seq))


def may_erase(principal: str) -> bool:
    """Whether data may be gone because this principal erased it."""
    return principal in ("operator", "anonymous", CONSOLE) or principal.startswith("operator:")


def is_beginning(entry: bytes) -> bool:
    """Whether this is, or may have been, the console's own word on how its log began. What cannot be read is kept."""
    found = deed_of(entry)
    return found is None or (found.principal, found.event.type) == (CONSOLE, BEGUN_TYPE)
