"""One thread that does what it is given, one piece after the other, and says so to the event loop that asked.

An executor's thread would do; but it makes two futures, a condition and three wake-ups of each piece of work, and a
commit of one event costs hardly more than that.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

_T = TypeVar("_T")


class _Piece(NamedTuple):
    work: Callable[[], Any]
    done: asyncio.Future[Any]


class Worker:
    """Owns the thread, from the first piece of work until ``end``. Used by one event loop."""

    def __init__(self, name: str) -> None:
        self._pieces: Final[SimpleQueue[_Piece | None]] = SimpleQueue()
        # A daemon: a process that dies of something else does not wait for who never called ``end``.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._has_ended = False

    async def do(self, work: Callable[[], _T]) -> _T:
        """What ``work`` returns, or raises, in the thread. Who is cancelled meanwhile does not stop it."""
        if self._has_ended:
            raise RuntimeError("the thread has ended")
        if self._thread.ident is None:
            self._thread.start()
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._pieces.put(_Piece(work, done))
        return await done

    def end(self) -> None:
        """Wait until everything is done, and end the thread; harmless when it has ended."""
        self._has_ended = True
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            work, done = piece
            try:
                result = work()
            except BaseException as error:
                _tell(done, _fail, error)
            else:
                _tell(done, _settle, result)
            # What was done last is not kept until something else is to be done.
            del piece, work, done


def _tell(done: asyncio.Future[Any], how: Callable[[asyncio.Future[Any], Any], None], outcome: Any) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        done.get_loop().call_soon_threadsafe(how, done, outcome)


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
