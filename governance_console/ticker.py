"""The one clock of the console: heartbeats for all watchers, what has run out of time, and how late the loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from governance_console.feed import Feed
from governance_console.metrics import Metrics
from governance_console.sessions import Session, Sessions

SWEEP_SEC: Final = 1.0
"""How often expired sessions and stuck watchers are looked for, however rare heartbeats are."""


class Ticker:
    """A heartbeat every ``interval_sec``, a sweep every ``SWEEP_SEC``.

    ``over`` ends what belongs to a session that is over, and why it is.
    """

    def __init__(
        self,
        interval_sec: float,
        feed: Feed,
        sessions: Sessions,
        metrics: Metrics,
        over: Callable[[Session, str], None],
    ) -> None:
        self._interval_sec = interval_sec
        self._feed = feed
        self._sessions = sessions
        self._metrics = metrics
        self._over = over

    async def run(self) -> None:
        """Tick until cancelled. A tick never waits for a disk or a watcher."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._every(self._interval_sec, self._beat))
            both.create_task(self._every(SWEEP_SEC, self._sweep))

    async def _every(self, seconds: float, tick: Callable[[], None]) -> None:
        """Tick on a grid that does not drift with how long a tick takes."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            self._metrics.loop_lag.set(loop.time() - due)
            tick()

    def _beat(self) -> None:
        self._metrics.heartbeats.inc()
        self._feed.beat()

    def _sweep(self) -> None:
        for session, why in self._sessions.expire(self._feed.is_watching):
            self._over(session, why)
        self._feed.cut_stuck(asyncio.get_running_loop().time())
