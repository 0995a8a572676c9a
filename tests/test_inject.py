"""System calls of the running console on its record fail, or are its last: what was acknowledged is there.

``strace`` makes one call of the real process return an error, or kills the process at it. The next console
finds the record whole, and sending everything again adds only what was missing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import apsw
import pytest

from governance_console.cli.serve import FAILED
from governance_console.settings import Settings
from tests.console import Client, connected, running
from tests.postings import Posting, Reference, Refused, Told, check, history, reference_of, watch
from tests.process import RUN, ConsoleProcess, DidNotStart

_log = logging.getLogger(__name__)

CALLS = "pwrite64,fsync,fdatasync,ftruncate"
RECORD = "data/governance.db"
FILES = (".", "data", RECORD, f"{RECORD}-wal", f"{RECORD}-shm", f"{RECORD}-journal")
SENDERS = 4
MOST_COUNTED = 3
"""A full disk that comes back again and again counts as this many failures of a run, no more."""

STARTS = {"pwrite64": 60, "fdatasync": 8, "ftruncate": 4, "fsync": 1}
"""About how many of its calls are made until the console serves; later ones are of commits and folding."""

LATER = {"pwrite64": 1500, "fdatasync": 25, "ftruncate": 1, "fsync": 1}


def large_postings(requests: int, most_bytes: int) -> list[Posting]:
    """Enough for the WAL to be folded back into the file while it is written."""
    chance = random.Random(1)
    return [
        Posting(
            f"request {number}",
            tuple(
                f'{{"agent":"a-{number % 5}","type":"t","text":"{"x" * chance.randrange(most_bytes)}"}}'
                for _ in range(chance.choice((1, 1, 2, 9)))
            ),
        )
        for number in range(requests)
    ]


@pytest.fixture(scope="session")
def may_trace(require: Callable[[bool, str, str], None]) -> None:
    """Skip where there is no strace, or where the system does not let it trace."""
    require(shutil.which("strace") is not None, "strace", "apt-get install strace")
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, timeout=10, check=False)
    if tried.returncode != 0:
        reason = f"strace may not trace here (ptrace is forbidden): {tried.stderr.decode().strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def settings_of(record: Path) -> Settings:
    """A console for this record, with the key beside it."""
    return Settings(database_url=f"sqlite:///{record}", log_key_file=str(record.with_name("log.key")))


class TracedConsole(ConsoleProcess):
    """A console whose calls on its record are noted, and those that ``inject`` names are tampered with.

    ``files`` are those of its folder on which calls are looked at.
    """

    def __init__(self, folder: Path, inject: str = "", files: Sequence[str] = FILES) -> None:
        self._notes = folder / "calls"
        super().__init__(
            folder,
            # -D: the console is our child, and strace beside it.
            command=(
                *("strace", "-D", "-f", "-y", "-s", "0", "-o", str(self._notes)),
                # With it only these calls are slowed down; but then strace delivers no signals at them.
                *(() if "signal" in inject else ("--seccomp-bpf",)),
                *("-e", f"trace={CALLS}"),
                *(("-e", f"inject={inject}") if inject else ()),
                *(part for file in files for part in ("-P", str(folder / file))),
                *(sys.executable, str(RUN)),
            ),
        )

    def calls(self) -> list[str]:
        """One line each: what was called on which file, and what came of it."""
        return self._notes.read_text(encoding="utf-8").splitlines() if self._notes.exists() else []

    def injected(self) -> int:
        """How many calls were tampered with, the one at which it was killed included."""
        calls = self.calls()
        return sum("(INJECTED)" in call for call in calls) or any("killed by SIGKILL" in call for call in calls)


@dataclass(slots=True)
class Posted:
    """What senders were told beside receipts."""

    refusals: list[str] = field(default_factory=list)
    is_alone: bool = False
    """Nobody answers any more."""


async def post_and_note(client: Client, postings: Sequence[Posting], told: Told) -> Posted:
    """Post over several connections, until all is done or nobody answers."""
    left = iter(postings)
    posted = Posted()

    async def post_some() -> None:
        try:
            for posting in left:
                try:
                    told.acknowledge(await posting.send(client))
                except Refused as refused:
                    posted.refusals.append(str(refused))
        except aiohttp.ClientError:
            posted.is_alone = True

    await asyncio.gather(*(post_some() for _ in range(SENDERS)))
    return posted


async def bear(process: TracedConsole, postings: Sequence[Posting], told: Told, reference: Reference) -> None:
    """Post to a console until it dies or all is posted; compare what it says, and how it ends."""
    async with connected(process.url) as client:
        watching = asyncio.create_task(watch(client, told))
        posted = await post_and_note(client, postings, told)
        if posted.is_alone:
            assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
        else:
            failed = any("storage failed" in refusal for refusal in posted.refusals)
            assert not failed or (await client.get("/readyz")).status == 503
            page = await history(client)
            check(page, None, told, reference)
            # Nothing is shown, streamed or counted that nobody was told of.
            assert len(page.theirs) == len(told.acknowledged)
            assert page.size == await client.sample("governance_log_size")
            assert told.streamed.keys() <= set(range(page.size))
            process.terminate()
            status = await asyncio.to_thread(process.wait)
            assert status == (FAILED if failed else 0) or (status == -signal.SIGKILL and not failed)
            assert not failed or "because the record cannot be written" in process.log[-1]
        await watching


async def live_through(folder: Path, inject: str, postings: Sequence[Posting], reference: Reference) -> int:
    """Start a console, let its calls fail, and compare what the next one finds. How many calls did?"""
    folder.mkdir()
    told = Told()
    process = TracedConsole(folder, inject)
    try:
        await asyncio.to_thread(process.start)
    except DidNotStart:
        status = process.wait()
        assert status in (-signal.SIGKILL, 2)
        assert status != 2 or re.fullmatch("governance-console: the record .* cannot be opened: .*", process.log[-1])
    else:
        try:
            await bear(process, postings, told, reference)
        finally:
            if not process.has_ended:
                process.kill()
    assert not [line for line in process.log if "Traceback" in line], process.log
    async with running(settings_of(folder / RECORD)) as console:
        check(await history(console), None, told, reference)
        for posting in postings:
            told.acknowledge(await posting.send(console))
        page = await history(console)
        check(page, None, told, reference)
        assert len(page.theirs) == len(reference.content)
    return process.injected()


def injections(chance: random.Random) -> Iterator[str]:
    """What to do to which calls: at the start, in commits, and in folding."""
    while True:
        call = chance.choices(("pwrite64", "fdatasync", "ftruncate", "fsync"), (60, 30, 7, 3))[0]
        starts = STARTS[call]
        when = str(chance.randint(1, starts) if chance.random() < 0.2 else starts + chance.randrange(LATER[call]))
        fault = chance.choice(("error=EIO", "error=ENOSPC", "signal=KILL"))
        if (call, fault) == ("pwrite64", "error=ENOSPC"):
            when += f"+{chance.randint(20, 300)}"  # a full disk passes, and comes again
        yield f"{call}:{fault}:when={when}"


async def inject_often(folder: Path, seed: int, times: int, requests: int) -> None:
    chance = random.Random(seed)
    postings = large_postings(requests, 30_000)
    reference = await reference_of(settings_of(folder / "reference.db"), postings)
    injected = 0
    for number, inject in enumerate(injections(chance)):
        found = await live_through(folder / str(number), inject, postings, reference)
        _log.info("%s: %d", inject, found)
        shutil.rmtree(folder / str(number))
        injected += min(found, MOST_COUNTED)
        if injected >= times:
            break


@pytest.mark.parametrize("inject", ["fdatasync:error=EIO:when=12", "pwrite64:signal=KILL:when=150"])
async def test_a_call_that_fails_costs_nothing_that_was_acknowledged(
    tmp_path: Path, may_trace: None, inject: str
) -> None:
    postings = large_postings(20, 3000)
    reference = await reference_of(settings_of(tmp_path / "reference.db"), postings)
    assert await live_through(tmp_path / "console", inject, postings, reference) > 0


@pytest.mark.soak
async def test_a_failed_sync_is_not_kept_quiet_because_the_commit_before_it_was_done(
    tmp_path: Path, may_trace: None
) -> None:
    """SQLite says nothing of it when folding the WAL back into the file after a commit fails."""
    text = "x" * 900_000
    process = TracedConsole(tmp_path, "fdatasync:error=EIO:when=3", files=[RECORD])
    with process:
        async with connected(process.url) as client:
            acknowledged = 0
            while (answer := await client.post("/api/events", {"agent": "a", "type": "t", "text": text})).status == 201:
                acknowledged += 1
                assert acknowledged < 100
            assert answer.status == 503
            assert "IOERR_FSYNC: Input/output error" in answer.json["detail"]
            assert (await client.get("/api/events")).json["size"] == 1 + acknowledged
        process.terminate()
        assert process.wait() == FAILED
        assert process.injected() == 1
        process.start()
        async with connected(process.url) as client:
            assert (await client.get("/readyz")).status == 200
            assert (await client.get("/api/events")).json["size"] >= 1 + acknowledged


@pytest.mark.soak
async def test_shared_memory_that_cannot_grow_is_a_full_disk(tmp_path: Path, may_trace: None) -> None:
    """A reader that stays keeps the WAL from being begun anew, and its index in the -shm file has to grow."""
    at_start, later = tmp_path / "at start", tmp_path / "later"
    at_start.mkdir()
    later.mkdir()
    process = TracedConsole(at_start, "pwrite64:error=ENOSPC:when=3", files=[f"{RECORD}-shm"])
    with pytest.raises(DidNotStart, match="no space is left there"):
        process.start()
    process = TracedConsole(later, "pwrite64:error=ENOSPC:when=9", files=[f"{RECORD}-shm"])
    with process:
        stays = apsw.Connection(str(later / RECORD))
        stays.execute("BEGIN")
        stays.execute("SELECT * FROM log").fetchall()
        async with connected(process.url) as client:
            acknowledged = 0
            event = {"agent": "a", "type": "t", "text": "x" * 900_000}
            while (answer := await client.post("/api/events", {**event, "id": str(acknowledged)})).status == 201:
                acknowledged += 1
                assert acknowledged < 120
            assert "no space is left for the record's -shm file" in answer.json["detail"]
            assert (await client.post("/api/events", {**event, "id": str(acknowledged)})).json["accepted"] == 1
            stays.close()
        process.kill()
        assert process.injected() == 1
    async with running(settings_of(later / RECORD)) as console:
        page = (await console.get("/api/events?limit=1")).json
        assert page["size"] == 1 + acknowledged + 1  # the console's start is the first
        assert page["items"][0]["entry"]["event"]["id"] == str(acknowledged)


def test_the_record_has_a_durable_name_before_anything_is_in_it(tmp_path: Path, may_trace: None) -> None:
    process = TracedConsole(tmp_path)
    with process:
        process.terminate()
        process.wait()
    calls = [re.sub(r"\d+<(.*?)>.*", r"\1", call.split(maxsplit=1)[1]) for call in process.calls()]
    first = next(place for place, call in enumerate(calls) if call.startswith("pwrite64"))
    assert f"fsync({tmp_path}" in calls[:first]
    assert f"fsync({tmp_path / 'data'}" in calls[:first]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
async def test_fifty_calls_that_fail_cost_nothing_that_was_acknowledged(
    tmp_path: Path, may_trace: None, seed: int
) -> None:
    await inject_often(tmp_path, seed, times=50, requests=60)
