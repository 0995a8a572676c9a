"""A running console as material for a verification: its history, its tiles and its checkpoint, as it answers them.

Verification is one pass of plain code and runs in a thread; what it asks for is fetched in the loop that runs the
client.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterator
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from governance_console.cli.exporting import Export
from governance_console.cli.material import Material
from governance_console.cli.remote import PATIENCE, Remote
from governance_console.cli.terminal import Progress
from governance_console.erasure import ERASED_TYPE
from governance_console.events import CONSOLE
from governance_console.exported import records_of
from governance_console.selection import HISTORY_FILTERS
from governance_console.tiles import Address, Tile, path_of, width_at
from governance_console.verify import Row
from governance_console.vouching import Mark

_LINES: Final = 500
_LINES_BYTES: Final = 1024 * 1024
"""What is handed to the verifying thread at once."""

_KEPT_TILES: Final = 16
"""The same few tiles are asked for again and again: the one under way, and those above it."""

_T = TypeVar("_T")


class _Log(msgspec.Struct):
    """What ``GET /api/log`` tells, as far as it matters here."""

    origin: str
    verifier_key: str
    size: int
    checkpoint: str | None


class LiveLog:
    """The log of one console, as it stands when ``material`` is called."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._loop = asyncio.get_running_loop()
        self._export = self._chosen(0)
        self._size = 0
        self._tiles: dict[Tile, bytes] = {}

    async def material(self) -> Material:
        """What there is to verify. Raises CommandFailed."""
        body = await self._get("/api/log")
        log = self._remote.understood(body or b"", _Log)
        self._size = log.size
        notes = [] if log.checkpoint is None else [(f"{self._remote.url}/api/log", log.checkpoint.encode())]
        return Material(
            self._remote.url,
            log.origin,
            records_of(self._lines(self._export, self._size)),
            notes,
            self._tile,
            self._share,
            self._later,
            log.verifier_key,
        )

    def _share(self, done: int) -> float:
        return min(done / self._export.size, 1.0) if self._export.size else 0.0

    def _chosen(self, start: int, **filters: list[str]) -> Export:
        chosen = {**dict.fromkeys(HISTORY_FILTERS), **filters}
        asked = argparse.Namespace(csv=False, start=start, before=None, **chosen)
        return Export(self._remote, asked, Progress(sys.stderr, rows_beside=True))

    def _later(self, marks: Collection[Mark]) -> Iterator[Row]:
        """What was erased since, as the console says it now: no mark is older than the entry that bears it."""
        del marks  # they do not tell which
        since = self._chosen(self._size or self._export.following, source=[CONSOLE], type=[ERASED_TYPE])
        return records_of(self._lines(since))

    def _lines(self, export: Export, size: int = 0) -> Iterator[bytes]:
        """Those below ``size``, which is that of what is signed: there the tiles end too. 0: all."""
        rows = export.rows()
        while lines := self._fetched(self._some(export, rows, size)):
            yield from lines

    async def _some(self, export: Export, rows: AsyncGenerator[bytes, None], stop: int) -> list[bytes]:
        """The next lines, or none at the end."""
        lines: list[bytes] = []
        size = 0
        with contextlib.suppress(StopAsyncIteration):
            while len(lines) < _LINES and size < _LINES_BYTES:
                line = await anext(rows)
                if stop and export.following > stop:
                    break
                lines.append(line)
                size += len(line)
        return lines

    def _tile(self, tile: Tile) -> bytes | None:
        width = width_at(tile, self._size)
        if not width:
            return None
        if tile not in self._tiles:
            while len(self._tiles) >= _KEPT_TILES:
                del self._tiles[next(iter(self._tiles))]
            path = path_of(Address(tile.level, tile.number, width))
            self._tiles[tile] = self._fetched(self._get(f"/api/log/{path}")) or b""
        return self._tiles[tile]

    def _fetched(self, what: Coroutine[Any, Any, _T]) -> _T:
        """In the verifying thread: wait for the loop's answer."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _get(self, path: str) -> bytes | None:
        """An answer's body, or None where the console has nothing there."""
        remote = self._remote
        try:
            async with remote.client.get(remote.url + path, allow_redirects=False) as answer:
                if answer.status == 404 and path != "/api/log":
                    return None
                if answer.status in PATIENCE:
                    raise remote.not_now(answer)
                if answer.status != 200:
                    raise await remote.refused(answer)
                return await remote.body_of(answer)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise remote.not_reached(error) from None
