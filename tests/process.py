"""The console as a process of its own, started as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from governance_console.cli import main

ROOT = Path(__file__).parent.parent
RUN = ROOT / "run.py"


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without any setting of the console in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of ``run.py`` ended, and what it said."""

    status: int
    output: str
    errors: str


def run_to_end(
    folder: Path,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    interpreter: Sequence[str] = (sys.executable,),
    stdin: str | bytes = b"",
    timeout: float = 20,
) -> Ended:
    """``python run.py`` where it ends by itself: help, a command, or what keeps it from starting."""
    ended = subprocess.run(
        [*interpreter, str(RUN), *arguments],
        cwd=folder,
        env=clean_environment(**(settings or {})),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


async def command(
    folder: Path,
    *arguments: str,
    url: str = "",
    settings: Mapping[str, str] | None = None,
    stdin: str | bytes = b"",
    seconds: float = 20,
) -> Ended:
    """A command to its end, beside whatever else the test's loop has to do."""
    where = ("--url", url) if url else ()
    return await asyncio.to_thread(
        run_to_end, folder, *arguments, *where, settings=settings, stdin=stdin, timeout=seconds
    )


async def said(capsys: pytest.CaptureFixture[str], *arguments: str, url: str = "") -> Ended:
    """What a command says, without a process of its own: for tables of what it refuses at once."""
    where = ("--url", url) if url else ()
    capsys.readouterr()
    try:
        status = await asyncio.to_thread(main, [*arguments, *where])
    except SystemExit as ended:
        status = int(str(ended.code))
    output, errors = capsys.readouterr()
    return Ended(status, output, errors)


class CommandProcess:
    """A command that goes on until it is ended. ``output`` and ``errors`` grow by whole lines.

    With ``terminal`` its standard output is one.
    """

    def __init__(
        self, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None, terminal: bool = False
    ) -> None:
        ours, theirs = pty.openpty() if terminal else os.pipe()
        heard, told = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, str(RUN), *arguments],
            cwd=folder,
            env=clean_environment(**(settings or {})),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=told,
        )
        os.close(theirs)
        os.close(told)
        self.output: list[str] = []
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=_read_lines, args=(ours, self.output), daemon=True),
            threading.Thread(target=_read_lines, args=(heard, self.errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """As ``kill`` and whoever stops services do."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self, timeout: float = 10) -> int:
        """Its exit status; all that it said is read then. Raises subprocess.TimeoutExpired."""
        status = self._process.wait(timeout)
        for reader in self._readers:
            reader.join()
        return status

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def __enter__(self) -> CommandProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.has_ended:
            self._process.kill()
        self.wait()


def _read_lines(handle: int, lines: list[str]) -> None:
    """Until the other end is closed, which a terminal tells as an error."""
    rest = b""
    try:
        while chunk := os.read(handle, 65536):
            *whole, rest = (rest + chunk).split(b"\n")
            lines += [line.decode().removesuffix("\r") for line in whole]
    except OSError:
        pass
    finally:
        os.close(handle)


class DidNotStart(AssertionError):
    """It ended, or did not serve in time."""


class ConsoleProcess:
    """``python run.py`` in a folder of its own. Entered, it serves; left, it is gone."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        port: int = 0,
        command: Sequence[str] = (sys.executable, str(RUN)),
    ) -> None:
        self._folder = folder
        self._command = command
        self._settings = dict(settings or {})
        self._scheme = "http"
        self.port = port
        self.log: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def has_ended(self) -> bool:
        return self._running.poll() is not None

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "start() comes first"
        return self._process

    def start(self) -> None:
        """Start it, again on the same port if it ran before, and wait until it serves."""
        self._process = subprocess.Popen(
            [*self._command, "serve", "--listen", f"127.0.0.1:{self.port}"],
            cwd=self._folder,
            env=clean_environment(**self._settings),
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        started = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process, started), daemon=True)
        self._reader.start()
        if not started.wait(20) or self._process.poll() is not None:
            self._process.kill()
            raise DidNotStart("it did not start:\n" + "\n".join(self.log))

    def _read(self, process: subprocess.Popen[str], started: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.append(line.rstrip())
                found = re.search(r"serves (https?)://127\.0\.0\.1:(\d+)/", line)
                if found:
                    self._scheme, self.port = found[1], int(found[2])
                    started.set()
        process.wait()
        started.set()  # it ended instead

    def terminate(self) -> None:
        self._running.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._running.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """As a power switch would, but for the disk's cache."""
        self._running.kill()
        self.wait()

    def wait(self, timeout: float = 10) -> int:
        """Its exit status; the log is whole then. Raises subprocess.TimeoutExpired."""
        status = self._running.wait(timeout)
        assert self._reader is not None
        self._reader.join()
        return status

    def __enter__(self) -> ConsoleProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running.poll() is None:
            self._running.kill()
        self.wait()
