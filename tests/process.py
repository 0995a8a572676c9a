"""The console as a process of its own, started as an operator starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

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
) -> Ended:
    """``python run.py`` where it ends by itself: help, or what keeps it from starting."""
    ended = subprocess.run(
        [*interpreter, str(RUN), *arguments],
        cwd=folder,
        env=clean_environment(**(settings or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


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
        self.port = port
        self.log: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running.pid

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
            raise AssertionError("it did not start:\n" + "\n".join(self.log))

    def _read(self, process: subprocess.Popen[str], started: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.append(line.rstrip())
                found = re.search(r"serves http://127\.0\.0\.1:(\d+)/", line)
                if found:
                    self.port = int(found[1])
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
