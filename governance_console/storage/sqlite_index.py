"""The numbers of selected entries, from the indexes: what is found is never paid for by what is not.

The index on ``(source, type, kind)`` has a source's entries of one type and kind in the order of the record: a range.
A selection is some such ranges, each read a few numbers at a time, and merged. That a pair of filters is rare
while each of the two is common costs nothing then, and neither does the length of the log. Used by reader threads.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Any, Final, NamedTuple

import apsw

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage.sqlite_rows import column
from governance_console.storage.sqlite_schema import KINDS

MOST_RANGES: Final = 1_000
"""To begin each costs some ten microseconds. More, as of a prefix of many types, have so much that entries are looked
at one by one."""

_FEW_KINDS: Final = 12
_FEW_NUMBERS: Final = 16
_MANY_NUMBERS: Final = 1_024

_INDEXES: Final[Mapping[tuple[str, ...], str]] = {
    # Named in every query: the plan must not depend on statistics that somebody may gather.
    (): "entries_by_kind",
    ("source",): "entries_by_source",
    ("type",): "entries_by_type",
    ("source", "type"): "entries_by_source_and_type",
    ("traceid",): "entries_by_traceid",
}


class Found(NamedTuple):
    """Numbers in order, and what of the selection is left to ask of each entry."""

    numbers: Iterator[int]
    rest: Selection


def find(reader: apsw.Connection, selection: Selection, low: int, high: int, *, up: bool) -> Found | None:
    """The numbers in ``[low, high)`` of what is selected; None where entries have to be looked at one by one."""
    for columns, rest in _ways(selection):
        ranges = _ranges(reader, columns, selection, up=up)
        if ranges is not None:
            return Found(_merged(reader, ranges, low, high, up=up), rest)
    return None


def kinds(selection: Selection) -> frozenset[int]:
    """The kinds that a selection leaves, of what its categories and severity say."""
    severities = SEVERITIES[SEVERITIES.index(selection.severity) :]
    return frozenset(KINDS[pair] for pair in product(selection.categories or CATEGORIES, severities))


def _ways(selection: Selection) -> Iterator[tuple[tuple[str, ...], Selection]]:
    """Which columns an index may be asked for, beside ``kind``, and what is left of the selection then; best first."""
    rest = replace(selection, categories=frozenset(), severity=EVERYTHING.severity)
    if selection.traceids:
        # A trace is short: what else is asked of it, is asked of its entries.
        yield ("traceid",), replace(rest, traceids=frozenset())
    elif selection.sources:
        if selection.types:
            yield ("source", "type"), replace(rest, sources=frozenset(), types=frozenset())
        yield ("source",), replace(rest, sources=frozenset())
    elif selection.types:
        yield ("type",), replace(rest, types=frozenset())
    elif rest != selection:
        yield (), rest


def _ranges(
    reader: apsw.Connection, columns: Sequence[str], selection: Selection, *, up: bool
) -> Sequence[Mapping[str, Any]] | None:
    """The ranges of an index that are selected; None for too many."""
    values = [_values(reader, name, selection) for name in columns]
    if math.prod(map(len, values)) > MOST_RANGES:
        return None
    wanted = kinds(selection)
    keys = (dict(zip(columns, key, strict=True)) for key in product(*values))
    ranges = [{**key, "kind": kind} for key in keys for kind in _present(reader, key, wanted, up=up)]
    return ranges if len(ranges) <= MOST_RANGES else None


def _values(reader: apsw.Connection, name: str, selection: Selection) -> Sequence[Any]:
    """What a column may have. Names that were never recorded are left out."""
    if name == "traceid":
        return sorted(selection.traceids)
    if name == "source":
        return _first_of_each(reader, "SELECT id FROM sources WHERE source = ?", selection.sources)
    exact = _first_of_each(reader, "SELECT id FROM types WHERE type = ?", selection.types)
    begun = (number for prefix in selection.type_prefixes for number in _beginning(reader, prefix))
    return sorted({*exact, *islice(begun, MOST_RANGES + 1)})


def _first_of_each(reader: apsw.Connection, query: str, names: Iterable[str]) -> Sequence[int]:
    return [number for name in names for number in column(reader, query, (name,))]


def _beginning(reader: apsw.Connection, prefix: str) -> Iterator[int]:
    for number, name in reader.execute("SELECT id, type FROM types WHERE type >= ? ORDER BY type", (prefix,)):
        if not name.startswith(prefix):
            return
        yield number


def _present(reader: apsw.Connection, key: Mapping[str, Any], wanted: frozenset[int], *, up: bool) -> Collection[int]:
    """The wanted kinds of which there are entries with these values; of few kinds all, which is as cheap.

    One seek each, from one to the next, to the end of its range where reading begins: that page is needed anyway.
    """
    if len(wanted) <= _FEW_KINDS:
        return wanted
    nearest, beyond = ("min", ">") if up else ("max", "<")
    one = f"SELECT {nearest}(kind) FROM entries INDEXED BY {_INDEXES[tuple(key)]} WHERE {_equal(key)} kind {beyond}"
    query = (
        f"WITH RECURSIVE present (last) AS (SELECT ({one} {-1 if up else 1 << 62}) UNION ALL"
        f" SELECT ({one} last) FROM present WHERE last IS NOT NULL)"
        " SELECT last FROM present WHERE last IS NOT NULL"
    )
    return wanted.intersection(column(reader, query, key))


def _merged(
    reader: apsw.Connection, ranges: Sequence[Mapping[str, Any]], low: int, high: int, *, up: bool
) -> Iterator[int]:
    return heapq.merge(*(_range(reader, one, low, high, up=up) for one in ranges), reverse=not up)


def _range(reader: apsw.Connection, key: Mapping[str, Any], low: int, high: int, *, up: bool) -> Iterator[int]:
    """One range, in short reads: the first is small, since most of many ranges are hardly read."""
    columns = tuple(name for name in key if name != "kind")
    query = (
        f"SELECT seq FROM entries INDEXED BY {_INDEXES[columns]} WHERE {_equal(columns)} kind = :kind"
        f" AND seq >= :low AND seq < :high ORDER BY seq {'ASC' if up else 'DESC'} LIMIT :many"
    )
    many = _FEW_NUMBERS
    while True:
        numbers: list[int] = column(reader, query, {**key, "low": low, "high": high, "many": many})
        yield from numbers
        if len(numbers) < many:
            return
        low, high = (numbers[-1] + 1, high) if up else (low, numbers[-1])
        many = min(many * 4, _MANY_NUMBERS)


def _equal(columns: Iterable[str]) -> str:
    return "".join(f"{name} = :{name} AND " for name in columns)
