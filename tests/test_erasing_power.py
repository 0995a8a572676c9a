"""The power fails while data is erased: it is gone and the record says so, or it is there, and not a word of that."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from governance_console.erasing import Eraser
from governance_console.erasure import ERASED_TYPE
from governance_console.feed import Feed
from governance_console.metrics import Metrics
from governance_console.settling import Submission
from tests.disk import Disk
from tests.power import PowerFailure
from tests.test_journal import event
from tests.test_power import RECORD, empty, in_memory, is_sound, opened

__all__ = ["in_memory"]

SMALL, LARGE = 1, 3
TEXT = {SMALL: "small-canary", LARGE: "large-canary" * 4_000}


async def fail_at(folder: Path, moments: int, seed: int) -> set[tuple[bool, bool]]:
    """Erase, and let the power fail at so many moments of it; which of the two were found erased after one."""
    noted, left = folder / "noted", folder / "left"
    noted.mkdir()
    left.mkdir()
    (noted / RECORD).touch()
    found: set[tuple[bool, bool]] = set()
    chance = random.Random(seed)
    with Disk(noted) as disk:
        async with opened(disk, "epoch") as (journal, storage, log):
            eraser = Eraser(storage, journal, Feed(log.epoch, log.size, 5.0, storage.ascending, Metrics()))
            await journal.append(Submission.of("p", [event(number, TEXT.get(number, "other")) for number in range(5)]))
            begun = len(disk.deeds)
            told: list[tuple[int, int]] = []
            for seq in (SMALL, LARGE):
                await eraser.erase(seq, "operator", "r")
                told.append((len(disk.deeds), seq))
                assert await eraser.fold()
            ended = len(disk.deeds)
    power, at = PowerFailure([(RECORD, b"")]), 0
    for moment in sorted(chance.randrange(begun, ended + 1) for _ in range(moments)):
        power.go_on(disk.deeds[at:moment])
        at = moment
        empty(left)
        power.left_in(left, chance)
        erased = await look(left)
        assert all(erased[seq] for when, seq in told if when <= moment), "it was answered, and is not so"
        found.add((erased[SMALL], erased[LARGE]))
    return found


async def look(folder: Path) -> dict[int, bool]:
    """Open what is left; is each erased whole or not at all, and then nowhere in the files?"""
    with Disk(folder) as disk:
        async with opened(disk, "new") as (_, storage, log):
            items = (await storage.ascending(0, log.size, 100)).items
            assert (folder / f"{RECORD}-wal").stat().st_size == 0
            files = b"".join(path.read_bytes() for path in sorted(folder.glob(f"{RECORD}*")))
            said = sum(ERASED_TYPE.encode() in item.entry for item in items)
            erased = {seq: items[seq].erased is not None for seq in TEXT}
            assert said == sum(erased.values())
            for seq, is_erased in erased.items():
                item = items[seq]
                assert is_erased == (item.data is None) == (item.salt is None)
                if is_erased:
                    assert item.erased is not None and item.erased.seq is not None
                    assert ERASED_TYPE.encode() in items[item.erased.seq].entry
                    assert TEXT[seq][:12].encode() not in files
    assert is_sound(folder)
    return erased


async def test_the_power_fails_while_data_is_erased(in_memory: Path) -> None:
    found = await fail_at(in_memory, moments=16, seed=1)
    assert found >= {(False, False), (True, False), (True, True)}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 5))
async def test_the_power_fails_three_hundred_times_while_data_is_erased(in_memory: Path, seed: int) -> None:
    assert await fail_at(in_memory, moments=300, seed=seed) == {(False, False), (True, False), (True, True)}
