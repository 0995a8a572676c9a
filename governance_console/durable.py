"""Files that are there whole or not at all, whenever the power fails."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put this in the file's place, for its owner only. When it returns that is durable. Raises OSError."""
    new = _written(path, content)
    # A crash before this line leaves the old content, and a file beside it that the next time writes over.
    new.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, content: bytes) -> None:
    """Make this file, for its owner only. When it returns that is durable.

    Raises FileExistsError where there is one, which stays as it is; OSError.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists")
    new = _written(path, content)
    try:
        # Unlike a renaming, a link takes nobody's place who came meanwhile.
        os.link(new, path)
    except FileExistsError:
        new.unlink()
        raise
    except OSError:  # a file system without links
        move_file(new, path)
    else:
        new.unlink()
        sync_folder(path.parent)


def move_file(path: Path, to: Path) -> None:
    """Give a file another name in its folder. When it returns that is durable. Raises OSError.

    Raises FileExistsError where that name is taken, which is looked at before.
    """
    if os.path.lexists(to):
        raise FileExistsError(f"{to} exists")
    path.rename(to)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, durably and for its owner only; one that is there is left. Raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in it durable. Where a folder cannot be opened for that (Windows), the system does it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(path: Path, content: bytes) -> Path:
    """A file beside it with this content, durable."""
    new = path.with_name(path.name + ".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return new
