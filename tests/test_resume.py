"""Everything once and in order, whatever is appended, filtered, left lagging, dropped, resumed or restarted."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from governance_console.settings import Settings
from tests.console import Console, Stream, connected, running
from tests.process import ConsoleProcess

_T = TypeVar("_T")

SOURCES = ("a", "b")
QUERIES = ("", "source=a", "severity=error", "source=b&type=task.*", "category=tool&category=model", "source=nobody")


def matches(query: str, event: dict[str, str]) -> bool:
    """The plain reading of QUERIES."""
    failed = event["type"] == "task.failed"
    return {
        "": True,
        "source=a": event["source"] == "a",
        "severity=error": failed,
        "source=b&type=task.*": event["source"] == "b" and failed,
        "category=tool&category=model": event["type"] == "tool.call",
        "source=nobody": False,
    }[query]


@dataclass
class Watching:
    """What one watcher was sent, over all its connections."""

    query: str
    start: int
    next: int
    seen: list[int] = field(default_factory=list)
    stream: Stream | None = None


class Resuming(RuleBasedStateMachine):
    """Watchers against a plain list of what was recorded."""

    watchers = Bundle("watchers")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.stack = AsyncExitStack()
        self.recorded: list[dict[str, str]] = []
        self.all: list[Watching] = []
        self.epoch = ""

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.loop.run_until_complete(asyncio.wait_for(work, 20))

    @initialize()
    def start(self) -> None:
        self.do(self._start())

    async def _start(self) -> None:
        url = f"sqlite:///{self.folder}/governance.db"
        self.console: Console = await self.stack.enter_async_context(
            running(Settings(database_url=url, log_key_file=f"{self.folder}/log.key", ws_interval_sec=0.02))
        )
        self.epoch = (await self.console.get("/api/events?limit=1")).json["epoch"]

    @rule(many=st.sampled_from([1, 2, 5, 300, 700]), seed=st.integers(0, 99))
    def append(self, many: int, seed: int) -> None:
        dice = random.Random(seed)
        events = [
            {"source": dice.choice(SOURCES), "type": dice.choice(("tool.call", "task.failed", "x"))}
            for _ in range(many)
        ]
        assert self.do(self.console.record(*events))[0] == len(self.recorded)
        self.recorded += events

    @rule(target=watchers, query=st.sampled_from(QUERIES), back=st.sampled_from([None, 0, 1, 400, 10_000]))
    def connect(self, query: str, back: int | None) -> Watching:
        start = len(self.recorded) if back is None else max(0, len(self.recorded) - back)
        watching = Watching(query, start, start)
        self.do(self._connect(watching, live=back is None))
        self.all.append(watching)
        return watching

    async def _connect(self, watching: Watching, *, live: bool = False) -> None:
        position = [] if live else [f"from={watching.next}", f"epoch={self.epoch}"]
        query = "&".join([*position, *([watching.query] if watching.query else [])])
        watching.stream = await self.console.watch(f"?{query}" if query else "")
        welcome = await watching.stream.message()
        assert (welcome["type"], welcome["next"]) == ("audit", watching.next)

    @rule(watching=watchers, messages=st.integers(1, 40))
    def read(self, watching: Watching, messages: int) -> None:
        """Reading little and seldom is how a watcher lags."""
        if watching.stream is not None:
            self.do(self._read(watching, messages))

    async def _read(self, watching: Watching, messages: int) -> None:
        assert watching.stream is not None
        for _ in range(messages):
            message = await watching.stream.message()
            assert message["next"] >= watching.next
            watching.next = message["next"]
            if message["type"] == "entry":
                watching.seen.append(message["entry"]["seq"])

    @rule(watching=watchers)
    def drop(self, watching: Watching) -> None:
        if watching.stream is not None:
            self.do(watching.stream.socket.close())
            watching.stream = None

    @rule(watching=watchers)
    def resume(self, watching: Watching) -> None:
        if watching.stream is None:
            self.do(self._connect(watching))

    @rule(watching=consumes(watchers))
    def catch_up(self, watching: Watching) -> None:
        self.do(self._catch_up(watching))

    async def _catch_up(self, watching: Watching) -> None:
        if watching.stream is None:
            await self._connect(watching)
        while watching.next < len(self.recorded):
            await self._read(watching, 1)
        assert watching.seen == self._expected(watching, len(self.recorded))

    @rule()
    def restart(self) -> None:
        self.do(self._restart())

    async def _restart(self) -> None:
        await self.stack.aclose()
        for watching in self.all:
            watching.stream = None
        await self._start()

    def _expected(self, watching: Watching, end: int) -> list[int]:
        return [seq for seq in range(watching.start, end) if matches(watching.query, self.recorded[seq])]

    @invariant()
    def below_next_everything_was_sent_once(self) -> None:
        for watching in self.all:
            assert watching.seen == self._expected(watching, watching.next)

    def teardown(self) -> None:
        for watching in self.all:
            if watching.stream is not None:
                self.do(watching.stream.socket.close())
        self.do(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)


HERE = settings(max_examples=5, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck))


def test_whatever_happens_each_entry_is_sent_once_and_in_order() -> None:
    run_state_machine_as_test(Resuming, settings=HERE)


@pytest.mark.soak
def test_whatever_happens_for_long_each_entry_is_sent_once_and_in_order() -> None:
    run_state_machine_as_test(Resuming, settings=LONG)


async def _watch(url: str, told: list[int], position: dict[str, int], stop: asyncio.Event) -> None:
    """A watcher that comes back after every restart, from where it was."""
    async with connected(url) as client:
        while not stop.is_set() or position["next"] < position["size"]:
            try:
                async with await client.watch(f"?from={position['next']}") as stream:
                    while not stop.is_set() or position["next"] < position["size"]:
                        message = await stream.message()
                        position["next"] = message["next"]
                        if message["type"] == "entry":
                            told.append(message["entry"]["seq"])
            except (OSError, AssertionError, TimeoutError):
                await asyncio.sleep(0.02)


async def _restarts(folder: Path, restarts: int, watchers: int) -> None:
    with ConsoleProcess(folder, {"WS_INTERVAL_SEC": "0.05"}) as process:
        told: list[list[int]] = [[] for _ in range(watchers)]
        positions = [{"next": 0, "size": 1 << 60} for _ in range(watchers)]
        stop = asyncio.Event()
        watching = [
            asyncio.create_task(_watch(process.url, one, position, stop))
            for one, position in zip(told, positions, strict=True)
        ]
        for number in range(restarts):
            async with connected(process.url) as client:
                for _ in range(3):
                    await client.record(*[{"source": "s", "type": "t"}] * random.randint(1, 40))
            process.kill() if number % 2 else process.terminate()
            await asyncio.to_thread(process.wait)
            await asyncio.to_thread(process.start)
        async with connected(process.url) as client:
            recorded = (await client.get("/api/events?limit=1")).json["size"]
        for position in positions:
            position["size"] = recorded
        stop.set()
        await asyncio.wait_for(asyncio.gather(*watching), 30)
        assert all(one == list(range(recorded)) for one in told)


async def test_watchers_over_restarts_get_each_entry_once(tmp_path: Path) -> None:
    await _restarts(tmp_path, 2, 5)


@pytest.mark.soak
async def test_20_watchers_over_100_restarts_get_each_entry_once(tmp_path: Path) -> None:
    await _restarts(tmp_path, 100, 20)
