"""A real SQLite record that can be told to fail, in pairs: failed and not saved, failed but saved."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from governance_console.entries import Item, Page
from governance_console.erasure import Erasure
from governance_console.selection import EVERYTHING, Selection
from governance_console.sessions import SessionStore
from governance_console.storage import PAGE_BYTES, Erasable, Known, Log, NewItem, Source, Writing
from governance_console.storage.sqlite import SqliteStorage
from governance_console.tiles import Tile

EVERY_WRITE = frozenset(("append", "probe"))

_T = TypeVar("_T")


class FaultyStorage:
    """``Storage`` that raises ``error`` at the calls in ``fails_at``, before or after they were done, ``times`` times.

    While ``go`` is not set, writes wait, so that requests can gather behind one.
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

    @property
    def sessions(self) -> SessionStore:
        return self._real.sessions

    async def open(self) -> Log:
        return await self._call("open", self._real.open)

    async def write(self, work: Callable[[Writing], _T]) -> _T:
        await self.go.wait()
        visit = _FaultyVisit(self)
        done = await self._real.write(lambda writing: work(visit.over(writing)))
        if visit.saved is not None:
            raise visit.saved
        return done

    async def fold(self) -> bool:
        return await self._call("fold", self._real.fold)

    async def erasable(self, start: int, stop: int, most: int, most_bytes: int) -> Erasable:
        return await self._call("erasable", self._real.erasable, start, stop, most, most_bytes)

    async def looked_through(self) -> int:
        return await self._call("looked_through", self._real.looked_through)

    async def save_looked_through(self, reached: int) -> None:
        await self._call("save_looked_through", self._real.save_looked_through, reached)

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
        error = self.fault_at(name)
        if error is not None and not self.saves_before_failing:
            raise error
        done = await work(*given)
        if error is not None:
            raise error
        return done

    def fault_at(self, name: str) -> Exception | None:
        """What this call is to raise, counted off."""
        error = self.error if name in self.fails_at and self.times > 0 else None
        self.times -= error is not None
        return error


class _FaultyVisit:
    """``Writing`` that fails. An append that is ``saved`` fails once the visit is over, and all is durable."""

    saved: Exception | None = None
    _real: Writing

    def __init__(self, storage: FaultyStorage) -> None:
        self._storage = storage

    def over(self, real: Writing) -> Writing:
        self._real = real
        return self

    def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        error = self._storage.fault_at("known")
        found = self._real.known(identities) if error is None or self._storage.saves_before_failing else {}
        if error is not None:
            raise error
        return found

    def append(self, items: Sequence[NewItem], tiles: Mapping[Tile, bytes], erasures: Sequence[Erasure] = ()) -> None:
        self._storage.appends.append(len(items))
        error = self._storage.fault_at("append")
        if error is not None and not self._storage.saves_before_failing:
            raise error
        self._real.append(items, tiles, erasures)
        self.saved = error
