"""A real SQLite record that can be told to fail, in pairs: failed and not saved, failed but saved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from governance_console.entries import Item, Page
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import PAGE_BYTES, Known, Log, NewItem, Source
from governance_console.storage.sqlite import SqliteStorage


class FaultyStorage:
    """``Storage`` that raises ``error`` at appends and probes, before or after they were done.

    While ``go`` is not set, appends wait, so that requests can gather behind one.
    """

    def __init__(self, path: Path) -> None:
        self._real = SqliteStorage(path, None, lambda: "epoch-1")
        self.error: Exception | None = None
        self.saves_before_failing = False
        self.appends: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def open(self) -> Log:
        return await self._real.open()

    async def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        return await self._real.known(identities)

    async def append(self, items: Sequence[NewItem]) -> None:
        await self.go.wait()
        self.appends.append(len(items))
        if self.error is None or self.saves_before_failing:
            await self._real.append(items)
        if self.error is not None:
            raise self.error

    async def probe(self) -> None:
        if self.error is not None:
            raise self.error
        await self._real.probe()

    async def get(self, seq: int) -> Item | None:
        return await self._real.get(seq)

    async def ascending(
        self, start: int, stop: int, limit: int, selection: Selection = EVERYTHING, most_bytes: int = PAGE_BYTES
    ) -> Page:
        return await self._real.ascending(start, stop, limit, selection, most_bytes)

    async def descending(self, before: int, limit: int, selection: Selection = EVERYTHING) -> Page:
        return await self._real.descending(before, limit, selection)

    async def first_recorded(self, moment: str, size: int) -> int:
        return await self._real.first_recorded(moment, size)

    async def sources(self, limit: int, lately: int, sample: int) -> Sequence[Source]:
        return await self._real.sources(limit, lately, sample)

    async def close(self) -> None:
        await self._real.close()
