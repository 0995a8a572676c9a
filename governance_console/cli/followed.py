"""A followed file's lines, each exactly once: through growth, rename rotation, copytruncate, and kill -9 anywhere.

**The argument.** What a line is on the record is decided by its id, the running hash of ``lines.Lines``: over the salt
of its stream, and the stream up to it. The console records an id once. So it is enough that (a) every line of every
stream is sent at least once, and (b) a line is sent under one id only, however often it is sent.

- The state says which stream is read (salt, file), and up to where it is recorded (offset, digest). It is saved after
  the console has acknowledged what is before the offset: a crash in between sends those lines again, with the same ids.
- A stream's salt is saved before its first line is sent: a crash in between has sent nothing. The first stream has
  none, so that ``import`` and ``import --follow`` agree. A later one has the digest of the stream before it, which
  includes that one's salt: so no two streams hash alike, whatever they hold.
- **Whatever is decided is decided about one moment** (``rotation.look_around``): between two system calls a log may be
  rotated more than once. A file that is not where it was at that moment is not taken for the one that was.
- A stream ends when its file is no longer the followed one, a later one has lines, and nothing more came for as long as
  it may linger, or the later one is rotated, too. Its rest is read from the file that is still open; after a restart
  from where it is then, or from its copy.
- *Renamed*: another file, or none, has the name. *Truncated* (copytruncate): the file is the same, but shorter than
  what was read, or it holds something else there, or a new rotated file is a copy of what was read and not how the
  file begins now.
- **What was read counts only if no new rotated file was there after it was read.** A copy is made before its file is
  truncated, so what counts is of the stream before that, and a copy holds all of it and the rest. While a new
  rotated file is there nothing is taken, until it is known what it means (``weighing``).
- After a stream comes the oldest rotated file that is not known, and when there is none, the followed one. Known are
  those that were there at the start, and those that are done with.
- Where the console's record is another than before, the stream begins again, with its salt: nothing is in it twice.

**What cannot be told apart**, from any of this:

- A file that is truncated without a copy and filled again with the same bytes, up to where it was read, is taken for
  one that grew. With a copy this takes WINDOW_BYTES and all of the copy alike; below that, a new rotated file is taken
  for a rotation.
- Lines that copytruncate itself loses (written after its copy and before its truncation) are lost; so is a rest that
  was removed, compressed or moved to another folder before it was read. That much is said.
- What is written to a rotated file after its stream ended is not read.
- Where a system does not tell when a file was made, one that gets the number of a removed one and begins like it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from governance_console.cli.likeness import WINDOW_BYTES, done_with, for_good, is_known, left_alone
from governance_console.cli.reading import Reading
from governance_console.cli.rotation import Around, Moved, Seen, look_around
from governance_console.cli.state import Known, State, load, save
from governance_console.cli.weighing import Meaning, Weighing, copies, is_read, new_ones
from governance_console.errors import CommandFailed
from governance_console.lines import Line, Lines


class Followed:
    """Owned by the one loop that calls ``step``, sends what it gives, and then calls ``acknowledge``.

    ``where`` is the state's file, ``linger`` and ``clock`` count seconds, ``say`` takes a sentence.
    """

    def __init__(
        self, path: Path, where: Path, linger: float, clock: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        """Raises CommandFailed."""
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
        self._weighing = Weighing(linger, clock)
        self._finished: list[Known] = []
        with self._explained():
            self._state = load(where, path) or self._first()
            self._next_salt = bytes.fromhex(self._state.digest)
            self._find()

    def step(self) -> list[Line]:
        """The next lines, or none for now. Raises CommandFailed."""
        while True:
            before = self._reading, self._at_home
            with self._explained():
                try:
                    lines = self._read()
                except Moved:
                    return []
            # Where something else is read now, there may be lines at once.
            if lines or before == (self._reading, self._at_home):
                return lines

    def acknowledge(self, epoch: str) -> None:
        """All that ``step`` gave is recorded, in the record of this epoch."""
        state, lines = self._state, self._lines
        if epoch and state.epoch and epoch != state.epoch:
            self._begin_again(epoch)
            return
        # A crash before this is saved sends the same lines again, with the same ids.
        self._save(
            replace(
                state, offset=lines.offset, lines=lines.number, digest=lines.digest.hex(), epoch=epoch or state.epoch
            )
        )

    def close(self) -> None:
        """Let go of the file."""
        if self._reading is not None:
            self._reading.close()

    def _begin_again(self, epoch: str) -> None:
        """The record is another one, in which nothing is of what was recorded before."""
        self._say(f"this is another record than before: {self._path} is put into it from its first line on")
        salt = bytes.fromhex(self._state.salt)
        # The stream keeps its salt: what is in the new record already is sent again with the same ids.
        self._save(replace(self._state, offset=0, lines=0, digest=Lines(salt).digest.hex(), epoch=epoch))
        if self._reading is None:
            with self._explained():
                self._find()
        else:
            self._reading.rewind(salt)
            self._lines = self._reading.lines

    def _first(self) -> State:
        """The state of a file never followed before: its first stream, unsalted; older rotated files are known."""
        while True:
            around = look_around(self._path)
            if around.home is None:
                raise CommandFailed(f"{self._path} cannot be followed: it is no ordinary file")
            try:
                known = [done_with(one) for one in around.beside]
            except Moved:
                continue
            digest = Lines().digest.hex()
            state = State(file=str(self._path), identity=around.home.identity, digest=digest, known=known)
            save(self._where, state)
            return state

    def _find(self) -> None:
        """Find the stream that was read last."""
        while not self._is_found():
            pass

    def _is_found(self) -> bool:
        """The same, or False to look again."""
        state = self._state
        around = look_around(self._path)
        try:
            if around.home is not None and is_read(around.home, self._state):
                if not self._bind(around.home):
                    self._truncated(copies(look_around(self._path), self._state))
                return True
            renamed = [one for one in around.beside if is_read(one, self._state)]
            # With so much alike it is the same file, on another disk.
            alike = [*new_ones(around, self._state), around.home] if state.offset >= WINDOW_BYTES else []
            if not any(self._bind(one) for one in (*renamed, *alike) if one is not None):
                self._say(
                    f"{self._path} is another file now, and the one read to line {state.lines} is gone, with its rest"
                )
        except Moved:
            return False
        return True

    def _read(self) -> list[Line]:
        if self._reading is None:
            self._next()
            return []
        return self._grown(self._reading) if self._at_home else self._rest(self._reading)

    def _grown(self, reading: Reading) -> list[Line]:
        """What the followed file has more, unless it is not that file any more."""
        chunk = reading.more()
        is_intact = reading.is_intact(chunk)
        # Only now: a copy of what was truncated before the chunk was read, or is gone since, is there by now.
        around = look_around(self._path)
        if around.home is None or not is_read(around.home, self._state):
            self._at_home, self._since = False, self._clock()
            return []
        if not is_intact:
            return self._truncated(copies(around, self._state))
        new = new_ones(around, self._state)
        return self._weigh(new[0], around.home) if new else reading.take(chunk)

    def _rest(self, reading: Reading) -> list[Line]:
        """What a file has more that is not the followed one any more, and at last its end."""
        # Before it is read: once its successor has lines, the writer writes there, and all is here.
        is_over = self._is_complete or self._is_succeeded(look_around(self._path))
        chunk = reading.more()
        if chunk:
            self._since = self._clock()
            return reading.take(chunk)
        return self._end(reading) if is_over else []

    def _is_succeeded(self, around: Around) -> bool:
        """Whether the writer went on elsewhere."""
        if any(one.size for one in new_ones(around, self._state)):
            return True
        # Of several writers one may be late.
        has_lingered = self._clock() - self._since >= self._linger
        return has_lingered and around.home is not None and around.home.size > 0

    def _weigh(self, new: Seen, home: Seen) -> list[Line]:
        """A new rotated file is there, and the followed one is what it was: was it truncated?"""
        state = self._state
        meaning = self._weighing.meaning(new, home, state)
        if meaning is Meaning.COPY:
            return self._truncated([new])
        if meaning is not Meaning.OPEN:
            self._say(f"{new.path} is no rotated part of {self._path}, and is left alone")
            known = left_alone(new) if meaning is Meaning.LIKENESS else done_with(new)
            self._save(replace(state, known=[*state.known, known]))
        return []

    def _truncated(self, copies: Sequence[Seen]) -> list[Line]:
        """The followed file was truncated: the rest of its stream is in a copy, or nowhere."""
        for copy in copies:
            # A crash before the state names the copy finds it again, in the same way.
            if self._bind(copy):
                self._is_complete = True
                return []
        self._say(f"{self._path} was truncated, and no copy is beside it: lines not read before are lost")
        if self._reading is None:
            return []
        last = self._end(self._reading)
        self._finished = []  # what the file holds now is not read yet
        return last

    def _end(self, reading: Reading) -> list[Line]:
        """The stream has ended; what is left in it is its last line."""
        self._finished = [reading.known()]
        last = reading.lines.end()
        self._next_salt = reading.lines.digest
        reading.close()
        self._reading = None
        return last

    def _next(self) -> None:
        """Begin the stream after the one that ended: the oldest new rotated file, or else the followed one."""
        around = look_around(self._path)
        known = [
            # What was left alone while a stream could be in it is no part of any other.
            for_good(one) if one.head is None else one
            for one in (*self._state.known, *self._finished)
            if any(one.identity.is_that_of(seen.identity) for seen in around.beside)
        ]
        new = [one for one in around.beside if not is_known(one, known)]
        following = new[0] if new else around.home
        if following is None:
            return
        reading = Reading(following.open(), self._next_salt)
        # Saved before a line is sent with this salt: a crash before it has sent none.
        self._save(
            replace(
                self._state,
                identity=following.identity,
                salt=self._next_salt.hex(),
                offset=0,
                lines=0,
                digest=reading.lines.digest.hex(),
                known=known,
            )
        )
        self._finished = []
        self._adopt(reading, at_home=not new)

    def _bind(self, seen: Seen) -> bool:
        """Read the state's stream on from this file, if it is in it."""
        state = self._state
        reading = Reading(seen.open(), bytes.fromhex(state.salt))
        if not reading.resume(state):
            reading.close()
            return False
        if seen.identity != state.identity:
            self._save(replace(state, identity=seen.identity))
        self._adopt(reading, at_home=not seen.added)
        return True

    def _adopt(self, reading: Reading, *, at_home: bool) -> None:
        if self._reading is not None:
            self._reading.close()
        self._reading, self._lines = reading, reading.lines
        self._at_home, self._is_complete = at_home, False
        self._since = self._clock()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CommandFailed(f"{self._path} cannot be followed: {why}") from None

    def _save(self, state: State) -> None:
        save(self._where, state)
        self._state = state
