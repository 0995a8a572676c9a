"""A new log's file in the place of an old one's, which is kept whole under another name. Used by one caller.

The new file is made beside the old one, whole, under a name of its own. While it has that name a console refuses to
start: from then on the old file may have been moved, in part. What is still to do is told by the names that are
there, so whoever is interrupted begins again with the first step, and each does what is left of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from governance_console.durable import move_file, sync_folder
from governance_console.edge import Edge
from governance_console.errors import CommandFailed
from governance_console.lock import LockFile
from governance_console.merkle import leaf_hashes
from governance_console.storage import NewItem
from governance_console.storage.sqlite import SqliteStorage
from governance_console.storage.sqlite_file import NEXT

_BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, and finds again by the file's name."""


class Succession:
    """The place of one record, while no console has it. Entered, no console can."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._building = self._beside(".building")
        self._lock = LockFile(self._beside(".lock"))
        self.next = self._beside(NEXT)

    def __enter__(self) -> Succession:
        """Raises InUse where a console has the record; OSError."""
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def is_begun(self) -> bool:
        """Whether a new log was made, and is not in its place yet."""
        return self.next.exists()

    @property
    def has_old(self) -> bool:
        """Whether there is anything of an old log."""
        return any(self._beside(ending).exists() for ending in ("", *_BESIDE))

    def kept_name(self, tag: str) -> str:
        """The name under which the old file is kept, with this in it."""
        return f"{self._path.stem}-{tag}{self._path.suffix}"

    def is_free(self, name: str) -> bool:
        """Whether nothing has this name yet, nor what SQLite would look for beside it."""
        return not any(os.path.lexists(self._path.with_name(name + ending)) for ending in ("", *_BESIDE))

    async def begin(self, epoch: str, origin: str | None, first: NewItem, sign: Callable[[str, bytes], bytes]) -> None:
        """Make the new log, with its first entry, and the checkpoint of that as ``sign`` makes it of origin and root.

        The old one is not touched. Raises CannotStart, RecordUnavailable, CommandFailed, OSError.
        """
        self._discard()
        storage = SqliteStorage(self._building, origin, lambda: epoch)
        log = await storage.open()
        try:
            growth = Edge().grown(leaf_hashes([first.item.entry]))
            await storage.write(lambda writing: writing.append([first], growth.tiles))
            await storage.save_checkpoint(1, sign(log.origin, growth.edge.root()))
        finally:
            await storage.close()
        if self._of_building("-wal").exists():
            raise CommandFailed(
                f"{self._building} was not folded into one file when it was closed; nothing was changed"
            )
        # SQLite synced it when it folded it. Its name is the step from which on everything is done or done again.
        move_file(self._building, self.next)

    def keep_old(self, name: str) -> None:
        """Move the old log out of the way, as far as that was not done. Raises OSError.

        The file first: to a ``-wal`` without one no console would make a new log. A file without its ``-wal`` would
        look like an older one.
        """
        for ending in ("", *_BESIDE):
            if self._beside(ending).exists():
                move_file(self._beside(ending), self._path.with_name(name + ending))

    def put_in_place(self) -> None:
        """Give the new log its place: from here on it is the record. Raises OSError."""
        self._discard()
        move_file(self.next, self._path)

    def _discard(self) -> None:
        """What is left of a new log that was not made wholly."""
        for ending in ("", *_BESIDE, ".lock"):
            self._of_building(ending).unlink(missing_ok=True)
        sync_folder(self._path.parent)

    def _of_building(self, ending: str) -> Path:
        return self._building.with_name(self._building.name + ending)

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(self._path.name + ending)
