"""The sources of a record, and what each did lately. Used by reader threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw

from governance_console.categories import SEVERITIES
from governance_console.entries import recorded_of
from governance_console.storage import Source

_ERROR: Final = SEVERITIES.index("error")


def sources(reader: apsw.Connection, limit: int, lately: int, sample: int) -> Sequence[Source]:
    """``Storage.sources``."""
    query = "SELECT source, events, first, last FROM sources ORDER BY last DESC LIMIT ?"
    rows: list[tuple[Any, ...]] = reader.execute(query, (limit,)).fetchall()
    return [_source(reader, row, lately, sample) for row in rows]


def _source(reader: apsw.Connection, row: tuple[Any, ...], lately: int, sample: int) -> Source:
    name, events, first, last = row
    query = "SELECT entry FROM entries WHERE source = ? ORDER BY seq DESC LIMIT ?"
    newest: list[tuple[Any, ...]] = reader.execute(query, (name, sample)).fetchall()
    return Source(
        name=name,
        events=events,
        first=first,
        last=last,
        entry=newest[0][0],
        recorded=[recorded_of(row[0]) for row in newest],
        events_lately=_count(reader, "SELECT count(*) FROM entries WHERE source = ? AND seq >= ?", name, lately),
        errors_lately=_count(
            reader,
            f"SELECT count(*) FROM entries WHERE source = ? AND seq >= ? AND severity >= {_ERROR}",
            name,
            lately,
        ),
    )


def _count(reader: apsw.Connection, query: str, name: str, lately: int) -> int:
    row = reader.execute(query, (name, lately)).fetchone()
    return 0 if row is None else int(row[0])
