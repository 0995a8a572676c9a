"""What an idle watcher costs, and whether many of them slow a scrape down."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench import wire
from tests.bench.accounting import memory_of
from tests.bench.beside import Beside
from tests.bench.contenders import CONSOLE, METRICS_TOKEN, TOKEN, Contender, Place, serving, stream_path
from tests.bench.errors import CannotMeasure
from tests.bench.load import Load
from tests.bench.results import Results, percentile
from tests.bench.table import milliseconds, spread, table
from tests.bench.watching import Group, Watchers

WATCHERS: Final = 5000
OTHER_FILES: Final = 200
SCRAPES_A_SECOND: Final = 20.0
HEARTBEAT_SEC: Final = 5.0
"""The default WS_INTERVAL_SEC: a watcher that has had a heartbeat holds all that an idle one ever holds."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds of scraping: long enough for a heartbeat to all to fall into it."""

    seconds: float = HEARTBEAT_SEC + 1


def raise_limit() -> None:
    """As many open files as this process and those it starts may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WATCHERS + OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(hard, 65536), hard))


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round, of the console alone. Raises CannotMeasure."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < WATCHERS + OTHER_FILES:
        raise CannotMeasure(f"{WATCHERS} watchers need {WATCHERS + OTHER_FILES} open files, and {soft} are allowed")
    say(f"{WATCHERS} idle watchers")
    scrape = wire.request("GET", "/metrics", METRICS_TOKEN)
    with serving(place, Contender(CONSOLE, "the console")) as server:
        with Beside(Load, server.port, scrape) as load:
            alone = load.call("waits", SCRAPES_A_SECOND, 2.0)
            before = memory_of(server.pid)
            with Beside(Watchers, server.port, TOKEN, [Group(stream_path(), "", WATCHERS)]):
                time.sleep(HEARTBEAT_SEC + 1)
                after = memory_of(server.pid)
                watched = load.call("waits", SCRAPES_A_SECOND, effort.seconds)
    results.add("idle watcher", CONSOLE, (after - before) / WATCHERS)
    for figure, waits in (("scrape alone", alone), ("scrape", watched)):
        results.add(f"{figure} p50", CONSOLE, percentile(waits, 0.50))
        results.add(f"{figure} p99", CONSOLE, percentile(waits, 0.99))


def report(results: Results) -> str:
    """The table of this part."""
    rows = [
        (f"an idle watcher, of {WATCHERS:,}", f"{spread(results.spread('idle watcher', CONSOLE), 1 / 1024)} KiB", ""),
        ("`GET /metrics`, nobody watching", *_pair(results, "scrape alone")),
        (f"`GET /metrics`, {WATCHERS:,} watching", *_pair(results, "scrape")),
    ]
    return table(("", "memory (PSS), or p50 ms", "p99 ms"), rows)


def _pair(results: Results, figure: str) -> tuple[str, str]:
    median, high = (milliseconds(results.spread(f"{figure} {what}", CONSOLE)) for what in ("p50", "p99"))
    return median, high
