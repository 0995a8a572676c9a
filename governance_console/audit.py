"""The console governs itself: what it does, and who comes and goes, is on the record beside everything else.

Its entries have the source ``console`` and the category ``audit``; their principal is ``console``, or the person
whose deed it was. No secret is ever in them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from governance_console.attributes import Event
from governance_console.errors import RecordUnavailable
from governance_console.events import CONSOLE, of_console
from governance_console.journal import Journal
from governance_console.limits import MAX_NOTES, MAX_REFUSALS_NOTED
from governance_console.settling import Submission
from governance_console.times import text_of, utc_now

STARTED: Final = "console.started"
STOPPED: Final = "console.stopped"
SESSION_BEGAN: Final = "session.began"
SESSION_REFUSED: Final = "session.refused"
SESSION_ENDED: Final = "session.ended"
EXPORTED: Final = "record.exported"

RETRY_SEC: Final = 2.0
"""How long what could not be recorded waits for the next attempt: the journal's own patience."""

REFUSALS_SEC: Final = 60.0
"""Guessing tokens must not fill the record: so long after the first refusal, how many more there were is told."""

_log = logging.getLogger(__name__)


class _Note(NamedTuple):
    principal: str
    event: Event


class Audit:
    """Owns what was noted and is not recorded yet, oldest first, and how many refusals were not noted singly.

    What is noted keeps its id until it is recorded, so an attempt of unknown outcome can be repeated.
    """

    def __init__(
        self,
        journal: Journal,
        now: Callable[[], datetime] = utc_now,
        retry_sec: float = RETRY_SEC,
        refusals_sec: float = REFUSALS_SEC,
    ) -> None:
        self._journal = journal
        self._now = now
        self._retry_sec = retry_sec
        self._refusals_sec = refusals_sec
        self._pending: list[_Note] = []
        self._dropped = 0
        self._noted = asyncio.Event()
        self._settling = asyncio.Lock()
        self._refusals = 0
        self._window: asyncio.TimerHandle | None = None

    def note(self, principal: str, deed: str, data: Mapping[str, object], severity: str | None = None) -> None:
        """Record a deed that happened, as soon as that is possible. Never waits and never fails.

        Of many refusals within a minute the first few are noted, and then how many more there were. Where too much
        waits for the record to be writable again, deeds are dropped, and the next one noted says how many.
        """
        if deed == SESSION_REFUSED and not self._is_noted_singly():
            return
        self._keep(principal, deed, data, severity)

    async def settle(self) -> bool:
        """Record what was noted until now. False where that cannot be now: then it is still kept."""
        async with self._settling:
            noted = self._pending[:]
            submissions = [
                Submission.of(principal, [one.event for one in some])
                for principal, some in groupby(noted, lambda one: one.principal)
            ]
            outcomes = await asyncio.gather(*map(self._journal.append, submissions), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, RecordUnavailable):
                    return False
                if isinstance(outcome, BaseException):
                    raise outcome
            del self._pending[: len(noted)]
            return True

    async def run(self) -> None:
        """Record what is noted, until cancelled."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            if not await self.settle():
                await asyncio.sleep(self._retry_sec)
                self._noted.set()

    async def close(self) -> None:
        """Record what is left, or say in the log how much of it the record lacks."""
        self._sum_up()
        if not await self.settle():
            _log.warning("not recorded of what the console did itself: %d", len(self._pending) + self._dropped)

    def _keep(self, principal: str, deed: str, data: Mapping[str, object], severity: str | None = None) -> None:
        if len(self._pending) >= MAX_NOTES:
            self._dropped += 1
            return
        told = {**data, "dropped": self._dropped} if self._dropped else data
        self._dropped = 0
        self._pending.append(_Note(principal, self._event(deed, told, severity)))
        self._noted.set()

    def _is_noted_singly(self) -> bool:
        self._refusals += 1
        if self._window is None:
            self._window = asyncio.get_running_loop().call_later(self._refusals_sec, self._sum_up)
        return self._refusals <= MAX_REFUSALS_NOTED

    def _sum_up(self) -> None:
        """The window in which refusals were counted is over."""
        if self._window is not None:
            self._window.cancel()
        more = self._refusals - MAX_REFUSALS_NOTED
        self._window, self._refusals = None, 0
        if more > 0:
            self._keep(CONSOLE, SESSION_REFUSED, {"more": more})

    def _event(self, deed: str, data: Mapping[str, object], severity: str | None = None) -> Event:
        told: dict[str, Any] = {"time": text_of(self._now()), **({"severity": severity} if severity else {})}
        try:
            return of_console(deed, dict(data), secrets.token_hex(16), **told)
        except UnicodeEncodeError:
            # Half of a surrogate pair, in what somebody claimed to be: no text, and no reason to forget the deed.
            return of_console(deed, {"unreadable": ascii(dict(data))}, secrets.token_hex(16), **told)
