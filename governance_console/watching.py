"""Watchers as the feed sees them: a cursor, a socket, whether it still drains, and the audience it belongs to."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from governance_console.parcel import NO_FILE
from governance_console.selection import Selection

ROOM_BYTES: Final = 64 * 1024
"""A watcher with more than this in its buffer gets nothing more until it has drained."""

SLOW_SEC: Final = 30.0
"""A watcher that drains nothing for this long is cut."""


class Outlet(Protocol):
    """Where a watcher's frames go. Nothing here waits but ``drained``."""

    written: int
    """Bytes that were sent so far."""

    @property
    def buffered(self) -> int:
        """Bytes that were sent and that the system has not taken yet; 0 once the socket is closed."""

    def send(self, frames: bytes, file: int = NO_FILE) -> bool:
        """Send whole frames; False, and nothing is sent, when more than ``ROOM_BYTES`` are buffered.

        Once the socket is closing they go nowhere, and that is True too. ``file``, if there is one, holds the same
        bytes.
        """

    def end(self, code: int, reason: str) -> None:
        """Close the socket with a code and a reason, at once."""

    async def drained(self) -> None:
        """Wait until there may be room again. Raises ConnectionError when the peer is gone."""


class Audience:
    """All who watch with the same selection. Its ``current`` watchers share one cursor, ``next``.

    They are found by their outlets: a flush looks at a thousand of those, and at nothing else.
    """

    __slots__ = ("__weakref__", "current", "next", "selection")

    def __init__(self, selection: Selection, following: int) -> None:
        self.selection = selection
        self.next = following
        self.current: dict[Outlet, Watcher] = {}


class Watcher:
    """One open socket. ``next`` is its cursor while it is not current. Moved on by the feed alone."""

    __slots__ = ("_drained", "_since", "audience", "catching_up", "credential", "name", "next", "outlet")

    def __init__(self, start: int, audience: Audience, name: str, credential: str | None, outlet: Outlet) -> None:
        self.next = start
        self.audience = audience
        self.name = name
        self.credential = credential
        self.outlet = outlet
        self.catching_up: asyncio.Task[None] | None = None
        self._drained = -1
        self._since = 0.0

    @property
    def position(self) -> int:
        """The cursor: every matching entry below it was sent."""
        return self.audience.next if self.outlet in self.audience.current else self.next

    def is_stuck(self, now: float) -> bool:
        """Whether it had something to drain, and drained nothing of it, for ``SLOW_SEC``. Asked now and then."""
        buffered = self.outlet.buffered
        drained = self.outlet.written - buffered
        if not buffered or drained != self._drained:
            self._drained, self._since = drained, now
        return now - self._since >= SLOW_SEC
