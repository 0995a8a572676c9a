"""The servers that are measured: which there are, and how each is started, fed and watched."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench import samples, wire
from tests.bench.asking import Asking
from tests.bench.cores import Cores, on
from tests.bench.errors import WrongResult
from tests.process import ROOT, RUN, ConsoleProcess

TOKEN: Final = "a-token-for-the-benchmark"
METRICS_TOKEN: Final = "another-token-for-metrics"
CONSOLE: Final = "console"
EVENTS: Final = "/api/events"


@dataclass(frozen=True, slots=True)
class Contender:
    """One server: ``name`` in the tables, and what it is started with. The console is the one without a module."""

    key: str
    name: str
    module: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_console(self) -> bool:
        return not self.module

    @property
    def is_recording(self) -> bool:
        """Whether it takes events and records them."""
        return self.is_console or self.settings.get("PEER_RECORD", "nothing") != "nothing"

    @property
    def own_entries(self) -> int:
        """What a new record has before anybody sends anything: the console records its start."""
        return 1 if self.is_console else 0

    def events_path(self, events: int) -> str:
        """FastAPI wants a path for each type of body."""
        return EVENTS if events == 1 or self.is_console else f"{EVENTS}/batch"


@dataclass(frozen=True, slots=True)
class Place:
    """Where servers run: the folder for their files, and the cores."""

    folder: Path
    cores: Cores


@dataclass(frozen=True, slots=True)
class Server:
    """A running contender."""

    contender: Contender
    process: ConsoleProcess
    numbers: samples.Numbers

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def stream_port(self) -> int:
        """Where it streams, when that is another port."""
        said = re.search(r"streams on port (\d+)", "\n".join(self.process.log))
        return int(said[1]) if said else self.port

    @property
    def pid(self) -> int:
        return self.process.pid

    def publish(self, count: int) -> tuple[bytes, list[int]]:
        """A request that makes it stream so many new messages, and how many of each of ``samples.SOURCES``."""
        numbers = list(self.numbers.take(count))
        sources = range(len(samples.SOURCES))
        each = [sum(number % len(sources) == place for number in numbers) for place in sources]
        return publish_request(self.contender, {number: samples.event(number) for number in numbers}), each


def publish_request(contender: Contender, events: Mapping[int, dict[str, object]]) -> bytes:
    """Make it stream these; who records none gets the texts that the console would make of them under these numbers."""
    if contender.is_recording:
        return events_request(list(events.values()))
    texts = [{"source": sent["source"], "text": samples.text(sent, seq)} for seq, sent in events.items()]
    return _json_request("/publish", texts, "application/json")


def events_request(events: list[dict[str, object]], path: str = EVENTS) -> bytes:
    """Record these: one as a CloudEvent, more as a batch."""
    if len(events) == 1:
        return _json_request(path, events[0], "application/cloudevents+json")
    return _json_request(path, events, "application/cloudevents-batch+json")


def check_size(server: Server, asking: Asking, acknowledged: int) -> None:
    """So many events were acknowledged, and they are there, each once. Raises WrongResult."""
    size = json.loads(asking.ask(wire.request("GET", f"{EVENTS}?limit=1", TOKEN)))["size"]
    recorded = size - server.contender.own_entries
    if recorded != acknowledged:
        raise WrongResult(f"{server.contender.name} acknowledged {acknowledged} events and recorded {recorded}")


def stream_path(source: str = "") -> str:
    """Where every contender streams, everything or what one source sends."""
    return "/api/ws/telemetry" + (f"?source={source}" if source else "")


@contextmanager
def serving(place: Place, contender: Contender, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The contender with an empty record, on the server's core, until the block is left."""
    folder = Path(tempfile.mkdtemp(prefix=f"{contender.key}-", dir=place.folder))
    try:
        with started(folder, place.cores, contender, settings) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(
    folder: Path, cores: Cores, contender: Contender, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The contender on what this folder holds."""
    common = {"OPERATOR_TOKEN": TOKEN, "METRICS_TOKEN": METRICS_TOKEN}
    everything = {**common, **contender.settings, **(settings or {})}
    if contender.is_console:
        process = ConsoleProcess(folder, everything, command=_command((str(RUN),)))
    else:
        command = _command(("-m", f"tests.bench.peers.{contender.module}"))
        process = ConsoleProcess(folder, {**everything, "PYTHONPATH": str(ROOT)}, command=command)
    with ExitStack() as ending:
        with on(cores.server):
            ending.enter_context(process)
        yield Server(contender, process, samples.Numbers())


def _command(what: Iterable[str]) -> tuple[str, ...]:
    return (sys.executable, *what)


def _json_request(path: str, document: object, media: str) -> bytes:
    return wire.request("POST", path, TOKEN, json.dumps(document).encode(), {"Content-Type": media})
