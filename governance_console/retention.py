"""Data that is kept for so long and no longer: what is older is erased, at start and from then on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from governance_console.erasing import Eraser
from governance_console.errors import RecordUnavailable, RecordUnreadable
from governance_console.journal import Journal
from governance_console.storage import Storage
from governance_console.times import text_of, utc_now

STEP_ENTRIES: Final = 4_096
STEP_BYTES: Final = 4 * 1024 * 1024
"""Entries looked at, and data erased, in one commit: what others wait for is milliseconds."""

MOST_SEC: Final = 3_600.0
"""How long data may be kept past its time; and never longer than a twenty-fourth of that."""

AGAIN_SEC: Final = 10.0
"""How long a record that cannot be written is left alone."""

SAY_SEC: Final = 5.0

_log = logging.getLogger(__name__)


class Retention:
    """Owns how far the record was looked through."""

    def __init__(
        self,
        days: float,
        eraser: Eraser,
        storage: Storage,
        journal: Journal,
        now: Callable[[], datetime] = utc_now,
        again_sec: float = AGAIN_SEC,
    ) -> None:
        self._days = days
        self._reason = f"older than {days:g} {'day' if days == 1 else 'days'} (RETENTION_DAYS)"
        self._eraser = eraser
        self._storage = storage
        self._journal = journal
        self._now = now
        self._again_sec = again_sec

    async def run(self) -> None:
        """Erase what is too old, again and again, until cancelled."""
        said = ""
        while True:
            pause, why = min(MOST_SEC, self._days * 86_400 / 24), ""
            try:
                await self.erase()
            except (RecordUnavailable, RecordUnreadable) as error:
                pause, why = self._again_sec, str(error)
            if why and why != said:
                _log.warning("data that is too old is not erased: %s", why)
            said = why
            await asyncio.sleep(pause)

    async def erase(self) -> int:
        """Erase what is too old now; of how many entries. Raises RecordUnavailable or RecordUnreadable."""
        begun = reached = await self._storage.looked_through()
        stop = await self._storage.first_recorded(self._oldest(), self._journal.size)
        erased = saved = 0
        say_at = time.monotonic() + SAY_SEC
        while reached < stop:
            started = time.monotonic()
            found = await self._eraser.erase_some(reached, stop, self._reason, STEP_ENTRIES, STEP_BYTES)
            erased, reached = erased + found.entries, found.reached
            saved = found.last + 1 if found.entries else saved
            if time.monotonic() > say_at:
                _log.info("looked for data that is too old up to #%d of #%d, erased %d", reached, stop, erased)
                say_at = time.monotonic() + SAY_SEC
            # As long as it took: those who record never wait for more than half of the time.
            await asyncio.sleep(time.monotonic() - started)
        if reached > max(begun, saved):
            await self._journal.write(lambda: self._storage.save_looked_through(reached))
        if erased:
            _log.info("the data of %d entries is erased, %s", erased, self._reason)
            await self._eraser.fold()
        return erased

    def _oldest(self) -> str:
        """Since when data is kept. Before there was a calendar nothing was recorded."""
        try:
            return text_of(self._now() - timedelta(days=self._days))
        except OverflowError:
            return ""
