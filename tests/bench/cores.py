"""The server on one core, the load on the others, so that neither waits for the other's turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.errors import CannotMeasure


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores (their numbers) the measured process has, and which everything else."""

    server: frozenset[int]
    load: frozenset[int]


def choose_cores() -> Cores:
    """The last core this process may use for the server, the rest for the load. Raises CannotMeasure."""
    if not hasattr(os, "sched_setaffinity"):
        raise CannotMeasure("processes can be tied to cores on Linux only: measure there")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise CannotMeasure("this machine gives one core: server and load need one each")
    return Cores(frozenset(allowed[-1:]), frozenset(allowed[:-1]))


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """What is started in here stays on these cores; the caller goes back to its own."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
