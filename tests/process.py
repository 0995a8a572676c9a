"""The console as a process of its own, started as an operator starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parent.parent
RUN = ROOT / "run.py"


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without any setting of the console in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


class ConsoleProcess:
    """``python run.py`` in a folder of its own. Entered, it serves; left, it is gone."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, port: int = 0) -> None:
        self._folder = folder
        self._settings = dict(settings or {})
        self.port = port
        self.log: list[str] = []
        self._process: subprocess.Popen[str] | None = None

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
            [sys.executable, str(RUN), "serve", "--listen", f"127.0.0.1:{self.port}"],
            cwd=self._folder,
            env=clean_environment(**self._settings),
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        serving = threading.Event()
        threading.Thread(target=self._read, args=(self._process, serving), daemon=True).start()
        assert serving.wait(20), "\n".join(self.log)

    def _read(self, process: subprocess.Popen[str], serving: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.append(line.rstrip())
                found = re.search(r"serves http://127\.0\.0\.1:(\d+)/", line)
                if found:
                    self.port = int(found[1])
                    serving.set()

    def terminate(self) -> None:
        self._running.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As a power switch would, but for the disk's cache."""
        self._running.kill()
        self._running.wait()

    def wait(self, timeout: float = 10) -> int:
        """Its exit status."""
        return self._running.wait(timeout)

    def __enter__(self) -> ConsoleProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running.poll() is None:
            self._running.kill()
        self._running.wait()
