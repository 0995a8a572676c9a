"""Durable events per second: each answered once it is committed, on one core with the web server around it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench import samples, wire
from tests.bench.accounting import cpu_of
from tests.bench.asking import Asking
from tests.bench.beside import Beside
from tests.bench.contenders import CONSOLE, TOKEN, Contender, Place, Server, check_size, events_request, serving
from tests.bench.cores import on
from tests.bench.errors import WrongResult
from tests.bench.load import PLACE, Done, Load
from tests.bench.results import Results, percentile
from tests.bench.table import milliseconds, percent, spread, table, times
from tests.process import ROOT, clean_environment

CONTENDERS: Final = (
    Contender(CONSOLE, "the console"),
    Contender("group", "FastAPI, group commit", "fastapi_recording", {"PEER_RECORD": "group"}),
    Contender("each", "FastAPI + aiosqlite, a commit per request", "fastapi_recording", {"PEER_RECORD": "each"}),
    Contender("bare", "aiohttp, reads the body only", "aiohttp_bare"),
)
RAW: Final = {
    "raw unique": "raw apsw `executemany`, the same indexes",
    "raw plain": "raw apsw `executemany`, without the unique index",
}
CONNECTIONS: Final = (1, 8, 64)
BATCH: Final = 500
LARGEST: Final = 10_000
PROBE_RATE: Final = 200.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds for each figure."""

    seconds: float = 1.0


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round: every contender once."""
    for contender in CONTENDERS:
        say(contender.name)
        with serving(place, contender) as server:
            _measure_server(server, results, effort)
    for key, name in RAW.items():
        say(name)
        results.add("batch", key, _raw(place, effort, key == "raw unique"))


def _measure_server(server: Server, results: Results, effort: Effort) -> None:
    key, sent = server.contender.key, 0
    with Beside(Load, server.port, _template(server, "a", 1)) as load:
        sent += _done(load.call("closed", 8, effort.seconds / 4)).requests
        for connections in CONNECTIONS:
            before = cpu_of(server.pid)
            done = _done(load.call("closed", connections, effort.seconds))
            spent = cpu_of(server.pid) - before
            figure = f"single at {connections}"
            results.add(figure, key, done.requests / done.seconds)
            results.add(f"{figure} cpu", key, spent.total / done.requests)
            results.add(f"{figure} kernel", key, min(1.0, spent.kernel / spent.total))
            results.add(f"{figure} p50", key, percentile(done.latencies, 0.50))
            results.add(f"{figure} p99", key, percentile(done.latencies, 0.99))
            sent += done.requests
    if not server.contender.is_recording:
        return
    with Beside(Load, server.port, _template(server, "b", BATCH)) as load:
        before = cpu_of(server.pid)
        done = _done(load.call("closed", 4, effort.seconds))
        spent = cpu_of(server.pid) - before
        results.add("batch", key, done.requests * BATCH / done.seconds)
        results.add("batch cpu", key, spent.total / (done.requests * BATCH))
        sent += done.requests * BATCH
    if server.contender.is_console:
        sent += _stalls(server, results, effort)
    with Asking(server.port) as asking:
        check_size(server, asking, sent)


def _stalls(server: Server, results: Results, effort: Effort) -> int:
    """How long the event loop keeps others waiting while the largest requests are recorded, one after the other."""
    key = server.contender.key
    with (
        Beside(Load, server.port, _template(server, "c", LARGEST)) as large,
        Beside(Load, server.port, wire.request("GET", "/healthz", TOKEN)) as probe,
    ):
        quiet = probe.call("waits", PROBE_RATE, effort.seconds / 2)
        large.begin("closed", 1, effort.seconds)
        busy = probe.call("waits", PROBE_RATE, effort.seconds)
        done = _done(large.end())
    results.add("stall quiet p99", key, percentile(quiet, 0.99))
    results.add("stall p50", key, percentile(busy, 0.50))
    results.add("stall p99", key, percentile(busy, 0.99))
    results.add("stall most", key, busy[-1])
    return done.requests * LARGEST


def _template(server: Server, name: str, events: int) -> bytes:
    """A request with so many events of its own, in traces of its own: its number and their place make their ids."""
    request = PLACE.decode()
    sent = [
        {
            **samples.working_event(number),
            "id": f"{name}{request}-{number:05}",
            "traceid": f"{request}{samples.trace_of(number):024x}",
        }
        for number in range(events)
    ]
    return events_request(sent, path=server.contender.events_path(events))


def _raw(place: Place, effort: Effort, has_unique_index: bool) -> float:
    folder = tempfile.mkdtemp(prefix="raw-", dir=place.folder)
    given = (str(BATCH), str(effort.seconds), "unique" if has_unique_index else "plain")
    try:
        with on(place.cores.server):
            ended = subprocess.run(
                [sys.executable, "-m", "tests.bench.peers.raw_apsw", *given],
                cwd=folder,
                env=clean_environment(PYTHONPATH=str(ROOT)),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if ended.returncode:
        raise WrongResult(ended.stderr)
    return float(ended.stdout)


def _done(value: object) -> Done:
    assert isinstance(value, Done)
    return value


def report(results: Results) -> str:
    """The tables of this part."""
    parts = []
    for connections in CONNECTIONS:
        figure = f"single at {connections}"
        rows = [_row(results, figure, contender) for contender in CONTENDERS]
        head = (
            f"one event a request, connections: {connections}",
            "a second",
            "console: times",
            "CPU µs each",
            "kernel",
        )
        parts.append(table((*head, "p50 ms", "p99 ms"), rows))
    names = {contender.key: contender.name for contender in CONTENDERS} | RAW
    rows = [
        (
            name,
            spread(results.spread("batch", key)),
            "" if key == CONSOLE else times(results.ratio("batch", CONSOLE, "batch", key)),
            spread(results.spread("batch cpu", key), 1e6) if results.has("batch cpu", key) else "",
        )
        for key, name in names.items()
        if results.has("batch", key)
    ]
    parts.append(
        table((f"{BATCH} events a request or commit", "events a second", "console: times", "CPU µs each"), rows)
    )
    stalls = [milliseconds(results.spread(f"stall {what}", CONSOLE)) for what in ("quiet p99", "p50", "p99", "most")]
    head = ("`GET /healthz`, 200 a second", "p99 when idle, ms", "p50", "p99", "most")
    parts.append(table(head, [(f"while requests of {LARGEST:,} events are recorded", *stalls)]))
    return "\n\n".join(parts)


def _row(results: Results, figure: str, contender: Contender) -> tuple[str, ...]:
    key = contender.key
    return (
        contender.name,
        spread(results.spread(figure, key)),
        "" if contender.is_console else times(results.ratio(figure, CONSOLE, figure, key)),
        spread(results.spread(f"{figure} cpu", key), 1e6),
        percent(results.spread(f"{figure} kernel", key)),
        milliseconds(results.spread(f"{figure} p50", key)),
        milliseconds(results.spread(f"{figure} p99", key)),
    )
