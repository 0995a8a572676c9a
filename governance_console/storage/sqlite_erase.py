"""Data removed for good. Used by the writer's thread, within a transaction of its own; what can be, by reader threads.

Overwritten with zeros, because ``secure_delete`` is on: the cell in its page, and each overflow page that is freed. An
update that makes a row smaller moves no other row, so that no copy of one is left in a page's unused part. What stands
in the WAL from before is gone once that is folded and cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import apsw

from governance_console.erasure import BEGUN_TYPE, Erasure, is_beginning
from governance_console.events import CONSOLE
from governance_console.storage import Erasable
from governance_console.storage.sqlite_rows import column

# Whether there is data and how long it is stands in the row's header: nothing of it is read.
_WITH_DATA: Final = (
    "SELECT seq, length(data), CASE WHEN type = (SELECT id FROM types WHERE type = ?) THEN entry END FROM entries"
    " WHERE seq >= ? AND seq < ? AND salt IS NOT NULL AND seq NOT IN (SELECT id FROM erasures) ORDER BY seq"
)
_ERASE: Final = "UPDATE entries SET data = NULL, salt = NULL, erased = ? WHERE seq = ?"
_REACHED: Final = "INSERT OR REPLACE INTO log (name, value) VALUES ('expired', ?)"


def erase(writer: apsw.Connection, erasure: Erasure) -> None:
    """Remove the data that an erasure names, and say so beside each entry."""
    by, at, reason, said_by = erasure.erased
    writer.execute("INSERT INTO erasures (id, erased_by, at, reason) VALUES (?, ?, ?, ?)", (said_by, by, at, reason))
    found = [seq for seq, _ in _with_data(writer, erasure.first, erasure.last + 1)]
    # One row a statement: one for many would keep old pages in a temporary file, to undo half of it.
    writer.executemany(_ERASE, [(said_by, seq) for seq in found])
    if by == CONSOLE:
        save_looked_through(writer, erasure.last + 1)


def erasable(reader: apsw.Connection, start: int, stop: int, most: int, most_bytes: int) -> Erasable:
    """``Storage.erasable``."""
    stop = min(stop, start + most)
    first = last = start
    count = content = 0
    for seq, length in _with_data(reader, start, stop):
        first, last = first if count else seq, seq
        count += 1
        content += length
        if content > most_bytes:
            return Erasable(first, last, count, seq + 1)
    return Erasable(first, last, count, stop)


def looked_through(reader: apsw.Connection) -> int:
    """``Storage.looked_through``."""
    found = column(reader, "SELECT value FROM log WHERE name = 'expired'")
    return int(found[0]) if found else 0


def save_looked_through(writer: apsw.Connection, reached: int) -> None:
    """``Storage.save_looked_through``."""
    writer.execute(_REACHED, (str(reached),))


def _with_data(connection: apsw.Connection, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The number and the length of each data that may be erased."""
    for seq, length, entry in connection.execute(_WITH_DATA, (BEGUN_TYPE, start, stop)):
        if entry is None or not is_beginning(entry):
            yield seq, length
