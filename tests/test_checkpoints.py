"""The checkpoints in the record: every one of the last day, and the last of each hour before it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import apsw

from governance_console.storage import sqlite_checkpoints
from governance_console.storage.sqlite_rows import column
from governance_console.storage.sqlite_schema import LOG, TREE
from governance_console.times import text_of

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
EVERY = timedelta(minutes=7)


def writer_of(entries: int) -> apsw.Connection:
    """A record with an entry every few minutes, and no checkpoint yet."""
    writer = apsw.Connection(":memory:")
    writer.execute(LOG + TREE + "CREATE TABLE entries (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL)")
    recorded = [text_of(BEGAN + EVERY * seq) for seq in range(entries)]
    rows = [
        (seq, b'{"recorded":"%s","category":"c","severity":"s","event":{}}' % when.encode())
        for seq, when in enumerate(recorded)
    ]
    writer.executemany("INSERT INTO entries VALUES (?, ?)", rows)
    return writer


def hours(sizes: list[int]) -> Counter[str]:
    return Counter(text_of(BEGAN + EVERY * (size - 1))[:13] for size in sizes)


def test_of_what_is_older_than_a_day_the_last_of_each_hour_stays() -> None:
    size = 600  # almost three days
    writer = writer_of(size)
    for one in range(1, size + 1):
        sqlite_checkpoints.save(writer, one, b"note")
    kept = column(writer, "SELECT size FROM checkpoints ORDER BY size")
    day = timedelta(days=1) // EVERY + 1
    assert kept[-day:] == [*range(size - day + 1, size + 1)]
    old = [one for one in kept if one <= size - day]
    assert set(hours(old)) == set(hours([*range(1, size - day + 1)]))
    assert set(hours(old[:-1]).values()) == {1}  # the newest of them waits for the one after it
    assert all(hours([one]) != hours([one + 1]) for one in old[:-1])
    sqlite_checkpoints.save(writer, size, b"again")
    assert column(writer, "SELECT DISTINCT note FROM checkpoints") == [b"note"]


def test_a_table_that_was_never_thinned_is_thinned_step_by_step_to_the_same() -> None:
    size = 600
    thinned, late = writer_of(size), writer_of(size)
    for one in range(1, size + 1):
        sqlite_checkpoints.save(thinned, one, b"note")
    late.executemany("INSERT INTO checkpoints VALUES (?, ?)", [(one, b"note") for one in range(1, size)])
    for _ in range(size // sqlite_checkpoints.AT_ONCE + 1):
        sqlite_checkpoints.save(late, size, b"note")
    query = "SELECT size FROM checkpoints ORDER BY size"
    assert column(late, query) == column(thinned, query)


def test_an_entry_that_cannot_be_read_keeps_no_checkpoint_from_being_saved() -> None:
    writer = writer_of(3)
    writer.execute("UPDATE entries SET entry = x'00'")
    sqlite_checkpoints.save(writer, 3, b"note")
    assert column(writer, "SELECT size FROM checkpoints") == [3]


def test_a_checkpoint_over_an_entry_that_cannot_be_read_stays_and_thinning_goes_on_behind_it() -> None:
    kept = []
    for damaged in ([], [50, 51, 300]):
        writer = writer_of(600)
        writer.executemany("UPDATE entries SET entry = x'00' WHERE seq = ? - 1", [(size,) for size in damaged])
        for one in range(1, 601):
            sqlite_checkpoints.save(writer, one, b"note")
        kept.append(set(column(writer, "SELECT size FROM checkpoints")))
    whole, around = kept
    assert around - whole <= {49, 50, 51, 299, 300}
    assert around - whole >= {50, 300} - whole
    assert whole <= around
