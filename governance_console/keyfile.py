"""The log's private key, and beside it, outside the database, the newest checkpoint that was signed with it.

A database that is put back to an earlier state does not take this file along, and so shows.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance_console.durable import replace_file
from governance_console.errors import CannotStart, Malformed, reason
from governance_console.notes import new_private_key, parse_private_key


class KeyFile:
    """One key and its newest checkpoint. Used by one caller at a time; every method reads or writes the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(path.name + ".checkpoint")

    def private_key(self) -> Ed25519PrivateKey:
        """The key, made now where there is none yet. Raises CannotStart."""
        try:
            if not self._path.exists():
                if self._beside.exists():
                    raise CannotStart(
                        f"the key {self._path} is gone, and the checkpoint that it signed last is still there: "
                        "put the key back, or set LOG_KEY_FILE to where it is"
                    )
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(self._path, new_private_key())
            return parse_private_key(self._path.read_bytes())
        except Malformed as error:
            raise CannotStart(f"LOG_KEY_FILE ({self._path}): {error}") from None
        except OSError as error:
            raise CannotStart(f"LOG_KEY_FILE ({self._path}) cannot be read or made: {reason(error)}") from None

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint, as a signed note, or None where none was kept. Raises OSError."""
        return self._beside.read_bytes() if self._beside.exists() else None

    def keep(self, note: bytes) -> None:
        """Put this checkpoint in the place of the one before. When it returns that is durable. Raises OSError."""
        replace_file(self._beside, note)
