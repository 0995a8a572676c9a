"""Group commit: what waits while a commit is under way shares the next one, as in the console."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import apsw

from tests.bench.peers.record import Table, create

FILE: Final = "record.db"

Rows = Sequence[tuple[Any, ...]]
Names = Sequence[tuple[str, tuple[int, str]]]
Numbers = Sequence[int | None]


class CommitGroup:
    """One task commits, in a thread; who waited is woken in the order of the numbers."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[Rows, asyncio.Future[Numbers]]] = []
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        self._connection = create(FILE)
        self._running = asyncio.create_task(self._run())

    async def record(self, rows: Rows) -> Numbers:
        """Each row's number, once all are durable; None for one that was there before."""
        done: asyncio.Future[Numbers] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        self._arrived.set()
        return await done

    async def size(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM entries").fetchone()
        assert row is not None
        return int(row[0])

    async def close(self) -> None:
        self._running.cancel()
        self._thread.shutdown()
        self._connection.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._waiting = self._waiting, []
            rows = [row for some, _ in group for row in some]
            names = self._table.new_names()
            numbers = await loop.run_in_executor(self._thread, _commit, self._connection, names, self._table, rows)
            place = 0
            for some, done in group:
                done.set_result(numbers[place : place + len(some)])
                place += len(some)


def _commit(connection: apsw.Connection, names: Names, table: Table, rows: Rows) -> Numbers:
    with connection:
        for statement, values in names:
            connection.execute(statement, values)
        before = connection.total_changes()
        connection.executemany(table.insert, rows)
        added = connection.total_changes() - before
        [[size]] = connection.execute("SELECT coalesce(max(seq), 0) FROM entries")
        if added == len(rows):
            return range(size - added + 1, size + 1)
        new = dict(connection.execute("SELECT identity, seq FROM entries WHERE seq > ?", (size - added,)))
    return [new.pop(table.identity_of(row), None) for row in rows]
