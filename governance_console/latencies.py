"""How long requests took, counted as the Prometheus client would, at a fraction of its cost for each request.

The client locks each of four numbers, for threads that might count in them; requests are counted by the event loop
alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.metrics_core import HistogramMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; what took longer is in one more."""


class Latencies(Collector):
    """A summary by method, route and status, and a histogram by route. The labels are of closed sets."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str, int], list[float]] = {}
        self._buckets: dict[str, list[int]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one response."""
        key = (method, route, status)
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = [0, 0.0]
            self._buckets.setdefault(route, [0] * (len(BUCKETS) + 1))
        total[0] += 1
        total[1] += seconds
        self._buckets[route][bisect_left(BUCKETS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        summary = SummaryMetricFamily(
            "api_request_latency_seconds",
            "Time from request to response by route template, WebSockets left out.",
            labels=("method", "route", "status"),
        )
        sums = dict.fromkeys(self._buckets, 0.0)
        for (method, route, status), (count, seconds) in self._totals.items():
            summary.add_metric((method, route, str(status)), count_value=int(count), sum_value=seconds)
            sums[route] += seconds
        yield summary
        histogram = HistogramMetricFamily(
            "governance_api_request_duration_seconds",
            "Time from request to response by route template, in buckets, WebSockets left out.",
            labels=("route",),
        )
        bounds = [*map(floatToGoString, BUCKETS), "+Inf"]
        for route, counts in self._buckets.items():
            histogram.add_metric((route,), list(zip(bounds, accumulate(counts), strict=True)), sums[route])
        yield histogram
