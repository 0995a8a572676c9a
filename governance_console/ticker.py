"""The one clock of the console: heartbeats for all watchers, expired sessions, and how late the loop is."""

from __future__ import annotations

import asyncio

from governance_console.closes import CREDENTIAL_ENDED
from governance_console.feed import Feed
from governance_console.metrics import Metrics
from governance_console.sessions import Sessions


class Ticker:
    """Ticks every ``interval_sec``, on a grid that does not drift with how long a tick takes."""

    def __init__(self, interval_sec: float, feed: Feed, sessions: Sessions, metrics: Metrics) -> None:
        self._interval_sec = interval_sec
        self._feed = feed
        self._sessions = sessions
        self._metrics = metrics

    async def run(self) -> None:
        """Tick until cancelled. A tick never waits for a disk or a watcher."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._interval_sec, loop.time())
            await asyncio.sleep(due - loop.time())
            self._metrics.loop_lag.set(loop.time() - due)
            self._metrics.heartbeats.inc()
            self._feed.beat()
            for key in self._sessions.expire():
                self._feed.end(CREDENTIAL_ENDED, "the session expired", key)
