"""One watcher: its place in the record, its socket as the feed sees it, and whether it still drains."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from governance_console.selection import Selection

ROOM_BYTES: Final = 64 * 1024
"""A watcher with more than this in its buffer gets nothing more until it has drained."""

SLOW_SEC: Final = 30.0
"""A watcher that drains nothing for this long is cut."""


class Outlet(Protocol):
    """Where a watcher's frames go. Nothing here waits but ``drained``."""

    @property
    def buffered(self) -> int:
        """Bytes that were written and that the system has not taken yet; 0 once the socket is closed."""

    def write(self, frames: bytes) -> None:
        """Send whole frames. Does nothing once the socket is closing."""

    def end(self, code: int, reason: str) -> None:
        """Close the socket with a code and a reason, at once."""

    async def drained(self) -> None:
        """Wait until there may be room again. Raises ConnectionError when the peer is gone."""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Interest:
    """A selection that is watched. There is one for all who want the same, told apart from others by identity."""

    selection: Selection


class Watcher:
    """One open socket's cursor: every matching entry below ``next`` was written to it. Moved on by the feed alone."""

    __slots__ = ("_drained", "_since", "_written", "catching_up", "credential", "interest", "name", "next", "outlet")

    def __init__(self, start: int, interest: Interest, name: str, credential: str | None, outlet: Outlet) -> None:
        self.next = start
        self.interest = interest
        self.name = name
        self.credential = credential
        self.outlet = outlet
        self.catching_up: asyncio.Task[None] | None = None
        self._written = 0
        self._drained = -1
        self._since = 0.0

    @property
    def has_room(self) -> bool:
        """Whether more may be written."""
        return self.outlet.buffered <= ROOM_BYTES

    def write(self, frames: bytes) -> None:
        """Send whole frames, of which at least one is there."""
        self._written += len(frames)
        self.outlet.write(frames)

    def is_stuck(self, now: float) -> bool:
        """Whether it had something to drain, and drained nothing of it, for ``SLOW_SEC``. Asked now and then."""
        buffered = self.outlet.buffered
        drained = self._written - buffered
        if not buffered or drained != self._drained:
            self._drained, self._since = drained, now
        return now - self._since >= SLOW_SEC
