from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_console.entries import make_item, recorded_of
from governance_console.events import parse_json
from governance_console.rhythm import is_quiet, usual_gap_sec
from governance_console.settings import Settings
from governance_console.storage import NewItem
from governance_console.times import text_of, utc_now
from tests.console import Console, running
from tests.growing import GrowingStorage
from tests.test_ingest import problem
from tests.test_selection import EVERY_ITEM, new_item, recorded

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def heard(*seconds_ago: float) -> list[str]:
    return [text_of(NOON - timedelta(seconds=ago)) for ago in seconds_ago]


@pytest.mark.parametrize(
    ("recorded", "usual"),
    [
        (heard(0, 10, 20, 30), None),  # too few to speak of a rhythm
        (heard(0, 10, 20, 30, 40), 10.0),
        (heard(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 1000), 10.0),  # one long night does not count
        (heard(*[5] * 60), None),  # one batch is one moment
    ],
)
def test_the_usual_gap_is_what_nine_of_ten_stay_within(recorded: list[str], usual: float | None) -> None:
    (long_before,) = heard(10_000)
    assert usual_gap_sec(long_before, recorded) == usual


@pytest.mark.parametrize(("span", "usual"), [(64, None), (609, None), (610, 1.0), (86_400, 1.0)])
def test_what_came_in_and_was_done_within_minutes_is_no_rhythm(span: int, usual: float | None) -> None:
    (first,) = heard(span)
    assert usual_gap_sec(first, heard(*range(10, 74))) == usual


@pytest.mark.parametrize(
    ("silent", "usual", "quiet"),
    [(3600, None, False), (3600, 86_400, False), (29, 1, False), (31, 1, True), (299, 100, False), (301, 100, True)],
)
def test_a_source_is_judged_by_its_own_rhythm(silent: float, usual: float | None, quiet: bool) -> None:
    assert is_quiet(silent, usual) == quiet


async def test_every_source_is_there_the_one_heard_last_first(console: Console) -> None:
    await console.record({"source": "a", "type": "t"}, {"source": "b", "type": "task.failed"})
    await console.record({"source": "a", "type": "last"})
    found = (await console.get("/api/sources")).json
    a, b = found["sources"]
    assert (a["source"], a["events"], a["first"], a["last"]) == ("a", 2, 0, 2)
    assert a["entry"]["event"]["type"] == "last"
    assert a["hour"] == {"events": 2, "errors": 0}
    assert b["hour"] == {"events": 1, "errors": 1}
    assert a["usual_gap_sec"] is None
    assert a["quiet"] is False
    assert 0 <= a["silent_sec"] < 60
    assert [one["source"] for one in (await console.get("/api/sources?limit=1")).json["sources"]] == ["a"]


async def heard_before(path: Path, *heard: tuple[str, list[datetime]]) -> None:
    """A record from before the console was started: sources, and when each was heard."""
    storage = GrowingStorage(path, None, lambda: "epoch")
    await storage.open()
    seq = 0
    for source, moments in heard:
        for moment in moments:
            (event,) = parse_json(f'{{"source":"{source}","type":"t"}}'.encode(), str)
            item = make_item(seq, text_of(moment), "p", event, bytes(16))
            await storage.record([NewItem(item, seq.to_bytes(16, "big"), event.shown)])
            seq += 1
    await storage.close()


async def test_a_source_that_fell_silent_is_quiet_and_its_last_hour_empty(settings: Settings) -> None:
    two_hours_ago = utc_now() - timedelta(hours=2)
    every_minute = [two_hours_ago + timedelta(minutes=minute) for minute in range(11)]
    loaded = [two_hours_ago + timedelta(milliseconds=n) for n in range(100)]
    await heard_before(settings.database_path, ("gone", every_minute), ("file", loaded), ("here", [utc_now()]))
    async with running(settings) as console:
        here, file, gone = (await console.get("/api/sources")).json["sources"]
    assert (gone["events"], gone["hour"], gone["quiet"]) == (11, {"events": 0, "errors": 0}, True)
    assert gone["usual_gap_sec"] == 60
    assert (file["events"], file["usual_gap_sec"], file["quiet"]) == (100, None, False)
    assert (here["hour"]["events"], here["quiet"]) == (1, False)


async def test_a_clock_that_was_set_back_makes_no_silence_shorter_than_none(settings: Settings) -> None:
    await heard_before(settings.database_path, ("early", [utc_now() + timedelta(hours=1)]))
    async with running(settings) as console:
        (early,) = (await console.get("/api/sources")).json["sources"]
    assert early["silent_sec"] == 0


async def test_what_each_source_did_lately_is_what_a_plain_list_has(tmp_path: Path) -> None:
    async with recorded(tmp_path, EVERY_ITEM) as storage:
        for lately in (0, 150, 398, 400):
            found = await storage.sources(3, lately, 7)
            assert [one.name for one in found] == [new.shown.source for new in EVERY_ITEM[:-4:-1]]
            for one in found:
                own = [new for new in EVERY_ITEM if new.shown.source == one.name]
                late = [new for new in own if new.item.seq >= lately]
                errors = [new for new in late if new.shown.severity in ("error", "critical")]
                assert (one.events, one.first, one.last) == (len(own), own[0].item.seq, own[-1].item.seq)
                assert (one.events_lately, one.errors_lately) == (len(late), len(errors))
                assert one.entry == own[-1].item.entry
                assert one.recorded == [recorded_of(new.item.entry) for new in own[:-8:-1]]
                assert one.first_recorded == recorded_of(own[0].item.entry)


async def test_the_last_events_of_a_source_are_found_however_irregular_it_is(tmp_path: Path) -> None:
    chatty_then_silent = [
        new_item(seq, source="x" if seq < 60 or seq == 999 else "y", type="t") for seq in range(1_000)
    ]
    async with recorded(tmp_path, chatty_then_silent) as storage:
        (x,) = await storage.sources(1, 0, 7)
    assert x.recorded == [recorded_of(chatty_then_silent[seq].item.entry) for seq in (999, *range(59, 53, -1))]


async def test_an_empty_record_has_no_sources(console: Console) -> None:
    assert (await console.get("/api/sources")).json["sources"] == []


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?source=a"])
async def test_what_is_not_known_is_refused(console: Console, query: str) -> None:
    problem(await console.get("/api/sources" + query), 422)
