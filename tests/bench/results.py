"""Samples of one run of all rows, and what may be said of them. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.errors import CannotMeasure


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and the least and the most beside it."""

    median: float
    least: float
    most: float


class Results:
    """Samples by figure and contender, in the order of the runs: the same place is the same round."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, figure: str, contender: str, value: float) -> None:
        """One run's value."""
        self._samples[figure, contender].append(value)

    def has(self, figure: str, contender: str) -> bool:
        return (figure, contender) in self._samples

    def last(self, figure: str, contender: str) -> float:
        """The value of the run that is under way."""
        return self._samples[figure, contender][-1]

    def spread(self, figure: str, contender: str) -> Spread:
        """Over all runs."""
        return spread(self._samples[figure, contender])

    def ratio(self, figure: str, contender: str, other_figure: str, other: str) -> Spread:
        """How many times the other's it is, round by round: what slows a whole round down cancels out."""
        ours, theirs = self._samples[figure, contender], self._samples[other_figure, other]
        if len(ours) != len(theirs):
            raise CannotMeasure(f"{figure} has {len(ours)} runs of {contender} and {len(theirs)} of {other}")
        return spread([one / another for one, another in zip(ours, theirs, strict=True)])

    def document(self) -> dict[str, dict[str, list[float]]]:
        """All samples, as they are kept for later."""
        found: dict[str, dict[str, list[float]]] = defaultdict(dict)
        for (figure, contender), samples in self._samples.items():
            found[figure][contender] = samples
        return found


def spread(samples: Sequence[float]) -> Spread:
    """Of at least one sample."""
    return Spread(statistics.median(samples), min(samples), max(samples))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least sample that so large a share of all does not exceed (nearest rank); ``ordered`` is not empty."""
    rank = -(-len(ordered) * share // 1)
    return ordered[max(0, min(len(ordered) - 1, int(rank) - 1))]
