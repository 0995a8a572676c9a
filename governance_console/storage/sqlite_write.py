"""Items as rows, and which are there already. Used by the writer's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw

from governance_console.storage import Known, NewItem
from governance_console.storage.sqlite_rows import column
from governance_console.storage.sqlite_schema import KINDS

_INSERT: Final = (
    "INSERT INTO entries (seq, kind, source, type, subject, traceid, identity, salt, data_is_json, entry, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_KNOWN: Final = (
    "SELECT identity, seq, entry, salt FROM carray(?) AS asked CROSS JOIN entries ON entries.identity = asked.value"
)
_HEARD: Final = (
    "INSERT INTO sources (source, events, first, last) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (source) DO UPDATE SET events = events + excluded.events, last = excluded.last"
)


def known(writer: apsw.Connection, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
    """Which of these are recorded, in one statement: to step through many costs more than to look."""
    if not identities:
        return {}
    rows: list[tuple[Any, ...]] = writer.execute(_KNOWN, (apsw.carray(tuple(identities)),)).fetchall()
    return {own: Known(*found) for own, *found in rows}


def insert(writer: apsw.Connection, items: Sequence[NewItem]) -> None:
    """Insert items, and count them with their sources, within the caller's transaction."""
    heard = _heard(items)
    writer.executemany(_HEARD, heard)
    sources = {name: _number(writer, "SELECT id FROM sources WHERE source = ?", name) for name, *_ in heard}
    types = {name: _type(writer, name) for name in {new.shown.type for new in items}}
    # Written out for each: a call for every row costs as much as half of its columns.
    rows = [
        (
            item.seq,
            KINDS[shown.category, shown.severity],
            sources[shown.source],
            types[shown.type],
            new.subject,
            shown.traceid,
            new.identity,
            item.salt,
            item.data_is_json,
            item.entry,
            item.data,
        )
        for new in items
        for item, shown in ((new.item, new.shown),)
    ]
    writer.executemany(_INSERT, rows)


def _heard(items: Sequence[NewItem]) -> Sequence[tuple[Any, ...]]:
    """How many events of which source, and their first and last number."""
    heard: dict[str, list[int]] = {}
    for new in items:
        counted = heard.setdefault(new.shown.source, [0, new.item.seq, 0])
        counted[0] += 1
        counted[2] = new.item.seq
    return [(source, *numbers) for source, numbers in heard.items()]


def _type(writer: apsw.Connection, name: str) -> int:
    # Looked for first: nearly every type was seen before, and reading is cheaper than an insert that conflicts.
    found = column(writer, "SELECT id FROM types WHERE type = ?", (name,))
    return int(found[0]) if found else _number(writer, "INSERT INTO types (type) VALUES (?) RETURNING id", name)


def _number(writer: apsw.Connection, statement: str, *values: Any) -> int:
    return int(column(writer, statement, values)[0])
