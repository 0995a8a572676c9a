"""Selections as SQL, and pages read in short steps. Used by reader threads.

A selection is looked for in windows of ``seq``, so that a rare one ends early and says how far it got
instead of hanging, and a reader never holds the file for long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import apsw

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.entries import Item, Page, recorded_of
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import PAGE_BYTES

PAGE_SEC: Final = 0.25
"""A page ends after this much looking."""

FIRST_WINDOW: Final = 2_000
WINDOW_GROWTH: Final = 4

COLUMNS: Final = "seq, entry, salt, data, data_is_json"


@dataclass(frozen=True, slots=True)
class Condition:
    """A selection as SQL. ``bindings`` are by name."""

    where: str
    bindings: dict[str, Any]


def item_of(row: tuple[Any, ...]) -> Item:
    """An item from a row of COLUMNS."""
    seq, entry, salt, data, is_json = row
    return Item(seq, entry, salt, data, bool(is_json))


def ascending(
    reader: apsw.Connection, start: int, stop: int, limit: int, selection: Selection, most_bytes: int = PAGE_BYTES
) -> Page:
    """``Storage.ascending``."""
    low, high = _bounds(reader, start, stop, selection)

    def window(reached: int, width: int) -> tuple[int, int, int]:
        end = min(reached + width, high)
        return reached, end, end

    page = _page(reader, "ASC", low, high, limit, selection, window, lambda seq: seq + 1, most_bytes)
    return Page(page.items, stop if page.reached >= high else page.reached)


def descending(reader: apsw.Connection, before: int, limit: int, selection: Selection) -> Page:
    """``Storage.descending``."""
    low, high = _bounds(reader, 0, before, selection)

    def window(reached: int, width: int) -> tuple[int, int, int]:
        begin = max(reached - width, low)
        return begin, reached, begin

    page = _page(reader, "DESC", high, low, limit, selection, window, lambda seq: seq, PAGE_BYTES)
    return Page(page.items, 0 if page.reached <= low else page.reached)


def _page(
    reader: apsw.Connection,
    order: str,
    begin: int,
    end: int,
    limit: int,
    selection: Selection,
    window: Callable[[int, int], tuple[int, int, int]],
    after: Callable[[int], int],
    most_bytes: int,
) -> Page:
    condition = _condition(selection)
    query = (
        f"SELECT {COLUMNS} FROM entries WHERE seq >= :low AND seq < :high{condition.where} "
        f"ORDER BY seq {order} LIMIT :limit"
    )
    items: list[Item] = []
    content = 0
    reached, width = begin, FIRST_WINDOW if condition.where else 1 << 62
    give_up = time.monotonic() + PAGE_SEC
    while reached != end:
        low, high, following = window(reached, width)
        bindings = {**condition.bindings, "low": low, "high": high, "limit": limit - len(items)}
        for row in reader.execute(query, bindings):
            items.append(item_of(row))
            content += len(items[-1].entry) + len(items[-1].data or b"")
            if len(items) == limit or content > most_bytes:
                return Page(items, after(items[-1].seq))
        reached, width = following, width * WINDOW_GROWTH
        if time.monotonic() > give_up:
            break
    return Page(items, reached)


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

    if selection.categories:
        parts.append(one_of("category", [CATEGORIES.index(name) for name in sorted(selection.categories)]))
    if selection.severity != SEVERITIES[0]:
        parts.append(f"severity >= {bound(SEVERITIES.index(selection.severity))}")
    if selection.sources:
        parts.append(one_of("source", sorted(selection.sources)))
    if selection.traceids:
        parts.append(one_of("traceid", sorted(selection.traceids)))
    if selection.types:
        alternatives = [one_of("type", sorted(selection.types))]
        alternatives += [f"substr(type, 1, {len(prefix)}) = {bound(prefix)}" for prefix in selection.type_prefixes]
        parts.append(f"({' OR '.join(alternatives)})")
    if selection.text:
        parts.append(f"({_text_condition(selection.text, bound)})")
    return Condition("".join(f" AND {part}" for part in parts), bindings)


def _text_condition(text: str, bound: Callable[[Any], str]) -> str:
    """Where the text may stand; in JSON also as ``\\u`` escapes, as which many senders write what is not ASCII."""
    plain = bound(_lower(text))
    places = [f"instr(lower({column}), {plain})" for column in ("source", "type", "ifnull(subject, '')")]
    spellings = {_lower(json.dumps(text, ensure_ascii=ascii_only)[1:-1]) for ascii_only in (True, False)} | {
        _lower(text)
    }
    places += [f"instr(lower(CAST(data AS TEXT)), {bound(spelling)})" for spelling in sorted(spellings)]
    return " OR ".join(places)


def _lower(text: str) -> str:
    """As SQLite's ``lower`` does: ASCII letters only."""
    return "".join(char.lower() if char.isascii() else char for char in text)
