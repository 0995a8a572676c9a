"""A small file system of its own for a process and those after it, seen by nobody else, gone with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_MOUNT = 'mount -t tmpfs -o "size=$2,mode=0700" tmpfs "$1" && echo mounted && exec cat'
_ENTER = 'cd "$1" && shift && exec "$@"'
_AS_ROOT_THERE = ("--user", "--preserve-credentials")


class SmallDisk:
    """A file system of so many bytes at ``folder``, for who runs under ``command``."""

    def __init__(self, folder: Path, keeper: int) -> None:
        self._folder = folder
        self._keeper = keeper

    @property
    def inside(self) -> Path:
        """The folder as those see it who run there."""
        return Path(f"/proc/{self._keeper}/root{self._folder}")

    @property
    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self.inside).free

    def leave(self, free: int) -> None:
        """Take so much that this is free, or all that was taken back."""
        ballast = self.inside / "ballast"
        ballast.unlink(missing_ok=True)
        if free < self.free:
            ballast.write_bytes(bytes(self.free - free))

    def command(self, *arguments: str) -> Sequence[str]:
        """This command, run where the file system is, in the folder above it."""
        where = ("nsenter", f"--target={self._keeper}", *(() if _is_root() else _AS_ROOT_THERE), "--mount")
        return (*where, "sh", "-c", _ENTER, "sh", str(self._folder.parent), *arguments)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk | None]:
    """One while this is entered, or None where the system lets nobody make one.

    Root makes it in a mount namespace, others in a user namespace too. A process that ends with this one keeps it.
    """
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        yield None
        return
    folder.mkdir()
    keeping = subprocess.Popen(
        [
            *("unshare", *(() if _is_root() else ("--map-root-user",)), "--mount"),
            *("sh", "-c", _MOUNT, "sh", str(folder), str(size)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert keeping.stdout is not None
    try:
        is_there = keeping.stdout.readline() == "mounted\n"
        yield SmallDisk(folder, keeping.pid) if is_there else None
    finally:
        keeping.communicate(timeout=10)  # closing its input ends it, and the file system with it


def _is_root() -> bool:
    return os.geteuid() == 0
