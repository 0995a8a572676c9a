"""Files as batches of events, ready to be posted."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from governance_console.cli.sending import Outgoing
from governance_console.display import printable
from governance_console.errors import CommandFailed, InputError, reason
from governance_console.lines import Defaults, Line, Lines, event_of, posted

CHUNK_BYTES: Final = 1024 * 1024
"""Read at once; the lines of a chunk are a batch, so that a pipe's lines go on their way as they come."""

BATCH_EVENTS: Final = 5_000
BATCH_BYTES: Final = 4 * 1024 * 1024
"""Half of what the console takes: a batch is one commit, and others want to commit too."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is no event, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of consecutive lines, the bad lines among them, and how many bytes of the file are read with it."""

    events: Sequence[Outgoing]
    bad: Sequence[Bad]
    position: int


@dataclass(frozen=True, slots=True)
class InputFile:
    """An open file. ``size`` is 0 where it has none that means anything, as in a pipe."""

    name: str
    file: FileIO
    size: int


def open_source(name: str) -> InputFile:
    """Open a file of lines; ``-`` is standard input. Raises CommandFailed for what cannot be one."""
    if name == "-":
        if sys.stdin is None:
            # Closed, as <&- does: its number may be that of a socket of ours by now.
            raise CommandFailed("standard input is closed: there is nothing to read")
        # Unbuffered: a read gives what is there, and one that blocks holds no lock that the end would wait for.
        return InputFile("standard input", open(0, "rb", buffering=0, closefd=False), 0)
    path = Path(name)
    try:
        file = path.open("rb", buffering=0)
        found = path.stat()
    except OSError as error:
        raise CommandFailed(f"{printable(name)} cannot be read: {_reason(error)}") from None
    except ValueError:
        raise CommandFailed(f"{printable(name)} is no name of a file") from None
    opened = InputFile(printable(name), file, found.st_size if stat.S_ISREG(found.st_mode) else 0)
    try:
        if opened.size:
            check_text(opened.name, file.read(8192))
            file.seek(0)
    except BaseException:
        file.close()
        raise
    return opened


def check_text(name: str, head: bytes) -> None:
    """Raises CommandFailed where a file begins as no text does."""
    if head.startswith(b"\x1f\x8b"):
        raise CommandFailed(f"{name} is compressed: zcat it into python run.py import -")
    if b"\0" in head:
        raise CommandFailed(f"{name} is not UTF-8 text")


def batches(opened: InputFile, defaults: Defaults) -> Iterator[Batch]:
    """All batches of a file, to its end. Raises CommandFailed where it cannot be read on."""
    lines = Lines()
    while True:
        try:
            chunk = opened.file.read(CHUNK_BYTES) or b""
        except OSError as error:
            raise CommandFailed(f"{opened.name} cannot be read: {_reason(error)}") from None
        if lines.position == 0:
            check_text(opened.name, chunk[:8192])
        yield from packed(opened.name, lines.feed(chunk) if chunk else lines.end(), defaults, lines.position)
        if not chunk:
            return


def packed(name: str, lines: Sequence[Line], defaults: Defaults, position: int) -> Iterator[Batch]:
    """Lines as batches within the bounds."""
    events: list[Outgoing] = []
    bad: list[Bad] = []
    size = 0
    for line in lines:
        where = f"{name}:{line.number}"
        try:
            event = event_of(line, defaults)
        except InputError as error:
            bad.append(Bad(where, str(error)))
            continue
        if event is None:
            continue
        body = posted(event)
        if events and (len(events) == BATCH_EVENTS or size + len(body) > BATCH_BYTES):
            yield Batch(events, bad, position)
            events, bad, size = [], [], 0
        events.append(Outgoing(where, body))
        size += len(body) + 1
    if events or bad:
        yield Batch(events, bad, position)


def _reason(error: OSError) -> str:
    known = {FileNotFoundError: "there is no such file", IsADirectoryError: "it is a directory"}
    return known.get(type(error)) or reason(error)
