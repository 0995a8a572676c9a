"""Files of older consoles become this one's, with every entry byte for byte, or stay what they were."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from governance_console.edge import Edge
from governance_console.entries import Erased
from governance_console.erasure import Erasure
from governance_console.errors import CannotStart
from governance_console.merkle import leaf_hashes
from governance_console.selection import Selection
from governance_console.storage.sqlite import SqliteStorage
from governance_console.storage.sqlite_file import APPLICATION_ID
from governance_console.storage.sqlite_schema import VERSION
from governance_console.tiles import Tile
from tests.growing import GrowingStorage, known
from tests.rfc6962 import Tree
from tests.test_selection import EVERY_ITEM, all_pages, wanted

SELECTIONS = (
    Selection(),
    Selection(categories=frozenset({"tool"}), severity="notice"),
    Selection(sources=frozenset({"planner-7", "Ärger"}), types=frozenset({"agent.*"})),
    Selection(traceids=frozenset({"trace-0"})),
    Selection(text="needle"),
)
LOG = "CREATE TABLE log (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
FIRST_1 = (
    LOG
    + """
CREATE TABLE entries (seq INTEGER PRIMARY KEY, identity BLOB NOT NULL, entry BLOB NOT NULL, salt BLOB,
    data_is_json INTEGER NOT NULL, data BLOB) STRICT;
CREATE UNIQUE INDEX entries_by_identity ON entries (identity);
"""
)
LAST_1 = (
    LOG
    + """
CREATE TABLE entries (seq INTEGER PRIMARY KEY, category INTEGER NOT NULL DEFAULT 0, severity INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL DEFAULT '', type TEXT NOT NULL DEFAULT '', subject TEXT, traceid TEXT,
    identity BLOB NOT NULL, salt BLOB, data_is_json INTEGER NOT NULL, entry BLOB NOT NULL, data BLOB) STRICT;
CREATE UNIQUE INDEX entries_by_identity ON entries (identity);
CREATE INDEX entries_by_traceid ON entries (traceid) WHERE traceid IS NOT NULL;
CREATE INDEX entries_by_source ON entries (source);
CREATE INDEX errors_by_source ON entries (source) WHERE severity >= 4;
CREATE TABLE sources (source TEXT PRIMARY KEY, events INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
)


def write_1(path: Path, schema: str) -> None:
    """A file of schema 1 with the items of the selections' test."""
    file = apsw.Connection(str(path))
    file.pragma("journal_mode", "wal")
    file.execute(schema + "BEGIN")
    file.execute("INSERT INTO log VALUES ('epoch', 'epoch-of-1'), ('origin', 'example.net/log')")
    file.executemany(
        "INSERT INTO entries (seq, identity, entry, salt, data_is_json, data) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (one.item.seq, one.identity, one.item.entry, one.item.salt, one.item.data_is_json, one.item.data)
            for one in EVERY_ITEM
        ],
    )
    file.pragma("application_id", APPLICATION_ID)
    file.pragma("user_version", 1)
    file.execute("COMMIT")
    file.close()


def tables(path: Path) -> set[tuple[str, str]]:
    file = apsw.Connection(str(path))
    rows = {(str(name), str(sql)) for name, sql in file.execute("SELECT name, sql FROM sqlite_schema")}
    file.close()
    return rows


@pytest.mark.parametrize("schema", [FIRST_1, LAST_1], ids=["the first", "the last"])
async def test_a_file_of_schema_1_is_taken_over_whole(
    tmp_path: Path, schema: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_1(tmp_path / "old.db", schema)
    storage = SqliteStorage(tmp_path / "old.db", None, lambda: "epoch-2")
    with caplog.at_level(logging.WARNING):
        log = await storage.open()
    assert (log.epoch, log.origin, log.size) == ("epoch-of-1", "example.net/log", len(EVERY_ITEM))
    assert log.edge.root() == Tree([one.item.entry for one in EVERY_ITEM]).mth(0, len(EVERY_ITEM))
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]  # its begin and its end
    try:
        found = await known(storage, [one.identity for one in EVERY_ITEM])
        assert [found[one.identity].entry for one in EVERY_ITEM] == [one.item.entry for one in EVERY_ITEM]
        for selection in SELECTIONS:
            expected = [new.item for new in EVERY_ITEM if wanted(new, selection)]
            assert await all_pages(storage, selection, True, 100) == expected
        heard = {one.name: one.events for one in await storage.sources(500, 0, 1)}
        assert heard == dict.fromkeys(heard, 100) and len(heard) == 4
    finally:
        await storage.close()
    new = SqliteStorage(tmp_path / "new.db", None, lambda: "epoch-2")
    await new.open()
    await new.close()
    assert tables(tmp_path / "old.db") == tables(tmp_path / "new.db")
    caplog.clear()
    assert await storage_opens_again(tmp_path / "old.db") == len(EVERY_ITEM)
    assert not caplog.records


async def write_2(path: Path) -> None:
    """A file of schema 2, which had no tree, with the items of the selections' test."""
    storage = GrowingStorage(path, None, lambda: "epoch-of-2")
    await storage.open()
    await storage.record(EVERY_ITEM)
    await storage.close()
    file = apsw.Connection(str(path))
    file.execute("DROP TABLE tiles; DROP TABLE checkpoints")
    to_3(file)
    file.pragma("user_version", 2)
    file.close()


def to_3(file: apsw.Connection) -> None:
    """What schema 4 brought is taken away again."""
    file.execute("ALTER TABLE entries DROP COLUMN erased; DROP TABLE erasures; DROP TABLE sessions")
    file.pragma("user_version", 3)


async def test_a_file_of_schema_2_gets_the_tree_over_its_entries(tmp_path: Path) -> None:
    await write_2(tmp_path / "old.db")
    storage = GrowingStorage(tmp_path / "old.db", None, lambda: "epoch-3")
    log = await storage.open()
    try:
        hashes = leaf_hashes([one.item.entry for one in EVERY_ITEM])
        assert (log.epoch, log.edge) == ("epoch-of-2", Edge().grown(hashes).edge)
        grown = Edge().grown(hashes).tiles
        assert await storage.tiles([*grown, Tile(0, 2)]) == grown
    finally:
        await storage.close()
    assert await storage_opens_again(tmp_path / "old.db") == len(EVERY_ITEM)


async def test_a_file_of_schema_2_that_lost_an_entry_gets_no_tree(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    await write_2(path)
    file = apsw.Connection(str(path))
    file.execute("DELETE FROM entries WHERE seq = 7")
    file.close()
    before = tables(path)
    for _ in range(2):
        with pytest.raises(CannotStart, match="lost entries below #400"):
            await SqliteStorage(path, None, lambda: "epoch-3").open()
    assert tables(path) == before


async def test_a_file_of_schema_3_can_be_erased_from_and_keeps_sessions(tmp_path: Path) -> None:
    storage = GrowingStorage(tmp_path / "old.db", None, lambda: "epoch-of-3")
    before = await storage.open()
    await storage.record(EVERY_ITEM)
    await storage.close()
    file = apsw.Connection(str(tmp_path / "old.db"))
    to_3(file)
    file.close()
    storage = GrowingStorage(tmp_path / "old.db", None, lambda: "epoch-4")
    log = await storage.open()
    try:
        assert (log.epoch, log.origin, log.size) == (before.epoch, before.origin, len(EVERY_ITEM))
        assert await all_pages(storage, Selection(), True, 100) == [one.item for one in EVERY_ITEM]
    finally:
        await storage.close()
    file = apsw.Connection(str(tmp_path / "old.db"))
    assert file.execute("SELECT count(*) FROM entries WHERE erased IS NOT NULL").get == 0
    assert file.execute("SELECT count(*) FROM erasures").get == file.execute("SELECT count(*) FROM sessions").get == 0
    assert file.pragma("user_version") == VERSION
    file.close()
    assert await storage_opens_again(tmp_path / "old.db") == len(EVERY_ITEM)


@pytest.mark.parametrize("older", [3, VERSION], ids=["upgraded", "the control"])
async def test_what_an_older_console_left_in_unused_parts_of_pages_is_gone_too(tmp_path: Path, older: int) -> None:
    """It did not overwrite what it deleted, so that pages that were split hold copies of the first entries."""
    path = tmp_path / "old.db"
    storage = GrowingStorage(path, None, lambda: "epoch-of-3")
    await storage.open()
    assert storage._writer is not None
    storage._writer.pragma("secure_delete", 0)
    salted = [replace(one, item=replace(one.item, salt=os.urandom(16))) for one in EVERY_ITEM]
    await storage.record(salted)
    await storage.close()
    if older == 3:
        file = apsw.Connection(str(path))
        to_3(file)
        file.close()
    storage = GrowingStorage(path, None, lambda: "epoch-4")
    await storage.open()
    everything = Erasure(0, len(EVERY_ITEM), Erased("operator", "t", "r", len(EVERY_ITEM)))
    await storage.write(lambda writing: writing.append([], {}, [everything]))
    assert await storage.fold()
    await storage.close()
    content = path.read_bytes()
    left = [one.item.seq for one in salted if one.item.salt is not None and one.item.salt in content]
    assert bool(left) == (older == VERSION)


async def storage_opens_again(path: Path) -> int:
    storage = SqliteStorage(path, None, lambda: "epoch-3")
    log = await storage.open()
    await storage.close()
    return log.size


async def test_a_file_that_cannot_be_taken_over_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    write_1(path, LAST_1)
    damaged = apsw.Connection(str(path))
    damaged.execute("UPDATE entries SET entry = x'ff' WHERE seq = 399")
    damaged.close()
    before = tables(path)
    for _ in range(2):
        with pytest.raises(CannotStart, match="restore a backup"):
            await SqliteStorage(path, None, lambda: "epoch-2").open()
    file = apsw.Connection(str(path))
    assert file.pragma("user_version") == 1
    assert file.execute("SELECT count(*) FROM entries").fetchall() == [(400,)]
    file.close()
    assert tables(path) == before
    assert VERSION > 1
