"""What a verification is given: a record's file or an export, and checkpoints that somebody kept."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

from governance_console.errors import CommandFailed, reason
from governance_console.evidence import checkpoints_in
from governance_console.exported import records_of
from governance_console.limits import MAX_LINE_BYTES
from governance_console.storage.sqlite_audit import AuditedFile
from governance_console.storedtree import StoredTiles
from governance_console.verify import Later, Row
from governance_console.verifyblock import claims_of

_LOOK_BYTES: Final = 4096
"""What is looked at to tell a database from lines: a database has a NUL byte in its header, and JSON has none."""


_LOOK_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Material:
    """One log, ready to be gone through once.

    ``origin`` and ``epoch`` are what it says it is, or empty strings; ``key`` is a verifier key that it offers, or the
    empty string; ``later`` reads on behind the end, for ``verify``; ``share`` tells how much of it is done, 0 to 1,
    after so many entries, and 0 where that is not known. ``gaps`` are entries, from the first to the last, over which
    hashes should be stored and are not; ``is_before_hashes``: it is of a console that stored none yet.
    """

    name: str
    origin: str
    records: Iterable[Row]
    notes: Iterable[tuple[str, bytes]]
    stored: StoredTiles | None
    share: Callable[[int], float]
    later: Later | None
    key: str = ""
    epoch: str = ""
    gaps: Sequence[tuple[int, int]] = ()
    is_before_hashes: bool = False
    is_export: bool = False


@contextmanager
def opened(name: str) -> Iterator[Material]:
    """The database or the export of this name; ``-`` is an export on standard input. Raises CommandFailed."""
    with _file(name) as file:
        try:
            is_database = b"\0" in file.peek(_LOOK_BYTES)[:_LOOK_BYTES]
        except OSError as error:
            raise _cannot(name, error) from None
        if not is_database:
            yield _export(name, file)
            return
    if name == "-":
        raise CommandFailed("standard input is no export: give a database by its name")
    with database(Path(name)) as material:
        yield material


def kept(name: str) -> Iterator[tuple[str, bytes]]:
    """The checkpoints in a file that somebody kept, each with where it stands. Raises CommandFailed."""
    with _file(name) as file:
        yield from checkpoints_in(_lines(file, name), _called(name))


@contextmanager
def database(path: Path) -> Iterator[Material]:
    """The record's file at this path. Raises CommandFailed."""
    file = AuditedFile(path)
    try:
        stored = file.tile if file.has_tiles else None
        yield Material(
            str(path),
            file.origin,
            file.rows(),
            file.notes(),
            stored,
            lambda done: done / file.size if file.size else 0.0,
            file.later,
            epoch=file.epoch,
            gaps=[*file.gaps()],
            is_before_hashes=not file.has_tree,
        )
        file.check_still()
    finally:
        file.close()


def _export(name: str, file: BufferedReader) -> Material:
    size = 0 if name == "-" else Path(name).stat().st_size

    def share(_: int) -> float:
        return file.tell() / size if size else 0.0

    rows = _oldest_first(records_of(_lines(file, name)), _called(name))
    return Material(_called(name), "", rows, (), None, share, None, is_export=True)


def _oldest_first(rows: Iterator[Row], name: str) -> Iterator[Row]:
    """The same rows. Raises CommandFailed where the first of them, by their own numbers, go down."""
    first = [*islice(rows, _LOOK_ROWS)]
    claims = [claims_of(row[1]) for row in first]
    numbers = [each.seq for each in claims if each is not None]
    # Two that changed places are a finding; three that go down are how somebody exported.
    if len(numbers) == _LOOK_ROWS and all(one > other for one, other in pairwise(numbers)):
        raise CommandFailed(f"{name}: this export is newest first: export without --before, all of it")
    yield from first
    yield from rows


def _lines(file: BufferedReader, name: str) -> Iterator[bytes]:
    """Lines, of which none is longer than the longest that a console writes: of a longer one, its beginning."""
    try:
        while line := file.readline(MAX_LINE_BYTES):
            yield line
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
    except OSError as error:
        raise _cannot(name, error) from None


@contextmanager
def _file(name: str) -> Iterator[BufferedReader]:
    try:
        file = open(0 if name == "-" else name, "rb", closefd=name != "-")
    except OSError as error:
        raise _cannot(name, error) from None
    except ValueError:
        raise CommandFailed(f"{name} cannot be read: that is no name of a file") from None
    try:
        if name != "-" and not stat.S_ISREG(Path(name).stat().st_mode) and not Path(name).is_fifo():
            raise CommandFailed(f"{name} cannot be read: it is no file")
        yield file
    finally:
        file.close()


def _called(name: str) -> str:
    return "standard input" if name == "-" else name


def _cannot(name: str, error: OSError) -> CommandFailed:
    return CommandFailed(f"{_called(name)} cannot be read: {reason(error)}")
