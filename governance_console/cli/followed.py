"""A followed file's lines, each exactly once: through growth, rename rotation, copytruncate, and kill -9 anywhere.

**The argument.** What a line is on the record is decided by its id, the running hash of ``lines.Lines``: over the salt
of its stream, and the stream up to it. The console records an id once. So it is enough that (a) every line of every
stream is sent at least once, and (b) a line is sent under one id only, however often it is sent.

- The state says which stream is read (salt, inode), and up to where it is recorded (offset, digest). It is saved after
  the console has acknowledged what is before the offset: a crash in between sends those lines again, with the same ids.
- A stream's salt is saved before its first line is sent: a crash in between has sent nothing. The first stream has
  none, so that ``import`` and ``import --follow`` agree. A later one has the digest of the stream before it, which
  includes that one's salt: so no two streams hash alike, whatever they hold.
- A stream ends when its file is no longer the followed one and nothing more came for as long as it may linger. Its rest
  is read from the file that is still open; after a restart from the one with its inode, or from its copy.
- *Renamed*: another inode, or none, has the name. *Truncated* (copytruncate): the inode is the same, but the file is
  shorter than what was read, or holds something else there, or a new rotated file is a copy of what was read and not
  how the file begins now.
- **What was read counts only if no new rotated file was there after it was read.** A copy is made before its file is
  truncated, so what counts is of the stream before that, and a copy holds all of it and the rest. While a new
  rotated file is there nothing is taken, until it is known what it means.
- After a stream comes the oldest rotated file that is not known, and when there is none, the followed one. Known are
  those that were there at the start, and those that are done with.

**What cannot be told apart**, from any of this:

- A file that is truncated without a copy and filled again with the same bytes, up to where it was read, is taken for
  one that grew. With a copy this takes WINDOW_BYTES alike; below that, a new rotated file is taken for a rotation.
- Lines that copytruncate itself loses (written after its copy and before its truncation) are lost; so is a rest that
  was removed, compressed or moved to another folder before it was read. That much is said.
- What is written to a rotated file after it lingered is not read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from governance_console.cli.batches import open_source
from governance_console.cli.reading import Reading
from governance_console.cli.rotation import (
    WINDOW_BYTES,
    Seen,
    begins_as,
    digest_of,
    is_known,
    known_of,
    look,
    rotated,
)
from governance_console.cli.state import Known, State, load, save
from governance_console.errors import CommandFailed
from governance_console.lines import Line, Lines


class Followed:
    """Owned by the one loop that calls ``step``, sends what it gives, and then calls ``acknowledge``.

    ``where`` is the state's file, ``linger`` and ``clock`` count seconds, ``say`` takes a sentence.
    """

    def __init__(
        self, path: Path, where: Path, linger: float, clock: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._path = path
        self._where = where
        self._linger = linger
        self._clock = clock
        self._say = say
        self._reading: Reading | None = None
        self._lines = Lines()
        self._at_home = True
        self._is_complete = False
        self._since = 0.0
        self._weighed: tuple[Seen, float] | None = None
        self._finished: list[Known] = []
        self._state = load(where, path) or self._first()
        self._next_salt = bytes.fromhex(self._state.digest)

    def open(self) -> None:
        """Find the stream that was read last. Raises CommandFailed."""
        state = self._state
        at = look(self._path)
        if at is not None and at.inode == state.inode:
            if not self._bind(at.path, at_home=True):
                self._truncated()
            return
        beside = rotated(self._path)
        renamed = [one for one in beside if one.inode == state.inode]
        copies = [one for one in beside if state.offset and not is_known(one, state.known)]
        if any(self._bind(one.path, at_home=False) for one in (*renamed, *copies)):
            return
        # With so much alike it is the same file, on another disk.
        if state.offset < WINDOW_BYTES or not self._bind(self._path, at_home=True):
            self._say(
                f"{self._path} is another file now, and the one read to line {state.lines} is gone, with its rest"
            )

    def step(self) -> list[Line]:
        """The next lines, or none for now. Raises CommandFailed."""
        try:
            if self._reading is None:
                self._next()
                return []
            return self._grown(self._reading) if self._at_home else self._rest(self._reading)
        except OSError as error:
            raise CommandFailed(f"{self._path} cannot be followed: {(error.strerror or str(error)).lower()}") from None

    def acknowledge(self, epoch: str) -> None:
        """All that ``step`` gave is recorded, in the record of this epoch."""
        state, lines = self._state, self._lines
        if epoch and state.epoch and epoch != state.epoch:
            self._say(f"this is another record than before; to have all of the file in it, remove {self._where}")
        # A crash before this is saved sends the same lines again, with the same ids.
        self._save(
            replace(
                state, offset=lines.offset, lines=lines.number, digest=lines.digest.hex(), epoch=epoch or state.epoch
            )
        )

    def _grown(self, reading: Reading) -> list[Line]:
        """What the followed file has more, unless it is not that file any more."""
        chunk = reading.more()
        at = look(self._path)
        if at is None or at.inode != self._state.inode:
            self._at_home, self._since = False, self._clock()
            return []
        if not reading.is_intact(chunk):
            return self._truncated()
        new = self._new()
        return self._weigh(new[0], at) if new else reading.take(chunk)

    def _rest(self, reading: Reading) -> list[Line]:
        """What a file has more that is not the followed one any more, and at last its end."""
        chunk = reading.more()
        if chunk:
            self._since = self._clock()
            return reading.take(chunk)
        if self._is_complete or self._clock() - self._since >= self._linger:
            return self._end()
        return []

    def _weigh(self, new: Seen, at: Seen) -> list[Line]:
        """A new rotated file is there, and the followed one has the inode it had: was it truncated?"""
        is_how_it_begins = begins_as(new, at)
        if is_how_it_begins and not self._is_settled(new):
            return []  # a copy that is being made
        state = self._state
        is_copy = new.size >= state.offset and (
            digest_of(new.path, bytes.fromhex(state.salt), state.offset) == state.digest
        )
        if is_copy and (not is_how_it_begins or new.size < WINDOW_BYTES):
            return self._truncated()
        if self._is_settled(new):
            self._say(f"{new.path} is no rotated part of {self._path}, and is left alone")
            self._save(replace(state, known=[*state.known, known_of(new)]))
        return []

    def _truncated(self) -> list[Line]:
        """The followed file was truncated: the rest of its stream is in a copy, or nowhere."""
        for copy in self._new():
            # A crash before the state names the copy finds it again, in the same way.
            if self._bind(copy.path, at_home=False):
                # Of nothing read everything is a copy, and what was renamed just now may still be written to.
                self._is_complete = self._state.offset > 0
                return []
        self._say(f"{self._path} was truncated, and no copy is beside it: lines not read before are lost")
        return self._end()

    def _end(self) -> list[Line]:
        """The stream has ended; what is left in it is its last line."""
        reading = self._reading
        if reading is None:
            return []
        self._finished = [reading.known()]
        last = reading.lines.end()
        self._next_salt = reading.lines.digest
        reading.close()
        self._reading = None
        return last

    def _next(self) -> None:
        """Begin the stream after the one that ended: the oldest new rotated file, or else the followed one."""
        beside = rotated(self._path)
        here = {one.inode for one in beside}
        known = [one for one in (*self._state.known, *self._finished) if one.inode in here]
        new = [one for one in beside if not is_known(one, known)]
        at = look(self._path)
        if new and at is not None and begins_as(new[0], at) and not self._is_settled(new[0]):
            return  # the copy of a file that is about to be truncated, or one that began alike: soon it is known
        if new or at is not None:
            self._begin(new[0].path if new else self._path, known, at_home=not new)

    def _begin(self, path: Path, known: list[Known], *, at_home: bool) -> None:
        salt = self._next_salt
        try:
            reading = Reading(path, salt)
        except FileNotFoundError:
            return  # rotated just now: look again
        digest = reading.lines.digest.hex()
        # Saved before a line is sent with this salt: a crash before it has sent none.
        self._save(
            replace(self._state, inode=reading.inode, salt=salt.hex(), offset=0, lines=0, digest=digest, known=known)
        )
        self._finished = []
        self._adopt(reading, at_home=at_home)

    def _first(self) -> State:
        """The state of a file never followed before: its first stream, unsalted; older rotated files are known."""
        open_source(str(self._path)).file.close()
        at = look(self._path)
        if at is None:
            raise CommandFailed(f"{self._path} cannot be followed: it is no ordinary file")
        known = [known_of(one) for one in rotated(self._path)]
        state = State(file=str(self._path), inode=at.inode, digest=Lines().digest.hex(), known=known)
        save(self._where, state)
        return state

    def _bind(self, path: Path, *, at_home: bool) -> bool:
        """Read the state's stream on from this file, if it is in it."""
        state = self._state
        with contextlib.suppress(FileNotFoundError):
            reading = Reading(path, bytes.fromhex(state.salt))
            if reading.resume(state):
                if reading.inode != state.inode:
                    self._save(replace(state, inode=reading.inode))
                self._adopt(reading, at_home=at_home)
                return True
            reading.close()
        return False

    def _adopt(self, reading: Reading, *, at_home: bool) -> None:
        if self._reading is not None:
            self._reading.close()
        self._reading, self._lines = reading, reading.lines
        self._at_home, self._is_complete = at_home, False
        self._since, self._weighed = self._clock(), None

    def _new(self) -> list[Seen]:
        """Rotated files that are neither known nor the one that is read, the oldest first."""
        state = self._state
        return [one for one in rotated(self._path) if one.inode != state.inode and not is_known(one, state.known)]

    def _is_settled(self, seen: Seen) -> bool:
        """Whether a file is as it was for as long as a file may linger."""
        if self._weighed is None or self._weighed[0] != seen:
            self._weighed = (seen, self._clock())
        return self._clock() - self._weighed[1] >= self._linger

    def _save(self, state: State) -> None:
        save(self._where, state)
        self._state = state
