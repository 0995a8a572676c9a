"""From commit to receipt, at a fixed rate that does not wait for anybody (open loop)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench import samples
from tests.bench.beside import Beside
from tests.bench.contenders import CONSOLE, TOKEN, Place, publish_request, serving, stream_path
from tests.bench.fanout import CONTENDERS as ALL
from tests.bench.load import PLACE, Load
from tests.bench.results import Results
from tests.bench.table import milliseconds, table
from tests.bench.timing import Latencies, TimedWatchers

CONTENDERS: Final = tuple(one for one in ALL if one.key in (CONSOLE, "broadcast", "joined"))
RATES: Final = (100, 1000)
WATCHERS: Final = 100


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds at each rate."""

    seconds: float = 3.0


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round: every contender once."""
    for contender in CONTENDERS:
        say(contender.name)
        with serving(place, contender) as server:
            for rate in RATES:
                sent = {**samples.event(0), "id": f"t{PLACE.decode()}-{rate}"}
                with (
                    Beside(TimedWatchers, server.stream_port, TOKEN, stream_path(), WATCHERS) as watchers,
                    Beside(Load, server.port, publish_request(contender, {0: sent})) as load,
                ):
                    watchers.begin("receive", int(rate * effort.seconds), effort.seconds + 30)
                    due = load.call("open", rate, effort.seconds)
                    watchers.end()
                    found: Latencies = watchers.call("latencies", due)
                _add(results, contender.key, rate, found, has_record=contender.is_console)


def _add(results: Results, key: str, rate: int, found: Latencies, *, has_record: bool) -> None:
    results.add(f"at {rate} due p50", key, found.due_p50)
    results.add(f"at {rate} due p99", key, found.due_p99)
    if has_record:
        results.add(f"at {rate} p50", key, found.recorded_p50)
        results.add(f"at {rate} p99", key, found.recorded_p99)


def report(results: Results) -> str:
    """The table of this part."""
    head = ("ms until 100 watchers have an event", "commit p50", "commit p99", "request p50", "request p99")
    rows = [
        (f"{contender.name}, {rate:,} events/s", *(_shown(results, rate, what, contender.key) for what in _WHAT))
        for rate in RATES
        for contender in CONTENDERS
    ]
    return table(head, rows)


_WHAT: Final = ("p50", "p99", "due p50", "due p99")


def _shown(results: Results, rate: int, what: str, key: str) -> str:
    figure = f"at {rate} {what}"
    return milliseconds(results.spread(figure, key)) if results.has(figure, key) else ""
