"""The SQLite file of a log: whose it is, whether it may be opened, and how. Used by one thread.

``application_id`` says that it is ours, ``user_version`` which schema it has. A file that is not ours, or
newer, is refused before anything in it was changed.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import apsw
from msgspec import DecodeError

from governance_console.durable import make_folder, sync_folder
from governance_console.errors import CannotStart, InUse, StorageFull
from governance_console.lock import LockFile
from governance_console.storage.in_place import FilesInPlace
from governance_console.storage.shared_memory import SharedMemory, is_room
from governance_console.storage.space import has_free
from governance_console.storage.sqlite_errors import NO_SPACE, is_full, not_opened
from governance_console.storage.sqlite_schema import SCHEMA, VERSION
from governance_console.storage.sqlite_upgrade import upgrade

APPLICATION_ID: Final = 0x474F5643
"""``GOVC``, in the file's header."""

OLDEST_ENGINE: Final = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can lose commits in a WAL reset with two or more connections."""

CACHE_KIB: Final = 64 * 1024
"""What the writer may keep of the file. With SQLite's own 2 MiB, and WAL_PAGES below, it was half as fast."""

WAL_PAGES: Final = 8_000
"""At 32 MiB the WAL is folded back into the file; that much, and a commit, is read again after a crash."""

NEXT: Final = ".next"
"""The ending of a new log's file that is not in its place yet: see ``sqlite_succession``."""

PROBE_BYTES: Final = 256 * 1024
"""A full disk counts as full until so much is free: a probe takes less than an event does."""

BUSY_MS: Final = 5_000
"""How long another program may have the file locked."""

FOLD_MS: Final = 100
"""How long folding the WAL waits for readers: meanwhile nothing can be recorded."""

_log = logging.getLogger(__name__)


class SqliteFile:
    """One database file, its lock, and its connections' settings."""

    def __init__(
        self, path: Path, origin: str | None, new_epoch: Callable[[], str], vfs: str | None, wal_pages: int
    ) -> None:
        self._path = path
        self._vfs = vfs
        self._wal_pages = wal_pages
        self._origin = origin
        self._new_epoch = new_epoch
        self._lock_path = self._beside(".lock")
        self._lock = LockFile(self._lock_path)
        self._writer: apsw.Connection | None = None
        self._readers: list[apsw.Connection] = []
        self._in_place: FilesInPlace | None = None
        self._shared_memory = SharedMemory(self._beside("-shm"))

    def open(self) -> apsw.Connection:
        """Lock the file, open or make it, and prove that it can be written. Called within ``explained``."""
        check_engine(apsw.sqlite_lib_version(), apsw.compile_options)
        make_folder(self._path.parent)
        try:
            self._lock.acquire()
        except InUse as error:
            what = f"another console{error.holder} has the record open ({self._lock_path})"
            raise CannotStart(f"{what}: stop it, or change DATABASE_URL") from None
        self._open()
        self._in_place = FilesInPlace([self._path, self._beside("-wal"), self._beside("-shm")])
        assert self._writer is not None
        return self._writer

    def check_in_place(self) -> None:
        """Raises StorageGone when the files are no longer those that were opened."""
        assert self._in_place is not None, "open() comes first"
        self._in_place.check()

    def check_room(self) -> None:
        """Raises StorageFull where there may be room for a probe, and none for an event."""
        if not has_free(self._path.parent, PROBE_BYTES):
            raise StorageFull("no space is left where the record is kept")

    def fold(self) -> bool:
        """Write the WAL into the file and cut it to nothing; False where a reader or a full disk is in the way.

        Until then the WAL may hold pages as they were before something in them was erased.
        """
        assert self._writer is not None and self._in_place is not None, "open() comes first"
        self._in_place.check()
        self._writer.set_busy_timeout(FOLD_MS)
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False
        except apsw.Error as error:
            if is_full(error, self._writer):
                return False
            raise
        finally:
            self._writer.set_busy_timeout(BUSY_MS)
        self._in_place.cut(self._beside("-wal"))
        return True

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Whatever goes wrong while opening becomes a sentence, and nothing stays open or locked."""
        try:
            yield
        except (apsw.Error, DecodeError, OSError) as error:
            why = not_opened(error, self._writer)
            self.close()
            self._refuse(why)
        except BaseException:
            self.close()
            raise

    def reader(self) -> apsw.Connection:
        """One more connection, which cannot write."""
        reader = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY, vfs=self._vfs)
        self._readers.append(reader)
        reader.set_busy_timeout(BUSY_MS)
        # A connection opens its files when it first reads; by then they may have been deleted.
        reader.execute("SELECT * FROM log").fetchall()
        return reader

    def identity(self) -> tuple[str, str]:
        """The log's epoch and origin, fixed when it was made."""
        assert self._writer is not None, "open() comes first"
        query = "SELECT name, value FROM log WHERE name IN ('epoch', 'origin')"
        rows = {str(name): str(value) for name, value in self._writer.execute(query)}
        if rows.keys() != {"epoch", "origin"}:
            self._refuse("it does not say which log it is; restore a backup")
        if self._origin and not f"{rows['origin']}/".startswith(f"{self._origin}/"):
            _log.warning("this log is named %s for good; LOG_ORIGIN names new ones", rows["origin"])
        return rows["epoch"], rows["origin"]

    def close(self) -> None:
        """Close every connection, the writer's last: that folds the WAL back into the file. Let the next console in."""
        while self._readers:
            _close(self._readers.pop())
        if self._writer is not None:
            _close(self._writer)
            self._writer = None
        self._shared_memory.release()
        self._lock.release()

    def _open(self) -> None:
        if self._beside(NEXT).exists():
            # The old one may be gone from its place already: what would be made there now would be in the way.
            self._refuse("a new log was begun and is not in its place yet; finish that with python run.py recover")
        beside = self._beside("-wal")
        if _size_of(beside) and not _size_of(self._path):
            # SQLite would delete it, and make an empty record.
            self._refuse(f"its file is gone and {beside.name} is left of it; put the file back, or move both away")
        if not is_room(self._path.parent, _size_of(beside)):
            # SQLite would be ended by a signal where it finds out too late.
            self._refuse(NO_SPACE)
        # Made by us, for its owner only; what SQLite puts beside it has the same mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        # Its name has to be durable before anything in it is.
        sync_folder(self._path.parent)
        writer = self._writer = apsw.Connection(str(self._path), vfs=self._vfs)
        writer.set_busy_timeout(BUSY_MS)
        is_new = _is_empty(writer)
        if not is_new:
            self._check_ours(writer)
        _set_durable(writer, self._path)
        _set_erasing(writer, self._path)
        _set_pace(writer)
        if is_new:
            self._create(writer)
        else:
            upgrade(writer)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT OR REPLACE INTO log (name, value) VALUES ('probe', 'opened')")
        self._shared_memory.reserve()
        writer.execute("COMMIT")
        # What is in the WAL may never have reached the disk: after a failed sync the system shows it, and
        # would sync nothing of it again. Folded into the file it is written anew, and only then built upon.
        writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        writer.set_wal_hook(self._fold)

    def _fold(self, writer: apsw.Connection, name: str, pages: int) -> int:
        """Called after each commit. SQLite's own way of doing this keeps a failed sync to itself."""
        if pages >= self._wal_pages:
            try:
                writer.wal_checkpoint(name, apsw.SQLITE_CHECKPOINT_PASSIVE)
            except apsw.Error as error:
                # A file that cannot grow takes nothing from the commit: it stays in the WAL.
                if not is_full(error, writer):
                    raise
        return apsw.SQLITE_OK

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(self._path.name + ending)

    def _check_ours(self, writer: apsw.Connection) -> None:
        application = writer.pragma("application_id")
        version = writer.pragma("user_version")
        if application != APPLICATION_ID:
            self._refuse("it is not a record of this console; name another file in DATABASE_URL")
        if version < 1:
            self._refuse("it does not say which schema it has; restore a backup")
        if version > VERSION:
            self._refuse(f"a newer console wrote it (schema {version}, this one knows {VERSION}); upgrade")

    def _create(self, writer: apsw.Connection) -> None:
        epoch = self._new_epoch()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(SCHEMA)
        writer.execute(
            "INSERT INTO log (name, value) VALUES ('epoch', ?), ('origin', ?)",
            (epoch, self._origin or f"{os.uname().nodename if hasattr(os, 'uname') else 'console'}/{epoch}"),
        )
        # In the same transaction: a crash leaves a file without anything in it, which is new again, or a whole log.
        writer.pragma("application_id", APPLICATION_ID)
        writer.pragma("user_version", VERSION)
        writer.execute("COMMIT")

    def _refuse(self, why: str) -> NoReturn:
        raise CannotStart(f"the record {self._path} cannot be opened: {why}") from None


def _close(connection: apsw.Connection) -> None:
    try:
        connection.close()
    except apsw.Error as error:
        # Nothing is lost: what was committed stays in the WAL, and the next console finds it there.
        _log.error("the record was not folded into one file when it was closed (%s)", error)


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_empty(writer: apsw.Connection) -> bool:
    """Nothing was ever made in this file. Its size does not tell: switching to WAL writes a header first."""
    made = writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return made == (0,) and writer.pragma("application_id") == 0 and writer.pragma("user_version") == 0


def check_engine(version: str, built_with: Collection[str]) -> None:
    """Raises CannotStart where SQLite is too old, or lacks what looks many identities up at once."""
    if tuple(int(part) for part in version.split(".")) < OLDEST_ENGINE:
        oldest = ".".join(str(part) for part in OLDEST_ENGINE)
        raise CannotStart(f"SQLite {version} can lose commits; install an apsw that brings {oldest} or newer")
    if "ENABLE_CARRAY" not in built_with:
        raise CannotStart("this SQLite was built without carray; install the apsw of PyPI, which has it")


def _set_durable(writer: apsw.Connection, path: Path) -> None:
    """Ask for durability, and read back that it was granted: SQLite keeps the old mode without an error."""
    mode = writer.pragma("journal_mode", "wal")
    writer.pragma("synchronous", 2)
    if sys.platform == "darwin":
        writer.pragma("fullfsync", 1)
        writer.pragma("checkpoint_fullfsync", 1)
    if mode != "wal" or writer.pragma("journal_mode") != "wal" or writer.pragma("synchronous") != 2:
        raise CannotStart(
            f"the record {path} cannot be kept durably: its file system does not allow WAL; use a local disk"
        )


def _set_erasing(writer: apsw.Connection, path: Path) -> None:
    """What is deleted is overwritten with zeros, freed pages too. Before an upgrade, which deletes copies."""
    writer.pragma("secure_delete", 1)
    if writer.pragma("secure_delete") != 1:
        raise CannotStart(f"the record {path} cannot be kept: this SQLite does not overwrite what is deleted")


def _set_pace(writer: apsw.Connection) -> None:
    """Entries arrive at many places of the indexes: pages that are written again soon should wait for each other."""
    writer.pragma("cache_size", -CACHE_KIB)
