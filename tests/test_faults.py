"""The storage fails at any of its calls, before or after doing what it was asked: the whole log is compared after it.

The real application over a real socket, on a real SQLite record that fails when it is told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from governance_console.api import JOURNAL
from governance_console.errors import CannotStart, RecordUnavailable, RecordUnreadable, StorageFailed, StorageFull
from governance_console.settings import Settings
from tests.console import Answer, Client, Console, Stream, running
from tests.faults import FaultyStorage
from tests.waiting import until


def named(name: str) -> dict[str, Any]:
    return {"agent": "a", "type": "tool.call", "id": name, "text": f"the text of {name}"}


@dataclass(slots=True)
class Witness:
    """What a console said: to who sent, and to who watched."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    streamed: dict[int, str] = field(default_factory=dict)

    async def send(self, client: Client, *names: str) -> Answer:
        answer = await client.post("/api/events", [named(name) for name in names])
        if answer.status in (200, 201):
            for item in answer.json["items"]:
                assert self.acknowledged.setdefault(item["id"], item["seq"]) == item["seq"]
        else:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert "Traceback" not in answer.text
        return answer

    async def watch(self, stream: Stream) -> None:
        while True:
            entry = (await stream.entry())["entry"]
            assert self.streamed.setdefault(entry["seq"], entry["event"]["id"]) == entry["event"]["id"]

    async def compare(self, client: Client) -> list[str]:
        """The whole log: numbered without a hole, each event once and whole, and nobody was told otherwise."""
        page = (await client.get("/api/events?from=0&limit=1000")).json
        names = [item["entry"]["event"]["id"] for item in page["items"]]
        assert [item["entry"]["seq"] for item in page["items"]] == list(range(page["size"]))
        assert len(set(names)) == page["size"]
        assert [item["data"] for item in page["items"]] == [{"text": f"the text of {name}"} for name in names]
        assert {name: names.index(name) for name in self.acknowledged} == self.acknowledged
        assert {seq: names[seq] for seq in self.streamed} == self.streamed
        return names


@asynccontextmanager
async def watched(settings: Settings, witness: Witness) -> AsyncIterator[tuple[Console, FaultyStorage]]:
    storage = FaultyStorage(settings.database_path)
    async with running(settings, storage) as console:
        async with await console.watch("?from=0") as stream:
            watching = asyncio.create_task(witness.watch(stream))
            yield console, storage
            # Nothing is streamed or counted that nobody was told of, and all that somebody was is.
            await until(lambda: len(witness.streamed) == len(witness.acknowledged))
            assert await console.sample("governance_log_size") == len(witness.acknowledged)
            assert await console.sample('governance_events_total{category="tool"}') == len(witness.acknowledged)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


PASSES = {"full": StorageFull("full"), "locked": RecordUnavailable("locked")}
STAYS = {"failed": StorageFailed("sync failed"), "a bug": ZeroDivisionError("a bug")}


def pairs(calls: Iterable[str], first: Collection[tuple[str, str, bool]]) -> list[ParameterSet]:
    """Each call with each failure, not saved and saved; all but these are for the long tier.

    By contract nothing was recorded after an append that failed in a way that passes.
    """
    return [
        pytest.param(
            *(call, kind, saved),
            marks=() if (call, kind, saved) in first else pytest.mark.soak,
            id=f"{call}: {kind}, {'saved' if saved else 'not saved'}",
        )
        for call in calls
        for kind in (*PASSES, *STAYS)
        for saved in (False, True)
        if not (call == "append" and kind in PASSES and saved)
    ]


@pytest.mark.parametrize(
    ("call", "kind", "saved"),
    pairs(
        ("known", "append"),
        {("known", "a bug", False), ("append", "full", False), ("append", "failed", False), ("append", "failed", True)},
    ),
)
async def test_a_write_that_fails_is_told_and_the_log_stays_whole(
    settings: Settings, call: str, kind: str, saved: bool
) -> None:
    witness = Witness()
    async with watched(settings, witness) as (console, storage):
        await witness.send(console, "a", "b")
        storage.error = {**PASSES, **STAYS}[kind]
        storage.fails_at, storage.saves_before_failing, storage.times = [call], saved, 1
        assert (await witness.send(console, "c", "d")).status == 503
        again = [await witness.send(console, *names) for names in (("e",), ("c", "d"), ("a",))]
        assert [answer.status for answer in again] == ([201, 201, 200] if kind in PASSES else [503] * 3)
        assert console.app[JOURNAL].writable is (kind in PASSES)
        left = await witness.compare(console) if kind in PASSES else []
    async with running(settings) as console:
        assert (await witness.compare(console))[: len(left)] == left
        for name in "abcdef":
            await witness.send(console, name)
        assert sorted(await witness.compare(console)) == list("abcdef")


@pytest.mark.parametrize(("call", "kind", "saved"), pairs(["probe"], {("probe", "failed", True)}))
async def test_a_probe_that_fails_is_told_and_the_log_stays_whole(
    settings: Settings, call: str, kind: str, saved: bool
) -> None:
    witness = Witness()
    async with watched(settings, witness) as (console, storage):
        await witness.send(console, "a")
        storage.error = StorageFull("full")
        assert (await witness.send(console, "b")).status == 503
        storage.error, storage.saves_before_failing = {**PASSES, **STAYS}[kind], saved
        storage.fails_at, storage.times = [call], 1
        await until(lambda: storage.times == 0)
        await until(lambda: console.app[JOURNAL].writable or console.app[JOURNAL].failure is not None)
        assert (await witness.send(console, "b")).status == (201 if kind in PASSES else 503)
    async with running(settings) as console:
        assert (await witness.send(console, "a", "b")).status in (200, 201)
        assert await witness.compare(console) == ["a", "b"]


READS = {
    "get": "/api/events/0",
    "descending": "/api/events",
    "ascending": "/api/events?from=0",
    "first_recorded": "/api/sources",
    "sources": "/api/sources",
}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RecordUnreadable("damaged"), 500),
        pytest.param(RecordUnavailable("locked"), 503, marks=pytest.mark.soak),
        pytest.param(KeyError("bug"), 500, marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("call", READS)
async def test_a_read_that_fails_is_told_and_costs_nothing_else(
    settings: Settings, call: str, error: Exception, status: int
) -> None:
    witness = Witness()
    async with watched(settings, witness) as (console, storage):
        await witness.send(console, "a")
        storage.error, storage.fails_at, storage.times = error, [call], 1
        answer = await console.get(READS[call])
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert "bug" not in answer.text
        assert (await console.get(READS[call])).status == 200
        assert (await witness.send(console, "b")).status == 201
        assert await witness.compare(console) == ["a", "b"]


async def test_a_record_that_cannot_be_opened_keeps_the_console_from_starting(settings: Settings) -> None:
    storage = FaultyStorage(settings.database_path)
    storage.error, storage.fails_at = CannotStart("the record is on the moon"), ["open"]
    with pytest.raises(CannotStart, match="on the moon"):
        async with running(settings, storage):
            pass
