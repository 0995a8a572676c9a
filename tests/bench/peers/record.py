"""The console's own table, with its indexes and its durability, for the peers that record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import apsw

from governance_console.storage.sqlite_file import SCHEMA

PRAGMAS: Final = ("PRAGMA journal_mode = wal", "PRAGMA synchronous = full")
"""What the console sets (``storage/sqlite_file.py``)."""

_DEFAULTS: Final[Mapping[str, Any]] = {"INTEGER": 0, "TEXT": "", "BLOB": b""}


class Table:
    """How to insert into ``entries``, whichever columns it has; ``seq`` is left to SQLite."""

    def __init__(self) -> None:
        sample = apsw.Connection(":memory:")
        sample.execute(SCHEMA)
        described = [row for row in sample.execute("PRAGMA table_info(entries)") if not row[5]]
        self._defaults = {str(row[1]): _DEFAULTS[str(row[2])] if row[3] else None for row in described}
        names = ", ".join(self._defaults)
        places = ", ".join("?" * len(self._defaults))
        self.insert = f"INSERT INTO entries ({names}) VALUES ({places}) ON CONFLICT (identity) DO NOTHING"

    def row(self, event: Mapping[str, Any]) -> tuple[Any, ...]:
        """What is kept of an event: the attributes as they are shown, the data beside them, who sent it."""
        attributes = {name: value for name, value in event.items() if name != "data" and value is not None}
        recorded = datetime.now(UTC).isoformat()
        known = {
            "source": event["source"],
            "type": event["type"],
            "subject": event.get("subject"),
            "traceid": event.get("traceid"),
            "identity": hashlib.sha256(f"operator\0{event['source']}\0{event['id']}".encode()).digest()[:16],
            "data_is_json": 1,
            "entry": json.dumps({"recorded": recorded, "principal": "operator", "event": attributes}).encode(),
            "data": json.dumps(event["data"]).encode() if event.get("data") is not None else None,
        }
        return tuple(known.get(name, default) for name, default in self._defaults.items())


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


def batches(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """So many at a time."""
    return (rows[place : place + size] for place in range(0, len(rows), size))
