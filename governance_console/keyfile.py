"""The log's private key, and beside it, outside the database, the newest checkpoint that was signed with it.

A database that is put back to an earlier state does not take this file along, and so shows.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from types import TracebackType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance_console.durable import create_file, make_folder, move_file, replace_file
from governance_console.errors import CannotStart, InUse, Malformed, reason
from governance_console.lock import LockFile
from governance_console.notes import new_private_key, parse_private_key


class KeyFile:
    """One key and its newest checkpoint. Used by one caller at a time; every method reads or writes the disk.

    Entered, the key is its own: another console with another record would sign another history under the same name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(path.name + ".checkpoint")
        self._lock = LockFile(path.with_name(path.name + ".lock"))

    @property
    def path(self) -> Path:
        """Where the key is."""
        return self._path

    @property
    def beside(self) -> Path:
        """Where its newest checkpoint is."""
        return self._beside

    def __enter__(self) -> KeyFile:
        """Raises CannotStart where another process signs with this key, or no lock can be made beside it."""
        try:
            make_folder(self._path.parent)
            self._lock.acquire()
        except InUse as error:
            raise CannotStart(
                f"another console{error.holder} signs with the key {self._path}: "
                "stop it, or give each record a key of its own with LOG_KEY_FILE"
            ) from None
        except OSError as error:
            raise self._unusable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def private_key(self) -> Ed25519PrivateKey:
        """The key, made now where there is none yet. Raises CannotStart."""
        try:
            if not self._path.exists():
                if self._beside.exists():
                    raise CannotStart(
                        f"the key {self._path} is gone, and the checkpoint that it signed last is still there: "
                        "put the key back, or set LOG_KEY_FILE to where it is; where it is lost for good, begin a new "
                        "log with another one: python run.py recover --help"
                    )
                make_key(self._path)
            self._check_private()
            return parse_private_key(self._path.read_bytes())
        except Malformed as error:
            raise CannotStart(f"LOG_KEY_FILE ({self._path}): {error}") from None
        except OSError as error:
            raise self._unusable(error) from None

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint, as a signed note, or None where none was kept. Raises OSError."""
        return self._beside.read_bytes() if self._beside.exists() else None

    def keep(self, note: bytes) -> None:
        """Put this checkpoint in the place of the one before. When it returns that is durable. Raises OSError."""
        replace_file(self._beside, note)

    def set_aside(self, name: str) -> None:
        """Give the newest checkpoint, which is of a log that ended, another name. Raises OSError."""
        move_file(self._beside, self._beside.with_name(name))

    def _check_private(self) -> None:
        """As ssh does, and for its reason: who may read the key may sign, here another history.

        A file that is another user's, such as a mounted secret, has the mode that he chose.
        """
        if sys.platform == "win32":
            return
        found = self._path.stat()
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid == os.getuid() and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CannotStart(
                f"LOG_KEY_FILE ({self._path}) is open to other users of this machine (mode {mode:04o}), "
                f"who could sign another history: chmod 600 {self._path}"
            )

    def _unusable(self, error: OSError) -> CannotStart:
        return CannotStart(f"LOG_KEY_FILE ({self._path}) cannot be read or made: {reason(error)}")


def make_key(path: Path) -> None:
    """Make a new key there, and its folder. Raises FileExistsError where there is one; OSError."""
    make_folder(path.parent)
    create_file(path, new_private_key())
