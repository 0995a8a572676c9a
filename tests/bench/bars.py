"""What is to be reached, as ratios against the peers of the same run, and whether it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from tests.bench.explained import BOUNDED_BY
from tests.bench.results import Results, Spread
from tests.bench.table import spread, table


class Value(Protocol):
    """Something that the results may hold."""

    def of(self, results: Results) -> Spread | None:
        """It, or None where it was not measured."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The console's figure over a peer's."""

    figure: str
    peer: str
    contender: str = "console"
    peer_figure: str = ""

    def of(self, results: Results) -> Spread | None:
        other = self.peer_figure or self.figure
        if not results.has(self.figure, self.contender) or not results.has(other, self.peer):
            return None
        return results.ratio(self.figure, self.contender, other, self.peer)


@dataclass(frozen=True, slots=True)
class Amount:
    """The console's figure itself, in a unit of so many."""

    figure: str
    unit: float
    contender: str = "console"

    def of(self, results: Results) -> Spread | None:
        if not results.has(self.figure, self.contender):
            return None
        found = results.spread(self.figure, self.contender)
        return Spread(found.median / self.unit, found.least / self.unit, found.most / self.unit)


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing to reach, by the median of all rounds."""

    key: str
    what: str
    value: Value
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, found: Spread) -> bool:
        """By the median, as it is before it is rounded to be shown."""
        if self.at_least is not None and found.median < self.at_least:
            return False
        return self.at_most is None or found.median <= self.at_most

    @property
    def wanted(self) -> str:
        sign, limit = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {limit:g}{self.unit}"

    def verdict(self, found: Spread | None) -> str:
        """Whether it is reached, in words."""
        if found is None:
            return "not measured"
        return "met" if self.is_met(found) else "**not met**"


SMALL: Final = "100000"
LARGE: Final = "10000000"
GROWN: Final = "10 million entries against 100 thousand"
POSTS: Final = "single at 64"
BARS: Final = (
    Bar(
        "burst",
        "100 events a request to 1,000 watchers, against `websockets.broadcast`",
        Ratio("burst", "broadcast"),
        "x",
        25,
    ),
    Bar(
        "joined",
        "the same, against aiohttp with joined writes, which does the same work",
        Ratio("burst", "joined recording"),
        "x",
        1,
    ),
    Bar(
        "joined-apart",
        "the same, without taking the requests in, against joined writes that record nothing",
        Ratio("burst delivery", "joined"),
        "x",
        1,
    ),
    Bar(
        "single",
        "single events to 1,000 watchers, against `websockets.broadcast`",
        Ratio("single", "broadcast"),
        "x",
        1.2,
    ),
    Bar(
        "latency",
        "commit to receipt, 1,000 events/s to 100 watchers, p99",
        Amount("at 1000 p99", 1e-3),
        " ms",
        at_most=20,
    ),
    Bar(
        "post-each",
        "single-event POSTs, against FastAPI + aiosqlite, a commit per request",
        Ratio(POSTS, "each"),
        "x",
        4,
    ),
    Bar("post-group", "single-event POSTs, against FastAPI with group commit", Ratio(POSTS, "group"), "x", 1.5),
    Bar("post-bare", "single-event POSTs, against aiohttp that only reads the body", Ratio(POSTS, "bare"), "x", 0.6),
    Bar(
        "batch",
        "500-event requests, against raw `executemany`, the same indexes",
        Ratio("batch", "raw unique"),
        "x",
        0.5,
    ),
    Bar("query", "questions, against FastAPI doing the same", Ratio("query", "fastapi"), "x", 4),
    Bar("query-nothing", "questions, against FastAPI recording nothing", Ratio("query", "nothing"), "x", 1.4),
    Bar("memory", "an idle watcher of 5,000", Amount("idle watcher", 1024), " KiB", at_most=24),
    Bar("start", f"start-up, {GROWN}", Ratio("start", SMALL, LARGE), "x", at_most=1.5),
    Bar("page", f"first page, {GROWN}", Ratio("first page", SMALL, LARGE), "x", at_most=1.5),
    Bar(
        "page-cold", f"first page from a cold disk, {GROWN}", Ratio("first page, cold", SMALL, LARGE), "x", at_most=1.5
    ),
    Bar("pair", f"rarest pair of filters, {GROWN}", Ratio("rarest pair", SMALL, LARGE), "x", at_most=1.5),
    Bar(
        "slowest",
        f"slowest filter or pair but text search, {GROWN}",
        Ratio("slowest filter or pair", SMALL, LARGE),
        "x",
        at_most=1.5,
    ),
    Bar(
        "tree",
        "the tree's upkeep, of the CPU of 500-event requests",
        Ratio("tree cpu", "console", peer_figure="batch cpu"),
        "x",
        at_most=0.2,
    ),
    Bar("proof", "a proof out of 10 million entries, CPU", Amount("proof cpu", 1e-3, LARGE), " ms", at_most=2),
    Bar("verify", "`verify`, entries a CPU second", Amount("verify rate", 1e3), " k", 300),
)


def verdicts(results: Results) -> str:
    """The table of what is to be reached."""
    rows = []
    for bar in BARS:
        found = bar.value.of(results)
        shown = "" if found is None else spread(found) + bar.unit
        rows.append(
            (bar.what, bar.wanted, shown, bar.verdict(found), "" if found is None else BOUNDED_BY.get(bar.key, ""))
        )
    return table(("what", "bar", "measured", "", "bounded by"), rows, words=(0, 3, 4))
