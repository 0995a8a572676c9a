"""What is sent: small events, and for peers without a record the very texts that the console makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from governance_console.entries import entry_message, make_item
from governance_console.events import parse_structured

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
    extra = {"time": RECORDED, "subject": f"task-{number % 1000}", "traceid": f"{number // 7:032x}"}
    return {**event(number), **extra, "datacontenttype": "application/json", "data": data}


def text(number: int) -> str:
    """The message that the console streams for ``event(number)``, if it is the record's entry of that number."""
    return text_of(event(number), number)


def text_of(sent: dict[str, Any], seq: int) -> str:
    """The message that the console streams for an event under this number."""
    [parsed] = parse_structured(json.dumps(sent).encode(), str)
    return entry_message(make_item(seq, RECORDED, "operator", parsed, b""), parsed.shown).text.decode()


class Numbers:
    """The events' numbers of one server: from 0, each once."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> Iterator[int]:
        """The next so many."""
        first, self._next = self._next, self._next + count
        return iter(range(first, self._next))
