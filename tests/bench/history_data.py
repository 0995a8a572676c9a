"""Records of a given size, made through the storage's own door and kept for the next run."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from governance_console.attributes import Data, event_of
from governance_console.entries import identity, make_item
from governance_console.storage import NewItem
from governance_console.storage.sqlite_schema import SCHEMA
from governance_console.times import text_of
from tests.growing import GrowingStorage

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
APART: Final = timedelta(milliseconds=10)
BATCH: Final = 20_000
TYPES: Final = ("tool.call", "model.completion", "task.step", "policy.check", "audit.note", "drift.sample")
SOURCES: Final = 50

RARE_SOURCE: Final = "agent-rare"
RARE_TYPE: Final = "hitl.request"
RARE_WORD: Final = "zebra"
ONLY: Final = 29
"""Nearly the oldest entry, where the newest are read first: the only one of agent-7 in category drift. The next one is
the only error among the audit notes. Each of these four is common by itself."""

_encode: Final = msgspec.json.Encoder().encode


def sent(number: int) -> dict[str, Any]:
    """The attributes and data of one event. The rare ones are a handful in a hundred thousand."""
    mixed = number * 2654435761 % 2**32
    source, type_ = f"agent-{mixed % SOURCES}", TYPES[mixed // 64 % len(TYPES)]
    severity = "warning" if mixed // 1024 % 20 == 0 else "error" if mixed // 1024 % 20 == 1 else "info"
    if number % 30_000 == 11:
        type_, severity = "tool.call", "critical"
    if number % 40_000 == 23:
        type_ = RARE_TYPE
    if number % 50_000 == 17:
        source = RARE_SOURCE
    if number == ONLY:
        source, type_ = "agent-7", "drift.sample"
    elif number == ONLY + 1:
        type_, severity = "audit.note", "error"
    elif (source, type_) == ("agent-7", "drift.sample"):
        source = "agent-8"
    elif (type_, severity) == ("audit.note", "error"):
        severity = "info"
    return {
        "specversion": "1.0",
        "id": f"event-{number:09}",
        "source": source,
        "type": type_,
        "severity": severity,
        "traceid": trace_of(number),
        "data": {"note": RARE_WORD if number % 60_000 == 31 else "searched", "step": number % 40, "ms": mixed % 900},
    }


def trace_of(number: int) -> str:
    """Eight events share a trace."""
    return hashlib.md5(b"%d" % (number // 8)).hexdigest()


def moment_of(number: int) -> str:
    """When an entry was recorded."""
    return text_of(START + number * APART)


def record_of(folder: Path, size: int, say: Callable[[str], None]) -> Path:
    """The folder to start a console in whose record has so many entries: an earlier run's, or made now."""
    schema = hashlib.sha256(f"{SCHEMA}{Path(__file__).read_text()}".encode()).hexdigest()[:8]
    made = folder / f"history-{schema}-{size}"
    if not made.exists():
        half = made.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        asyncio.run(_write(half / "data" / "governance.db", size, say))
        half.rename(made)
    return made


def drop_from_memory(folder: Path) -> None:
    """Make the next read of this record come from the disk."""
    for path in (folder / "data").iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)  # only clean pages can be dropped
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def bytes_of(folder: Path) -> int:
    """What the record takes on disk."""
    return sum(path.stat().st_size for path in (folder / "data").iterdir())


async def _write(path: Path, size: int, say: Callable[[str], None]) -> None:
    storage = GrowingStorage(path, "bench", lambda: "0123456789abcdef")
    await storage.open()
    try:
        for first in range(0, size, BATCH):
            if first * 10 // size != (first - BATCH) * 10 // size:
                say(f"making a record of {size:,} entries: {first:,}")
            await storage.record(list(_items(first, min(first + BATCH, size))))
    finally:
        await storage.close()


def _items(first: int, end: int) -> Iterator[NewItem]:
    for number in range(first, end):
        attributes = sent(number)
        data = attributes.pop("data")
        event = event_of(attributes, Data(_encode(data), True), data)
        own = identity("operator", event.source, event.id)
        item = make_item(number, moment_of(number), "operator", event, own)
        yield NewItem(item, own, event.shown, event.subject)
