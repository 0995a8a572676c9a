"""A log's file as an auditor reads it: beside the console or without one, and without a change to it.

Nothing in the file is believed. What cannot be read of it is a record without an entry, which verification names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from governance_console.errors import CommandFailed
from governance_console.merkle import HASH_BYTES
from governance_console.storage.sqlite_file import APPLICATION_ID
from governance_console.storage.sqlite_schema import VERSION
from governance_console.tiles import TILE_WIDTH, Tile, width_at
from governance_console.verify import Row
from governance_console.vouching import Mark

ROWS: Final = 2048
"""Rows read in one transaction: while one is open the file of a running console cannot fold its WAL back."""

MOST_UNREADABLE: Final = 10_000
"""Entries that are tried one by one in a damaged file before it is given up."""

_LEVEL: Final = 1 << 48
_FIRST: Final = -(2**63)
_WITH_TREE: Final = 3  # the schema from which on hashes are stored
_UNREADABLE: Final = (apsw.Error, UnicodeDecodeError)
"""SQLite's own word, or text that is none where SQLite was told that there is text."""


class AuditedFile:
    """One log's file, opened for reading. What it says of itself is as it was at one moment, when it was opened."""

    def __init__(self, path: Path) -> None:
        """Raises CommandFailed for what cannot be read as a record."""
        self._path = path
        self._mark: Mark | None = None
        self._wal = path.with_name(path.name + "-wal")
        # Where no console is at work the file is read as it lies: SQLite would leave files of its own beside it.
        self._is_still = not self._wal.exists()
        options = "mode=ro&immutable=1" if self._is_still else "mode=ro"
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        try:
            self._reader = apsw.Connection(f"file:{quote(str(path.absolute()))}?{options}", flags=flags)
        except apsw.Error as error:
            raise self._cannot(error) from None
        try:
            self._reader.set_busy_timeout(5_000)
            # Whoever made this file may have meant to have his SQL run here.
            self._reader.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN")
            self._check_ours()
            self._tables = self._own_tables()
            self.origin, self.epoch = self._named("origin"), self._named("epoch")
            self._last = int(self._one("SELECT ifnull(max(seq), -1) FROM entries"))
            self.size = max(self._last + 1, 0)
            self._hashed = max(self.size, self._hashes())
            columns = {row[0] for row in self._all("SELECT name FROM pragma_table_info('entries')")}
            has_marks = "erased" in columns and "erasures" in self._tables
            self._columns = f"SELECT seq, entry, salt, data, {'erased' if has_marks else 'NULL'} FROM entries"
            self.has_tree = self._one("PRAGMA user_version") >= _WITH_TREE or "checkpoints" in self._tables
            self._signed = self._one("SELECT max(size) FROM checkpoints") if "checkpoints" in self._tables else None
            self._reader.execute("COMMIT")
        except _UNREADABLE as error:
            self._reader.close()
            raise self._cannot(error) from None
        except BaseException:
            self._reader.close()
            raise

    @property
    def has_tiles(self) -> bool:
        """Whether it stores the tree's hashes. Without ``has_tree`` a console did not do so yet."""
        return "tiles" in self._tables

    def gaps(self) -> Iterator[tuple[int, int]]:
        """First and last entry over which a console of this file's schema has stored hashes, and none are.

        Told are the tiles under way, or that none are there at all; of the full ones a verification asks for each.
        """
        if not self.has_tiles:
            if self.has_tree and self.size:
                yield 0, self.size - 1
            return
        level, hashes = 0, self.size
        while hashes:
            tile = Tile(level, hashes // TILE_WIDTH)
            if hashes % TILE_WIDTH and not self.tile(tile):
                yield tile.number * TILE_WIDTH << 8 * level, (hashes << 8 * level) - 1
            level, hashes = level + 1, hashes // TILE_WIDTH

    def notes(self) -> Iterator[tuple[str, bytes]]:
        """The checkpoints that the console signed, each with where it is. Raises CommandFailed."""
        low = _FIRST
        try:
            while self._signed is not None and low <= self._signed:
                query = "SELECT size, note FROM checkpoints WHERE size >= ? AND size <= ? ORDER BY size LIMIT ?"
                rows = self._all(query, low, self._signed, ROWS)
                for size, note in rows:
                    yield f"{self._path}, checkpoint {size}", note if isinstance(note, bytes) else b""
                low = max([low, *(size for size, _ in rows)]) + 1 if rows else self._signed + 1
        except _UNREADABLE as error:
            raise self._cannot(error) from None

    def rows(self) -> Iterator[Row]:
        """Every row that was there at first, in the order of their numbers. Raises CommandFailed."""
        columns = self._columns
        query = f"{columns} WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT {ROWS}"
        low, unreadable = _FIRST, 0
        while low <= self._last:
            begun = low
            try:
                rows: Iterator[Any] = self._reader.execute(query, (low, self._last))
                for row in rows:
                    seq = row[0]
                    if type(seq) is not int or seq < low:
                        raise self._out_of_order()
                    low = seq + 1
                    yield row if row[4] is None else self._marked(row)
                if low == begun:
                    break  # nothing lies there
            except _UNREADABLE as error:
                low = max(low, 0)
                for seq in range(low, min(low + ROWS, self.size)):
                    row = self._alone(f"{columns} WHERE seq = ?", seq)
                    unreadable += row is not None and row[1] is None
                    if row is not None:
                        yield row if row[4] is None else self._marked(row)
                    low = seq + 1
                if unreadable > MOST_UNREADABLE:
                    raise self._cannot(error) from None

    def later(self, marks: Collection[Mark]) -> Iterator[Row]:
        """The entries that these marks name and that came after the file was opened: a console erases meanwhile."""
        for seq in sorted({mark.seq for mark in marks if type(mark.seq) is int and mark.seq > self._last}):
            row = self._alone(f"{self._columns} WHERE seq = ?", seq)
            if row is not None:
                yield row if row[4] is None else self._marked(row)

    def tile(self, tile: Tile) -> bytes | None:
        """The hashes of a tile, as far as there were any when the file was opened."""
        try:
            hashes = self._one("SELECT hashes FROM tiles WHERE id = ?", tile.level * _LEVEL + tile.number)
        except (*_UNREADABLE, OverflowError):
            return None
        return hashes[: width_at(tile, self._hashed) * HASH_BYTES] if isinstance(hashes, bytes) else None

    def close(self) -> None:
        """Give it back."""
        self._reader.close()

    def check_still(self) -> None:
        """Raises CommandFailed where a console opened the file while it was read as if nobody did."""
        if self._is_still and self._wal.exists():
            raise CommandFailed(f"{self._path} was opened by a console meanwhile: verify it again")

    def _alone(self, query: str, seq: int) -> Row | None:
        try:
            rows = self._all(query, seq)
        except _UNREADABLE:
            return seq, None, None, None, None
        return rows[0] if rows else None

    def _marked(self, row: tuple[Any, ...]) -> Row:
        """The row with what stands instead of its data: in the order of the record these are mostly the same."""
        seq = row[4]
        if self._mark is None or self._mark.seq != seq:
            self._mark = Mark(None, None, None, seq)
            with suppress(*_UNREADABLE):
                for by, at, reason in self._all("SELECT erased_by, at, reason FROM erasures WHERE id = ?", seq):
                    self._mark = Mark(by, at, reason, seq)
        return (*row[:4], self._mark)

    def _out_of_order(self) -> CommandFailed:
        return CommandFailed(f"{self._path} cannot be read: its entries are not in the order of their numbers")

    def _hashes(self) -> int:
        """How many entries have a hash in the stored tiles."""
        if "tiles" not in self._tables:
            return 0
        query = "SELECT id, length(hashes) FROM tiles WHERE id >= 0 AND id < ? ORDER BY id DESC LIMIT 1"
        rows = self._all(query, _LEVEL)
        return int(rows[0][0]) * TILE_WIDTH + int(rows[0][1] or 0) // HASH_BYTES if rows else 0

    def _check_ours(self) -> None:
        if self._one("PRAGMA application_id") != APPLICATION_ID:
            raise CommandFailed(f"{self._path} is a SQLite database, and not a record of this console")
        version = self._one("PRAGMA user_version")
        if version > VERSION:
            raise CommandFailed(
                f"{self._path} was written by a newer console (schema {version}, this one knows {VERSION})"
            )

    def _own_tables(self) -> frozenset[str]:
        # Tables that lie in the file: what a view shows, a query decides.
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
        names = frozenset(str(row[0]) for row in self._all(query))
        if not names >= {"log", "entries"}:
            raise CommandFailed(f"{self._path} is not a record of this console: it has no table of entries")
        return names

    def _named(self, name: str) -> str:
        found = self._one("SELECT value FROM log WHERE name = ?", name)
        return found if isinstance(found, str) else ""

    def _one(self, query: str, *values: Any) -> Any:
        rows = self._all(query, *values)
        return rows[0][0] if rows else None

    def _all(self, query: str, *values: Any) -> list[Any]:
        return self._reader.execute(query, values).fetchall()

    def _cannot(self, error: Exception) -> CommandFailed:
        if isinstance(error, apsw.CantOpenError) and not self._is_still:
            return CommandFailed(
                f"{self._path} cannot be read: SQLite needs a folder that is writable, for the -shm file of its WAL;"
                " copy the file with its -wal into one"
            )
        return CommandFailed(f"{self._path} cannot be read: {error}")
