"""What is to be reached, as ratios against the peers of the same run, and whether it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

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
    """One thing to reach; ``bound_by`` says what keeps it from being more, from a profile."""

    what: str
    value: Value
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    bound_by: str = ""

    def is_met(self, found: Spread) -> bool:
        """By the median."""
        if self.at_least is not None and found.median < self.at_least:
            return False
        return self.at_most is None or found.median <= self.at_most

    @property
    def wanted(self) -> str:
        sign, limit = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {limit:g}{self.unit}"


SMALL: Final = "100000"
LARGE: Final = "10000000"
BARS: Final = (
    Bar(
        "bursts of 100 to 1,000 watchers, against `websockets.broadcast`", Ratio("burst", "broadcast"), "x", at_least=25
    ),
    Bar(
        "the same against aiohttp with joined writes, taking in the requests left out on both sides",
        Ratio("burst delivery", "joined"),
        "x",
        at_least=1,
    ),
    Bar(
        "single events to 1,000 watchers, against `websockets.broadcast`",
        Ratio("single", "broadcast"),
        "x",
        at_least=1.2,
    ),
    Bar("commit to receipt at 1,000 events/s and 100 watchers, p99", Amount("at 1000 p99", 1e-3), " ms", at_most=20),
    *(
        Bar(f"single-event POSTs on 64 connections, against {name}", Ratio("single at 64", peer), "x", at_least=least)
        for peer, name, least in (
            ("each", "FastAPI + aiosqlite, a commit per request", 4),
            ("group", "FastAPI with group commit", 1.5),
            ("bare", "aiohttp that only reads the body", 0.6),
        )
    ),
    Bar("requests of 500 events, against raw `executemany`", Ratio("batch", "raw unique"), "x", at_least=0.5),
    Bar("questions, against FastAPI doing the same, a commit per request", Ratio("query", "fastapi"), "x", at_least=4),
    Bar("questions, against FastAPI recording nothing", Ratio("query", "nothing"), "x", at_least=1.4),
    Bar("an idle watcher's memory, at 5,000", Amount("idle watcher", 1024), " KiB", at_most=24),
    *(
        Bar(f"{what}, 10 million entries against 100 thousand", Ratio(figure, SMALL, LARGE), "x", at_most=1.5)
        for figure, what in (
            ("first page", "first page"),
            ("first page, cold", "first page from a cold disk"),
            ("rarest pair", "first page of the rarest pair of filters"),
            ("slowest filter or pair", "first page of the slowest filter or pair of filters, text search left out"),
            ("start", "start-up"),
        )
    ),
)


def verdicts(results: Results, bars: Sequence[Bar] = BARS) -> str:
    """The table of what is to be reached."""
    rows = []
    for bar in bars:
        found = bar.value.of(results)
        shown = "" if found is None else spread(found) + bar.unit
        verdict = "not measured" if found is None else "met" if bar.is_met(found) else "**not met**"
        rows.append((bar.what, bar.wanted, shown, verdict, bar.bound_by))
    return table(("what", "bar", "measured", "", "bounded by"), rows)
