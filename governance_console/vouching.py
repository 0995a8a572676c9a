"""Data that is marked as erased, beside the entries that say what was erased, and why. Pure.

An entry that says so comes after those it names, so what is marked is kept until then: as runs, one for what one
erasure took.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from governance_console.erasure import erasure_of

MAX_RUNS: Final = 100_000
"""Runs that are held. An honest record has about as many as erasures not yet come to; past this some
are told together."""

SAID_IN: Final = "audit"
"""The category of every entry that says what was erased."""


class Mark(NamedTuple):
    """What stands instead of data. Values of any type: nothing of it is believed.

    ``seq`` is the entry that is to say so, None where the source does not tell which.
    """

    by: object
    at: object
    reason: object
    seq: object


class Run(NamedTuple):
    """Neighbours with one mark, as far as others have data at all: ``first`` to ``last``, both included."""

    first: int
    last: int


class Vouched:
    """The marks of one log, in the order of its entries, until an entry vouches for them."""

    def __init__(self, most_runs: int = MAX_RUNS) -> None:
        self._most_runs = most_runs
        self._waiting: dict[Mark, list[Run]] = {}
        self._runs = 0
        self._mark: Mark | None = None

    def marked(self, mark: Mark, place: int, with_data: int) -> None:
        """This entry's data is marked as erased; ``with_data`` is the last one before it that has some."""
        runs = self._waiting.setdefault(mark, [])
        if runs and ((self._mark == mark and runs[-1].last > with_data) or self._runs >= self._most_runs):
            runs[-1] = Run(runs[-1].first, place)
        else:
            runs.append(Run(place, place))
            self._runs += 1
        self._mark = mark

    def said(self, entry: object, data: object) -> None:
        """An entry of category ``SAID_IN``, whole as its data is: it may say what was erased before it."""
        erasure = erasure_of(entry, data) if isinstance(entry, bytes) and isinstance(data, bytes) else None
        if erasure is None:
            return
        by, at, reason, seq = erasure.erased
        for named in (seq, None):
            mark = Mark(by, at, reason, named)
            left = [part for run in self._waiting.pop(mark, ()) for part in _outside(run, erasure.first, erasure.last)]
            if left:
                self._waiting[mark] = left

    @property
    def waiting(self) -> Collection[Mark]:
        """Those for which no entry vouched yet."""
        return self._waiting.keys()

    def unsaid(self) -> Sequence[tuple[Run, Mark]]:
        """The entries for which none vouched, in order, each with how it is marked."""
        return sorted(((run, mark) for mark, runs in self._waiting.items() for run in runs), key=lambda each: each[0])


def _outside(run: Run, first: int, last: int) -> Iterator[Run]:
    if run.first < first:
        yield Run(run.first, min(run.last, first - 1))
    if run.last > last:
        yield Run(max(run.first, last + 1), run.last)
