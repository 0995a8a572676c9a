"""SQLite's errors in the words of the Storage contract, one reading for who writes and one for who reads."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import apsw
from msgspec import DecodeError

from governance_console.errors import RecordUnavailable, RecordUnreadable, StorageFailed, StorageFull

NO_SPACE: Final = "no space is left there; free some and start again"

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""The disk, or what this user may have of it. SQLite knows the first only."""

_DAMAGED: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What comes of reading bytes that nobody wrote: SQLite finds fault with the shape of a page only."""


@contextmanager
def writing(writer: apsw.Connection) -> Iterator[None]:
    """Errors of the writer: which pass by themselves, and after which nothing may be written any more."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError):
        raise RecordUnavailable("the record is locked by another program") from None
    except apsw.Error as error:
        if _is_shm_full(error):
            # The -shm file grows after the commit's sync, so a crash may keep what is refused here. Nothing
            # was lost by it, and who sends the same again finds it, or records it now.
            raise StorageFull("no space is left for the record's -shm file") from None
        if is_full(error, writer):
            raise StorageFull("no space is left where the record is kept") from None
        # After a failed write or sync SQLite would go on as if nothing was lost; we must not.
        raise StorageFailed(f"the record's storage failed ({_told(error, writer)})") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise StorageFailed(f"the record's storage failed (what was looked up is damaged: {error})") from error


@contextmanager
def reading(reader: apsw.Connection) -> Iterator[None]:
    """Errors of a reader say nothing of the next read: only this one is refused."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError):
        raise RecordUnavailable("the record is locked by another program") from None
    except apsw.Error as error:
        raise RecordUnreadable(f"this part of the record cannot be read ({_told(error, reader)})") from error
    except _DAMAGED as error:
        raise RecordUnreadable(f"this part of the record cannot be read (it is damaged: {error})") from error


def is_full(error: apsw.Error, connection: apsw.Connection) -> bool:
    """Whether there was no space to write to. A sync that fails for want of space is a failed sync."""
    if isinstance(error, apsw.FullError) or _is_shm_full(error):
        return True
    return getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_WRITE and connection.system_errno in _FULL


def not_opened(error: apsw.Error | DecodeError | OSError, writer: apsw.Connection | None) -> str:
    """Why the record cannot be opened, and what to do, to follow a colon."""
    match error:
        case OSError():
            return _refused_by_system(error)
        case apsw.NotADBError():
            return "it is not a SQLite database; name another file in DATABASE_URL"
        case apsw.CantOpenError() | apsw.ReadOnlyError() | apsw.PermissionsError():
            return f"{error}: make the file and its folder writable, or change DATABASE_URL"
        case apsw.BusyError() | apsw.LockedError():
            return "another program has it locked; end that one, and start again"
        case apsw.Error() if writer is not None and is_full(error, writer):
            return NO_SPACE
    return f"{error}; if the file is damaged, keep it and restore a backup"


def _refused_by_system(error: OSError) -> str:
    if error.errno in _FULL:
        return NO_SPACE
    if error.errno == errno.EROFS:
        return "its file system is read-only; mount it writable (the system's log says why it is not) and start again"
    if error.errno == errno.EIO:
        return "the disk below it fails (Input/output error); the system's log says more"
    return f"{error.strerror or error}: DATABASE_URL has to name a file in a writable folder"


def _is_shm_full(error: apsw.Error) -> bool:
    """Whether the -shm file could not grow: SQLite has an I/O error for that, not its full disk."""
    return getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE


def _told(error: apsw.Error, connection: apsw.Connection) -> str:
    """SQLite's sentence, and the system's where it has one."""
    number = connection.system_errno if isinstance(error, apsw.IOError | apsw.ReadOnlyError | apsw.CantOpenError) else 0
    name = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", 0), "")
    # A read that the system fails is a malformed page to SQLite: SQLITE_IOERR_CORRUPTFS becomes SQLITE_CORRUPT.
    doubt = "; or the disk fails" if isinstance(error, apsw.CorruptError) else ""
    return ": ".join(filter(None, (str(error), str(name), os.strerror(number) if number else ""))) + doubt
