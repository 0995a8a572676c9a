"""What being provable costs: the tree's upkeep while events are recorded, a proof out of a long log, a verification."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from governance_console.edge import Edge
from governance_console.entries import identity, make_item
from governance_console.events import parse_json
from governance_console.merkle import leaf_hashes
from governance_console.storage import NewItem, Writing
from governance_console.storage.sqlite import SqliteStorage
from governance_console.tiles import Tile
from tests.bench import samples, wire
from tests.bench.accounting import cpu_of
from tests.bench.asking import Asking
from tests.bench.contenders import CONSOLE, TOKEN, Contender, Place, started
from tests.bench.cores import on
from tests.bench.errors import WrongResult
from tests.bench.history_data import moment_of, record_of
from tests.bench.results import Results
from tests.bench.table import spread, table
from tests.process import RUN

BATCH: Final = 500
PROOFS: Final = 300
SIGNED_SEC: Final = 30.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Batches for the tree; the log that proofs are taken out of, and the one that is verified."""

    batches: int
    proved: int
    verified: int


def measure(place: Place, results: Results, effort: Effort, say: Callable[[str], None]) -> None:
    """One round."""
    say("the tree's upkeep")
    with on(place.cores.server):
        results.add("tree cpu", CONSOLE, asyncio.run(_tree(place.folder, effort.batches)))
    say(f"proofs out of {effort.proved:,} entries")
    results.add("proof cpu", str(effort.proved), _proofs(place, record_of(place.folder, effort.proved, say)))
    say(f"verifying {effort.verified:,} entries")
    folder = record_of(place.folder, effort.verified, say)
    _proofs(place, folder, 1)  # so that it is signed
    with on(place.cores.server):
        results.add("verify rate", CONSOLE, _verify(folder / "data"))


async def _tree(folder: Path, batches: int) -> float:
    """CPU seconds an event: what the same appends cost more with the tree than without it, turn by turn."""
    spent = {True: 0.0, False: 0.0}
    with tempfile.TemporaryDirectory(prefix="tree-", dir=folder) as made:
        stores = {has: SqliteStorage(Path(made) / f"{has}.db", "bench", lambda: "0123456789abcdef") for has in spent}
        for store in stores.values():
            await store.open()
        try:
            edge = Edge()
            for batch in range(batches):
                items = _items(batch * BATCH)
                for has in (True, False) if batch % 2 else (False, True):
                    began = time.process_time()
                    if has:
                        growth = edge.grown(leaf_hashes([new.item.entry for new in items]))
                        await stores[has].write(functools.partial(_append, items, growth.tiles))
                        edge = growth.edge
                    else:
                        await stores[has].write(functools.partial(_append, items, {}))
                    spent[has] += time.process_time() - began
        finally:
            for store in stores.values():
                await store.close()
    return (spent[True] - spent[False]) / (batches * BATCH)


def _append(items: Sequence[NewItem], tiles: Mapping[Tile, bytes], writing: Writing) -> None:
    writing.append(items, tiles)


def _items(first: int) -> list[NewItem]:
    sent = [{**samples.working_event(seq), "id": f"event-{seq}"} for seq in range(first, first + BATCH)]
    events = parse_json(json.dumps(sent).encode(), lambda place: "unused")
    made = []
    for seq, event in enumerate(events, start=first):
        own = identity("operator", event.source, event.id)
        item = make_item(seq, moment_of(seq), "operator", event, os.urandom(16))
        made.append(NewItem(item, own, event.shown, event.subject))
    return made


def _proofs(place: Place, folder: Path, proofs: int = PROOFS) -> float:
    """CPU seconds of the console for a proof of any entry, with its request."""
    with started(folder, place.cores, Contender(CONSOLE, "the console")) as server, Asking(server.port) as asking:
        size = _signed_size(asking)
        chance = random.Random(size)
        before = cpu_of(server.pid)
        for _ in range(proofs):
            path = f"/api/events/{chance.randrange(size)}/proof"
            if not asking.ask(wire.request("GET", path, TOKEN)).startswith(b"c2sp.org/tlog-proof@v1\n"):
                raise WrongResult(f"{path} is no proof")
        return (cpu_of(server.pid) - before).total / proofs


def _signed_size(asking: Asking) -> int:
    """Wait until everything up to the console's start is signed."""
    give_up = time.monotonic() + SIGNED_SEC
    size = json.loads(asking.ask(wire.request("GET", "/api/events?limit=1", TOKEN)))["size"]
    while time.monotonic() < give_up:
        log = json.loads(asking.ask(wire.request("GET", "/api/log", TOKEN)))
        if log["size"] >= size:
            return int(log["size"])
        time.sleep(0.2)
    raise WrongResult(f"of {size} entries not all were signed within {SIGNED_SEC:.0f} s")


def _verify(data: Path) -> float:
    """Entries per CPU second. It has to find the record whole."""
    arguments = ("verify", str(data / "governance.db"), "--key", str(data / "log.key"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run([sys.executable, str(RUN), *arguments], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode != 0 or "WHOLE" not in ended.stdout:
        raise WrongResult(f"verify ended with {ended.returncode}: {ended.stdout[-300:]}{ended.stderr[-300:]}")
    entries = int(ended.stdout.partition(" entries of ")[0].rpartition(" ")[2].replace(",", ""))
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return entries / spent


def report(results: Results) -> str:
    """The table of this part."""
    rows = [("the tree's upkeep, CPU µs an event", spread(results.spread("tree cpu", CONSOLE), 1e6))]
    for size in (100_000, 1_000_000, 10_000_000):
        if results.has("proof cpu", str(size)):
            shown = spread(results.spread("proof cpu", str(size)), 1e3)
            rows.append((f"a proof out of {size:,} entries, with its request, CPU ms", shown))
    rows.append(("`verify`, entries a CPU second", spread(results.spread("verify rate", CONSOLE))))
    return table(("", "measured"), rows)
