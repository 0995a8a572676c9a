"""Where an export goes: standard output, or a file that has its name only when it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from governance_console.cli.terminal import put
from governance_console.errors import CommandFailed, reason


@dataclass(frozen=True, slots=True)
class Output:
    """``write`` takes a row. ``keep`` is for one that is left with an error: it gives what a file has so far a name of
    its own, and tells it; of standard output, which keeps nothing, it tells None. Both raise CommandFailed.
    """

    write: Callable[[bytes], object]
    keep: Callable[[], Path | None]


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[Output]:
    """An open output; left without an error, the file is whole. Raises CommandFailed, ReaderLeft."""
    if path is None:
        yield Output(put, lambda: None)
        return
    with _told(path):
        if path.exists() and not path.is_file():
            what = "a directory" if path.is_dir() else "no ordinary file, which > would be right for"
            raise CommandFailed(f"{path} cannot be written: it is {what}")
        part = path.parent / f".{path.name}.{os.getpid()}.part"
        file = part.open("xb")

    def write(row: bytes) -> None:
        with _told(path):
            file.write(row)

    def keep() -> Path:
        with _told(path):
            file.flush()
            return part.replace(_free_name(path))

    try:
        yield Output(write, keep)
        with _told(path):
            file.flush()
            os.fsync(file.fileno())
            # A crash before this line leaves the file as it was, and the part beside it.
            part.replace(path)
    finally:
        # What could not be written before cannot be now, and was told then.
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _free_name(path: Path) -> Path:
    """A name beside the file that was free, and is taken now. Raises OSError."""
    number = 1
    while True:
        name = path.with_name(f"{path.name}.part{number if number > 1 else ''}")
        with contextlib.suppress(FileExistsError):
            name.open("xb").close()
            return name
        number += 1


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """The errors of one step with a file, and of nothing else, as a sentence about it."""
    try:
        yield
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {reason(error)}") from None
    except ValueError:
        raise CommandFailed(f"{path} cannot be written: that is no name of a file") from None
