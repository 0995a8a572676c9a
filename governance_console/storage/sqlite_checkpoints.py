"""What this console has signed, as rows: every checkpoint of the last day, and the last of each hour before it.

Signed every five seconds they would be six million a year, 1.4 GB, of which each costs a verification a signature. What
was shown is kept by whoever saw it; here they divide a record into stretches, for one that has lost its hashes.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import apsw

from governance_console.entries import recorded_of
from governance_console.storage.sqlite_rows import column
from governance_console.times import text_of

ALL_OF: Final = timedelta(days=1)

AT_ONCE: Final = 100
"""Rows looked at when one is added: a table that was never thinned is thinned bit by bit, and delays nobody."""

_HOUR: Final = len("2026-11-22T10")
_THINNED: Final = "thinned"


def save(writer: apsw.Connection, size: int, note: bytes) -> None:
    """Add a checkpoint, within the caller's transaction, and thin out those that grew old.

    Time is that of the entries, so what is kept depends on the record alone.
    """
    # One that is there already is the same: it is saved again where it is not known whether it was.
    writer.execute("INSERT OR IGNORE INTO checkpoints (size, note) VALUES (?, ?)", (size, note))
    with suppress(ValueError):  # no time stands there: then it is left to the next one
        _thin(writer, text_of(datetime.fromisoformat(_recorded(writer, size)) - ALL_OF))


def _thin(writer: apsw.Connection, old: str) -> None:
    """Of those before this time, keep the last of each hour, and any of which the hour cannot be told.

    It goes on where it ended the last time.
    """
    found = column(writer, "SELECT value FROM log WHERE name = ?", (_THINNED,))
    begin = int(found[0]) if found else 0
    sizes = column(writer, "SELECT size FROM checkpoints WHERE size >= ? ORDER BY size LIMIT ?", (begin, AT_ONCE))
    for before, this in pairwise(sizes):
        recorded = _recorded(writer, this)
        if recorded >= old:
            break
        if recorded and recorded[:_HOUR] == _recorded(writer, before)[:_HOUR]:
            writer.execute("DELETE FROM checkpoints WHERE size = ?", (before,))
        # Whether this one stays is told by the one after it.
        begin = this
    writer.execute("INSERT OR REPLACE INTO log (name, value) VALUES (?, ?)", (_THINNED, str(begin)))


def _recorded(writer: apsw.Connection, size: int) -> str:
    """When the last entry below this size was recorded; "" where somebody else's hand made it unreadable."""
    with suppress(ValueError, RecursionError):
        for entry in column(writer, "SELECT entry FROM entries WHERE seq = ?", (size - 1,)):
            return recorded_of(entry)
    return ""
