"""The console's own start and stop, on the record: with which settings, how the time before ended, and why it stops."""

from __future__ import annotations

import platform
from typing import Final

import msgspec

from governance_console import __version__
from governance_console.audit import STARTED, STOPPED, Audit
from governance_console.errors import RecordUnavailable, RecordUnreadable
from governance_console.events import CONSOLE
from governance_console.selection import Selection
from governance_console.settings import Settings
from governance_console.storage import Storage

CROWD: Final = 1000
"""How many entries that claim to be the console's are looked through for one that is: anybody may claim it."""

_UNCLEAN: Final = "not recorded: it was killed, or could not write"
_LIVES: Final = Selection(sources=frozenset((CONSOLE,)), types=frozenset((STARTED, STOPPED)))


class _Event(msgspec.Struct):
    type: str


class _Entry(msgspec.Struct):
    seq: int
    principal: str
    event: _Event


_decoder: Final = msgspec.json.Decoder(_Entry)


async def tell_start(audit: Audit, storage: Storage, size: int, settings: Settings, url: str) -> None:
    """Record that the console serves, if the record can be written; else as soon as it can.

    A start that follows a start says so: between the two nothing was there to record an end.
    """
    before = await _last(storage, size)
    is_unclean = before is not None and before.event.type == STARTED
    told: dict[str, object] = {
        "version": __version__,
        "python": platform.python_version(),
        "url": url,
        "settings": settings.told(),
    }
    if before is not None:
        told["before"] = {"seq": before.seq, "end": _UNCLEAN if is_unclean else "stopped"}
    audit.note(CONSOLE, STARTED, told, "warning" if is_unclean else None)
    await audit.settle()


def tell_stop(audit: Audit, why: str) -> None:
    """Note the end; what closes the record records it last."""
    audit.note(CONSOLE, STOPPED, {"version": __version__, "why": why})


async def _last(storage: Storage, size: int) -> _Entry | None:
    """The last start or stop that the console itself recorded, or None."""
    left = CROWD
    try:
        while size and left > 0:
            page = await storage.descending(size, min(left, 100), _LIVES)
            for entry in map(_decoder.decode, [item.entry for item in page.items]):
                if entry.principal == CONSOLE:
                    return entry
            left -= len(page.items)
            size = page.reached
    except (RecordUnreadable, RecordUnavailable):
        pass  # a console that can still record and show the rest has to start
    return None
