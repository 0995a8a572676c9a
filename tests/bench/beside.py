"""Load in a process of its own: an object that lives there, and whose methods are called from here."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final

from tests.bench.errors import WrongResult

PATIENCE_SEC: Final = 120.0
"""No single call takes longer."""


class Beside:
    """``make(*arguments)`` in another process. Entered, it is made there; left, the process is gone.

    ``begin`` calls a method there and goes on here, ``end`` waits for what it returned; ``call`` is both.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, method: str, *arguments: Any) -> None:
        self._pipe.send((method, arguments))

    def end(self) -> Any:
        """What the method returned there. Raises WrongResult with what it raised."""
        if not self._pipe.poll(PATIENCE_SEC):
            raise WrongResult(f"the load's process did not answer in {PATIENCE_SEC} s")
        try:
            is_well, value = self._pipe.recv()
        except EOFError:
            raise WrongResult("the load's process died") from None
        if not is_well:
            raise WrongResult(value)
        return value

    def call(self, method: str, *arguments: Any) -> Any:
        self.begin(method, *arguments)
        return self.end()

    def __enter__(self) -> Beside:
        try:
            self.end()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(pipe: Connection, make: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        subject = make(*arguments)
        pipe.send((True, None))
        while True:
            method, given = pipe.recv()
            pipe.send((True, getattr(subject, method)(*given)))
    except (EOFError, KeyboardInterrupt):
        pass
    except WrongResult as error:
        pipe.send((False, str(error)))
    except Exception:
        pipe.send((False, traceback.format_exc()))
