"""An open file while a stream is read from it."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from typing import Final

from governance_console.cli.identity import Identity, ask
from governance_console.cli.likeness import WINDOW_BYTES
from governance_console.cli.state import Known, State
from governance_console.lines import Line, Lines

CHUNK_BYTES: Final = 1024 * 1024


class Reading:
    """Keeps the file open, so that it can be read to its end whatever becomes of its name.

    Owned by ``Followed``. ``lines`` says how far it was taken.
    """

    def __init__(self, file: FileIO, salt: bytes) -> None:
        self._file = file
        self._window = b""
        self.lines = Lines(salt)

    @property
    def identity(self) -> Identity:
        """Which file it is, under whichever name."""
        return ask(self._file.fileno())[1]

    def resume(self, state: State) -> bool:
        """Go to where everything is recorded; False where the file is not how the stream began."""
        while self.lines.offset < state.offset:
            part = self._file.read(min(CHUNK_BYTES, state.offset - self.lines.offset))
            if not part:
                return False
            self.lines.skip(part)
            self._window = (self._window + part)[-WINDOW_BYTES:]
        self.lines.number = state.lines
        return self.lines.digest.hex() == state.digest

    def rewind(self, salt: bytes) -> None:
        """Begin the stream again."""
        self.lines = Lines(salt)
        self._window = b""

    def more(self) -> bytes:
        """What follows what was taken, without taking it."""
        return os.pread(self._file.fileno(), CHUNK_BYTES, self.lines.position)

    def is_intact(self, chunk: bytes) -> bool:
        """Whether the file still holds what was last taken, and is long enough for this chunk after it.

        Asked after the chunk was read: a truncation before that shows, unless the file was filled with the same again.
        """
        place = self.lines.position
        if os.fstat(self._file.fileno()).st_size < place + len(chunk):
            return False
        return os.pread(self._file.fileno(), len(self._window), place - len(self._window)) == self._window

    def take(self, chunk: bytes) -> list[Line]:
        """The lines that this chunk ends."""
        self._window = (self._window + chunk)[-WINDOW_BYTES:]
        return self.lines.feed(chunk)

    def known(self) -> Known:
        """What is kept of the file when it is done with."""
        found, identity = ask(self._file.fileno())
        head = os.pread(self._file.fileno(), min(found.st_size, WINDOW_BYTES), 0)
        return Known(identity, found.st_size, found.st_mtime_ns, hashlib.sha256(head).hexdigest())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
