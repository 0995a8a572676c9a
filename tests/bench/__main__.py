"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import bars, fanout, history, ingest, latency, machine, memory, proofs, query
from tests.bench.contenders import Place
from tests.bench.cores import choose_cores
from tests.bench.errors import CannotMeasure, WrongResult
from tests.bench.pages import filled, places
from tests.bench.results import Results
from tests.process import ROOT

DESCRIPTION: Final = """\
Measure the console beside its peers: one run, one table, as Markdown on standard output.

Each server is a process of its own, started as its users start it; server and load have different cores; every
message is counted and checked. Rounds are interleaved (A B C, A B C, ...), and a ratio is the median over rounds.
docs/benchmarks.md has the rules and the last results.
"""
EXAMPLES: Final = """\
parts:
{parts}

examples:
  python -m tests.bench                                 all but the log of 10 million entries: a quarter of an hour
  python -m tests.bench --quick                         all parts once, in a few minutes: is anything odd?
  python -m tests.bench --only fanout --runs 1          one part, while you work on it
  python -m tests.bench --full --write docs/benchmarks.md --write README.md

It needs Linux, two cores, a disk (not tmpfs), and: pip install -e '.[test,speed,bench]'
"""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line asks for."""

    place: Place
    quick: bool
    full: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows that are measured together: one round of them, and their tables."""

    what: str
    title: str
    measure: Callable[[Chosen, Results, Say], None]
    report: Callable[[Results], str]
    most_rounds: int = 100
    """What hardly varies is not measured more often."""


def _fanout(chosen: Chosen, results: Results, say: Say) -> None:
    effort = fanout.Effort(cpu_sec=0.2, wall_sec=0.6) if chosen.quick else fanout.Effort()
    fanout.measure(chosen.place, results, effort, say)


def _ingest(chosen: Chosen, results: Results, say: Say) -> None:
    ingest.measure(chosen.place, results, ingest.Effort(0.3 if chosen.quick else 1.0), say)


def _latency(chosen: Chosen, results: Results, say: Say) -> None:
    latency.measure(chosen.place, results, latency.Effort(1.0 if chosen.quick else 3.0), say)


def _query(chosen: Chosen, results: Results, say: Say) -> None:
    query.measure(chosen.place, results, query.Effort(0.4 if chosen.quick else 1.5), say)


def _memory(chosen: Chosen, results: Results, say: Say) -> None:
    memory.measure(chosen.place, results, memory.Effort(), say)


def _history(chosen: Chosen, results: Results, say: Say) -> None:
    sizes = history.FULL_SIZES if chosen.full else history.QUICK_SIZES if chosen.quick else history.SIZES
    history.measure(chosen.place, results, history.Effort(sizes, 10 if chosen.quick else 30), say)


def _proofs(chosen: Chosen, results: Results, say: Say) -> None:
    proved = history.FULL_SIZES[-1] if chosen.full else history.QUICK_SIZES[-1] if chosen.quick else history.SIZES[-1]
    verified = history.QUICK_SIZES[-1] if chosen.quick else history.SIZES[-1]
    proofs.measure(chosen.place, results, proofs.Effort(20 if chosen.quick else 60, proved, verified), say)


PARTS: Final[Mapping[str, Part]] = {
    "fanout": Part("deliveries per CPU-second to 1,000 watchers", "Fan-out", _fanout, fanout.report),
    "latency": Part("commit to receipt at 100 and 1,000 events a second", "Latency", _latency, latency.report),
    "ingest": Part("durable events a second", "Ingest", _ingest, ingest.report),
    "query": Part("questions a second", "Questions", _query, query.report),
    "memory": Part("an idle watcher's memory, and scrapes, at 5,000", "Idle watchers", _memory, memory.report, 2),
    "history": Part("pages and start-up as the log grows", "History", _history, history.report, 3),
    "proofs": Part("what being provable costs", "Proof", _proofs, proofs.report),
}


def main(arguments: list[str]) -> int:
    """Measure, and print the tables."""
    given = _parser().parse_args(arguments)
    began = time.monotonic()

    def say(where: str, what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {where}{what}", file=sys.stderr, flush=True)

    try:
        if given.write and given.only != list(PARTS):
            raise CannotMeasure("--write wants all parts, for the tables are to be of one run: leave --only away")
        for page in given.write:
            places(page.read_text(encoding="utf-8"))
        shown = _measured(given, say)
        for page in given.write:
            page.write_text(filled(page.read_text(encoding="utf-8"), shown), encoding="utf-8")
    except (CannotMeasure, WrongResult, OSError) as error:
        print(f"tests.bench: {error}", file=sys.stderr)
        return 1
    print("\n\n".join(f"## {name}\n\n{text}" for name, text in shown.items() if name != "all"))
    return 0


def _measured(given: argparse.Namespace, say: Callable[[str, str], None]) -> dict[str, str]:
    """All rounds of the parts that were asked for, as the texts that are printed and put into pages."""
    cores = choose_cores()
    os.sched_setaffinity(0, cores.load)
    memory.raise_limit()
    given.dir.mkdir(parents=True, exist_ok=True)
    about = machine.describe(given.dir)
    chosen = Chosen(Place(given.dir.resolve(), cores), given.quick, given.full)
    results = Results()
    runs = given.runs or (1 if given.quick else 5)
    for run in range(1, runs + 1):
        for name in given.only:
            if run <= PARTS[name].most_rounds:
                PARTS[name].measure(chosen, results, functools.partial(say, f"{run}/{runs} {name}: "))
    say("", "done")
    (given.dir / "results.json").write_text(json.dumps(results.document(), indent=1))
    rounds = f"{runs} interleaved round{'s' * (runs > 1)}{', shortened' * given.quick}: the median (least to most)"
    shown = {
        "machine": "\n".join(f"- {line}" for line in (*about, rounds)),
        "bars": bars.verdicts(results),
        **{name: PARTS[name].report(results) for name in given.only},
    }
    parts = "\n\n".join(f"### {PARTS[name].title}\n\n{shown[name]}" for name in given.only)
    return {**shown, "all": parts}


def _rounds(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("at least one round is measured")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parts = "\n".join(f"  {name:<10}{part.what}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=DESCRIPTION,
        epilog=EXAMPLES.format(parts=parts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_names, default=list(PARTS), metavar="PART,…", help="these parts, not all")
    parser.add_argument("--runs", type=_rounds, metavar="N", help="rounds (default 5, with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="shorter rounds, fewer of them")
    parser.add_argument("--full", action="store_true", help="also a log of 10 million entries: 10 GB, an hour to make")
    parser.add_argument(
        "--write",
        type=Path,
        action="append",
        default=[],
        metavar="PAGE",
        help="put the results into their places there",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=ROOT / ".bench",
        help="where records are kept, on the disk to measure (default .bench)",
    )
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is no part: choose from {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
