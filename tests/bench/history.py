"""Does a page, or the start, take longer the longer the log is? The console on records of several sizes."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final
from urllib.parse import urlencode

from tests.bench import wire
from tests.bench.asking import Asking
from tests.bench.contenders import CONSOLE, TOKEN, Contender, Place, Server, started
from tests.bench.errors import WrongResult
from tests.bench.history_data import (
    ONLY,
    RARE_SOURCE,
    RARE_TYPE,
    RARE_WORD,
    bytes_of,
    drop_from_memory,
    moment_of,
    record_of,
    trace_of,
)
from tests.bench.results import Results
from tests.bench.table import milliseconds, spread, table

SIZES: Final = (100_000, 1_000_000)
FULL_SIZES: Final = (*SIZES, 10_000_000)
QUICK_SIZES: Final = (10_000, 100_000)
PAGE: Final = 100
PATIENCE_SEC: Final = 5.0
"""A page that takes longer is given up, and shown as this long."""

Filters = Mapping[str, str]

COMMON: Final[tuple[Filters, ...]] = (
    {},
    {"category": "tool"},
    {"source": "agent-7"},
    {"type": "tool.call"},
    {"severity": "warning"},
)
RARE: Final[tuple[Filters, ...]] = (
    {"category": "hitl"},
    {"source": RARE_SOURCE},
    {"type": RARE_TYPE},
    {"type": "hitl.*"},
    {"severity": "critical"},
    {"traceid": trace_of(ONLY)},
    {"since": moment_of(4000), "until": moment_of(4010)},
    {"q": RARE_WORD},
)
RAREST: Final[Filters] = {"source": "agent-7", "category": "drift"}
"""Both are common, and one entry is both."""

CROSSED: Final[tuple[Filters, ...]] = (
    RAREST,
    {"source": "agent-7", "type": "drift.sample"},
    {"category": "audit", "severity": "error"},
    {"type": "audit.*", "severity": "error"},
)
SLOWEST: Final = "slowest filter or pair"
SLOWEST_SEARCH: Final = "slowest text search"


@dataclass(frozen=True, slots=True)
class Effort:
    """Which sizes, and how many pages for each figure."""

    sizes: tuple[int, ...] = SIZES
    pages: int = 30


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round: every size once. The filters are measured in the first round."""
    for size in effort.sizes:
        folder = record_of(place.folder, size, say)
        say(f"{size:,} entries")
        key = str(size)
        drop_from_memory(folder)
        began = time.monotonic()
        with started(folder, place.cores, Contender(CONSOLE, "the console")) as server:
            results.add("start", key, time.monotonic() - began)
            _check(server, size)
            drop_from_memory(folder)
            with Asking(server.port) as asking:
                results.add("first page, cold", key, _page(asking, {}))
                results.add("first page", key, _usual(asking, {}, effort.pages))
                drop_from_memory(folder)
                results.add("rarest pair, cold", key, _page(asking, RAREST))
                results.add("rarest pair", key, _usual(asking, RAREST, effort.pages))
                if not results.has(_name({}), key):
                    found = {_name(filters): _usual(asking, filters, 5) for filters in _all_filters()}
                    for name, seconds in found.items():
                        results.add(name, key, seconds)
                    results.add(SLOWEST, key, max(found[name] for name in found if "q=" not in name))
                    results.add(SLOWEST_SEARCH, key, max(found[name] for name in found if "q=" in name))
        results.add("bytes per entry", key, bytes_of(folder) / size)


def _all_filters() -> list[Filters]:
    """Each one with a common and with a rare value, all pairs of rare ones, and common ones that rarely meet."""
    pairs = [{**one, **another} for one, another in combinations(RARE, 2) if not one.keys() & another.keys()]
    return [*COMMON, *RARE, *pairs, *CROSSED]


def _name(filters: Filters) -> str:
    shown = [f"{name}={value[:12]}" for name, value in filters.items() if name != "until"]
    return "filter " + (" ".join(shown) or "none")


def _check(server: Server, size: int) -> None:
    with Asking(server.port) as asking:
        found = _answer(asking, RAREST, None)
        while not found["items"] and found["next"] is not None:
            found = _answer(asking, RAREST, found["next"])
        seqs = [item["entry"]["seq"] for item in found["items"]]
        # Each start and stop of the console is an entry, too.
        if found["size"] <= size or seqs != [ONLY]:
            raise WrongResult(f"a record of {found['size']} entries, {seqs} of the rarest pair")


def _usual(asking: Asking, filters: Filters, pages: int) -> float:
    """The median time of so many first pages; fewer where each takes long."""
    times: list[float] = []
    give_up = time.monotonic() + PATIENCE_SEC / 5
    _page(asking, filters)
    while not times or (len(times) < pages and time.monotonic() < give_up):
        times.append(_page(asking, filters))
    return statistics.median(times)


def _page(asking: Asking, filters: Filters) -> float:
    """Seconds until the newest PAGE items are there, or the log is looked through: an answer may end early."""
    began = time.monotonic()
    found = _answer(asking, filters, None)
    items = len(found["items"])
    while items < PAGE and found["next"] is not None and time.monotonic() - began < PATIENCE_SEC:
        found = _answer(asking, filters, found["next"])
        items += len(found["items"])
    return time.monotonic() - began


def _answer(asking: Asking, filters: Filters, before: int | None) -> dict[str, Any]:
    query = {**filters, "limit": str(PAGE), **({} if before is None else {"before": str(before)})}
    found = json.loads(asking.ask(wire.request("GET", f"/api/events?{urlencode(query)}", TOKEN)))
    assert isinstance(found, dict)
    return found


def report(results: Results) -> str:
    """The tables of this part: a column for each size."""
    sizes = [size for size in (*QUICK_SIZES, *FULL_SIZES[1:]) if results.has("start", str(size))]
    head = [f"{size:,} entries" for size in sizes]
    firsts = ("start", "first page", "first page, cold", "rarest pair", "rarest pair, cold", SLOWEST, SLOWEST_SEARCH)
    rows = [(f"{name}, ms", *_times(results, name, sizes)) for name in firsts]
    held = [spread(results.spread("bytes per entry", str(size))) for size in sizes]
    parts = [table(("", *head), [*rows, ("bytes per entry on disk", *held)])]
    names = [_name(filters) for filters in _all_filters()]
    parts.append(table(("first page by filter, ms", *head), [(n, *_times(results, n, sizes)) for n in names]))
    return "\n\n".join(parts)


def _times(results: Results, figure: str, sizes: list[int]) -> list[str]:
    return [milliseconds(results.spread(figure, str(size))) for size in sizes]
