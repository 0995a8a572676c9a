"""Pages of the record, read in short steps. Used by reader threads.

The indexes say which entries a selection has. What they cannot tell, a text above all, is asked of each entry: then
a page ends when its time is up, and says how far it looked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from governance_console.entries import Erased, Item, Page, data_hash, recorded_of
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import sqlite_index

PAGE_SEC: Final = 0.25
"""A page ends after this much looking."""

FIRST_WINDOW: Final = 64
MOST_WINDOW: Final = 65_536
"""Entries looked at between two looks at the clock; how many, is found out. The first may have 1 MiB of data each."""

COLUMNS: Final = "seq, entry, salt, data, data_is_json, erased" + "".join(
    f", (SELECT {name} FROM erasures WHERE id = entries.erased)" for name in ("erased_by", "at", "reason")
)

_skim: Final = msgspec.json.Decoder(msgspec.Raw).decode
_SOURCE: Final = "(SELECT source FROM sources WHERE id = entries.source)"
_TYPE: Final = "(SELECT type FROM types WHERE id = entries.type)"


class Most(NamedTuple):
    """What ends a page: its last item, the item that takes its content past so many bytes, or so many seconds.

    A page looks one step further in any case, so that a cursor always moves.
    """

    items: int
    content_bytes: int
    sec: float


class Step(NamedTuple):
    """Rows to read, and the cursor behind everything that was looked at for them."""

    rows: Iterable[tuple[Any, ...]]
    reached: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A selection as SQL. ``bindings`` are by name."""

    where: str
    bindings: dict[str, Any]


def item_of(row: tuple[Any, ...]) -> Item:
    """An item from a row of COLUMNS. Raises ValueError where that is none which was ever written.

    It will stand in JSON as it is, and what is none would take the whole page with it. Whether it is what was recorded
    is not looked at here: that is what proofs are for.
    """
    seq, entry, salt, data, is_json, said_by, by, at, reason = row
    if not entry.startswith(b'{"seq":%d,' % seq) or not _is_legible(entry):
        raise ValueError(f"#{seq} is not what was written there")
    if is_json and salt and data and not _is_legible(data) and data_hash(salt, data).encode() not in entry:
        raise ValueError(f"the data of #{seq} is not what was written there")
    return Item(seq, entry, salt, data, bool(is_json), None if by is None else Erased(by, at, reason, said_by))


def _is_legible(text: bytes) -> bool:
    """Whether this is JSON for certain. Data with half a surrogate pair is, and is not taken for it here."""
    try:
        if not text.isascii():
            text.decode()
        _skim(text)
    except (ValueError, RecursionError):
        return False
    return True


def ascending(reader: apsw.Connection, start: int, stop: int, most: Most, selection: Selection) -> Page:
    """``Storage.ascending``."""
    low, high = _bounds(reader, start, stop, selection)
    page = _page(_steps(reader, low, high, most, selection, up=True), low, most, up=True)
    if selection == EVERYTHING:
        _check_unbroken([item.seq for item in page.items], range(low, min(high, page.reached)))
    return Page(page.items, stop if page.reached >= high else page.reached)


def descending(reader: apsw.Connection, before: int, most: Most, selection: Selection) -> Page:
    """``Storage.descending``."""
    low, high = _bounds(reader, 0, before, selection)
    page = _page(_steps(reader, low, high, most, selection, up=False), high, most, up=False)
    if selection == EVERYTHING:
        _check_unbroken([item.seq for item in page.items], range(high - 1, max(low, page.reached) - 1, -1))
    return Page(page.items, 0 if page.reached <= low else page.reached)


def _check_unbroken(found: Sequence[int], wanted: Sequence[int]) -> None:
    """No number is passed over. Raises ValueError: what is not there was lost, and must not look like the end."""
    for seq, expected in zip_longest(found, wanted):
        if seq != expected:
            raise ValueError(f"#{expected} is not there any more")


def _page(steps: Iterable[Step], reached: int, most: Most, *, up: bool) -> Page:
    items: list[Item] = []
    content = 0
    give_up = time.monotonic() + most.sec
    for rows, behind in steps:
        for row in rows:
            items.append(item_of(row))
            content += len(items[-1].entry) + len(items[-1].data or b"")
            if len(items) == most.items or content > most.content_bytes:
                return Page(items, _behind(items[-1].seq, up=up))
        reached = behind
        if time.monotonic() >= give_up:
            break
    return Page(items, reached)


def _steps(
    reader: apsw.Connection, low: int, high: int, most: Most, selection: Selection, *, up: bool
) -> Iterator[Step]:
    """What may be wanted, in order, up to everything."""
    found = sqlite_index.find(reader, selection, low, high, up=up)
    if found is None:
        return _windows(reader, low, high, most, _condition(selection), up=up)
    return _numbered(reader, found.numbers, _condition(found.rest), high if up else low, up=up)


def _numbered(
    reader: apsw.Connection, numbers: Iterable[int], condition: Condition, end: int, *, up: bool
) -> Iterator[Step]:
    """The entries that an index named, one by one."""
    query = f"SELECT {COLUMNS} FROM entries WHERE seq = :seq{condition.where}"
    for seq in numbers:
        yield Step(reader.execute(query, {**condition.bindings, "seq": seq}).fetchall(), _behind(seq, up=up))
    yield Step((), end)


def _windows(
    reader: apsw.Connection, low: int, high: int, most: Most, condition: Condition, *, up: bool
) -> Iterator[Step]:
    """One entry after the other, as many at a time as take a small part of a page's time."""
    query = (
        f"SELECT {COLUMNS} FROM entries WHERE seq >= :low AND seq < :high{condition.where} "
        f"ORDER BY seq {'ASC' if up else 'DESC'} LIMIT :limit"
    )
    width = FIRST_WINDOW if condition.where else high
    while low < high:
        begin, end = (low, min(low + width, high)) if up else (max(high - width, low), high)
        started = time.monotonic()
        rows = reader.execute(query, {**condition.bindings, "low": begin, "high": end, "limit": most.items})
        yield Step(rows, end if up else begin)
        low, high = (end, high) if up else (low, begin)
        took = time.monotonic() - started
        if took < most.sec / 16:
            width = min(width * 4, MOST_WINDOW)
        elif took > most.sec / 4:
            width = max(width // 4, 1)


def _behind(seq: int, *, up: bool) -> int:
    """The cursor that goes on after this entry."""
    return seq + 1 if up else seq


def _bounds(reader: apsw.Connection, low: int, high: int, selection: Selection) -> tuple[int, int]:
    """The part of ``[low, high)`` recorded between ``since`` and ``until``. ``recorded`` never goes backwards."""
    if selection.since:
        low = max(low, first_recorded(reader, selection.since, high))
    if selection.until:
        high = min(high, first_recorded(reader, selection.until, high))
    return min(low, high), high


def first_recorded(reader: apsw.Connection, moment: str, high: int) -> int:
    """``Storage.first_recorded``."""
    low = 0
    while low < high:
        middle = (low + high) // 2
        row = reader.execute("SELECT entry FROM entries WHERE seq = ?", (middle,)).fetchone()
        if row is not None and recorded_of(row[0]) < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _condition(selection: Selection) -> Condition:
    """What a row has to be, as `` AND …``; nothing for everything."""
    if selection == EVERYTHING:
        return Condition("", {})
    parts: list[str] = []
    bindings: dict[str, Any] = {}

    def bound(value: Any) -> str:
        name = f"b{len(bindings)}"
        bindings[name] = value
        return f":{name}"

    def one_of(column: str, values: list[Any]) -> str:
        return f"{column} IN ({', '.join(bound(value) for value in values)})"

    if selection.categories or selection.severity != EVERYTHING.severity:
        parts.append(one_of("kind", sorted(sqlite_index.kinds(selection))))
    if selection.sources:
        parts.append(one_of(_SOURCE, sorted(selection.sources)))
    if selection.traceids:
        parts.append(one_of("traceid", sorted(selection.traceids)))
    if selection.types:
        alternatives = [one_of(_TYPE, sorted(selection.types))]
        alternatives += [f"substr({_TYPE}, 1, {len(prefix)}) = {bound(prefix)}" for prefix in selection.type_prefixes]
        parts.append(f"({' OR '.join(alternatives)})")
    if selection.text:
        parts.append(f"({_text_condition(selection.text, bound)})")
    return Condition("".join(f" AND {part}" for part in parts), bindings)


def _text_condition(text: str, bound: Callable[[Any], str]) -> str:
    """Where the text may stand; in JSON also as ``\\u`` escapes, as which many senders write what is not ASCII."""
    plain = bound(_lower(text))
    places = [f"instr(lower({column}), {plain})" for column in (_SOURCE, _TYPE, "ifnull(subject, '')")]
    spellings = {_lower(json.dumps(text, ensure_ascii=ascii_only)[1:-1]) for ascii_only in (True, False)} | {
        _lower(text)
    }
    places += [f"instr(lower(CAST(data AS TEXT)), {bound(spelling)})" for spelling in sorted(spellings)]
    return " OR ".join(places)


def _lower(text: str) -> str:
    """As SQLite's ``lower`` does: ASCII letters only."""
    return "".join(char.lower() if char.isascii() else char for char in text)
