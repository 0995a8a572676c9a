"""A disk below SQLite that notes what is done to it, and fails when it is told to.

Reads and writes go to real files, so that what is open works as always, WAL and shared memory included. Only
syncs are not passed on: what they would have made durable is for ``power.py`` to work out from the notes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import apsw


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """What was written to the file is durable now; or, when it failed, the system forgot that it has to be."""

    file: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    name: str
    file: int


@dataclass(frozen=True, slots=True)
class Delete:
    name: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The names that were made and deleted are durable now."""


Deed = Write | Truncate | Sync | Create | Delete | SyncFolder
Fault = Callable[[str, str], apsw.Error | None]
"""Asked before each call: its name, such as ``xSync``, and that of the file. What it gives is raised."""


def no_fault(call: str, name: str) -> apsw.Error | None:
    return None


def error_of(code: int) -> apsw.Error:
    """SQLite's error of this (extended) code, with SQLite's words."""
    error = apsw.exception_for(code)
    assert isinstance(error, apsw.Error)
    error.args = ("database or disk is full" if code == apsw.SQLITE_FULL else "disk I/O error",)
    return error


class Disk:
    """One folder of files, under a VFS of its own name. Entered it is there for SQLite, left it is gone."""

    _numbers = itertools.count()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"disk-{next(self._numbers)}"
        self.deeds: list[Deed] = []
        self.fault: Fault = no_fault
        self.files = {path.name: number for number, path in enumerate(sorted(folder.iterdir()))}
        self._new = itertools.count(len(self.files))

    def __enter__(self) -> Disk:
        self._vfs = _DiskVfs(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._vfs.unregister()

    def create(self, name: str) -> int:
        if name not in self.files:
            self.files[name] = next(self._new)
            self.deeds.append(Create(name, self.files[name]))
        return self.files[name]

    def delete(self, name: str) -> None:
        self.deeds.append(Delete(name))
        self.files.pop(name, None)

    def check(self, call: str, name: str) -> None:
        error = self.fault(call, name)
        if error is not None:
            raise error


class _DiskVfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def excepthook(self, *error: object) -> bool:
        return True  # SQLite kept this failure to itself

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if name is None:
            return apsw.VFSFile("", name, flags)  # a temporary file: nothing that has to last
        return _DiskFile(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        name = Path(filename).name
        self._disk.check("xDelete", name)
        super().xDelete(filename, False)
        self._disk.delete(name)
        if syncdir:
            self._disk.deeds.append(SyncFolder())


class _DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        path = name if isinstance(name, str) else name.filename()
        self._disk = disk
        self._name = Path(path).name
        disk.check("xOpen", self._name)
        super().__init__("", name, flags)
        self._file = disk.create(self._name)
        # As the system's VFS has it: the first sync of a journal that was made here is one of its name too.
        journals = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
        self._syncs_folder = bool(flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & journals)

    def excepthook(self, *error: object) -> bool:
        return True

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.check("xRead", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.check("xWrite", self._name)
        super().xWrite(data, offset)
        self._disk.deeds.append(Write(self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        self._disk.check("xTruncate", self._name)
        super().xTruncate(newsize)
        self._disk.deeds.append(Truncate(self._file, newsize))

    def xSync(self, flags: int) -> None:
        try:
            self._disk.check("xSync", self._name)
        except apsw.Error:
            self._disk.deeds.append(Sync(self._file, failed=True))
            raise
        self._disk.deeds.append(Sync(self._file))
        if self._syncs_folder:
            self._syncs_folder = False
            self._disk.deeds.append(SyncFolder())

    def xFileSize(self) -> int:
        self._disk.check("xFileSize", self._name)
        return super().xFileSize()
