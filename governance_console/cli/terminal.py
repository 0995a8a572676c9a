"""What the commands say, and where: rows on standard output, sentences and progress on standard error."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from types import FrameType, TracebackType
from typing import Final, TextIO, TypeVar

from governance_console.display import printable
from governance_console.errors import CommandFailed, ReaderLeft, reason

EVERY_SEC: Final = 0.2
"""How often progress is drawn: often enough to be alive, seldom enough to cost nothing."""

RECENT_SEC: Final = 10.0
"""Rate and time left are told from this long: what was waited for before says nothing of what is still to come."""

INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""The shell's convention for what Ctrl-C ended, and for what SIGTERM did."""

_T = TypeVar("_T")
_CLEAR: Final = "\r\x1b[K"


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour: only on a terminal, and not against https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def standard_output() -> TextIO:
    """Where rows go. Raises CommandFailed where it was closed, as ``>&-`` does."""
    if sys.stdout is None:
        raise CommandFailed("standard output is closed: there is nowhere to write to")
    return sys.stdout


def put(row: bytes) -> None:
    """Write to standard output, at once. Raises ReaderLeft, CommandFailed."""
    stream = standard_output()
    try:
        stream.buffer.write(row)
        stream.buffer.flush()
    except OSError as error:
        _silence(stream)
        if isinstance(error, BrokenPipeError):
            raise ReaderLeft from None
        raise CommandFailed(f"standard output cannot be written: {reason(error)}") from None


def _silence(stream: TextIO) -> None:
    """What is still buffered would be written at the end, and Python would complain."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def run(command: Coroutine[None, None, int], *, endless: bool = False) -> int:
    """Run a command to its end. Ctrl-C and SIGTERM cancel it; a reader of ours that has left ends it quietly.

    A command that is ``endless`` ends well when it is ended: 0, else the status is INTERRUPTED or TERMINATED.
    """
    # What is shown was made printable; what the terminal's encoding lacks is escaped too.
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    try:
        with asyncio.Runner() as runner:
            return runner.run(_terminable(command))
    except KeyboardInterrupt:
        return 0 if endless else INTERRUPTED
    except asyncio.CancelledError:
        return 0 if endless else TERMINATED
    except ReaderLeft:
        return 0


async def _terminable(command: Coroutine[None, None, int]) -> int:
    """Cancelled by SIGTERM, as it is by Ctrl-C."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        # A write that nobody reads keeps the loop from cancelling: a second SIGTERM is the system's.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    with contextlib.suppress(ValueError):  # signals come to the main thread alone
        signal.signal(signal.SIGTERM, end)
    try:
        return await command
    finally:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


async def in_thread(work: Callable[[], _T]) -> _T:
    """Do what may block in a thread that does not keep the process from ending, as an executor's would."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # there is one where there is no error

    def do() -> None:
        result: _T | None = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=do, daemon=True).start()
    return await done


class Progress:
    """Sentences on standard error, and below them, on a terminal, one line that is drawn again and again.

    Left, it takes that line away, so that whatever is said next has a line of its own. With ``rows_beside``, where
    rows come onto the same terminal, it draws nothing between them.
    """

    def __init__(
        self, stream: TextIO, *, rows_beside: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._draws = stream.isatty() and not rows_beside
        self._drawn = False
        self._next = 0.0
        self._clock = clock
        self._started = clock()
        # When, and how much was done then, of the last RECENT_SEC, or of the last two drawings.
        self._recent = deque([(self._started, 0, 0.0)])

    def say(self, sentence: str) -> None:
        """A sentence of its own."""
        self._clear()
        self._write(f"governance-console: {printable(sentence)}\n")

    def draw(self, what: str, done: int, share: float, unit: str = "lines") -> None:
        """``what`` and its rate, and when ``share`` of all is done, the time left."""
        now = self._clock()
        if not self._draws or now < self._next:
            return
        self._next = now + EVERY_SEC
        recent = self._recent
        recent.append((now, done, share))
        while len(recent) > 2 and recent[0][0] < now - RECENT_SEC:
            recent.popleft()
        since, done_then, share_then = recent[0]
        seconds, grown = max(now - since, 0.001), share - share_then
        left = f", {_spelled(seconds * (1 - share) / grown)} left" if grown > 0 and seconds > 1 else ""
        self._write(f"{_CLEAR}{printable(what)}: {done:,} {unit}, {(done - done_then) / seconds:,.0f}/s{left}")
        self._drawn = True

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._started

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            self._write(_CLEAR)
            self._drawn = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:  # nobody hears what is said, which is no reason to leave the work half done
            _silence(self._stream)


def _spelled(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
