"""The Storage contract, on SQLite: durable, ordered, whole, and one writer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from governance_console.edge import Edge
from governance_console.entries import Item, data_hash, identity
from governance_console.errors import CannotStart, StorageFailed, StorageFull
from governance_console.merkle import leaf_hashes
from governance_console.selection import Shown
from governance_console.storage import Log, NewItem, Writing
from governance_console.storage.sqlite_file import APPLICATION_ID, check_engine
from governance_console.storage.sqlite_schema import VERSION
from tests.growing import GrowingStorage


def new_item(seq: int, data: bytes | None = b"1") -> NewItem:
    head = b'{"seq":%d,"recorded":"2026-11-22T10:00:00.000000Z","category":"tool","severity":"info","event":{}' % seq
    salt = None if data is None else bytes(16)
    entry = head + (b"}" if data is None else b',"data_hash":"%s"}' % data_hash(bytes(16), data).encode())
    shown = Shown("tool", "info", "s", "t", None)
    return NewItem(Item(seq, entry, salt, data, data is not None), identity("p", "s", str(seq)), shown)


def store(folder: Path) -> GrowingStorage:
    return GrowingStorage(folder / "governance.db", "example.net/log", lambda: "epoch-1")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[GrowingStorage, Log]]:
    storage = store(folder)
    log = await storage.open()
    try:
        yield storage, log
    finally:
        await storage.close()


async def test_a_new_log_is_empty_and_keeps_its_epoch_and_origin(tmp_path: Path) -> None:
    async with opened(tmp_path / "made" / "for it") as (_, log):
        assert log == Log("epoch-1", "example.net/log", "", Edge())
    assert (tmp_path / "made" / "for it").stat().st_mode & 0o777 == 0o700
    storage = GrowingStorage(tmp_path / "made" / "for it" / "governance.db", "other.example", lambda: "epoch-2")
    assert await storage.open() == log
    await storage.close()


async def test_the_record_is_for_its_owner_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0)])
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys((f"governance.db{end}" for end in ("", "-wal", "-shm", ".lock")), 0o600)


async def test_items_come_back_byte_for_byte_in_both_orders(tmp_path: Path) -> None:
    items = [new_item(0, b'{"a": 1}'), new_item(1, None), new_item(2, b"\x00\xff")]
    async with opened(tmp_path) as (storage, _):
        await storage.record(items[:2])
        await storage.record(items[2:])
        assert list((await storage.ascending(0, len(items), 10)).items) == [new.item for new in items]
        assert list((await storage.descending(3, 2)).items) == [items[2].item, items[1].item]
        assert await storage.get(1) == items[1].item
        assert await storage.get(3) is None
    async with opened(tmp_path) as (storage, log):
        assert (log.size, log.recorded) == (3, "2026-11-22T10:00:00.000000Z")
        assert list((await storage.ascending(0, len(items), 10)).items) == [new.item for new in items]


async def test_known_finds_by_identity_what_is_recorded(tmp_path: Path) -> None:
    items = [new_item(0), new_item(1, None)]
    async with opened(tmp_path) as (storage, _):
        await storage.record(items)
        found = await storage.known([new_item(1).identity, new_item(0).identity, new_item(9).identity])
    assert {own: (known.seq, known.salt) for own, known in found.items()} == {
        items[0].identity: (0, bytes(16)),
        items[1].identity: (1, None),
    }


@pytest.mark.parametrize("clash", [new_item(1), replace(new_item(3), identity=new_item(0).identity)])
async def test_an_append_is_there_whole_or_not_at_all(tmp_path: Path, clash: NewItem) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0), new_item(1)])
        with pytest.raises(StorageFailed):
            await storage.record([new_item(2), clash])
        assert len((await storage.ascending(0, 2, 10)).items) == 2
        await storage.record([new_item(2)])  # what failed was rolled back, and holds up nothing
        assert len((await storage.ascending(0, 3, 10)).items) == 3


async def test_the_writer_is_set_to_sync_every_commit_and_the_file_says_whose_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        assert storage._writer is not None
        assert storage._writer.pragma("synchronous") == 2
        beside = apsw.Connection(str(tmp_path / "governance.db"))
        assert beside.pragma("journal_mode") == "wal"
        assert beside.pragma("application_id") == APPLICATION_ID
        assert beside.pragma("user_version") == VERSION
        beside.close()


async def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    """``max_page_count`` is SQLite's own full disk."""
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0)])
        writer = storage._writer
        assert writer is not None
        pages = writer.pragma("page_count")
        writer.pragma("max_page_count", pages)
        with pytest.raises(StorageFull):
            await storage.record([new_item(1, b"x" * 1_000_000)])
        assert len((await storage.ascending(0, 1, 10)).items) == 1
        writer.pragma("max_page_count", 1_000_000)
        await storage.probe()
        await storage.record([new_item(1, b"x" * 1_000_000)])
        assert len((await storage.ascending(0, 2, 10)).items) == 2


async def test_a_second_console_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        with pytest.raises(CannotStart, match="another console"):
            await store(tmp_path).open()
        await storage.record([new_item(0)])
    async with opened(tmp_path) as (_, log):
        assert log.size == 1


def foreign(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()


def of_schema(version: int, path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", version)
    connection.close()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (foreign, "not a record of this console"),
        (partial(of_schema, VERSION + 1), "a newer console wrote it"),
        (partial(of_schema, 0), "does not say which schema"),
        (lambda path: path.write_text("not a database, but long enough to be read as one" * 50), "not a SQLite"),
        (lambda path: path.mkdir(), "writable"),
    ],
)
async def test_what_is_not_ours_is_refused_and_not_touched(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "governance.db"
    assert callable(make)
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    for _ in range(2):  # the second time shows that the lock was given back
        with pytest.raises(CannotStart, match=says):
            await store(tmp_path).open()
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert not list(tmp_path.glob("*-wal"))


@pytest.mark.parametrize(
    ("version", "built_with", "says"),
    [("3.51.2", ("ENABLE_CARRAY",), "3.51.3 or newer"), ("3.54.1", ("ENABLE_FTS5",), "without carray")],
)
def test_an_engine_that_will_not_do_is_refused(version: str, built_with: Sequence[str], says: str) -> None:
    with pytest.raises(CannotStart, match=says):
        check_engine(version, built_with)


async def test_a_file_system_without_wal_is_refused(tmp_path: Path) -> None:
    """SQLite's own file system in memory has no shared memory for a WAL, as a network file system has none."""
    storage = GrowingStorage(tmp_path / "governance.db", None, lambda: "epoch-1", vfs="memdb")
    with pytest.raises(CannotStart, match="does not allow WAL"):
        await storage.open()


@pytest.mark.soak
async def test_a_file_that_another_program_holds_in_its_old_mode_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    holder = apsw.Connection(str(tmp_path / "governance.db"))
    holder.pragma("journal_mode", "delete")
    holder.execute("BEGIN; SELECT count(*) FROM entries")
    with pytest.raises(CannotStart, match=r"cannot be kept durably|locked"):
        await store(tmp_path).open()
    holder.close()


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        reader = storage._readers.get()
        with pytest.raises(apsw.ReadOnlyError):
            reader.execute("DELETE FROM entries")
        storage._readers.put(reader)


async def test_a_closed_record_is_one_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["governance.db", "governance.db.lock"]


async def test_a_first_start_that_was_cut_is_begun_again(tmp_path: Path) -> None:
    """Switching to WAL writes a header before anything is made: the file is not empty, but nothing is in it."""
    cut = apsw.Connection(str(tmp_path / "governance.db"))
    cut.pragma("journal_mode", "wal")
    cut.close()
    assert (tmp_path / "governance.db").stat().st_size > 0
    async with opened(tmp_path) as (_, log):
        assert log.size == 0


async def test_a_damaged_last_entry_is_told_and_the_lock_given_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0)])
    damaged = apsw.Connection(str(tmp_path / "governance.db"))
    damaged.execute("UPDATE entries SET entry = x'ff'")
    damaged.close()
    for _ in range(2):
        with pytest.raises(CannotStart, match="restore a backup"):
            await store(tmp_path).open()


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("DELETE FROM entries WHERE seq = 299", "299 entries and hashes of 300"),
        ("DELETE FROM tiles WHERE id = 1", "300 entries and hashes of 256"),
        ("DELETE FROM tiles", "300 entries and hashes of 0"),
        ("DELETE FROM tiles WHERE id = 1 << 48", "have a hole"),
    ],
)
async def test_a_record_whose_tree_does_not_fit_its_entries_is_refused(
    tmp_path: Path, tampering: str, says: str
) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(seq) for seq in range(300)])
    file = apsw.Connection(str(tmp_path / "governance.db"))
    file.execute(tampering)
    file.close()
    for _ in range(2):
        with pytest.raises(CannotStart, match=says):
            await store(tmp_path).open()


async def test_of_a_visit_that_raises_nothing_is_recorded(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(0)])

        def work(writing: Writing) -> None:
            writing.append([new_item(1)], {})
            raise KeyError("after it was appended")

        with pytest.raises(KeyError):
            await storage.write(work)
        assert await storage.get(1) is None
        await storage.record([new_item(1)])
        assert await storage.get(1) == new_item(1).item


async def test_the_tree_comes_and_goes_with_the_entries(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, _):
        await storage.record([new_item(seq) for seq in range(250)])
        before = storage.edge
        with pytest.raises(StorageFailed):
            await storage.record([new_item(seq) for seq in (*range(250, 260), 0)])
    async with opened(tmp_path) as (storage, log):
        assert log.edge == before
        await storage.record([new_item(seq) for seq in range(250, 270)])
    async with opened(tmp_path) as (_, log):
        assert log.edge == Edge().grown(leaf_hashes([new_item(seq).item.entry for seq in range(270)])).edge
