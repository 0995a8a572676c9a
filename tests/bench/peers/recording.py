"""Two ways to make what a request brings durable before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import aiosqlite
import apsw

from tests.bench.peers.record import PRAGMAS, Table, create

FILE: Final = "record.db"

Rows = Sequence[tuple[Any, ...]]
Names = Sequence[tuple[str, tuple[int, str]]]


class Recorder(Protocol):
    """Where a FastAPI peer records."""

    async def open(self) -> None:
        """Make the file."""

    async def record(self, rows: Rows) -> None:
        """Returns once these are durable, all of them or none."""

    async def size(self) -> int:
        """How many entries there are."""


class CommitEach:
    """aiosqlite as its users write it: one connection, and a commit for each request."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._turn = asyncio.Lock()  # without it another request's commit would make half of this one durable

    async def open(self) -> None:
        create(FILE).close()
        self._connection = await aiosqlite.connect(FILE)
        for pragma in PRAGMAS:
            await self._connection.execute(pragma)

    async def record(self, rows: Rows) -> None:
        async with self._turn:
            for statement, values in self._table.new_names():
                await self._connection.execute(statement, values)
            await self._connection.executemany(self._table.insert, rows)
            await self._connection.commit()

    async def size(self) -> int:
        async with self._connection.execute("SELECT count(*) FROM entries") as cursor:
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


class CommitGroup:
    """What waits while a commit is under way shares the next one, as in the console."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[Rows, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        self._connection = create(FILE)
        self._running = asyncio.create_task(self._run())

    async def record(self, rows: Rows) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        self._arrived.set()
        await done

    async def size(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM entries").fetchone()
        assert row is not None
        return int(row[0])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._waiting = self._waiting, []
            rows = [row for some, _ in group for row in some]
            names = self._table.new_names()
            await loop.run_in_executor(self._thread, _commit, self._connection, names, self._table.insert, rows)
            for _, done in group:
                done.set_result(None)


def _commit(connection: apsw.Connection, names: Names, insert: str, rows: Rows) -> None:
    with connection:
        for statement, values in names:
            connection.execute(statement, values)
        connection.executemany(insert, rows)
