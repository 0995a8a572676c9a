from __future__ import annotations

from typing import Any

import pytest

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


async def test_an_entry_is_found_by_its_number(console: Console) -> None:
    await console.record(LENIENT, {**LENIENT, "data": [1, 2]})
    assert set((await console.get("/api/events/0")).json) == {"entry"}
    item: dict[str, Any] = (await console.get("/api/events/1")).json
    assert item["entry"]["seq"] == 1
    assert item["data"] == [1, 2]
    assert set(item) == {"entry", "data", "salt"}


@pytest.mark.parametrize("seq", ["2", "99999999999999999999999", "-1", "x", "1.0", "%00", "01", "%D9%A1"])
async def test_a_number_that_names_no_entry_is_404(console: Console, seq: str) -> None:
    await console.record(LENIENT, LENIENT)
    problem(await console.get(f"/api/events/{seq}"), 404)
