"""``--follow`` against whatever may happen between two of its system calls, and what it keeps of how far it is.

No console is needed for that: what it would record is each id once.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from governance_console.cli.followed import Followed
from governance_console.cli.identity import Identity, ask
from governance_console.cli.likeness import WINDOW_BYTES
from governance_console.cli.rotation import look_around
from governance_console.errors import CommandFailed
from tests.interleaving import LINGER_SEC, Following, Killed, Recorder, Way, World, interleaved

WAYS = {
    "create": Way("create"),
    "create, and the writer is late": Way("create", late=True),
    "reopen": Way("reopen"),
    "reopen, and the writer is late": Way("reopen", late=True),
    "copytruncate": Way("copytruncate"),
    "create, and few are kept": Way("create", keep=1),
    "copytruncate, and few are kept": Way("copytruncate", keep=1),
    "create, with long lines": Way("create", wide=1500),
    "copytruncate, with long lines": Way("copytruncate", wide=1500),
    "create, and a slow clock": Way("create", tick=1.0),
    "copytruncate, and a slow clock": Way("copytruncate", tick=1.0),
}


def goes_through(folder: Path, way: Way, seed: int) -> None:
    folder.mkdir()
    world = World(folder, way, random.Random(f"{way} {seed}"))
    following = Following(world)
    following.run()
    assert world.record.lines == world.written, f"{way} {seed}: {following.said}"


@pytest.mark.parametrize("rotate", ["create", "reopen", "copytruncate"])
def test_whatever_happens_between_two_system_calls_every_line_is_recorded_once_and_in_order(
    tmp_path: Path, rotate: str
) -> None:
    for seed in range(8):
        goes_through(tmp_path / str(seed), Way(rotate, late=rotate != "copytruncate", rotations=4), seed)


def test_a_look_around_shows_every_file_once_amid_rotations(tmp_path: Path) -> None:
    world = World(tmp_path, Way("create", rotations=80), random.Random(1))
    while not world.is_over:
        before = {ask(one)[1] for one in tmp_path.iterdir()}
        with interleaved(lambda: world.step(world.chance.choice((0, 0, 0, 0, 0, 1, 2, 3, 9)))):
            around = look_around(world.path)
        found = [one.identity for one in (*around.beside, around.home) if one is not None]
        assert len(set(found)) == len(found)
        assert before <= set(found)


@pytest.mark.soak
def test_a_look_around_shows_every_file_whenever_the_steps_of_two_rotations_come(tmp_path: Path) -> None:
    home, first, second, third = (
        tmp_path / name for name in ("bus.jsonl", "bus.jsonl.1", "bus.jsonl.2", "bus.jsonl.3")
    )
    for moments in itertools.combinations_with_replacement(range(200), 2):
        for one in tmp_path.iterdir():
            one.unlink()
        home.touch()
        first.touch()
        before = {ask(home)[1], ask(first)[1]}
        count = itertools.count()

        def turn(moments: tuple[int, int] = moments, count: Iterator[int] = count) -> None:
            now = next(count)
            if now == moments[0]:
                first.rename(second)
            if now == moments[1]:
                home.rename(first)
                home.touch()
                second.rename(third)

        with interleaved(turn):
            around = look_around(home)
        assert before <= {one.identity for one in (*around.beside, around.home) if one is not None}, moments


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kill", [0.0, 0.001, 0.01])
def test_every_line_is_recorded_once_and_in_order_through_many_histories(tmp_path: Path, way: str, kill: float) -> None:
    for seed in range(40):
        goes_through(tmp_path / str(seed), replace(WAYS[way], kill=kill), seed)


class Log:
    """A followed log, and a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bus.jsonl"
        self.path.touch()
        self.where = folder / "state"
        self.now = 0.0
        self.record = Recorder()
        self.said: list[str] = []
        self.followed: Followed | None = None
        self.start()

    def close(self) -> None:
        if self.followed is not None:
            self.followed.close()
            self.followed = None

    def start(self) -> None:
        self.close()
        self.followed = Followed(self.path, self.where, LINGER_SEC, lambda: self.now, self.said.append)

    def write(self, text: str, path: Path | None = None) -> None:
        with (path or self.path).open("a") as file:
            file.write(text)

    def old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def step(self, epoch: str = "epoch") -> None:
        assert self.followed is not None
        if lines := self.followed.step():
            self.record.send(lines)
            self.followed.acknowledge(epoch)

    def wait(self) -> None:
        for _ in range(4):
            self.step()
            self.now += LINGER_SEC

    @property
    def recorded(self) -> str:
        return "".join(self.record.lines)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with contextlib.closing(Log(tmp_path)) as one:
        yield one


def renamed(log: Log) -> None:
    log.path.rename(log.old(1))
    log.write("d\n")


def renamed_twice(log: Log) -> None:
    log.path.rename(log.old(2))
    log.write("d\n")
    log.path.rename(log.old(1))
    log.write("a\nb\n")


def renamed_while_it_is_written_to(log: Log) -> None:
    log.path.rename(log.old(1))
    log.path.touch()


def the_writer_reopens_it(log: Log) -> None:
    log.write("d\n", log.old(1))
    log.write("e\n")


def the_copy_is_finished_and_the_file_truncated(log: Log) -> None:
    log.write("b\nc\n", log.old(1))
    os.truncate(log.path, 0)
    log.write("d\n")


def killed(log: Log) -> None:
    raise Killed


def nothing(log: Log) -> None:
    del log


def a_copy_is_begun(log: Log) -> None:
    log.write("a\n", log.old(1))


def truncated(log: Log) -> None:
    log.old(1).write_bytes(log.path.read_bytes())
    os.truncate(log.path, 0)
    log.write("a\n")


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("stride", [40, pytest.param(3, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("before", "event", "expected"),
    [
        (nothing, renamed, "abcd"),
        (nothing, renamed_twice, "abcdab"),
        (a_copy_is_begun, the_copy_is_finished_and_the_file_truncated, "abcd"),
        (renamed_while_it_is_written_to, the_writer_reopens_it, "abcde"),
        (nothing, killed, "abc"),
        (renamed, killed, "abcd"),
        (renamed_twice, killed, "abcdab"),
        (truncated, killed, "abca"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_whatever_happens_at_any_moment_every_line_is_recorded_once(
    tmp_path: Path, before: Callable[[Log], None], event: Callable[[Log], None], expected: str, stride: int
) -> None:
    """In one history the event comes before the first line that the follower runs, in the next before a later one."""
    for moment in itertools.count(step=stride):
        folder = tmp_path / str(moment)
        folder.mkdir()
        turns = iter(range(moment, -1, -1))
        with contextlib.closing(Log(folder)) as log:
            log.write("a\nb\n")
            log.step()
            log.write("c\n")
            before(log)

            def turn(log: Log = log, turns: Iterator[int] = turns) -> None:
                if next(turns, None) == 0:
                    event(log)

            with contextlib.suppress(Killed), interleaved(turn):
                log.start()
                log.wait()
            if next(turns, None) is not None:
                break  # so many lines are not run
            if event is killed:
                log.start()
            log.wait()
            assert log.recorded == expected, (moment, log.said)
    assert moment > 100


def test_a_renamed_file_is_read_on_until_its_successor_has_lines(log: Log) -> None:
    log.write("a\n")
    log.wait()
    log.path.rename(log.old(1))
    log.path.touch()
    log.wait()
    log.write("b\n", log.old(1))  # long after it may linger, but nothing was written anywhere since
    log.wait()
    log.write("c\n")
    log.wait()
    assert log.recorded == "abc"


def test_of_several_writers_one_may_be_late_for_as_long_as_a_file_may_linger(log: Log) -> None:
    log.write("a\n")
    log.step()
    log.path.rename(log.old(1))
    log.write("c\n")
    log.step()
    log.write("b\n", log.old(1))
    log.wait()
    assert log.recorded == "abc"


def test_what_was_rotated_while_it_was_away_is_read_without_waiting_for_late_lines(log: Log) -> None:
    log.write("a\n")
    log.step()
    for number, text in enumerate("bcde"):
        log.path.rename(log.old(9 - number))
        log.write(f"{text}\n")
    log.start()
    for _ in range(4):
        log.step()
    assert (log.recorded, log.now) == ("abcd", 0.0)


def test_a_new_file_with_the_number_of_a_removed_one_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.touch()
    first = ask(path)[1]
    path.unlink()
    path.touch()  # many file systems give it the same number
    second = ask(path)[1]
    if not second.born:
        pytest.skip("this file system does not tell when a file was made")
    assert not second.is_that_of(first)
    assert second.is_that_of(Identity(second.inode, 0))


def test_a_file_that_was_removed_while_nobody_looked_is_not_taken_for_its_successor(log: Log) -> None:
    log.write("a\n")
    log.step()
    log.path.rename(log.old(1))
    log.write("b\n")
    log.close()
    log.old(1).unlink()
    log.path.rename(log.old(1))
    log.write("a\nc\n")  # may have the number of the first one, and begins as it did
    log.start()
    log.wait()
    assert log.recorded == "abac"


def test_a_copy_in_the_making_is_waited_for_and_a_short_one_is_a_rotation_whatever_follows(log: Log) -> None:
    log.write("a\n")
    log.step()
    log.write("a\n")
    log.write("a\n", log.old(1))
    log.step()
    log.write("a\n", log.old(1))
    os.truncate(log.path, 0)
    log.write("a\na\na\n")
    log.wait()
    assert log.recorded == "aaaaa"


def test_a_copy_that_takes_long_to_make_is_waited_for_or_weighed_again(log: Log) -> None:
    log.write("a\nb\nc\n")
    log.wait()
    log.write("a\nb\n", log.old(1))
    log.wait()
    assert "is left alone" in log.said[-1]
    log.write("d\n")
    log.wait()
    log.write("e\n")
    log.write("c\nd\ne\n", log.old(1))
    os.truncate(log.path, 0)
    log.write("f\n")
    log.wait()
    assert log.recorded == "abcdef"


def test_a_copy_that_was_left_alone_has_the_rest_when_its_file_is_truncated_late(log: Log) -> None:
    line = "x" * WINDOW_BYTES
    log.write(f"{line}\n")
    log.step()
    log.write("b\n")
    log.old(1).write_bytes(log.path.read_bytes())
    log.step()
    log.now += LINGER_SEC
    log.step()
    assert "is left alone" in log.said[-1]
    os.truncate(log.path, 0)
    log.write("d\n")
    log.wait()
    assert log.recorded == line + "bd"


def test_somebodys_copy_is_left_alone_for_good_whatever_comes_to_be_in_it(log: Log) -> None:
    log.write("x" * WINDOW_BYTES + "\n")
    log.wait()
    log.old(7).write_bytes(log.path.read_bytes())
    log.wait()
    log.path.rename(log.old(1))
    log.old(7).write_text("something else\n")
    log.write("b\n")
    log.wait()
    log.write("c\n")
    log.wait()
    log.path.rename(log.old(2))
    log.write("d\n")
    log.wait()
    assert log.recorded == "x" * WINDOW_BYTES + "bcd"


def test_a_copy_of_what_is_nearly_there_again_is_a_rotation(log: Log) -> None:
    same = "x" * WINDOW_BYTES + "\n"
    log.write("a\n" + same)
    log.old(1).write_bytes(log.path.read_bytes())
    os.truncate(log.path, 0)
    log.write("b\n" + same)
    log.wait()
    assert log.recorded == f"a{same}b{same}".replace("\n", "")


def test_what_a_truncated_file_came_to_hold_is_read_also_when_it_is_renamed_next(log: Log) -> None:
    log.write("a\nhalf")
    log.step()
    log.path.write_text("b\n")
    log.step()
    log.path.rename(log.old(1))
    log.write("c\n")
    log.wait()
    assert log.recorded == "ahalfbc"


def test_another_record_gets_the_file_from_its_first_line_and_nothing_twice(log: Log) -> None:
    log.write("a\nb\n")
    log.wait()
    log.path.rename(log.old(1))
    log.write("c\nd\n")
    log.wait()
    assert log.recorded == "abcd"
    log.record = Recorder()
    log.write("e\n")
    log.step("another epoch")
    log.step("another epoch")
    log.write("f\n")
    log.step("another epoch")
    assert log.recorded == "ecdf"
    assert log.said == [f"this is another record than before: {log.path} is put into it from its first line on"]
    log.start()
    log.write("g\n")
    log.step("another epoch")
    assert log.recorded == "ecdfg"


def test_another_record_gets_also_a_file_of_which_it_got_the_last_line_first(log: Log) -> None:
    log.write("a\nb")
    log.step()
    log.path.rename(log.old(1))
    log.write("c\n")
    log.record = Recorder()
    log.now += 10
    for _ in range(8):
        log.step("another epoch")
        log.now += 1
    assert log.recorded == "bac"


def test_a_save_that_was_cut_short_changes_nothing(log: Log) -> None:
    log.write("a\nb\n")
    log.wait()
    log.where.with_name("state.new").write_text('{"version":1,"fi')  # killed while it was written
    log.write("c\n")
    log.start()
    log.wait()
    assert log.recorded == "abc"
    assert sorted(one.name for one in log.path.parent.iterdir()) == ["bus.jsonl", "state"]


@pytest.mark.parametrize("content", [b"", b"\0" * 300, b'{"version":1,"fi', b"[]\n", b"{}\n", b"\xff\xfe"])
def test_a_state_that_says_nothing_is_told_and_kept_as_it_is(log: Log, content: bytes) -> None:
    log.write("a\n")
    log.wait()
    log.where.write_bytes(content)
    with pytest.raises(CommandFailed, match=r"does not say how far .* is: mend it, or remove it to begin anew"):
        log.start()
    assert log.where.read_bytes() == content
    log.where.unlink()
    log.start()
    log.write("b\n")
    log.wait()
    assert log.recorded == "ab"  # the same ids: what is recorded is not recorded again
