"""The console's own table, with its indexes and its durability, for the peers that record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import apsw

from governance_console.storage.sqlite_file import CACHE_KIB, WAL_PAGES
from governance_console.storage.sqlite_schema import KINDS, SCHEMA
from tests.bench.peers.drafting import Event

PRAGMAS: Final = (
    "PRAGMA journal_mode = wal",
    "PRAGMA synchronous = full",
    f"PRAGMA cache_size = {-CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {WAL_PAGES}",
)
"""What the console sets (``storage/sqlite_file.py``)."""

_NAMES: Final[Mapping[str, str]] = {
    "source": "INSERT INTO sources (id, source, events, first, last) VALUES (?, ?, 0, 0, 0)",
    "type": "INSERT INTO types (id, type) VALUES (?, ?)",
}
"""Where a name is kept whose number stands in ``entries``. Counting a source's events is left out, in peers' favour."""

_DEFAULTS: Final[Mapping[str, Any]] = {"INTEGER": 0, "TEXT": "", "BLOB": b""}


class Table:
    """How to insert into ``entries``, whichever columns it has; ``seq`` is left to SQLite.

    Names get their numbers here, in the order in which they come: the record is empty at first.
    """

    def __init__(self) -> None:
        sample = apsw.Connection(":memory:")
        sample.execute(SCHEMA)
        described = [row for row in sample.execute("PRAGMA table_info(entries)") if not row[5]]
        self._defaults = {str(row[1]): _DEFAULTS[str(row[2])] if row[3] else None for row in described}
        self._identity = list(self._defaults).index("identity")
        names = ", ".join(self._defaults)
        places = ", ".join("?" * len(self._defaults))
        self.insert = f"INSERT INTO entries ({names}) VALUES ({places}) ON CONFLICT (identity) DO NOTHING"
        self._numbers: dict[str, dict[str, int]] = {column: {} for column in _NAMES}
        self._new_names: list[tuple[str, tuple[int, str]]] = []

    def row(self, event: Mapping[str, Any]) -> tuple[Any, ...]:
        """What is kept of an event: the attributes as they are shown, the data beside them, who sent it."""
        attributes = {name: value for name, value in event.items() if name != "data" and value is not None}
        recorded = datetime.now(UTC).isoformat()
        entry = json.dumps({"recorded": recorded, "principal": "operator", "event": attributes}).encode()
        data = json.dumps(event["data"]).encode() if event.get("data") is not None else None
        named = event["id"], event["source"], event["type"], event.get("subject"), event.get("traceid")
        return self._row(entry, data, *named)

    def row_of(self, event: Event, entry: bytes, data: bytes | None) -> tuple[Any, ...]:
        """The same, of what is encoded already."""
        return self._row(entry, data, event.id, event.source, event.type, event.subject, event.traceid)

    def identity_of(self, row: tuple[Any, ...]) -> bytes:
        """What makes an event the same event."""
        identity = row[self._identity]
        assert isinstance(identity, bytes)
        return identity

    def new_names(self) -> Sequence[tuple[str, tuple[int, str]]]:
        """Statements, with what they insert, for names that came since this was asked last: they go before the rows."""
        taken, self._new_names = self._new_names, []
        return taken

    def _row(
        self, entry: bytes, data: bytes | None, event_id: str, source: str, type_: str, subject: object, traceid: object
    ) -> tuple[Any, ...]:
        known = {
            "kind": KINDS[type_.partition(".")[0], "info"],
            "source": self._number("source", source),
            "type": self._number("type", type_),
            "subject": subject,
            "traceid": traceid,
            "identity": hashlib.sha256(f"operator\0{source}\0{event_id}".encode()).digest()[:16],
            "data_is_json": 1,
            "entry": entry,
            "data": data,
        }
        return tuple((self._defaults | known).values())

    def _number(self, column: str, name: str) -> int:
        numbers = self._numbers[column]
        if name not in numbers:
            numbers[name] = len(numbers) + 1
            self._new_names.append((_NAMES[column], (numbers[name], name)))
        return numbers[name]


def create(path: str) -> apsw.Connection:
    """The empty table in a new file."""
    connection = apsw.Connection(path)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute(SCHEMA)
    return connection


def drop_unique_index(connection: apsw.Connection) -> None:
    """What a table without deduplication would have."""
    unique = [row[1] for row in connection.execute("PRAGMA index_list(entries)") if row[2] and row[3] == "c"]
    for name in unique:
        connection.execute(f"DROP INDEX {name}")
