"""How far a followed file is on the record, kept in a small file that is replaced whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from governance_console.cli.identity import Identity
from governance_console.errors import CommandFailed

VERSION: Final = 1


class Known(msgspec.Struct, frozen=True):
    """A rotated file that is not read, or not any more, as it was when it was last looked at.

    ``head`` is the SHA-256 of its first bytes, as many as ``likeness.WINDOW_BYTES`` or as it had, where it is done with
    and may grow; None where it is left alone for as long as it stays as it is.
    """

    identity: Identity
    size: int
    modified: int
    head: str | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One stream, and where in it everything is recorded.

    ``identity`` says which file holds it, ``salt`` (hex) comes before it in the running hash. All before ``offset``,
    the end of line ``lines``, is recorded, and ``digest`` (hex) is the hash up to there. ``epoch`` is the record's.
    """

    version: int = VERSION
    file: str
    identity: Identity
    salt: str = ""
    offset: int = 0
    lines: int = 0
    digest: str
    known: list[Known]
    epoch: str = ""


def beside(path: Path) -> Path:
    """Where the state of a followed file is kept unless told: in its folder, so that it is found from everywhere."""
    return path.parent / f".{path.name}.follow"


def load(where: Path, path: Path) -> State | None:
    """What was saved, or None where nothing was. Raises CommandFailed."""
    try:
        state = msgspec.json.decode(where.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandFailed(f"{where} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except msgspec.MsgspecError:
        raise CommandFailed(f"{where} does not say how far {path} is: mend it, or remove it to begin anew") from None
    if state.version != VERSION:
        raise CommandFailed(f"{where} was written by another version of this console")
    if state.file != str(path):
        raise CommandFailed(f"{where} says how far {state.file} is, not {path}: give each its own --state")
    return state


def save(where: Path, state: State) -> None:
    """Replace what was saved; durable when it returns, and never half. Raises CommandFailed."""
    new = where.with_name(f"{where.name}.new")
    try:
        with new.open("wb") as file:
            file.write(msgspec.json.encode(state) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(where)
        with contextlib.suppress(OSError):  # not every system can sync a folder
            folder = os.open(where.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise unwritable(where, error) from None


def unwritable(where: Path, error: OSError) -> CommandFailed:
    """The sentence for a state that cannot be kept there."""
    return CommandFailed(
        f"{where} cannot be written: {(error.strerror or str(error)).lower()}; --state keeps it elsewhere"
    )
