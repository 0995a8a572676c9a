"""``kill -9`` between any two steps of a signature: all that was ever signed lies in one history.

The real process, killed at a system call on the key's files or the record's. Three kinds of notes are looked at: those
that were shown, the one beside the key, and those in the record.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import apsw
import pytest

from governance_console.api import JOURNAL, SIGNER, STORAGE
from governance_console.checkpoint import parse_checkpoint
from governance_console.edge import Edge
from governance_console.merkle import leaf_hashes
from governance_console.notes import Standing, parse_note, standing
from governance_console.settings import Settings
from tests.console import connected, running
from tests.process import RUN, ConsoleProcess, DidNotStart
from tests.rfc6962 import Tree
from tests.test_inject import may_trace as may_trace

QUICK = {"CHECKPOINT_INTERVAL_SEC": "0.05", "WS_INTERVAL_SEC": "0.02"}
KEY_FILES = ("data/log.key.checkpoint", "data/log.key.checkpoint.new")
RECORD_FILES = ("data/governance.db", "data/governance.db-wal")


def notes_in(folder: Path) -> set[bytes]:
    """What is beside the key, and in the record as far as there is one."""
    beside = folder / "data" / "log.key.checkpoint"
    found = {beside.read_bytes()} if beside.exists() else set()
    with suppress(apsw.SQLError, apsw.CantOpenError):
        file = apsw.Connection(str(folder / "data" / "governance.db"), flags=apsw.SQLITE_OPEN_READWRITE)
        found |= {row[0] for row in file.execute("SELECT note FROM checkpoints")}
        file.close()
    return found


async def hear(process: ConsoleProcess, heard: set[bytes]) -> None:
    """Record and watch until nobody answers; which notes heartbeats carried."""
    with suppress(aiohttp.ClientError, AssertionError, TimeoutError):
        async with asyncio.timeout(1.5), connected(process.url) as client, await client.watch() as stream:
            for number in range(10_000):
                await client.record({"source": "a", "type": "t", "data": {"number": number}})
                if number % 5 == 0:
                    while (message := await stream.message())["type"] != "audit":
                        pass
                    heard |= {message["checkpoint"].encode()} if "checkpoint" in message else set()


async def next_console(folder: Path, notes: set[bytes]) -> None:
    """It finds the tree and every note of the one history, and signs on."""
    data = folder / "data"
    settings = Settings(database_url=f"sqlite:///{data}/governance.db", log_key_file=str(data / "log.key"))
    size = 0
    for _ in range(2):
        notes |= notes_in(folder)
        async with running(settings) as console:
            signer, journal = console.app[SIGNER], console.app[JOURNAL]
            assert signer.refusing == ""
            page = await console.app[STORAGE].ascending(0, journal.size, 1 << 40)
            entries = [item.entry for item in page.items]
            assert journal.edge == Edge().grown(leaf_hashes(entries)).edge
            size, tree = len(entries), Tree(entries)
            for note in notes:
                parsed = parse_note(note)
                assert standing(parsed, [signer.verifier]) is Standing.SIGNED
                checkpoint = parse_checkpoint(parsed.text)
                assert checkpoint.root == tree.mth(0, checkpoint.size)
            await console.record({"source": "a", "type": "t"})
    notes |= notes_in(folder)
    assert max(parse_checkpoint(parse_note(note).text).size for note in notes) == size + 1


async def test_a_console_that_is_killed_while_it_signs_leaves_one_history(tmp_path: Path) -> None:
    heard: set[bytes] = set()
    with ConsoleProcess(tmp_path, QUICK) as process:
        hearing = asyncio.create_task(hear(process, heard))
        await asyncio.sleep(0.4)
        process.kill()
        await hearing
    await next_console(tmp_path, heard)


STEPS: Sequence[tuple[str, Sequence[str], Sequence[int]]] = (
    ("write", KEY_FILES, (1, 2, 5)),
    ("fsync", KEY_FILES, (1, 2, 5)),
    ("rename", KEY_FILES, (1, 2, 5)),
    ("fsync", ("data",), (2, 3, 4, 5)),  # the key's own and the record's come first
    ("openat", KEY_FILES, (1, 2, 3, 6)),
    ("pwrite64", RECORD_FILES, (*range(60, 160, 10),)),
    ("fdatasync", RECORD_FILES, (*range(8, 24, 2),)),
)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("call", "files", "when"), [(call, files, when) for call, files, times in STEPS for when in times]
)
async def test_a_kill_at_any_step_of_a_signature_leaves_one_history(
    tmp_path: Path, may_trace: None, call: str, files: Sequence[str], when: int
) -> None:
    names = [part for file in files for part in ("-P", str(tmp_path / file))]
    strace = ("strace", "-D", "-f", "-o", "/dev/null", "-e", f"trace={call}", *names)
    tampering = ("-e", f"inject={call}:signal=KILL:when={when}")
    process = ConsoleProcess(tmp_path, QUICK, command=(*strace, *tampering, sys.executable, str(RUN)))
    heard: set[bytes] = set()
    try:
        await asyncio.to_thread(process.start)
        await hear(process, heard)
    except DidNotStart:
        pass
    finally:
        if not process.has_ended:
            process.kill()
    assert process.wait() == -signal.SIGKILL
    await next_console(tmp_path, heard)
