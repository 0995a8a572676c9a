"""The tables of a log's file, and what their columns mean.

A change of the tables is a change here, one more ``VERSION``, and one more step in ``sqlite_upgrade``.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from governance_console.categories import CATEGORIES, SEVERITIES

VERSION: Final = 4

LOG: Final = """
CREATE TABLE log (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

ENTRIES: Final = """
-- A name is kept once; in entries and their indexes stands its number, however long the name that a sender chose.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,
    events INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
CREATE INDEX sources_by_last ON sources (last);
CREATE TABLE types (id INTEGER PRIMARY KEY, type TEXT NOT NULL UNIQUE) STRICT;
-- Small columns first: what filters look at is read without the entry and the data behind it.
-- kind is category and severity as one number: see KINDS.
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    source INTEGER NOT NULL,
    type INTEGER NOT NULL,
    subject TEXT,
    traceid TEXT,
    identity BLOB NOT NULL,
    salt BLOB,
    data_is_json INTEGER NOT NULL,
    entry BLOB NOT NULL,
    data BLOB,
    erased INTEGER
) STRICT;
"""

ERASURES: Final = """
-- What was erased, by whom and why. id is the number of the entry that says so, and entries.erased refers to it.
CREATE TABLE erasures (id INTEGER PRIMARY KEY, erased_by TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
"""

SESSIONS: Final = """
-- Browsers that are signed in. id is the SHA-256 of what their cookie has, bound an HMAC of that and the rest, by what
-- one signed in with. Times are RFC 3339, UTC.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    principal TEXT NOT NULL,
    bound BLOB NOT NULL,
    began TEXT NOT NULL,
    seen TEXT NOT NULL,
    browser TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

INDEXES: Final = """
-- Every index ends in seq: what is equal in its columns stands there in the order of the record.
CREATE UNIQUE INDEX entries_by_identity ON entries (identity);
CREATE INDEX entries_by_kind ON entries (kind);
CREATE INDEX entries_by_source ON entries (source, kind);
CREATE INDEX entries_by_type ON entries (type, kind);
CREATE INDEX entries_by_source_and_type ON entries (source, type, kind);
CREATE INDEX entries_by_traceid ON entries (traceid, kind) WHERE traceid IS NOT NULL;
"""

TREE: Final = """
-- The hashes of a tile, 32 bytes each; a partial tile is replaced as it grows. id is level << 48 | number: see tile_id.
CREATE TABLE tiles (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
-- What this console has signed; the largest is the head.
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
"""

SCHEMA: Final = LOG + ENTRIES + INDEXES + TREE + ERASURES + SESSIONS


KINDS: Final = {pair: number for number, pair in enumerate(product(CATEGORIES, SEVERITIES))}
"""Category and severity as one number, so that an index on it serves either, and both."""
