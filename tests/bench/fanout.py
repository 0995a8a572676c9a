"""Deliveries per CPU-second: what a server spends to get messages to a thousand watchers.

A closed loop: the next request goes out when every watcher has got everything of the last one, so no server can
join what was sent apart, and none is judged by how fast the load reads. Idle time costs nothing, for CPU time is
counted, the kernel's included. The console records what it streams, and that is in its figure; beside the peers that
stream ready-made texts stand two that do the console's work, from its request to its record.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.accounting import cpu_of
from tests.bench.asking import Asking
from tests.bench.beside import Beside
from tests.bench.contenders import CONSOLE, TOKEN, Contender, Place, Server, check_size, serving, stream_path
from tests.bench.results import Results, percentile
from tests.bench.samples import SOURCES
from tests.bench.table import milliseconds, percent, spread, table, times
from tests.bench.watching import Group, Watchers, trusting
from tests.certificates import Certificate, make_certificate

RECORDING: Final = {"PEER_RECORD": "group"}
CONTENDERS: Final = (
    Contender(CONSOLE, "the console", settings={"WS_INTERVAL_SEC": "3600"}),
    Contender("broadcast", "`websockets.broadcast`", "websockets_broadcast"),
    Contender("broadcast recording", "`websockets.broadcast`, recording", "websockets_broadcast", RECORDING),
    Contender("joined", "aiohttp, joined writes", "aiohttp_joined"),
    Contender("joined recording", "aiohttp, joined writes, recording", "aiohttp_joined", RECORDING),
    Contender("joined one", "aiohttp, joined writes from one copy", "aiohttp_joined", {"PEER_COPY": "one"}),
    Contender("loop", "aiohttp, a loop", "aiohttp_loop"),
    Contender("fastapi", "FastAPI, a loop", "fastapi_ws"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """How many messages a request brings, and to whom; ``figure`` is its name in the results."""

    figure: str
    title: str
    messages: int
    filtered: bool = False
    for_joining: bool = False
    """Only for who joins writes: to the others a message costs the same in a request of any size."""
    over_tls: bool = False


LOADS: Final = (
    Load("burst", "requests of 100 messages", 100),
    Load("burst of 500", "requests of 500 messages", 500, for_joining=True),
    Load("single", "requests of one message", 1),
    Load("filtered burst", "requests of 100 messages, each watcher wants one of 10 sources", 100, filtered=True),
    Load("filtered single", "requests of one message, each watcher wants one of 10 sources", 1, filtered=True),
    Load("tls burst", "requests of 100 messages", 100, over_tls=True),
    Load("tls single", "requests of one message", 1, over_tls=True),
)
JOINING: Final = frozenset((CONSOLE, "joined", "joined recording"))


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured at a time: requests until so many CPU seconds are used, or so much time has passed."""

    watchers: int = 1000
    cpu_sec: float = 0.4
    wall_sec: float = 1.2


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round: every contender once, and once more over TLS."""
    for contender in CONTENDERS:
        say(contender.name)
        _measure_server(place, contender, None, results, effort)
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        for contender in CONTENDERS:
            say(f"{contender.name}, TLS")
            _measure_server(place, contender, certificate, results, effort)


def _measure_server(
    place: Place, contender: Contender, certificate: Certificate | None, results: Results, effort: Effort
) -> None:
    loads = [load for load in LOADS if load.over_tls is (certificate is not None) and _is_for(load, contender)]
    if not loads:
        return
    settings = certificate.settings if certificate else {}
    cert = certificate.cert if certificate else None
    with (
        serving(place, contender, settings) as server,
        Asking(server.port, trust=trusting(cert) if cert else None) as asking,
    ):
        _warm_up(server, asking)
        for load in loads:
            if not load.filtered:
                results.add(f"{load.figure} request", contender.key, _requests_cost(server, asking, load, effort))
        for filtered in sorted({load.filtered for load in loads}):
            groups = _groups(effort.watchers, filtered)
            with Beside(Watchers, server.stream_port, TOKEN, groups, cert) as watchers:
                for load in loads:
                    if load.filtered is filtered:
                        _deliver(server, asking, watchers, load, effort, results)
        if contender.is_recording:
            check_size(server, asking, server.numbers.taken)


def _is_for(load: Load, contender: Contender) -> bool:
    """Peers that record get no filters, for time's sake; who sends from a file is for what is large, without TLS."""
    if load.filtered and contender.is_recording and not contender.is_console:
        return False
    if contender.key == "joined one":
        return load.figure.startswith("burst")
    return contender.key in JOINING or not load.for_joining


def _groups(watchers: int, filtered: bool) -> list[Group]:
    if not filtered:
        return [Group(stream_path(), "", watchers)]
    return [Group(stream_path(source), source, watchers // len(SOURCES)) for source in SOURCES]


def _warm_up(server: Server, asking: Asking) -> None:
    for messages in (1, 100) * 3:
        asking.ask(server.publish(messages)[0])


def _requests_cost(server: Server, asking: Asking, load: Load, effort: Effort) -> float:
    """CPU seconds of one such request while nobody watches."""
    give_up = time.monotonic() + effort.wall_sec / 5
    before, asked = cpu_of(server.pid), 0
    while time.monotonic() < give_up:
        asking.ask(server.publish(load.messages)[0])
        asked += 1
    return (cpu_of(server.pid) - before).total / asked


def _deliver(server: Server, asking: Asking, watchers: Beside, load: Load, effort: Effort, results: Results) -> None:
    give_up = time.monotonic() + effort.wall_sec
    latencies: list[float] = []
    requests = deliveries = 0
    before = used = cpu_of(server.pid)
    while requests < 1 or ((used - before).total < effort.cpu_sec and time.monotonic() < give_up):
        request, of_each = server.publish(load.messages)
        expected = of_each if load.filtered else [load.messages]
        watchers.call("expect", expected)
        watchers.begin("receive", 60.0)
        submitted = time.monotonic()
        asking.ask(request)
        latencies += [last - submitted for last in watchers.end()]
        requests += 1
        deliveries += sum(expected) * (effort.watchers // len(expected))
        used = cpu_of(server.pid)
    spent = used - before
    key = server.contender.key
    latencies.sort()
    results.add(load.figure, key, deliveries / spent.total)
    results.add(f"{load.figure} kernel", key, min(1.0, spent.kernel / spent.total))
    results.add(f"{load.figure} p50", key, percentile(latencies, 0.50))
    results.add(f"{load.figure} p99", key, percentile(latencies, 0.99))
    if not load.filtered:
        idle = results.last(f"{load.figure} request", key) * requests
        results.add(f"{load.figure} delivery", key, deliveries / max(spent.total - idle, 1e-9))


def report(results: Results) -> str:
    """The tables of this part."""
    parts = []
    for load in LOADS:
        rows = [_row(results, load, contender) for contender in CONTENDERS if results.has(load.figure, contender.key)]
        if rows:
            head = (
                "deliveries per CPU-second",
                "all",
                "console: times",
                "without the request",
                "kernel",
                "p50 ms",
                "p99 ms",
            )
            how = ", over TLS 1.3" if load.over_tls else ""
            parts.append(f"**{load.title}{how}**\n\n" + table(head, rows))
    return "\n\n".join(parts)


def _row(results: Results, load: Load, contender: Contender) -> tuple[str, ...]:
    key, figure = contender.key, load.figure
    apart = f"{figure} delivery"
    return (
        contender.name,
        spread(results.spread(figure, key)),
        "" if contender.is_console else times(results.ratio(figure, CONSOLE, figure, key)),
        spread(results.spread(apart, key)) if results.has(apart, key) else "",
        percent(results.spread(f"{figure} kernel", key)),
        milliseconds(results.spread(f"{figure} p50", key)),
        milliseconds(results.spread(f"{figure} p99", key)),
    )
