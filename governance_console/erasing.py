"""Who removes data for good: the record's entry and the removal are one, and then no file holds it any more."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import Final

from governance_console.entries import Erased
from governance_console.erasure import Erasing, event_of
from governance_console.errors import Forbidden, RecordUnavailable
from governance_console.events import CONSOLE
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.settling import Submission
from governance_console.storage import Erasable, Storage

FOLD_AGAIN_SEC: Final = (0.02, 0.05, 0.1, 0.2)
"""When what stands in the WAL is tried again to be overwritten, before somebody is told that it was not yet."""

FOLD_LATER_SEC: Final = 1.0
"""How often after that."""


class Eraser:
    """One erasure at a time, so that what was found is what is erased.

    Owns how many erasures there were, and of how many of them the files hold nothing any more.
    """

    def __init__(self, storage: Storage, journal: Journal, feed: Feed) -> None:
        self._storage = storage
        self._journal = journal
        self._feed = feed
        self._turn = asyncio.Lock()
        self._erased = self._folded = 0
        self._wanted = asyncio.Event()

    @property
    def is_done(self) -> bool:
        """Whether nothing that was erased is left in the record's files."""
        return self._folded == self._erased

    async def erase(self, seq: int, principal: str, reason: str) -> Erased | None:
        """Erase the data of one entry; None where it has none, or where there is no such entry.

        Asked again it says what was said the first time. Raises Forbidden for what is kept, and RecordUnavailable:
        then it may be erased all the same, and asking again finds out.
        """
        async with self._turn:
            item = await self._storage.get(seq)
            if item is None or item.erased is not None or item.data is None:
                return None if item is None else item.erased
            if not (await self._storage.erasable(seq, seq + 1, 1, 0)).entries:
                raise Forbidden(f"#{seq} says what became of the record, and is kept")
            await self._erase(Erasing(seq, seq, reason), principal)
            item = await self._storage.get(seq)
            return None if item is None else item.erased

    async def erase_some(self, start: int, stop: int, reason: str, most: int, most_bytes: int) -> Erasable:
        """Erase the next of what is older than it should be, for the console. ``reached`` is where to go on.

        Raises RecordUnavailable or RecordUnreadable.
        """
        async with self._turn:
            found = await self._storage.erasable(start, stop, most, most_bytes)
            if found.entries:
                await self._erase(Erasing(found.first, found.last, reason, found.entries), CONSOLE)
            return found

    async def fold(self) -> bool:
        """Leave nothing in the files of what was erased. False where somebody reads what was there before.

        Raises RecordUnavailable.
        """
        for pause in (0.0, *FOLD_AGAIN_SEC):
            await asyncio.sleep(pause)
            if await self._fold():
                return True
        return False

    async def run(self) -> None:
        """Finish what was left, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await asyncio.sleep(FOLD_LATER_SEC)  # who erased is at it
            while not self.is_done:
                with suppress(RecordUnavailable):  # the journal says why, and the next start folds it
                    await self._fold()
                await asyncio.sleep(FOLD_LATER_SEC)

    async def _fold(self) -> bool:
        erased = self._erased  # what is erased meanwhile is for another time
        is_folded = await self._journal.write(self._storage.fold)
        if is_folded:
            self._folded = max(self._folded, erased)
        return is_folded

    async def _erase(self, erasing: Erasing, principal: str) -> None:
        # Before anything is gone: a commit of which nobody knows whether it was done must not be streamed past.
        self._feed.forget(erasing.last)
        event = event_of(erasing, secrets.token_hex(16))
        try:
            await self._journal.append(Submission.of(principal, [event], erasing))
        finally:
            self._erased += 1  # also where it is not known
            self._wanted.set()
