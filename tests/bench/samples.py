"""What is sent: small events, and for peers without a record the very texts that the console makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

SOURCES: Final = tuple(f"agent-{number}" for number in range(10))
CATEGORIES: Final = ("tool", "model", "task", "policy")
RECORDED: Final = "2026-11-22T10:00:00.123456Z"


def event(number: int) -> dict[str, Any]:
    """A CloudEvent without data; its stream message has about 260 bytes."""
    return {
        "specversion": "1.0",
        "id": f"e{number:07}",
        "source": SOURCES[number % len(SOURCES)],
        "type": f"{CATEGORIES[number % len(CATEGORIES)]}.call",
    }


def working_event(number: int) -> dict[str, Any]:
    """A CloudEvent as an agent would send it, with data: about 350 bytes."""
    data = {"tool": "search", "query": f"quarterly figures, part {number % 97}", "ms": number % 1000, "ok": True}
    extra = {"time": RECORDED, "subject": f"task-{number % 1000}", "traceid": f"{trace_of(number):032x}"}
    return {**event(number), **extra, "datacontenttype": "application/json", "data": data}


def trace_of(number: int) -> int:
    """Which trace an event is of: one has seven."""
    return number // 7


def text(sent: Mapping[str, Any], seq: int) -> str:
    """The message that the console streams for such an event without data, recorded under this number.

    Written out here: what peers send must not change with the console's insides. ``tests/test_bench.py`` holds it
    against a console.
    """
    entry = {
        "seq": seq,
        "recorded": RECORDED,
        "principal": "operator",
        "category": sent["type"].partition(".")[0],
        "severity": "info",
        "event": dict(sorted(sent.items())),
    }
    line = f"[{entry['category'].upper()}] {sent['source']} {sent['type']}"
    message = {"type": "entry", "message": line, "next": seq + 1, "entry": entry}
    return json.dumps(message, separators=(",", ":"))


class Numbers:
    """The events' numbers of one server: from 0, each once."""

    def __init__(self) -> None:
        self._next = 0

    @property
    def taken(self) -> int:
        """How many were."""
        return self._next

    def take(self, count: int) -> Iterator[int]:
        """The next so many."""
        first, self._next = self._next, self._next + count
        return iter(range(first, self._next))
