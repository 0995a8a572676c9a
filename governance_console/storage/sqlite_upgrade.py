"""Files of older consoles, brought to this one's tables. Used by the writer's thread before anybody else comes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import apsw

from governance_console.edge import Edge
from governance_console.entries import Item, shown_of, subject_of
from governance_console.errors import CannotStart
from governance_console.merkle import leaf_hash
from governance_console.storage import NewItem
from governance_console.storage.sqlite_rows import column
from governance_console.storage.sqlite_schema import ENTRIES, ERASURES, INDEXES, SESSIONS, TREE, VERSION
from governance_console.storage.sqlite_tiles import write_tiles
from governance_console.storage.sqlite_write import insert

AT_ONCE: Final = 64
"""Entries held in memory: each may have 1 MiB of data."""

HASHED_AT_ONCE: Final = 65_536
"""Entries of which the hashes are held in memory, before their tiles are written: 2 MiB."""

SAY_SEC: Final = 5.0

_log = logging.getLogger(__name__)


def upgrade(writer: apsw.Connection) -> None:
    """Bring a file to this console's tables in one transaction: after a crash, or an error, it is what it was."""
    version = int(column(writer, "PRAGMA user_version")[0])
    if version == VERSION:
        return
    _log.warning("the record is of schema %d; it is brought to schema %d, which takes time and space", version, VERSION)
    started = time.monotonic()
    # What was written before deleted content was overwritten has copies of entries in unused parts of its pages.
    # Before the rest: a crash in between leaves an older file, which is rewritten again.
    writer.execute("VACUUM")
    writer.execute("BEGIN IMMEDIATE")
    for older in range(version, VERSION):
        _STEPS[older](writer)
    writer.pragma("user_version", VERSION)
    writer.execute("COMMIT")
    _log.warning("the record is of schema %d now, after %.0f s", VERSION, time.monotonic() - started)


def _from_1(writer: apsw.Connection) -> None:
    """Schema 1 had several shapes, none with today's indexes. The entries say all that is needed."""
    for index in column(writer, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"):
        writer.execute(f"DROP INDEX {index}")
    writer.execute("DROP TABLE IF EXISTS sources; ALTER TABLE entries RENAME TO entries_1;" + ENTRIES)
    size = int(column(writer, "SELECT ifnull(max(seq) + 1, 0) FROM entries_1")[0])
    say_at = time.monotonic() + SAY_SEC
    for begin in range(0, size, AT_ONCE):
        query = "SELECT seq, identity, entry, salt, data, data_is_json FROM entries_1 WHERE seq >= ? AND seq < ?"
        rows: list[tuple[Any, ...]] = writer.execute(query, (begin, begin + AT_ONCE)).fetchall()
        insert(writer, [_new_item(*row) for row in rows])
        if time.monotonic() > say_at:
            _log.warning("%d of %d entries are copied", begin + len(rows), size)
            say_at = time.monotonic() + SAY_SEC
    # Indexes now, not before: to sort once is faster than to insert each.
    writer.execute("DROP TABLE entries_1;" + INDEXES)


def _from_2(writer: apsw.Connection) -> None:
    """Schema 2 had no tree. It is grown over the entries as they are."""
    writer.execute(TREE)
    edge = Edge()
    size = int(column(writer, "SELECT ifnull(max(seq) + 1, 0) FROM entries")[0])
    say_at = time.monotonic() + SAY_SEC
    while edge.size < size:
        query = "SELECT entry FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq"
        # One after the other: that many entries at once may be 4 GiB.
        rows = writer.execute(query, (edge.size, edge.size + HASHED_AT_ONCE))
        growth = edge.grown([leaf_hash(entry) for (entry,) in rows])
        if growth.edge.size != min(size, edge.size + HASHED_AT_ONCE):
            raise CannotStart(f"the record has lost entries below #{size}: keep the file, and restore a backup")
        write_tiles(writer, growth.tiles)
        edge = growth.edge
        if time.monotonic() > say_at:
            _log.warning("%d of %d entries are hashed", edge.size, size)
            say_at = time.monotonic() + SAY_SEC


def _from_3(writer: apsw.Connection) -> None:
    """Schema 3 knew no erasure and kept no sessions. A file that was schema 1 a moment ago has the column already."""
    if "erased" not in column(writer, "SELECT name FROM pragma_table_info('entries')"):
        writer.execute("ALTER TABLE entries ADD COLUMN erased INTEGER")
    writer.execute(ERASURES + SESSIONS)


def _new_item(seq: int, identity: bytes, entry: bytes, salt: bytes | None, data: bytes | None, is_json: int) -> NewItem:
    return NewItem(Item(seq, entry, salt, data, bool(is_json)), identity, shown_of(entry), subject_of(entry))


_STEPS: Final[Mapping[int, Callable[[apsw.Connection], None]]] = {1: _from_1, 2: _from_2, 3: _from_3}
