"""``kill -9`` at any moment: what was acknowledged is there, whole, and repeating everything adds only the rest.

This shows that nothing is told before it is committed, and that the record is whole however it was left. It
cannot show durability against power loss: the kernel outlives a killed process and keeps its writes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from governance_console.settings import Settings
from tests.console import connected, sample_lines
from tests.postings import Page, Posting, Receipt, Reference, Told, check, history, post_all, reference_of, watch
from tests.process import RUN, ConsoleProcess, clean_environment

_log = logging.getLogger(__name__)


async def kill_while_posting(
    process: ConsoleProcess, postings: Sequence[Posting], told: Told, point: int, delay: float, connections: int
) -> None:
    """Kill it ``delay`` seconds after it acknowledged ``point`` different events."""
    loop = asyncio.get_running_loop()
    killing: list[asyncio.TimerHandle] = []

    def on_receipt(receipt: Receipt) -> None:
        told.acknowledge(receipt)
        if len(told.acknowledged) >= point and not killing:
            killing.append(loop.call_later(delay, process.kill))

    async with connected(process.url) as client:
        watching = asyncio.create_task(watch(client, told))
        await post_all(process.url, postings, connections, on_receipt)
        assert killing, "everything was posted before it was time to kill"
        await watching


async def kill_often(
    folder: Path, postings: Sequence[Posting], reference: Reference, chance: random.Random, kills: int, connections: int
) -> None:
    """Kill a console again and again while everything is posted, then let it finish."""
    told = Told()
    total = len(reference.content)
    # Not so late that all may be recorded before it is time to kill.
    points = sorted(chance.sample(range(1, total * 4 // 5), kills))
    earlier: Page | None = None
    process = ConsoleProcess(folder)
    with process:
        for point in points:
            delay = chance.uniform(0, 0.004)
            _log.info("killing %.1f ms after %d events were acknowledged", delay * 1000, point)
            shuffled = chance.sample(postings, len(postings))
            await kill_while_posting(process, shuffled, told, point, delay, connections)
            process.start()
            async with connected(process.url) as client:
                page = await history(client)
            check(page, earlier, told, reference)
            earlier = page
        assert earlier is not None
        receipts: list[Receipt] = []
        await post_all(process.url, postings, connections, receipts.append)
        assert len(receipts) == len(postings)
        assert sum(receipt.accepted for receipt in receipts) == total - earlier.size
        for receipt in receipts:
            told.acknowledge(receipt)
        async with connected(process.url) as client:
            page = await history(client)
        check(page, earlier, told, reference)
        assert page.size == total
        assert told.acknowledged.keys() == reference.content.keys()


@pytest.mark.parametrize("seed", [1])
async def test_what_was_acknowledged_survives_kill_9_and_posting_all_again_adds_only_the_rest(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    postings = [Posting(f"line {number}", (line,)) for number, line in enumerate(sample_lines(), start=1)]
    reference = await reference_of(settings, postings)
    assert len(reference.content) == 231
    await kill_often(tmp_path, postings, reference, random.Random(seed), kills=3, connections=8)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
async def test_what_was_acknowledged_survives_ten_times_kill_9_amid_batches(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    lines = sample_lines()
    postings = [
        Posting(f"request {number}", tuple(chance.choices(lines, k=chance.choice((1, 1, 1, 2, 20, 200)))))
        for number in range(400)
    ]
    reference = await reference_of(settings, postings)
    await kill_often(tmp_path, postings, reference, chance, kills=10, connections=16)


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
            assert await client.record({"agent": "a", "type": "t"}) == [0]


@pytest.mark.parametrize("size", [pytest.param(0, id="its file appears"), pytest.param(1, id="something is in it")])
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
