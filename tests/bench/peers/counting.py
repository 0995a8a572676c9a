"""What peers that record count of it, as the console does."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary


class Counted:
    """Requests by route, and entries, on a registry of its own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._latency = Summary("api_request_latency_seconds", "Time.", labels, registry=registry)
        self._buckets = Histogram("api_request_duration_seconds", "Time.", ["route"], registry=registry)
        self._events = Counter("events", "Entries recorded.", ["category"], registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._latency.labels(method, route, str(status)).observe(seconds)
        self._buckets.labels(route).observe(seconds)

    def recorded(self, entries: int) -> None:
        """Count what a request brought."""
        self._events.labels("other").inc(entries)
