"""A writer of repeated undated lines, a log that rotates under it, and an importer that is killed: every line once.

What each line is does not matter to it: the test tells lines apart by where they stand, and counts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance_console.cli.rotation import look_around
from tests.console import Client, Console, connected
from tests.process import CommandProcess, ConsoleProcess, said
from tests.proxy import before
from tests.test_import import LINE, items, written
from tests.waiting import until

_log = logging.getLogger(__name__)

WORDS = ("plan", "act", "rest")


class Follower:
    """The importer, as often as it is started."""

    def __init__(self, folder: Path, path: Path, url: str, linger: str = "0.1") -> None:
        self._arguments = ("import", "--follow", "--linger", linger, "--url", url, str(path))
        self._folder = folder
        self.process = CommandProcess(folder, *self._arguments)

    def kill(self) -> None:
        self.process.kill()

    def start(self) -> None:
        self.process = CommandProcess(self._folder, *self._arguments)

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def said_by(item: dict[str, Any]) -> str:
    return str(item["entry"]["event"]["type"])


async def recorded(client: Client, count: int, seconds: float = 20) -> list[dict[str, Any]]:
    """What senders put into the record, once it is so much (or more, which the caller will see)."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while len(found := await items(client)) < count:
        assert loop.time() < give_up, f"{len(found)} of {count} lines are there"
        await asyncio.sleep(0.02)
    return found


def rename(path: Path, number: int) -> None:
    """As logrotate does without copytruncate: older ones move on, and the writer begins a new file."""
    for old in range(number, 0, -1):
        source = path.with_name(f"{path.name}.{old}")
        if source.exists():
            source.rename(path.with_name(f"{path.name}.{old + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))
    path.touch()


def copytruncate(path: Path, number: int) -> None:
    """As logrotate does with it."""
    for old in range(number, 0, -1):
        source = path.with_name(f"{path.name}.{old}")
        if source.exists():
            source.rename(path.with_name(f"{path.name}.{old + 1}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)


Rotate = Callable[[Path, int], None]
ROTATIONS = pytest.mark.parametrize("rotate", [rename, pytest.param(copytruncate, marks=pytest.mark.soak)])


async def test_lines_are_recorded_as_they_come_and_half_a_line_not_before_its_end(
    console: Console, tmp_path: Path
) -> None:
    path = written(tmp_path, LINE, LINE)
    with Follower(tmp_path, path, console.url):
        await recorded(console, 2)
        with path.open("a") as file:
            file.write(LINE + "\n" + LINE)
            file.flush()
            assert len(await recorded(console, 3)) == 3
            file.write(' \r\n{"agent":"b","type":"end"}\n')
        found = await recorded(console, 5)
        assert len(found) == 5
        assert said_by(found[-1]) == "end"


@ROTATIONS
async def test_a_rotated_file_is_a_new_stream_also_when_it_begins_with_the_same_lines(
    console: Console, tmp_path: Path, rotate: Rotate
) -> None:
    path = written(tmp_path, LINE, LINE, LINE)
    with Follower(tmp_path, path, console.url):
        await recorded(console, 3)
        for number, count in enumerate((2, 3, 7), start=1):
            before = len(await items(console))
            rotate(path, number)
            with path.open("a") as file:
                file.writelines([LINE + "\n"] * count)
            await recorded(console, before + count)
        assert len(await items(console)) == 15


@ROTATIONS
async def test_what_was_written_and_rotated_twice_while_it_was_down_is_recorded(
    console: Console, tmp_path: Path, rotate: Rotate
) -> None:
    path = written(tmp_path, LINE)
    with Follower(tmp_path, path, console.url) as follower:
        await recorded(console, 1)
        follower.kill()
        for number, name in enumerate(("one", "two", "three"), start=1):
            with path.open("a") as file:
                file.write(f'{LINE}\n{{"agent":"a","type":"{name}"}}\n')
            if name != "three":
                rotate(path, number)
        follower.start()
        found = [said_by(item) for item in await recorded(console, 7)]
        assert found == ["t", "t", "one", "t", "two", "t", "three"]


async def test_a_writer_that_goes_on_in_the_renamed_file_is_read_to_its_end(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path, LINE)
    with path.open("a") as file, Follower(tmp_path, path, console.url, linger="0.5"):
        await recorded(console, 1)
        rename(path, 1)
        for count in (2, 3, 4):  # it was not told to reopen its log yet
            file.write(LINE + "\n")
            file.flush()
            await recorded(console, count)
        file.write(LINE)  # and ends in the middle of a line
        file.flush()
        with path.open("a") as new:
            new.write('{"agent":"a","type":"new"}\n')
        found = [said_by(item) for item in await recorded(console, 6)]
        assert found == ["t", "t", "t", "t", "t", "new"]


@pytest.mark.soak
async def test_following_goes_on_from_what_was_imported_and_importing_finds_what_was_followed(
    console: Console, tmp_path: Path
) -> None:
    path = written(tmp_path, *[LINE] * 5)
    with CommandProcess(tmp_path, "import", str(path), "--url", console.url) as importing:
        await until(lambda: importing.has_ended)
    with Follower(tmp_path, path, console.url) as follower:
        with path.open("a") as file:
            file.write(LINE + "\n")
        await recorded(console, 6)
        follower.process.interrupt()
        await until(lambda: follower.process.has_ended)
        assert follower.process.wait() == 0
        assert follower.process.errors == [
            "governance-console: recorded 1, already there 5, bad 0, and then it was ended"
        ]
    with CommandProcess(tmp_path, "import", str(path), "--url", console.url) as importing:
        await until(lambda: importing.has_ended)
        assert importing.wait() == 0
        assert "recorded 0, already there 6" in importing.errors[-1]


async def test_a_truncation_without_a_copy_is_told_and_what_comes_next_is_recorded(
    console: Console, tmp_path: Path
) -> None:
    path = written(tmp_path, LINE, LINE)
    with Follower(tmp_path, path, console.url) as follower:
        await recorded(console, 2)
        path.write_text(LINE + "\n")
        await recorded(console, 3)
        path.write_text('{"agent":"other","type":"longer than what was there"}\n' * 3)
        await recorded(console, 6)
        # What is recorded and not yet acknowledged was, for the next one, not read.
        await until(lambda: '"lines":3,' in (tmp_path / ".bus.jsonl.follow").read_text())
        follower.kill()
        path.write_text('{"agent":"another","type":"written while nobody looked"}\n' * 9)
        told = list(follower.process.errors)
        follower.start()
        assert len(await recorded(console, 15)) == 15
        assert [*told, *follower.process.errors] == [
            f"governance-console: {path} was truncated, and no copy is beside it: lines not read before are lost"
        ] * 3


async def test_lines_that_were_read_but_not_yet_recorded_are_sent_after_kill_9(
    console: Console, tmp_path: Path
) -> None:
    path = written(tmp_path, LINE)
    async with before(console.url) as proxy:
        with Follower(tmp_path, path, proxy.url) as follower:
            await recorded(console, 1)
            proxy.statuses = [503] * 1000
            with path.open("a") as file:
                file.write(LINE + "\n")
            await until(lambda: any("answers 503" in line for line in follower.process.errors))
            follower.kill()
            proxy.statuses = []
            follower.start()
            assert len(await recorded(console, 2)) == 2


async def test_a_copy_that_somebody_made_beside_it_is_left_alone(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path, *[f'{{"agent":"a","type":"t","n":{number}}}' for number in range(300)])
    with Follower(tmp_path, path, console.url) as follower:
        await recorded(console, 300)
        shutil.copyfile(path, path.with_name("bus.jsonl.20261122"))
        (tmp_path / "bus.jsonl.2026-01-01").write_text("something else\n")
        with path.open("a") as file:
            file.write('{"agent":"a","type":"last"}\n')
        found = await recorded(console, 301)
        assert [said_by(item) for item in found[300:]] == ["last"]
        assert sum("is left alone" in line for line in follower.process.errors) == 2


async def test_bad_lines_are_named_and_the_file_is_followed_on(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path, LINE, "nonsense", LINE)
    with Follower(tmp_path, path, console.url) as follower:
        await recorded(console, 2)
        with path.open("a") as file:
            file.write("{}\n" + LINE + "\n")
        await recorded(console, 3)
        assert [line.split(": ")[1] for line in follower.process.errors] == ["bus.jsonl:2", "bus.jsonl:4"]


@pytest.mark.soak
async def test_it_waits_for_a_console_that_is_not_there_yet(tmp_path: Path) -> None:
    path = written(tmp_path, LINE)
    with ConsoleProcess(tmp_path) as console:
        console.kill()
        with Follower(tmp_path, path, console.url) as follower:
            await until(lambda: bool(follower.process.errors))
            console.start()
            async with connected(console.url) as client:
                assert len(await recorded(client, 1)) == 1
        assert follower.process.errors == [
            f"governance-console: cannot reach {console.url}: nothing listens there; trying again until it works"
        ]


async def test_a_second_one_is_refused_and_one_after_kill_9_is_not(
    console: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, LINE)
    with Follower(tmp_path, path, console.url) as first:
        await recorded(console, 1)
        second = await said(capsys, "import", "--follow", str(path), url=console.url)
        assert second.status == 2
        told = (
            rf"another import --follow \(process \d+\) keeps {tmp_path}/\.bus\.jsonl\.follow: end it, or give this one"
        )
        assert re.fullmatch(rf"governance-console: {told} its own --state\n", second.errors)
        first.kill()
        first.start()
        with path.open("a") as file:
            file.write(LINE + "\n")
        assert len(await recorded(console, 2)) == 2


async def test_a_name_that_is_misspelt_leaves_nothing_behind(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (await said(capsys, "import", "--follow", "bus.jsonll")).status == 2
    assert not list(here.iterdir())


@pytest.mark.soak
async def test_a_console_whose_record_was_replaced_gets_all_of_the_file_and_what_comes(tmp_path: Path) -> None:
    def line(name: str) -> str:
        return f'{{"agent":"a","type":"{name}"}}'

    path = written(tmp_path, line("rotated"))
    with ConsoleProcess(tmp_path) as console, Follower(tmp_path, path, console.url) as follower:
        async with connected(console.url) as client:
            await recorded(client, 1)
            rename(path, 1)
            path.write_text(line("first") + "\n")
            await recorded(client, 2)
            console.kill()
            shutil.rmtree(tmp_path / "data")
            console.start()
            with path.open("a") as file:
                file.write(line("second") + "\n")
            await recorded(client, 2)
            with path.open("a") as file:
                file.write(line("third") + "\n")
            found = await recorded(client, 3)
        assert [said_by(item) for item in found] == ["second", "first", "third"]
        assert [one for one in follower.process.errors if "another record" in one] == [
            f"governance-console: this is another record than before: {path} is put into it from its first line on"
        ]


@pytest.mark.parametrize(
    ("followed", "oldest_first"),
    [
        ("bus.jsonl", ("bus.jsonl.10", "bus.jsonl.9", "bus.jsonl.1")),
        ("bus-2026.jsonl", ("bus-2026.jsonl.10", "bus-2026.jsonl.9", "bus-2026.jsonl.1")),
        ("bus.jsonl", ("bus.jsonl-20261121", "bus.jsonl-20261122")),
        ("bus.jsonl", ("bus-20261121.jsonl", "bus-20261122.jsonl")),
        ("bus.jsonl", ("bus.jsonl.2026-11-22_09-59", "bus.jsonl.2026-11-22_10-02")),
    ],
)
def test_files_rotated_in_one_tick_of_the_clock_are_ordered_by_their_names(
    tmp_path: Path, followed: str, oldest_first: tuple[str, ...]
) -> None:
    for name in sorted(oldest_first):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(0, 0))
    for other in ("bus.jsonl", "bus.jsonl.bak", "bus.jsonl.1.gz", "other.jsonl.1", ".bus.jsonl.follow"):
        (tmp_path / other).touch()
    assert [seen.path.name for seen in look_around(tmp_path / followed).beside] == list(oldest_first)


class Writer:
    """Writes repeated undated lines, a line a write, and rotates its log now and then."""

    def __init__(self, path: Path, rotate: Rotate, chance: random.Random) -> None:
        self._path = path
        self._rotate = rotate
        self._chance = chance
        self._rotations = 0
        self.lines: list[str] = []

    async def write(self, count: int, pause: float, rotation: float) -> None:
        """So many lines; after each, with this probability, the log is rotated."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        fresh = True
        try:
            for _ in range(count):
                word = "begin" if fresh else self._chance.choice(WORDS)
                fresh = False
                self.lines.append(word)
                os.write(file, f'{{"agent":"w","type":"{word}"}}\n'.encode())
                if self._chance.random() < rotation:
                    self._rotations += 1
                    self._rotate(self._path, self._rotations)
                    if self._rotate is rename:
                        os.close(file)
                        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    fresh = True
                if self._chance.random() < 0.2:
                    await asyncio.sleep(self._chance.uniform(0, pause))
        finally:
            os.close(file)


async def kill_now_and_then(follower: Follower, chance: random.Random, writing: asyncio.Task[None], up: float) -> int:
    kills = 0
    while not writing.done():
        await asyncio.sleep(chance.uniform(0.2, up))
        follower.kill()
        kills += 1
        await asyncio.sleep(chance.uniform(0, 0.5))
        follower.start()
    return kills


async def follow_through(folder: Path, rotate: Rotate, seed: int, lines: int, rotation: float, pause: float) -> None:
    chance = random.Random(seed)
    path = folder / "bus.jsonl"
    path.touch()
    writer = Writer(path, rotate, chance)
    with ConsoleProcess(folder) as process, Follower(folder, path, process.url) as follower:
        async with connected(process.url) as client:
            # What was rotated before it is first followed is not taken up.
            await until(folder.joinpath(".bus.jsonl.follow").exists)
            writing = asyncio.create_task(writer.write(lines, pause, rotation))
            kills = await kill_now_and_then(follower, random.Random(seed + 1), writing, 1.5)
            await writing
            found = await recorded(client, lines, 60)
            # A repetition would still be on its way: what comes after everything tells that all was sent.
            with path.open("a") as file:
                file.write('{"agent":"w","type":"last"}\n')
            found = await recorded(client, lines + 1)
    _log.info("%d lines, %d rotations, %d kills", lines, writer._rotations, kills)
    assert Counter(map(said_by, found)) == Counter([*writer.lines, "last"])
    assert [said_by(item) for item in found] == [*writer.lines, "last"]
    assert len({json.dumps(item["entry"]["event"]["id"]) for item in found}) == lines + 1


@ROTATIONS
async def test_every_line_is_recorded_once_through_rotation_and_kill_9(tmp_path: Path, rotate: Rotate) -> None:
    await follow_through(tmp_path, rotate, seed=1, lines=400, rotation=0.015, pause=0.02)


@pytest.mark.soak
@ROTATIONS
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_line_is_recorded_once_through_many_rotations_and_kills(
    tmp_path: Path, rotate: Rotate, seed: int
) -> None:
    await follow_through(tmp_path, rotate, seed=seed, lines=10_000, rotation=0.004, pause=0.015)
