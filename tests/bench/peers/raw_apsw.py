"""Rows into the same table with nothing around it: no HTTP, no parsing, rows that are ready. Prints rows per second.

python -m tests.bench.peers.raw_apsw ROWS_A_COMMIT SECONDS unique|plain
"""

from __future__ import annotations

import os
import sys
import time

from tests.bench import samples
from tests.bench.peers.record import Table, create, drop_unique_index


def main(rows_a_commit: int, seconds: float, has_unique_index: bool) -> None:
    """Only the transactions are timed."""
    connection = create("record.db")
    table = Table()
    insert = table.insert
    if not has_unique_index:
        drop_unique_index(connection)
        insert = insert.partition(" ON CONFLICT")[0]
    numbers = samples.Numbers()
    count, spent, give_up = 0, 0.0, time.monotonic() + 4 * seconds
    while spent < seconds and time.monotonic() < give_up:
        rows = [table.row(samples.working_event(number)) for number in numbers.take(rows_a_commit)]
        for statement, values in table.new_names():
            connection.execute(statement, values)
        began = time.perf_counter()
        with connection:
            connection.executemany(insert, rows)
        spent += time.perf_counter() - began
        count += rows_a_commit
    kept = connection.execute("SELECT count(*) FROM entries").fetchone()
    assert kept == (count,), f"{kept} rows of {count}"
    sys.stdout.write(f"{count / spent}\n")
    os.unlink("record.db")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "unique")
