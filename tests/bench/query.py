"""``POST /api/gpt/query``: a token checked, the request measured, the question durable before it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench import wire
from tests.bench.accounting import cpu_of
from tests.bench.asking import Asking
from tests.bench.beside import Beside
from tests.bench.contenders import CONSOLE, TOKEN, Contender, Place, check_size, serving
from tests.bench.load import PLACE, Done, Load
from tests.bench.results import Results, percentile
from tests.bench.table import milliseconds, percent, spread, table, times

CONTENDERS: Final = (
    Contender(CONSOLE, "the console"),
    Contender("fastapi", "FastAPI doing the same, a commit per request", "fastapi_recording", {"PEER_RECORD": "each"}),
    Contender("group", "FastAPI doing the same, group commit", "fastapi_recording", {"PEER_RECORD": "group"}),
    Contender("nothing", "FastAPI recording nothing", "fastapi_recording", {"PEER_RECORD": "nothing"}),
    Contender("bare", "aiohttp that only answers", "aiohttp_bare"),
)
CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds of load."""

    seconds: float = 1.0


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round: every contender once."""
    body = json.dumps({"query": f"What did planner-7 do in run {PLACE.decode()}?"}).encode()
    request = wire.request("POST", "/api/gpt/query", TOKEN, body, {"Content-Type": "application/json"})
    for contender in CONTENDERS:
        say(contender.name)
        key = contender.key
        with serving(place, contender) as server, Beside(Load, server.port, request) as load:
            warm: Done = load.call("closed", CONNECTIONS, effort.seconds / 4)
            before = cpu_of(server.pid)
            done: Done = load.call("closed", CONNECTIONS, effort.seconds)
            spent = cpu_of(server.pid) - before
            if contender.is_recording:
                with Asking(server.port) as asking:
                    check_size(server, asking, warm.requests + done.requests)
        results.add("query", key, done.requests / done.seconds)
        results.add("query cpu", key, spent.total / done.requests)
        results.add("query kernel", key, min(1.0, spent.kernel / spent.total))
        results.add("query p50", key, percentile(done.latencies, 0.50))
        results.add("query p99", key, percentile(done.latencies, 0.99))


def report(results: Results) -> str:
    """The table of this part."""
    head = (f"{CONNECTIONS} connections", "a second", "console: times", "CPU µs each", "kernel", "p50 ms", "p99 ms")
    return table(head, [_row(results, contender) for contender in CONTENDERS])


def _row(results: Results, contender: Contender) -> tuple[str, ...]:
    key = contender.key
    return (
        contender.name,
        spread(results.spread("query", key)),
        "" if contender.is_console else times(results.ratio("query", CONSOLE, "query", key)),
        spread(results.spread("query cpu", key), 1e6),
        percent(results.spread("query kernel", key)),
        milliseconds(results.spread("query p50", key)),
        milliseconds(results.spread("query p99", key)),
    )
