"""The files of a log that is rotated: the one that grows, and beside it what rotation left."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from governance_console.cli.identity import Identity, ask

_ADDED: Final = r"[-._](\d[\dT:._-]*)"
"""What rotation adds to a name: a number or a date. Names of other kinds are somebody's copies."""

_FIRST_YEAR: Final = 1000
"""A smaller number in a name is a count, a larger one begins a date."""


class Moved(FileNotFoundError):
    """A file is not where it was seen: look around again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was looked at. ``modified`` counts nanoseconds.

    ``added`` is what rotation added to the name, and empty for the followed file.
    """

    path: Path
    added: str
    identity: Identity
    size: int
    modified: int

    def open(self) -> FileIO:
        """Open this very file. Raises Moved where its name leads elsewhere by now, OSError."""
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            raise Moved(self.path) from None
        if not self.identity.is_that_of(ask(file.fileno())[1]):
            file.close()
            raise Moved(self.path)
        return file


@dataclass(frozen=True, slots=True)
class Around:
    """What was there at one moment: the file with the followed name, and what rotation left, the oldest first."""

    home: Seen | None
    beside: list[Seen]


def look_around(path: Path) -> Around:
    """All files of a log, as they were at one moment. Raises OSError."""
    # A listing is not of one moment: what is renamed meanwhile shows under two names, or under none. But what shows the
    # same twice was so between the two, as rotation never gives a file a name back that it had.
    before, now = None, _listed(path)
    while now is None or before is None or _names(now) != _names(before):
        before, now = now, _listed(path)
    home = [seen for seen in now if not seen.added]
    return Around(home[0] if home else None, sorted((seen for seen in now if seen.added), key=_age))


def _listed(path: Path) -> list[Seen] | None:
    """The files one after the other, or None where one was gone before it was looked at."""
    name = re.compile(
        rf"{re.escape(path.name)}{_ADDED}|{re.escape(path.stem)}{_ADDED}{re.escape(path.suffix)}", re.ASCII
    )
    # The followed one comes first: when it is renamed after that, the folder has its new name.
    found = [_look(path, "")]
    with os.scandir(path.parent) as folder:
        for one in folder:
            if match := name.fullmatch(one.name):
                seen = _look(Path(one.path), match[1] or match[2])
                if seen is None and one.is_file(follow_symlinks=False):
                    return None
                found.append(seen)
    return [seen for seen in found if seen is not None]


def _look(path: Path, added: str) -> Seen | None:
    try:
        found, identity = ask(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Seen(path, added, identity, found.st_size, found.st_mtime_ns)


def _names(listed: list[Seen]) -> set[tuple[str, Identity]]:
    return {(seen.path.name, seen.identity) for seen in listed}


def _age(seen: Seen) -> tuple[int, list[int]]:
    """Older is less. The clock of a file system ticks every few milliseconds; in one tick, names tell.

    Numbers count from the newest, dates to it.
    """
    numbers = [int(digits) for digits in re.findall(r"\d+", seen.added)]
    return seen.modified, numbers if max(numbers) >= _FIRST_YEAR else [-numbers[-1]]
