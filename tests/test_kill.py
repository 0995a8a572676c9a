"""``kill -9`` at any moment: what was acknowledged is there, whole, and repeating everything adds only the rest.

This shows that nothing is told before it is committed, and that the record is whole however it was left. It
cannot show durability against power loss: the kernel outlives a killed process and keeps its writes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from governance_console.settings import Settings
from tests.console import connected, sample_lines
from tests.postings import Page, Posting, Receipt, Reference, Told, check, history, post_all, reference_of, watch
from tests.process import RUN, ConsoleProcess, clean_environment

_log = logging.getLogger(__name__)

End = Callable[[ConsoleProcess], None]


async def end_while_posting(
    process: ConsoleProcess, end: End, postings: Sequence[Posting], told: Told, point: int, delay: float, senders: int
) -> None:
    """End it ``delay`` seconds after it acknowledged ``point`` different events."""
    loop = asyncio.get_running_loop()
    ending: list[asyncio.TimerHandle] = []

    def on_receipt(receipt: Receipt) -> None:
        told.acknowledge(receipt)
        if len(told.acknowledged) >= point and not ending:
            ending.append(loop.call_later(delay, end, process))

    async with connected(process.url) as client:
        watching = asyncio.create_task(watch(client, told))
        await post_all(process.url, postings, senders, on_receipt)
        assert ending, "everything was posted before it was time to end it"
        await watching


async def end_often(
    folder: Path,
    end: End,
    postings: Sequence[Posting],
    reference: Reference,
    chance: random.Random,
    times: int,
    senders: int,
) -> None:
    """End a console again and again while everything is posted, then let it finish."""
    told = Told()
    total = len(reference.content)
    # Not so late that all may be recorded before it is time to kill.
    points = sorted(chance.sample(range(1, total * 4 // 5), times))
    earlier: Page | None = None
    process = ConsoleProcess(folder)
    with process:
        for point in points:
            delay = chance.uniform(0, 0.004)
            _log.info("ending it %.1f ms after %d events were acknowledged", delay * 1000, point)
            shuffled = chance.sample(postings, len(postings))
            await end_while_posting(process, end, shuffled, told, point, delay, senders)
            assert await asyncio.to_thread(process.wait) == (0 if end is ConsoleProcess.terminate else -signal.SIGKILL)
            process.start()
            async with connected(process.url) as client:
                page = await history(client)
            check(page, earlier, told, reference)
            earlier = page
        assert earlier is not None
        receipts: list[Receipt] = []
        await post_all(process.url, postings, senders, receipts.append)
        assert len(receipts) == len(postings)
        assert sum(receipt.accepted for receipt in receipts) == total - len(earlier.theirs)
        for receipt in receipts:
            told.acknowledge(receipt)
        async with connected(process.url) as client:
            page = await history(client)
        check(page, earlier, told, reference)
        assert len(page.theirs) == total
        assert told.acknowledged.keys() == reference.content.keys()


@pytest.mark.parametrize("seed", [1])
async def test_what_was_acknowledged_survives_kill_9_and_posting_all_again_adds_only_the_rest(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    postings = [Posting(f"line {number}", (line,)) for number, line in enumerate(sample_lines(), start=1)]
    reference = await reference_of(settings, postings)
    assert len(reference.content) == 231
    await end_often(tmp_path, ConsoleProcess.kill, postings, reference, random.Random(seed), times=3, senders=8)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
async def test_what_was_acknowledged_survives_twenty_times_kill_9_amid_batches(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    await end_amid_batches(settings, tmp_path, ConsoleProcess.kill, random.Random(seed), times=20)


async def end_amid_batches(settings: Settings, folder: Path, end: End, chance: random.Random, times: int) -> None:
    """Under 32 writers of small and large requests."""
    lines = sample_lines()
    postings = [
        Posting(f"request {number}", tuple(chance.choices(lines, k=chance.choice((1, 1, 1, 2, 8, 60)))))
        for number in range(400)
    ]
    reference = await reference_of(settings, postings)
    await end_often(folder, end, postings, reference, chance, times, senders=32)


def kill_first_start(folder: Path, size: int, delay: float) -> None:
    """Kill a first start ``delay`` seconds after the record's file had this many bytes."""
    folder.mkdir()
    path = folder / "data" / "governance.db"
    process = subprocess.Popen(
        [sys.executable, str(RUN), "--listen", "127.0.0.1:0"],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        give_up = time.monotonic() + 20
        while not path.exists() or path.stat().st_size < size:
            assert time.monotonic() < give_up
        time.sleep(delay)
    finally:
        process.kill()
        process.wait()


async def start_and_record(folder: Path) -> None:
    """The first event of a console that works."""
    with ConsoleProcess(folder) as process:
        async with connected(process.url) as client:
            (seq,) = await client.record({"agent": "a", "type": "t"})
            assert (await client.get("/api/events?limit=1")).json["size"] == seq + 1


@pytest.mark.parametrize(
    "size", [pytest.param(0, id="its file appears"), pytest.param(1, id="something is in it", marks=pytest.mark.soak)]
)
async def test_a_console_killed_while_it_makes_its_record_starts_the_next_time(tmp_path: Path, size: int) -> None:
    kill_first_start(tmp_path / "folder", size, 0.0)
    await start_and_record(tmp_path / "folder")


@pytest.mark.soak
async def test_a_console_killed_at_any_moment_of_its_first_start_starts_the_next_time(tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(25):
        delay = chance.uniform(0, 0.02)
        _log.info("killing %.1f ms after the file appeared", delay * 1000)
        kill_first_start(tmp_path / str(number), 0, delay)
        await start_and_record(tmp_path / str(number))
