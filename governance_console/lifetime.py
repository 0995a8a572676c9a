"""The console's own start and stop, on the record: with which settings, how the time before ended, and why it stops."""

from __future__ import annotations

import platform
from typing import Final, NamedTuple

from governance_console import __version__
from governance_console.audit import STARTED, STOPPED, Audit
from governance_console.entries import deed_of
from governance_console.errors import RecordUnavailable, RecordUnreadable
from governance_console.events import CONSOLE
from governance_console.selection import Selection
from governance_console.settings import Settings
from governance_console.storage import Storage

MOST_CLAIMS: Final = 1000
"""How many entries that claim to be the console's are looked through for one that is: anybody may claim it."""

_UNCLEAN: Final = "not recorded: it was killed, or could not write"
_UNREADABLE: Final = "unreadable: the entry is damaged"
_ENDS: Final = {STARTED: _UNCLEAN, STOPPED: "stopped"}
_LIVES: Final = Selection(sources=frozenset((CONSOLE,)), types=frozenset(_ENDS))


class _Before(NamedTuple):
    """The last entry of the console itself, and how the time ended that it is of."""

    seq: int
    end: str


async def tell_start(audit: Audit, storage: Storage, size: int, settings: Settings, url: str) -> None:
    """Record that the console serves, if the record can be written; else as soon as it can.

    A start that follows a start says so: between the two nothing was there to record an end.
    """
    before = await _last(storage, size)
    told: dict[str, object] = {
        "version": __version__,
        "python": platform.python_version(),
        "url": url,
        "settings": settings.told(),
    }
    if before is not None:
        told["before"] = before._asdict()
    audit.note(CONSOLE, STARTED, told, None if before is None or before.end == _ENDS[STOPPED] else "warning")
    await audit.settle()


def tell_stop(audit: Audit, why: str) -> None:
    """Note the end; what closes the record records it last."""
    audit.note(CONSOLE, STOPPED, {"version": __version__, "why": why})


async def _last(storage: Storage, size: int) -> _Before | None:
    """The last start or stop that the console itself recorded, or None. A damaged entry may have been its own."""
    left = MOST_CLAIMS
    try:
        while size and left > 0:
            page = await storage.descending(size, min(left, 100), _LIVES)
            for item in page.items:
                deed = deed_of(item.entry)
                if deed is None or deed.principal == CONSOLE:
                    return _Before(item.seq, _UNREADABLE if deed is None else _ENDS.get(deed.event.type, _UNREADABLE))
            left -= len(page.items)
            size = page.reached
    except (RecordUnreadable, RecordUnavailable):
        pass  # a console that can still record and show the rest has to start
    return None
