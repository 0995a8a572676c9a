"""SQLite's errors in the words of the Storage contract, one reading for who writes and one for who reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from governance_console.errors import RecordUnavailable, RecordUnreadable, StorageFailed, StorageFull


@contextmanager
def writing(writer: apsw.Connection) -> Iterator[None]:
    """Errors of the writer: which pass by themselves, and after which nothing may be written any more."""
    try:
        yield
    except apsw.FullError:
        raise StorageFull("no space is left where the record is kept") from None
    except (apsw.BusyError, apsw.LockedError):
        raise RecordUnavailable("the record is locked by another program") from None
    except apsw.Error as error:
        if is_shm_full(error):
            # The -shm file grows after the commit's sync, so a crash may keep what is refused here. Nothing
            # was lost by it, and who sends the same again finds it, or records it now.
            raise StorageFull("no space is left for the record's -shm file") from None
        # After a failed write or sync SQLite would go on as if nothing was lost; we must not.
        raise StorageFailed(f"the record's storage failed ({_told(error, writer)})") from error


@contextmanager
def reading(reader: apsw.Connection) -> Iterator[None]:
    """Errors of a reader say nothing of the next read: only this one is refused."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError):
        raise RecordUnavailable("the record is locked by another program") from None
    except apsw.Error as error:
        raise RecordUnreadable(f"this part of the record cannot be read ({_told(error, reader)})") from error


def is_shm_full(error: apsw.Error) -> bool:
    """Whether the -shm file could not grow: SQLite has an I/O error for that, not its full disk."""
    return getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE


def _told(error: apsw.Error, connection: apsw.Connection) -> str:
    """SQLite's sentence, and the system's where it has one."""
    errno = connection.system_errno if isinstance(error, apsw.IOError | apsw.ReadOnlyError | apsw.CantOpenError) else 0
    name = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", 0), "")
    return ": ".join(filter(None, (str(error), str(name), os.strerror(errno) if errno else "")))
