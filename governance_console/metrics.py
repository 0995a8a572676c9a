"""Everything the console counts, on a registry of its own, each with a help text and a unit."""

from __future__ import annotations

import math
import platform
import shutil
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from governance_console import __version__
from governance_console.categories import CATEGORIES
from governance_console.latencies import Latencies

LIMITS = ("signins", "watchers", "requests", "bodies", "connections", "slow")
REJECTIONS = ("malformed", "unacceptable", "unsupported", "too_large", "too_slow", "conflict", "unavailable")


class Metrics:
    """One per application, so that two applications in one process do not share numbers."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.events = Counter("governance_events", "Entries recorded by this process.", ["category"], registry=registry)
        # Looking a child up by its label costs as much as counting in it.
        self._events_of = {category: self.events.labels(category) for category in CATEGORIES}
        self.latencies = Latencies()
        registry.register(self.latencies)
        self.size = Gauge("governance_log_size", "Entries in the log.", registry=registry)
        self.writable = Gauge(
            "governance_log_writable", "1 while the record can be written, else 0.", registry=registry
        )
        self.watchers = Gauge("governance_watchers", "Open telemetry streams.", registry=registry)
        self.messages = Counter(
            "governance_stream_messages", "Messages sent to watchers, heartbeats included.", registry=registry
        )
        self.buffered = Gauge(
            "governance_stream_buffered_bytes",
            "Bytes in the console's own buffers that watchers have not taken yet.",
            registry=registry,
        )
        self.heartbeats = Counter("governance_heartbeats", "Ticks of the console's own heartbeat.", registry=registry)
        self.slow_closes = Counter(
            "governance_slow_watchers", "Watchers cut because they drained nothing.", registry=registry
        )
        self.commit_seconds = Histogram(
            "governance_commit_duration_seconds",
            "Time of one durable commit.",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self.batch_size = Histogram(
            "governance_commit_batch_events",
            "Entries in one commit.",
            buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000),
            registry=registry,
        )
        self.queue_depth = Gauge("governance_queue_depth_events", "Events waiting to be committed.", registry=registry)
        self.rejected = Counter(
            "governance_rejected_requests",
            "Requests to record events that were refused.",
            ["reason"],
            registry=registry,
        )
        for reason in REJECTIONS:
            self.rejected.labels(reason)
        self.failed_signins = Counter(
            "governance_failed_signins", "Credentials that were presented and not valid.", registry=registry
        )
        self.limited = Counter(
            "governance_limited", "Requests and connections that a limit refused or cut.", ["limit"], registry=registry
        )
        for limit in LIMITS:
            self.limited.labels(limit)
        self.checkpoint_size = Gauge(
            "governance_checkpoint_size", "Entries that the newest signed checkpoint is about.", registry=registry
        )
        self.checkpoint_age = Gauge(
            "governance_checkpoint_age_seconds",
            "Time since the newest checkpoint was signed, or found at start; not a number before the first.",
            registry=registry,
        )
        self.checkpoint_age.set(math.nan)
        self.signing_refused = Gauge(
            "governance_signing_refused", "1 while no checkpoint is signed, else 0.", registry=registry
        )
        self.loop_lag = Gauge(
            "governance_event_loop_lag_seconds", "How late the last tick of the event loop was.", registry=registry
        )
        Info("governance_build", "What is running.", registry=registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def committed(self, categories: Sequence[str], seconds: float) -> None:
        """Count one commit and the entries in it."""
        self.commit_seconds.observe(seconds)
        self.batch_size.observe(len(categories))
        for category, count in Tally(categories).items():
            self._events_of[category].inc(count)

    def signed(self, size: int) -> None:
        """Show a checkpoint that is durable."""
        self.checkpoint_size.set(size)
        self.signing_refused.set(0)
        signed_at = time.monotonic()
        self.checkpoint_age.set_function(lambda: time.monotonic() - signed_at)

    def watch_feed(self, watchers: Callable[[], int], buffered: Callable[[], int]) -> None:
        """Show how many are watching and what they have not taken yet, asked at each scrape."""
        self.watchers.set_function(watchers)
        self.buffered.set_function(buffered)

    def watch_disk(self, folder: Path) -> None:
        """Show the free space where the log is kept, read at each scrape."""
        Gauge(
            "governance_log_disk_free_bytes", "Free disk space where the log is kept.", registry=self.registry
        ).set_function(lambda: _free_bytes(folder))


def _free_bytes(folder: Path) -> float:
    """Not a number where there is no such folder any more: what else is measured is then wanted all the more."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.nan
