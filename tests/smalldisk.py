"""A small file system of its own for a process and those after it, seen by nobody else, gone with the test.

A tmpfs, or an ext4 in a file: that one has a journal, allocates late, keeps blocks for root and has blocks smaller than
a page, so that it is full at other calls; and it can fail as a disk's does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

TMPFS: Final = "tmpfs"
EXT4: Final = "ext4"

_MOUNT: Final = {
    TMPFS: 'mount -t tmpfs -o "size=$2,mode=0700" tmpfs "$1"',
    # -o loop: the device goes with the last mount. resuid: what is kept back is for nobody here, as for a console
    # that is not root's. remount-ro: what most systems have for their disks.
    EXT4: 'truncate -s "$2" "$1.img" && mkfs.ext4 -q -F -b 1024 "$1.img"'
    ' && mount -o loop,resuid=65534,errors=remount-ro "$1.img" "$1" && rm "$1.img"',
}
_NO_EXT4: Final = "no ext4 can be mounted here: it needs root, mount namespaces and loop devices"
_KEEP: Final = " && echo mounted && exec cat"
_ENTER: Final = 'cd "$1" && shift && exec "$@"'
_AS_ROOT_THERE: Final = ("--user", "--preserve-credentials")
_SHUT_DOWN: Final = 0x8004587D
"""``EXT4_IOC_SHUTDOWN`` of Linux's fs/ext4/ext4.h."""

_WITHOUT_LOG: Final = (2).to_bytes(4, "little")
"""``EXT4_GOING_FLAGS_NOLOGFLUSH``: as when the disk is gone at once."""


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
        with ballast.open("ab") as file, suppress(OSError):  # the last blocks may go for what says where the others are
            while (more := self.free - free) > 0:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, more)

    def fail(self) -> None:
        """ext4 finds an error in itself, and makes itself read-only under whoever has files open."""
        device = os.stat(self.inside).st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        try:
            Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("a test", encoding="utf-8")
        except OSError as error:
            pytest.skip(f"no error of ext4 can be had here: it needs a /sys that may be written ({error})")

    def vanish(self) -> None:
        """Every call of this ext4 fails from now on, as when its disk was pulled out."""
        handle = os.open(self.inside, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUT_DOWN, _WITHOUT_LOG)
        finally:
            os.close(handle)

    def command(self, *arguments: str) -> Sequence[str]:
        """This command, run where the file system is, in the folder above it. It ends with this process."""
        where = ("nsenter", f"--target={self._keeper}", *(() if _is_root() else _AS_ROOT_THERE), "--mount")
        bound = ("setpriv", "--pdeathsig=KILL", "--bounding-set=-sys_resource")
        return (*where, *bound, "sh", "-c", _ENTER, "sh", str(self._folder.parent), *arguments)


@contextmanager
def small_disk(folder: Path, size: int, kind: str = TMPFS) -> Iterator[SmallDisk | None]:
    """One while this is entered, or None where the system lets nobody make one.

    Root makes it in a mount namespace, others in a user namespace too, where there is no ext4. A process that ends with
    this one keeps it.
    """
    if any(shutil.which(tool) is None for tool in ("unshare", "nsenter", "setpriv")):
        yield None
        return
    folder.mkdir()
    keeping = subprocess.Popen(
        [
            *("unshare", *(() if _is_root() else ("--map-root-user",)), "--mount"),
            *("sh", "-c", _MOUNT[kind] + _KEEP, "sh", str(folder), str(size)),
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


@contextmanager
def ext4_disk(folder: Path, size: int, require: Callable[[bool, str, str], None]) -> Iterator[SmallDisk]:
    """A real one, or the test is skipped. ``require`` is the fixture."""
    if not _is_root():
        pytest.skip(_NO_EXT4)
    for tool, package in (("mkfs.ext4", "e2fsprogs"), ("nsenter", "util-linux"), ("setpriv", "util-linux")):
        require(shutil.which(tool) is not None, tool, f"apt-get install {package}")
    with small_disk(folder, size, EXT4) as disk:
        if disk is None:
            pytest.skip(_NO_EXT4)
        yield disk


def _is_root() -> bool:
    return os.geteuid() == 0
