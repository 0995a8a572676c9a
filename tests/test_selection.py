"""Every filter and combination, in both directions, against a plain list."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance_console import events
from governance_console.categories import SEVERITIES
from governance_console.entries import Item, make_item, shown_of
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import NewItem
from governance_console.storage.sqlite import SqliteStorage
from tests.console import Console
from tests.test_ingest import problem

SOURCES = ["planner-7", "deploybot", "Ärger", "a'b%_"]
TYPES = ["agent.tool.call", "agent.tool.result", "policy.denied", "model*", "model.usage", "health_check"]
TEXTS = ["needle", "NEEDLE", "nädel", 'quo"te', "back\\slash", "line\nbreak", "%", "_", "🚀"]


def moment(seq: int) -> str:
    """Three entries share a moment."""
    return f"2026-11-22T10:{seq // 3 // 60:02}:{seq // 3 % 60:02}.000000Z"


def recorded_items() -> list[NewItem]:
    """A record of 400 entries in which every attribute takes turns at a pace of its own."""
    items: list[NewItem] = []
    for seq in range(400):
        sent: dict[str, Any] = {"source": SOURCES[seq % 4], "type": TEXTS[0] if seq == 77 else TYPES[seq // 3 % 6]}
        if seq % 5 == 0:
            sent["severity"] = SEVERITIES[seq // 5 % 6]
        if seq % 7 == 0:
            sent["trace_id"] = f"trace-{seq // 7 % 3}"
        if seq % 11 == 0:
            sent["subject"] = "about a Needle" if seq % 2 else "haystack"
        if seq % 3 == 0:
            sent["message"] = TEXTS[seq // 3 % len(TEXTS)]
        text = json.dumps(sent, ensure_ascii=bool(seq % 2))
        (event,) = events.parse_json(text.encode(), lambda place, seq=seq: f"id-{seq}")  # type: ignore[misc]
        item = make_item(seq, moment(seq), "p", event, bytes(16))
        items.append(NewItem(item, seq.to_bytes(16, "big"), event.shown, event.subject))
    return items


@asynccontextmanager
async def recorded(folder: Path) -> Any:
    storage = SqliteStorage(folder / "governance.db", None, lambda: "epoch")
    log = await storage.open()
    if log.size == 0:
        await storage.append(EVERY_ITEM)
    try:
        yield storage
    finally:
        await storage.close()


def wanted(new: NewItem, selection: Selection) -> bool:
    """The plain reading of a selection."""
    entry = json.loads(new.item.entry)
    event = entry["event"]
    by_type = (
        not selection.types
        or any(
            event["type"].startswith(one[:-1]) if one.endswith("*") else event["type"] == one for one in selection.types
        )
        or event["type"] in selection.types
    )
    values = [] if new.item.data is None else list(strings_in(json.loads(new.item.data)))
    haystacks = [event["source"], event["type"], event.get("subject", ""), *values]
    return (
        (not selection.categories or entry["category"] in selection.categories)
        and (not selection.sources or event["source"] in selection.sources)
        and by_type
        and (not selection.traceids or event.get("traceid") in selection.traceids)
        and SEVERITIES.index(entry["severity"]) >= SEVERITIES.index(selection.severity)
        and (not selection.since or entry["recorded"] >= selection.since)
        and (not selection.until or entry["recorded"] < selection.until)
        and (not selection.text or any(folded(selection.text) in folded(one) for one in haystacks))
    )


def folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def strings_in(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_in(inner)


EVERY_ITEM = recorded_items()

selections = st.builds(
    Selection,
    categories=st.frozensets(st.sampled_from(["tool", "model", "policy", "alert"]), max_size=2),
    sources=st.frozensets(st.sampled_from([*SOURCES, "nobody"]), max_size=2),
    types=st.frozensets(st.sampled_from([*TYPES, "agent.*", "model*", "*", "nothing"]), max_size=2),
    severity=st.sampled_from(SEVERITIES),
    traceids=st.frozensets(st.sampled_from(["trace-0", "trace-2", "x"]), max_size=2),
    since=st.sampled_from(["", moment(0), moment(100), moment(399), "2030-01-01T00:00:00.000000Z"]),
    until=st.sampled_from(["", moment(1), moment(200), "2030-01-01T00:00:00.000000Z"]),
    text=st.sampled_from(["", "", "", *TEXTS, "about a n", "nobody says this"]),
)


async def all_pages(storage: SqliteStorage, selection: Selection, up: bool, limit: int) -> list[Item]:
    """Every page, following its cursor to the end."""
    found: list[Item] = []
    cursor, end = (0, 400) if up else (400, 0)
    while cursor != end:
        if up:
            page = await storage.ascending(cursor, 400, limit, selection)
            assert page.reached > cursor
        else:
            page = await storage.descending(cursor, limit, selection)
            assert page.reached < cursor
        assert len(page.items) <= limit
        found += page.items
        cursor = page.reached
    return found


async def test_every_selection_finds_what_a_plain_list_has(tmp_path: Path) -> None:
    async with recorded(tmp_path) as storage:
        cases: list[tuple[Selection, bool, int]] = []

        @given(selections, st.booleans(), st.sampled_from([1, 7, 100, 1000]))
        @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
        def collect(selection: Selection, up: bool, limit: int) -> None:
            cases.append((selection, up, limit))

        collect()
        for selection, up, limit in cases:
            expected = [new.item for new in EVERY_ITEM if wanted(new, selection)]
            found = await all_pages(storage, selection, up, limit)
            assert found == (expected if up else expected[::-1]), selection


@given(selections)
def test_the_stream_selects_as_the_history_does(selection: Selection) -> None:
    for_stream = replace(selection, since="", until="", text="")
    for new in EVERY_ITEM[:120]:
        assert for_stream.matches(shown_of(new.item.entry)) == wanted(new, for_stream)
        assert shown_of(new.item.entry) == new.shown


def test_everything_is_everything() -> None:
    assert all(EVERYTHING.matches(new.shown) for new in EVERY_ITEM[:50])


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?source=b", [3, 1]),
        ("?source=a&source=b", [4, 3, 2, 1, 0]),
        ("?severity=error", [2]),
        ("?severity=warning&source=b", [3]),
        ("?type=agent.*", [1, 0]),
        ("?type=agent.tool.call&category=tool", [0]),
        ("?traceid=t-1", [4]),
        ("?q=wörld", [1]),
        ("?q=HELLO", [1]),
        ("?q=7", [2]),
        ("?until=2000-01-01T00:00:00Z", []),
        ("?since=2000-01-01T00:00:00%2B01:00&source=b", [3, 1]),
        ("?source=nobody", []),
        ("?source=b&limit=1", [3]),
        ("?source=b&before=3", [1]),
        ("?source=b&from=2", [3]),
    ],
)
async def test_history_is_filtered_over_http(console: Console, query: str, numbers: list[int]) -> None:
    await console.record(
        {"source": "a", "type": "agent.tool.call"},
        {"source": "b", "type": "agent.tool.result", "message": "Hello wörld"},
        {"source": "a", "type": "task.failed", "n": 7},
        {"source": "b", "type": "policy.denied"},
        {"source": "a", "type": "x", "trace_id": "t-1"},
    )
    page = (await console.get("/api/events" + query)).json
    assert [item["entry"]["seq"] for item in page["items"]] == numbers


async def test_a_page_of_large_data_ends_early_and_goes_on(console: Console) -> None:
    for _ in range(14):
        await console.record(*[{"source": "s", "type": "t", "data": "x" * 500_000}] * 2)
    first = (await console.get("/api/events?from=0&limit=1000")).json
    assert 0 < len(first["items"]) < 28  # 14 MB in all
    assert first["next"] == len(first["items"])
    second = (await console.get(f"/api/events?from={first['next']}&limit=1000")).json
    assert second["items"][0]["entry"]["seq"] == first["next"]


async def test_an_export_is_the_whole_selection_a_line_each(console: Console) -> None:
    for batch in range(4):
        await console.record(*[{"source": "ab"[n % 2], "type": "t", "n": batch * 500 + n} for n in range(500)])
    lines = {"Accept": "application/x-ndjson"}
    everything = await console.get("/api/events?from=0", headers=lines)
    assert everything.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["data"]["n"] for line in everything.text.splitlines()] == list(range(2000))
    newest = await console.get("/api/events?source=a&limit=3", headers=lines)
    assert [json.loads(line)["entry"]["seq"] for line in newest.text.splitlines()] == [1998, 1996, 1994]
    as_link = await console.get("/api/events?format=ndjson&from=1990&source=b")
    assert len(as_link.text.splitlines()) == 5
    assert (await console.get("/api/events?format=ndjson&q=nowhere")).body == b""
    problem(await console.get("/api/events?format=csv"), 422)


async def test_an_exported_line_is_one_line_and_keeps_the_exact_data(console: Console) -> None:
    await console.post(
        "/api/events",
        data=b'{"source":"s","type":"t","data":{\n  "a": 1\r\n}}',
        headers={"Content-Type": "application/json"},
    )
    (line,) = (await console.get("/api/events?format=ndjson")).body.splitlines()
    item = json.loads(line)
    assert item["data"] == {"a": 1}
    assert item["data_base64"] == "ewogICJhIjogMQ0KfQ=="


async def test_cursors_stay_right_while_entries_arrive(console: Console) -> None:
    await console.record(*[{"source": "s", "type": "t"}] * 10)
    first = (await console.get("/api/events?limit=4")).json
    await console.record(*[{"source": "s", "type": "t"}] * 5)
    second = (await console.get(f"/api/events?limit=100&before={first['next']}")).json
    seqs = [item["entry"]["seq"] for item in first["items"] + second["items"]]
    assert seqs == list(range(9, -1, -1))
