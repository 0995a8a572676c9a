"""The record in one SQLite file: one writer thread, a few reader connections.

Acknowledged means committed with WAL and ``synchronous=FULL``: the commit's fsync has returned.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import apsw

from governance_console.entries import Item, Page, recorded_of
from governance_console.erasure import Erasure
from governance_console.errors import StorageFailed
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import (
    PAGE_BYTES,
    Erasable,
    Known,
    Log,
    NewItem,
    Source,
    Writing,
    sqlite_checkpoints,
    sqlite_erase,
    sqlite_errors,
    sqlite_read,
    sqlite_sources,
    sqlite_tiles,
    sqlite_write,
)
from governance_console.storage.sqlite_file import WAL_PAGES, SqliteFile
from governance_console.storage.sqlite_read import COLUMNS, PAGE_SEC, Most, item_of
from governance_console.storage.sqlite_rows import column
from governance_console.storage.sqlite_sessions import SqliteSessions
from governance_console.storage.worker import Worker
from governance_console.tiles import Tile

READERS: Final = 2
"""Reader connections, each with a thread: reads are short, and more would only fight for the interpreter."""

_T = TypeVar("_T")


class SqliteStorage:
    """``Storage`` over one file. The writer connection is used by the writer thread alone.

    ``vfs`` names the SQLite VFS through which the file is reached; None is the system's own. ``wal_pages`` is
    how many pages the WAL has when it is folded back into the file.
    """

    def __init__(
        self,
        path: Path,
        origin: str | None,
        new_epoch: Callable[[], str],
        page_sec: float = PAGE_SEC,
        *,
        vfs: str | None = None,
        wal_pages: int = WAL_PAGES,
    ) -> None:
        self._file = SqliteFile(path, origin, new_epoch, vfs, wal_pages)
        self._page_sec = page_sec
        self._writer_thread = Worker("record-writer")
        self._reader_threads = ThreadPoolExecutor(READERS, thread_name_prefix="record-reader")
        self._writer: apsw.Connection | None = None
        self._failed: StorageFailed | None = None
        self._failed_beside: StorageFailed | None = None
        self._readers: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()

    @property
    def sessions(self) -> SqliteSessions:
        return SqliteSessions(self._write_beside, self._read)

    async def open(self) -> Log:
        try:
            return await self._writer_thread.do(self._open)
        except BaseException:
            await self.close()
            raise

    async def write(self, work: Callable[[Writing], _T]) -> _T:
        return await self._write(lambda writer: work(_Visit(writer)))

    async def save_checkpoint(self, size: int, note: bytes) -> None:
        await self._write(lambda writer: _save_checkpoint(writer, size, note))

    async def fold(self) -> bool:
        return await self._visit(lambda _: self._file.fold())

    async def erasable(self, start: int, stop: int, most: int, most_bytes: int) -> Erasable:
        return await self._read(lambda reader: sqlite_erase.erasable(reader, start, stop, most, most_bytes))

    async def looked_through(self) -> int:
        return await self._read(sqlite_erase.looked_through)

    async def save_looked_through(self, reached: int) -> None:
        await self._write(lambda writer: sqlite_erase.save_looked_through(writer, reached))

    async def probe(self) -> None:
        await self._write(self._probe)

    async def tiles(self, wanted: Sequence[Tile]) -> Mapping[Tile, bytes]:
        return await self._read(lambda reader: sqlite_tiles.read_tiles(reader, wanted))

    async def get(self, seq: int) -> Item | None:
        return await self._read(lambda reader: _get(reader, seq))

    async def ascending(
        self, start: int, stop: int, limit: int, selection: Selection = EVERYTHING, most_bytes: int = PAGE_BYTES
    ) -> Page:
        most = Most(limit, most_bytes, self._page_sec)
        return await self._read(lambda reader: sqlite_read.ascending(reader, start, stop, most, selection))

    async def descending(self, before: int, limit: int, selection: Selection = EVERYTHING) -> Page:
        most = Most(limit, PAGE_BYTES, self._page_sec)
        return await self._read(lambda reader: sqlite_read.descending(reader, before, most, selection))

    async def first_recorded(self, moment: str, size: int) -> int:
        return await self._read(lambda reader: sqlite_read.first_recorded(reader, moment, size))

    async def sources(self, limit: int, lately: int, sample: int) -> Sequence[Source]:
        return await self._read(lambda reader: sqlite_sources.sources(reader, limit, lately, sample))

    async def close(self) -> None:
        await self._writer_thread.do(self._close)
        self._writer_thread.end()

    def _open(self) -> Log:
        with self._file.explained():
            self._writer = self._file.open()
            epoch, origin = self._file.identity()
            last = self._writer.execute("SELECT seq, entry FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
            size, recorded = (0, "") if last is None else (last[0] + 1, recorded_of(last[1]))
            edge = sqlite_tiles.stored_edge(self._writer, size)
            for _ in range(READERS):
                self._readers.put(self._file.reader())
            notes = column(self._writer, "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
            return Log(epoch, origin, recorded, edge, notes[0] if notes else None)

    def _close(self) -> None:
        self._reader_threads.shutdown()
        self._writer = None
        self._file.close()

    async def _write(self, work: Callable[[apsw.Connection], _T], *, beside: bool = False) -> _T:
        """Do the work in one transaction, and in one visit to the writer's thread."""

        def transacted(writer: apsw.Connection) -> _T:
            with _transaction(writer):
                return work(writer)

        return await self._visit(transacted, beside=beside)

    async def _visit(self, work: Callable[[apsw.Connection], _T], *, beside: bool = False) -> _T:
        """One visit to the writer's thread. ``beside`` is for what is no part of the log: when that fails, who appends
        learns it by the next append; and it stops once anything has failed.
        """

        def run() -> _T:
            assert self._writer is not None, "open() comes first"
            if self._failed is not None and (beside or self._failed_beside is not None):
                raise type(self._failed)(str(self._failed))  # of its kind: a file that is gone is read on
            try:
                with sqlite_errors.writing(self._writer):
                    done = work(self._writer)
                # Whatever was written or found is about to be acknowledged. A crash before this line loses nothing
                # that anybody was told of.
                self._file.check_in_place()
            except StorageFailed as error:
                self._failed = error
                self._failed_beside = error if beside else None
                raise
            return done

        return await self._writer_thread.do(run)

    def _probe(self, writer: apsw.Connection) -> None:
        self._file.check_room()
        writer.execute("INSERT OR REPLACE INTO log (name, value) VALUES ('probe', hex(randomblob(8)))")

    async def _write_beside(self, work: Callable[[apsw.Connection], _T]) -> _T:
        return await self._write(work, beside=True)

    async def _read(self, work: Callable[[apsw.Connection], _T]) -> _T:
        def run() -> _T:
            reader = self._readers.get()
            try:
                with sqlite_errors.reading(reader):
                    return work(reader)
            finally:
                self._readers.put(reader)

        return await asyncio.get_running_loop().run_in_executor(self._reader_threads, run)


def _get(reader: apsw.Connection, seq: int) -> Item | None:
    row = reader.execute(f"SELECT {COLUMNS} FROM entries WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else item_of(row)


class _Visit:
    """``Writing``, within a transaction of the writer's: looking up takes the file's locks once, and not each time."""

    def __init__(self, writer: apsw.Connection) -> None:
        self._writer = writer

    def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        return sqlite_write.known(self._writer, identities)

    def append(self, items: Sequence[NewItem], tiles: Mapping[Tile, bytes], erasures: Sequence[Erasure] = ()) -> None:
        last = self._writer.execute("SELECT max(seq) FROM entries").get
        if items and items[0].item.seq != (0 if last is None else last + 1):
            raise StorageFailed(f"another program changed the record: its last entry is #{last}")
        sqlite_write.insert(self._writer, items)
        sqlite_tiles.write_tiles(self._writer, tiles)
        for erasure in erasures:
            sqlite_erase.erase(self._writer, erasure)


def _save_checkpoint(writer: apsw.Connection, size: int, note: bytes) -> None:
    sqlite_checkpoints.save(writer, size, note)


@contextmanager
def _transaction(writer: apsw.Connection) -> Iterator[None]:
    writer.execute("BEGIN IMMEDIATE")
    try:
        yield
        writer.execute("COMMIT")
    except BaseException:
        # A crash or an error before COMMIT returned leaves the log as it was: nothing was numbered.
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        raise
