"""The sources of a record, and what each did lately. Used by reader threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw

from governance_console.entries import recorded_of
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import Source, sqlite_index
from governance_console.storage.sqlite_rows import column

# Every kind is spelt out: else SQLite would read each from the source's first entry on.
_OF_SOURCE: Final = (
    "FROM entries INDEXED BY entries_by_source WHERE source = ? AND seq >= ?"
    f" AND kind IN ({', '.join(map(str, sorted(sqlite_index.kinds(EVERYTHING))))})"
)
_ERRORS: Final = sqlite_index.kinds(Selection(severity="error"))


def sources(reader: apsw.Connection, limit: int, lately: int, sample: int) -> Sequence[Source]:
    """``Storage.sources``. It takes as long as there are sources to tell of, and events of theirs lately."""
    query = "SELECT id, source, events, first, last FROM sources ORDER BY last DESC LIMIT ?"
    rows: list[tuple[Any, ...]] = reader.execute(query, (limit,)).fetchall()
    return [_source(reader, row, lately, sample) for row in rows]


def _source(reader: apsw.Connection, row: tuple[Any, ...], lately: int, sample: int) -> Source:
    number, name, events, first, last = row
    newest = _newest(reader, row, sample)
    by_kind = _by_kind(reader, number, lately) if last >= lately else {}
    return Source(
        name=name,
        events=events,
        first=first,
        last=last,
        entry=newest[0],
        first_recorded=recorded_of(_entry(reader, first)),
        recorded=[recorded_of(entry) for entry in newest],
        events_lately=sum(by_kind.values()),
        errors_lately=sum(count for kind, count in by_kind.items() if kind in _ERRORS),
    )


def _entry(reader: apsw.Connection, seq: int) -> bytes:
    entry: bytes = column(reader, "SELECT entry FROM entries WHERE seq = ?", (seq,))[0]
    return entry


def _newest(reader: apsw.Connection, row: tuple[Any, ...], sample: int) -> Sequence[bytes]:
    """A source's last entries, newest first: looked for from twice as far back as its average says."""
    number, _, events, first, last = row
    newest_numbers = f"SELECT seq {_OF_SOURCE} ORDER BY seq DESC LIMIT ?"
    query = f"SELECT entry FROM entries WHERE seq IN ({newest_numbers}) ORDER BY seq DESC"
    back = 2 * sample * (last - first + 1) // events
    newest = column(reader, query, (number, last - back, sample))
    while len(newest) < sample and back < last - first:
        back *= 4
        newest = column(reader, query, (number, last - back, sample))
    return newest


def _by_kind(reader: apsw.Connection, source: int, lately: int) -> Mapping[int, int]:
    """How many events of each kind a source sent from a number on."""
    query = f"SELECT kind, count(*) {_OF_SOURCE} GROUP BY kind"
    rows: list[tuple[Any, ...]] = reader.execute(query, (source, lately)).fetchall()
    return dict(rows)
