from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest
from yarl import URL

from tests.console import Console
from tests.test_ingest import LENIENT, problem


async def seqs(console: Console, query: str) -> tuple[list[int], int | None]:
    page = (await console.get("/api/events" + query)).json
    return [item["entry"]["seq"] for item in page["items"]], page["next"]


async def test_history_of_an_empty_record_is_an_empty_page(console: Console) -> None:
    page = (await console.get("/api/events")).json
    assert page == {"epoch": page["epoch"], "size": 0, "items": [], "next": None}


async def test_pages_go_down_from_the_newest_and_end(console: Console) -> None:
    await console.record(*[LENIENT] * 7)
    assert await seqs(console, "?limit=3") == ([6, 5, 4], 4)
    assert await seqs(console, "?limit=3&before=4") == ([3, 2, 1], 1)
    assert await seqs(console, "?limit=3&before=1") == ([0], None)
    assert await seqs(console, "?before=0") == ([], None)
    assert await seqs(console, "?limit=7") == ([6, 5, 4, 3, 2, 1, 0], None)


async def test_pages_go_up_from_a_cursor_and_end(console: Console) -> None:
    await console.record(*[LENIENT] * 7)
    assert await seqs(console, "?from=0&limit=3") == ([0, 1, 2], 3)
    assert await seqs(console, "?from=3&limit=4") == ([3, 4, 5, 6], None)
    assert await seqs(console, "?from=7") == ([], None)


async def test_a_page_holds_100_items_unless_told(console: Console) -> None:
    await console.record(*[LENIENT] * 150)
    assert len((await seqs(console, ""))[0]) == 100
    assert len((await seqs(console, "?limit=1000"))[0]) == 150


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=1001",
        "?limit=-1",
        "?limit=ten",
        "?limit=",
        "?limit=1&limit=2",
        "?before=2",
        "?before=-1",
        "?before=1.5",
        "?before=99999999999999999999",
        pytest.param("?before=" + "9" * 5000, id="more digits than Python reads at once"),
        "?before=%D9%A1",  # an Arabic one: a digit, but not one of ours
        "?from=2",
        "?from=0&before=0",
        "?category=weather",
        "?severity=loud",
        "?since=yesterday",
        "?q=",
        "?source=",
        "?q=a&q=b",
        "?%00=1",
    ],
)
async def test_cursors_that_make_no_sense_are_refused(console: Console, query: str) -> None:
    await console.record(LENIENT)
    problem(await console.get("/api/events" + query), 422)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("type=a*b", "type may have a * at its end only"),
        ("type=agent.*&type=*.call", "type may have a * at its end only"),
        ("type=a**", "type may have a * at its end only"),
        ("source=%ff", "source is not UTF-8 when its percent-encoding is undone"),
        ("source=a&category=tool&traceid=%C3%28", "traceid is not UTF-8 when its percent-encoding is undone"),
        ("since=2026-11-22T12:00:00%2B01:00&until=2026-11-22T10:59:59Z", "since is later than until"),
    ],
)
async def test_a_filter_that_nothing_can_match_is_named(console: Console, query: str, says: str) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    ways = [("/api/events?", {}), ("/api/events?format=ndjson&", {}), ("/api/ws/telemetry?", upgrade)]
    for path, headers in ways[: 2 if "since" in query else 3]:
        answer = await console.get(path + query, headers=headers)
        assert says in problem(answer, 422)["detail"], path


@pytest.mark.parametrize(
    "query",
    ["type=*", "type=agent.*&type=agent.%C3%A9", "since=2026-11-22T10:00:00Z&until=2026-11-22T11:00:00%2B01:00"],
)
async def test_a_filter_that_something_can_match_is_taken(console: Console, query: str) -> None:
    assert (await console.get(f"/api/events?{query}")).status == 200


async def test_an_entry_is_found_by_its_number(console: Console) -> None:
    await console.record(LENIENT, {**LENIENT, "data": [1, 2]})
    assert set((await console.get("/api/events/0")).json) == {"entry"}
    item: dict[str, Any] = (await console.get("/api/events/1")).json
    assert item["entry"]["seq"] == 1
    assert item["data"] == [1, 2]
    assert set(item) == {"entry", "data", "salt"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&".join(["source=planner-7"] * 100), 200),
        ("&".join(["source=planner-7"] * 101), 422),
        ("q=" + "x" * 500, 200),
        ("q=" + "x" * 501, 422),
    ],
    ids=["100 sources", "101 sources", "500 characters", "501 characters"],
)
async def test_filters_have_their_bounds(console: Console, query: str, status: int) -> None:
    assert (await console.get(f"/api/events?{query}")).status == status


@pytest.mark.parametrize(
    "seq",
    ["2", "99999999999999999999999", pytest.param("9" * 5000, id="long"), "-1", "x", "1.0", "%00", "01", "%D9%A1"],
)
async def test_a_number_that_names_no_entry_is_404(console: Console, seq: str) -> None:
    await console.record(LENIENT, LENIENT)
    problem(await console.get(f"/api/events/{seq}"), 404)


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """The record's entries are out of reach meanwhile, as after a disk's fault: every read of them fails."""
    with closing(apsw.Connection(str(folder / "governance.db"))) as outside:
        outside.set_busy_timeout(5000)  # the console writes meanwhile that the export broke off
        outside.execute("ALTER TABLE entries RENAME TO gone")
        yield
        outside.execute("ALTER TABLE gone RENAME TO entries")


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_a_record_that_cannot_be_read_is_500_however_it_is_asked_for(
    console: Console, tmp_path: Path, accept: str
) -> None:
    await console.record(LENIENT)
    with unreadable(tmp_path):
        problem(await console.get("/api/events", headers={"Accept": accept}), 500)
    assert (await console.get("/api/events", headers={"Accept": accept})).status == 200


async def test_an_export_that_breaks_off_never_looks_whole(
    console: Console, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # The first page is more than the buffers between hold, so the second is read only when this client goes on.
    for _ in range(9):
        await console.record(*[{**LENIENT, "data": "x" * 16_000}] * 60)
    lines = {"Accept": "application/x-ndjson"}
    async with console.client.get(console.url + "/api/events?from=0", headers=lines) as answer:
        assert answer.status == 200
        with unreadable(tmp_path), pytest.raises(aiohttp.ClientError):
            await answer.read()
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert told[0] == "an export broke off: this part of the record cannot be read (no such table: entries)"


async def test_the_head_of_an_export_has_no_body(console: Console) -> None:
    await console.record(LENIENT)
    url = URL(console.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    start = f"/api/events?format=ndjson HTTP/1.1\r\nHost: {url.authority}\r\n"
    writer.write(f"HEAD {start}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"application/x-ndjson" in head
    writer.write(f"GET {start}Connection: close\r\n\r\n".encode())
    rest = await reader.read()
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(rest.split(b"\r\n")[-4])["entry"]["seq"] == 0
    writer.close()
    await writer.wait_closed()
