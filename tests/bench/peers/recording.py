"""What makes durable what a request brings, before it is answered: in groups (``group_commit``), or each by itself."""

from __future__ import annotations

import asyncio
from typing import Protocol

import aiosqlite

from tests.bench.peers.group_commit import FILE, Rows
from tests.bench.peers.record import PRAGMAS, Table, create


class Recorder(Protocol):
    """Where a FastAPI peer records."""

    async def open(self) -> None:
        """Make the file."""

    async def record(self, rows: Rows) -> object:
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
