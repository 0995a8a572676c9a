"""A log, its writer and its rotation, moved on between any two lines of the follower, which may be killed at any.

Everything happens in one thread and follows from a seed. The files are real; only time is not. The follower's own code
runs under a trace function, which is where the world gets its turns: so between any two of the follower's system calls
anything may have happened, also what takes a busy machine a week to show.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from governance_console.cli import followed, identity, likeness, reading, rotation, state, weighing
from governance_console.cli.followed import Followed
from governance_console.lines import Line

TRACED: Final = frozenset(
    str(module.__file__) for module in (followed, identity, likeness, reading, rotation, state, weighing)
)
LINGER_SEC: Final = 0.5
POLL_SEC: Final = 0.1


@dataclass(frozen=True)
class Way:
    """What happens to a log.

    ``rotate`` is "create" (logrotate's default), "reopen" (as the writer itself does it) or "copytruncate". ``keep`` is
    how many rotated files stay once they are recorded, ``late`` whether a writer goes on for a while in a renamed file,
    ``wide`` how long a line is, ``tick`` that of the clock of the file system in seconds, ``kill`` how probable a kill.
    """

    rotate: str
    keep: int = 100
    late: bool = False
    wide: int = 1
    tick: float = 0.004
    kill: float = 0.001
    rotations: int = 6
    lines: int = 4


class Killed(BaseException):
    """As kill -9: nothing of the follower catches it."""


class Recorder:
    """What a console has of a log: each id once, in the order in which it came."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._ids: set[str] = set()

    def send(self, lines: list[Line]) -> None:
        for line in lines:
            if line.id not in self._ids:
                self._ids.add(line.id)
                assert line.text is not None
                self.lines.append(line.text.decode())


class World:
    """The log and what is done to it, a step at a time. ``now`` is the time of everything, in seconds."""

    def __init__(self, folder: Path, way: Way, chance: random.Random) -> None:
        self.path = folder / "bus.jsonl"
        self.path.touch()
        self.way = way
        self.chance = chance
        self.now = 1_000_000.0
        self.written: list[str] = []
        self.record = Recorder()
        self.is_over = False
        self._story = self._told()

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.now += self.chance.choice((0.0, 0.0, 0.001, 0.01))
            self.is_over = next(self._story, self) is self

    def _told(self) -> Iterator[None]:
        file = self._opened()
        try:
            for _ in range(self.way.rotations):
                for _ in range(self.chance.randrange(self.way.lines + 1)):
                    yield from self._line(file)
                yield from self._shifted()
                if self.way.rotate == "copytruncate":
                    yield from self._copied_and_truncated()
                else:
                    os.rename(self.path, self._old(1))
                    yield
                    if self.way.rotate == "create":
                        self.path.touch()
                        self._stamp(self.path)
                        yield
                    while self.way.late and self.chance.random() < 0.5:
                        self.now += self.chance.choice((0.0, LINGER_SEC * 2))
                        yield from self._line(file)
                    os.close(file)
                    file = self._opened()
                    yield
                if self._old(self.way.keep + 1).exists() and self.record.lines == self.written:
                    self._old(self.way.keep + 1).unlink()
                    yield
            yield from self._line(file)
        finally:
            os.close(file)

    def _opened(self) -> int:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._stamp(file)
        return file

    def _line(self, file: int) -> Iterator[None]:
        # Short ones repeat; of long ones, what is alike for WINDOW_BYTES cannot be told from a copy.
        text = self.chance.choice("ab") if self.way.wide == 1 else f"{len(self.written)}".zfill(self.way.wide)
        os.write(file, text.encode())
        self._stamp(file)
        if self.chance.random() < 0.1:
            yield
        os.write(file, b"\n")
        self._stamp(file)
        self.written.append(text)
        yield

    def _shifted(self) -> Iterator[None]:
        count = 0
        while self._old(count + 1).exists():
            count += 1
        for number in range(count, 0, -1):
            os.rename(self._old(number), self._old(number + 1))
            yield

    def _copied_and_truncated(self) -> Iterator[None]:
        content = self.path.read_bytes()
        half = len(content) // 2
        with self._old(1).open("wb", buffering=0) as copy:
            for part in (b"", content[:half], content[half:]):
                copy.write(part)
                self._stamp(self._old(1))
                yield
        os.truncate(self.path, 0)
        self._stamp(self.path)
        yield

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _stamp(self, file: Path | int) -> None:
        moment = self.now // self.way.tick * self.way.tick
        os.utime(file, (moment, moment))


class Following:
    """A follower in such a world, as often as it is killed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.said: list[str] = []
        self.kills = 0

    def run(self) -> None:
        """Until the world is over, and nothing more comes."""
        self._made().close()  # what was rotated before it is first followed is not taken up
        with warnings.catch_warnings():
            # The system closes what a killed process had open.
            warnings.simplefilter("ignore", ResourceWarning)
            while self._is_killed():
                gc.collect()
                self.kills += 1
                self._world.step(self._world.chance.randrange(20))

    def _is_killed(self) -> bool:
        try:
            with interleaved(self._turn), contextlib.closing(self._made()) as one:
                self._follow(one)
        except Killed:
            return True
        return False

    def _made(self) -> Followed:
        world = self._world
        return Followed(world.path, world.path.with_name(".state"), LINGER_SEC, lambda: world.now, self.said.append)

    def _follow(self, one: Followed) -> None:
        world = self._world
        idle = 0
        while idle < (20 if world.record.lines == world.written else 200):
            lines = one.step()
            if lines:
                if self._strikes(5):
                    world.record.send(lines[: world.chance.randrange(len(lines) + 1)])
                    raise Killed
                world.record.send(lines)
                one.acknowledge("epoch")
            else:
                world.now += POLL_SEC
                world.step(world.chance.choice((0, 1, 1, 2, 4)))
            idle = idle + 1 if world.is_over and not lines else 0

    def _strikes(self, times: int = 1) -> bool:
        return not self._world.is_over and self._world.chance.random() < self._world.way.kill * times

    def _turn(self) -> None:
        if not self._world.is_over and self._world.chance.random() < 0.02:
            self._world.step(self._world.chance.choice((1, 1, 2, 3, 5, 8, 20, 40)))
        if self._strikes():
            raise Killed


@contextlib.contextmanager
def interleaved(turn: Callable[[], None]) -> Iterator[None]:
    """Before each line of the follower's that is run within this, it is somebody else's turn."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            turn()
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
