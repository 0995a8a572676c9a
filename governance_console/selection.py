"""Which entries are wanted: the filters of the stream and of the history. Pure.

Alternatives within one filter, all filters together: ``category=tool&category=model&severity=warning`` is what
has one of the two categories and is at least a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from governance_console.categories import SEVERITIES

STREAM_FILTERS: Final = ("category", "source", "type", "severity", "traceid")
HISTORY_FILTERS: Final = (*STREAM_FILTERS, "since", "until", "q")
"""The names of the filters, as query parameters and as options."""

MAX_SEQ_DIGITS: Final = 18
"""A ``seq`` stays below SQLite's largest number."""


def seq_of(text: str) -> int | None:
    """A ``seq`` as queries, paths and options have it, or None for what is no such number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_SEQ_DIGITS else None


class Shown(msgspec.Struct, frozen=True, gc=False):
    """What filters look at in an entry."""

    category: str
    severity: str
    source: str
    type: str
    traceid: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters; empty ones let everything through.

    ``types`` that end in ``*`` are prefixes. ``severity`` is the least. ``since`` and ``until`` bound ``recorded``
    (from, and before; RFC 3339 as the console writes it), ``text`` is looked for in source, type, subject and data,
    without regard to the case of ASCII letters; these three are for the history alone.
    """

    categories: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    severity: str = SEVERITIES[0]
    traceids: frozenset[str] = frozenset()
    since: str = ""
    until: str = ""
    text: str = ""

    @property
    def type_prefixes(self) -> tuple[str, ...]:
        """What a type may begin with."""
        return tuple(sorted(one[:-1] for one in self.types if one.endswith("*")))

    def matches(self, shown: Shown) -> bool:
        """Whether an entry is wanted, as far as the stream's filters go."""
        return (
            (not self.categories or shown.category in self.categories)
            and (not self.sources or shown.source in self.sources)
            and (not self.types or shown.type in self.types or shown.type.startswith(self.type_prefixes))
            and (not self.traceids or shown.traceid in self.traceids)
            and SEVERITIES.index(shown.severity) >= SEVERITIES.index(self.severity)
        )


EVERYTHING: Final = Selection()
