"""Every filter and combination, in both directions, against a plain list."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance_console import events
from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.entries import Item, Page, make_item, shown_of
from governance_console.selection import EVERYTHING, Selection
from governance_console.storage import NewItem
from governance_console.storage.sqlite import SqliteStorage
from governance_console.storage.sqlite_index import MOST_RANGES
from governance_console.storage.sqlite_read import FIRST_WINDOW, PAGE_SEC
from tests.console import Console
from tests.growing import GrowingStorage
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
async def recorded(folder: Path, items: Sequence[NewItem], page_sec: float = PAGE_SEC) -> AsyncIterator[GrowingStorage]:
    storage = GrowingStorage(folder / "governance.db", None, lambda: "epoch", page_sec)
    await storage.open()
    await storage.record(items)
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


async def pages(storage: SqliteStorage, selection: Selection, up: bool, limit: int, size: int) -> list[Page]:
    """Every page, following its cursor to the end."""
    found: list[Page] = []
    cursor, end = (0, size) if up else (size, 0)
    while cursor != end:
        if up:
            page = await storage.ascending(cursor, size, limit, selection)
            assert page.reached > cursor
        else:
            page = await storage.descending(cursor, limit, selection)
            assert page.reached < cursor
        assert len(page.items) <= limit
        found.append(page)
        cursor = page.reached
    return found


async def all_pages(storage: SqliteStorage, selection: Selection, up: bool, limit: int, size: int = 400) -> list[Item]:
    """The items of every page."""
    return [item for page in await pages(storage, selection, up, limit, size) for item in page.items]


async def test_every_selection_finds_what_a_plain_list_has(tmp_path: Path) -> None:
    async with recorded(tmp_path, EVERY_ITEM) as storage:
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


COMMON: dict[str, Selection] = {
    "category": Selection(categories=frozenset({"drift"})),
    "severity": Selection(severity="error"),
    "source": Selection(sources=frozenset({"x"})),
    "type": Selection(types=frozenset({"x.start", "x.stop"})),
    "prefix": Selection(types=frozenset({"x.*"})),
    "traceid": Selection(traceids=frozenset({"x"})),
}
PAIRS = [pair for pair in combinations(COMMON, 2) if pair != ("type", "prefix")]


def new_item(seq: int, **sent: Any) -> NewItem:
    (event,) = events.parse_json(json.dumps(sent).encode(), lambda place: f"id-{seq}")
    item = make_item(seq, moment(seq), "p", event, bytes(16))
    return NewItem(item, seq.to_bytes(16, "big"), event.shown, event.subject)


def items_of_common_things_that_rarely_meet(size: int) -> list[NewItem]:
    """A sixth has each of COMMON, two of them only the entries 5 and 9."""
    return [
        new_item(
            seq,
            category="drift" if seq in (5, 9) or seq % 6 == 0 else "tool",
            severity="critical" if seq in (5, 9) or seq % 6 == 1 else "info",
            source="x" if seq in (5, 9) or seq % 6 == 2 else f"agent-{seq % 5}",
            type="x.start" if seq in (5, 9) or seq % 6 == 3 else f"work.{seq % 7}",
            trace_id="x" if seq in (5, 9) or seq % 6 == 4 else f"trace-{seq // 10}",
        )
        for seq in range(size)
    ]


def both(one: Selection, other: Selection) -> Selection:
    asked = {field.name: getattr(other, field.name) for field in fields(other)}
    return replace(one, **{name: value for name, value in asked.items() if value != getattr(EVERYTHING, name)})


@pytest.mark.parametrize("up", [False, True])
async def test_a_filter_or_two_are_never_paid_for_by_what_they_leave_out(tmp_path: Path, up: bool) -> None:
    """Without any time a page ends after one look, so the pages count the looks: one for each entry that is found."""
    items = items_of_common_things_that_rarely_meet(1_000)
    async with recorded(tmp_path, items, page_sec=0) as storage:
        for name, selection in COMMON.items():
            found = await pages(storage, selection, up, 1_000, 1_000)
            assert sum(len(page.items) for page in found) in (168, 169), name
            assert len(found) <= 170, name
        for one, other in PAIRS:
            found = await pages(storage, both(COMMON[one], COMMON[other]), up, 1_000, 1_000)
            assert [item.seq for page in found for item in page.items] == ([5, 9] if up else [9, 5]), (one, other)
            # Of a trace, and of it alone, every entry is asked for its source and type.
            is_asked = other == "traceid" and one in ("source", "type", "prefix")
            assert len(found) <= (170 if is_asked else 3), (one, other)


@pytest.mark.parametrize("up", [False, True])
async def test_a_page_that_runs_out_of_time_says_how_far_it_looked(tmp_path: Path, up: bool) -> None:
    items = items_of_common_things_that_rarely_meet(1_000)
    async with recorded(tmp_path, items, page_sec=0) as storage:
        for selection in (Selection(text="nowhere"), both(COMMON["category"], Selection(text="nowhere"))):
            found = await pages(storage, selection, up, 1_000, 1_000)
            assert not any(page.items for page in found)
            assert len(found) >= 1_000 // FIRST_WINDOW
        assert len(await pages(storage, EVERYTHING, up, 1_000, 1_000)) == 1  # nothing to look for


def items_of_types_without_number(size: int) -> list[NewItem]:
    """Some senders put ids into types, some send every type with every category and severity."""
    return [
        new_item(
            seq,
            source="b" if seq % 100 == 0 else f"agent-{seq % 500}",
            type=f"kind.{seq // 2 % 25}" if seq % 2 else f"step.{seq}",
            category=CATEGORIES[seq // 2 % 12],
            severity=SEVERITIES[seq // 24 % 6],
        )
        for seq in range(size)
    ]


@pytest.mark.soak
async def test_ranges_without_number_are_not_begun(tmp_path: Path) -> None:
    """Without any time the pages count the looks: at an entry that an index told of, or at a window of them."""
    size = 2 * MOST_RANGES + 200
    items = items_of_types_without_number(size)
    by_window = size // FIRST_WINDOW + 1
    steps = Selection(types=frozenset({"step.*"}))
    agents = Selection(sources=frozenset(f"agent-{number}" for number in range(2, 42)))
    thirty_steps = Selection(types=frozenset(f"step.{number}" for number in range(2, 62, 2)))
    async with recorded(tmp_path, items, page_sec=0) as storage:
        for place, (selection, fewest, most) in enumerate(
            (
                (steps, 2, by_window),
                (both(steps, COMMON["severity"]), 2, by_window),
                (Selection(types=frozenset({"kind.*"})), 2, by_window),  # few types, of many kinds each
                (Selection(types=frozenset({"step.10*"})), 56, 57),
                (both(steps, Selection(sources=frozenset({"b"}))), 22, 23),  # the index of sources alone
                (both(thirty_steps, agents), 160, 220),  # the same: too many pairs, of which most were never recorded
                (Selection(types=frozenset({"kind.0"})), 44, 45),  # of the first category and severity too
            )
        ):
            up = place % 2 == 0
            found = await pages(storage, selection, up, 1_000, size)
            expected = [new.item for new in items if wanted(new, selection)]
            assert [item for page in found for item in page.items] == (expected if up else expected[::-1]), selection
            assert fewest <= len(found) <= most, (selection, len(found), len(expected))


@pytest.mark.parametrize("up", [False, True])
async def test_every_cursor_stays_right_while_entries_arrive(tmp_path: Path, up: bool) -> None:
    """Going down, what arrives meanwhile is not seen; going up, all of it is; nothing is seen twice."""
    asked = [EVERYTHING, *COMMON.values(), *(both(COMMON[one], COMMON[other]) for one, other in PAIRS)]
    asked += [Selection(text="agent-1"), both(COMMON["source"], Selection(since=moment(50), until=moment(250)))]
    items = items_of_common_things_that_rarely_meet(400)
    async with recorded(tmp_path, items[:200]) as storage:
        found: list[list[int]] = [[] for _ in asked]
        cursors = [0 if up else 200 for _ in asked]
        for size in range(200, 401, 20):
            for place, selection in enumerate(asked):
                if up:
                    page = await storage.ascending(cursors[place], size, 9, selection)
                else:
                    page = await storage.descending(cursors[place], 9, selection)
                found[place] += [item.seq for item in page.items]
                cursors[place] = page.reached
            await storage.record(items[size : size + 20])
        for place, selection in enumerate(asked):
            expected = [new.item.seq for new in items if wanted(new, selection)]
            expected = expected if up else [seq for seq in expected if seq < 200][::-1]
            # A cursor that is not at its end yet has seen everything before it.
            assert found[place] == [seq for seq in expected if (seq < cursors[place]) == up], selection
            assert len(found[place]) >= min(len(expected), 50)


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
