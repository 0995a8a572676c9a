"""A real SQLite record that can be told to fail, in pairs: failed and not saved, failed but saved."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from governance_console.entries import Item, Page
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import PAGE_BYTES, Known, Log, NewItem, Source
from governance_console.storage.sqlite import SqliteStorage
from governance_console.tiles import Tile

EVERY_WRITE = frozenset(("append", "probe"))

_T = TypeVar("_T")


class FaultyStorage:
    """``Storage`` that raises ``error`` at the calls in ``fails_at``, before or after they were done, ``times`` times.

    While ``go`` is not set, appends wait, so that requests can gather behind one.
    """

    def __init__(self, path: Path) -> None:
        self._real = SqliteStorage(path, None, lambda: "epoch-1")
        self.error: Exception | None = None
        self.saves_before_failing = False
        self.fails_at: Collection[str] = EVERY_WRITE
        self.times = sys.maxsize
        self.appends: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def open(self) -> Log:
        return await self._call("open", self._real.open)

    async def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        return await self._call("known", self._real.known, identities)

    async def append(self, items: Sequence[NewItem], tiles: Mapping[Tile, bytes]) -> None:
        await self.go.wait()
        self.appends.append(len(items))
        await self._call("append", self._real.append, items, tiles)

    async def save_checkpoint(self, size: int, note: bytes) -> None:
        await self._call("save_checkpoint", self._real.save_checkpoint, size, note)

    async def probe(self) -> None:
        await self._call("probe", self._real.probe)

    async def tiles(self, wanted: Sequence[Tile]) -> Mapping[Tile, bytes]:
        return await self._call("tiles", self._real.tiles, wanted)

    async def get(self, seq: int) -> Item | None:
        return await self._call("get", self._real.get, seq)

    async def ascending(
        self, start: int, stop: int, limit: int, selection: Selection = EVERYTHING, most_bytes: int = PAGE_BYTES
    ) -> Page:
        return await self._call("ascending", self._real.ascending, start, stop, limit, selection, most_bytes)

    async def descending(self, before: int, limit: int, selection: Selection = EVERYTHING) -> Page:
        return await self._call("descending", self._real.descending, before, limit, selection)

    async def first_recorded(self, moment: str, size: int) -> int:
        return await self._call("first_recorded", self._real.first_recorded, moment, size)

    async def sources(self, limit: int, lately: int, sample: int) -> Sequence[Source]:
        return await self._call("sources", self._real.sources, limit, lately, sample)

    async def close(self) -> None:
        await self._call("close", self._real.close)

    async def _call(self, name: str, work: Callable[..., Awaitable[_T]], *given: object) -> _T:
        error = self.error if name in self.fails_at and self.times > 0 else None
        self.times -= error is not None
        if error is not None and not self.saves_before_failing:
            raise error
        done = await work(*given)
        if error is not None:
            raise error
        return done
