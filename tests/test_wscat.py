"""The real wscat on the stream, in a terminal, as an operator uses it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TOKEN
from tests.console import Client, connected, sample_lines
from tests.process import ROOT, ConsoleProcess

TOOLS = ROOT / "tests" / "tools"
WSCAT = TOOLS / "node_modules" / ".bin" / "wscat"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
Messages = list[dict[str, Any]]


class Terminal:
    """A terminal with wscat in it: what it shows, line by line, without colours and cursor movements."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        # Wide and high, so that nothing is wrapped.
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, 10_000, 0, 0))
        self._process = subprocess.Popen(
            [str(WSCAT), *arguments], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self._shown = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                shown = os.read(self._ours, 65_536)
            except OSError:  # Linux's way to say that nobody has the other side open any more
                shown = b""
            with self._changed:
                self._shown += shown
                self._ended = not shown
                self._changed.notify_all()
            if not shown:
                return

    @property
    def lines(self) -> list[str]:
        """The whole lines shown so far."""
        text = CONTROL.sub("", self._shown.decode(errors="replace")).replace("\r", "")
        return [line.removeprefix("> ") for line in text.split("\n")[:-1]]

    @property
    def messages(self) -> Messages:
        """What came from the console: wscat shows each after a ``<``."""
        return [json.loads(line[2:]) for line in self.lines if line.startswith("< ")]

    def wait_for(self, condition: Callable[[Terminal], bool]) -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: condition(self) or self._ended, timeout=15)
            assert found, f"not within 15 s: {self.lines[-5:]}"
            assert condition(self), f"wscat ended first: {self.lines[-5:]}"

    def wait_for_end(self) -> int:
        """Wscat's exit status, once everything it showed was read."""
        status = self._process.wait(15)
        self._reader.join()
        return status

    def close(self) -> None:
        if self._process.poll() is None:
            # All of its session: where node is a wrapper, the one that holds the terminal is its child.
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait_for_end()
        os.close(self._ours)


@contextmanager
def wscat(url: str, *arguments: str) -> Iterator[Terminal]:
    terminal = Terminal("-c", url.replace("http:", "ws:") + "/api/ws/telemetry", *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.fixture(autouse=True)
def _wscat_is_installed(require: Callable[[bool, str, str], None]) -> None:
    require(shutil.which("node") is not None and WSCAT.exists(), "wscat", "npm ci --prefix tests/tools")


@asynccontextmanager
async def process(folder: Path, **settings: str) -> AsyncIterator[tuple[ConsoleProcess, Client]]:
    with ConsoleProcess(folder, {"WS_INTERVAL_SEC": "0.2", **settings}) as console:
        async with connected(console.url) as client:
            yield console, client


def welcomed(terminal: Terminal) -> bool:
    return len(terminal.messages) > 0


def entries(terminal: Terminal) -> Messages:
    return [message for message in terminal.messages if message["type"] == "entry"]


def data_of(line: dict[str, Any]) -> dict[str, Any]:
    """What of a line of the sample is data: all that is no attribute."""
    attributes = {"agent", "type", *(key for key in ("ts", "trace_id") if line.get(key))}
    return {key: value for key, value in line.items() if key not in attributes}


@pytest.mark.parametrize(
    ("token", "arguments"),
    [
        pytest.param("", (), id="without a token"),
        pytest.param(TOKEN, ("-H", f"Authorization: Bearer {TOKEN}"), id="with the token in a header"),
    ],
)
async def test_wscat_prints_the_welcome_a_heartbeat_and_a_posted_event(
    tmp_path: Path, token: str, arguments: tuple[str, ...]
) -> None:
    async with process(tmp_path, OPERATOR_TOKEN=token) as (console, client):
        with wscat(console.url, *arguments) as terminal:
            terminal.wait_for(welcomed)
            await client.record({"agent": "planner-7", "type": "agent.tool.call", "tool": "search"}, token=token)
            terminal.wait_for(lambda shown: len(entries(shown)) == 1 and shown.messages[-1]["type"] == "audit")
            assert "Connected (press CTRL+C to quit)" in terminal.lines
            welcome, *others = terminal.messages
            assert welcome["message"] == "[AUDIT] governance heartbeat (welcome)"
            assert {one["message"] for one in others} == {
                "[AUDIT] governance heartbeat",
                "[TOOL] planner-7 agent.tool.call",
            }
            assert entries(terminal)[0]["data"] == {"tool": "search"}


async def test_wscat_without_the_token_is_told_401(tmp_path: Path) -> None:
    async with process(tmp_path, OPERATOR_TOKEN=TOKEN) as (console, _):
        for arguments in ((), ("-H", f"Authorization: Bearer {TOKEN}x"), ("-s", TOKEN)):
            with wscat(console.url, *arguments) as terminal:
                assert terminal.wait_for_end() != 0
                assert terminal.lines == ["error: Unexpected server response: 401"]


async def test_wscat_prints_each_line_of_the_sample_once_and_in_order(tmp_path: Path) -> None:
    lines = sample_lines()
    async with process(tmp_path) as (console, client):
        with wscat(console.url) as terminal:
            terminal.wait_for(welcomed)
            for line in lines:
                answer = await client.post("/api/events", data=line, headers={"Content-Type": "application/json"})
                assert answer.status == 201, answer.text
            terminal.wait_for(lambda shown: len(entries(shown)) >= len(lines))
            shown = entries(terminal)
            assert [one["entry"]["seq"] for one in shown] == list(range(1, 1 + len(lines)))
            assert [one["next"] for one in shown] == list(range(2, len(lines) + 2))
            for line, one in zip(map(json.loads, lines), shown, strict=True):
                assert (one["entry"]["event"]["source"], one["entry"]["event"]["type"]) == (line["agent"], line["type"])
                assert one["data"] == data_of(line)


async def test_wscat_is_told_1001_when_the_console_stops(tmp_path: Path) -> None:
    async with process(tmp_path) as (console, _):
        with wscat(console.url) as terminal:
            terminal.wait_for(welcomed)
            console.terminate()
            terminal.wait_for_end()
            assert terminal.lines[-1].startswith('Disconnected (code: 1001, reason: "')
        assert console.wait() == 0
