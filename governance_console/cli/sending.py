"""Events on their way to the console: batches, patience, and what the answer says of each line."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from governance_console.backoff import Backoff
from governance_console.cli.remote import PATIENCE, UNREADABLE, Remote
from governance_console.display import printable
from governance_console.errors import CommandFailed, NotReached
from governance_console.values import is_loopback_name

GZIP_FROM_BYTES: Final = 2048
"""Below, the headers weigh more than what compression saves."""

TOO_LARGE: Final = 413
_FAULTY: Final = frozenset((400, 409, TOO_LARGE, 422))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event as it is posted, and where it was read."""

    where: str
    body: bytes


@dataclass(slots=True)
class Tally:
    """What became of the lines. Owned by the one Sender that counts."""

    recorded: int = 0
    there: int = 0
    bad: int = 0

    @property
    def done(self) -> int:
        """Lines of which it is known."""
        return self.recorded + self.there + self.bad

    def __str__(self) -> str:
        return f"recorded {self.recorded:,}, already there {self.there:,}, bad {self.bad:,}"


class _Receipt(msgspec.Struct):
    epoch: str
    accepted: int
    duplicates: int


class _Fault(msgspec.Struct):
    item: int
    detail: str


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


class Sender:
    """Posts batches, one after the other, until each is recorded.

    A batch is sent again whenever its outcome is unknown, which is safe: its events have ids.
    ``say`` takes a sentence for the person who waits.
    """

    def __init__(self, remote: Remote, say: Callable[[str], None], *, always_gzip: bool) -> None:
        self._remote = remote
        self._say = say
        # On this machine compressing costs both sides more than the bytes do.
        self._gzip = always_gzip or not is_loopback_name(urlsplit(remote.url).hostname or "")
        self.tally = Tally()
        self.epoch = ""

    def bad(self, where: str, why: str) -> None:
        """Report a line that is no event, or not one that can be recorded."""
        self.tally.bad += 1
        self._say(f"{where}: {printable(why)}")

    async def send(self, batch: Sequence[Outgoing]) -> None:
        """Have a batch recorded; lines at fault are reported, and the rest goes in. Raises CommandFailed."""
        left = [list(batch)] if batch else []
        backoff = Backoff(random.random)
        waiting = False
        while left:
            try:
                left[:1] = await self._post(left[0])
            except NotReached as error:
                if not waiting:
                    self._say(f"{error}; trying again until it works")
                waiting = True
                await asyncio.sleep(backoff.wait(error.after))
            else:
                if waiting:
                    self._say("going on")
                waiting = False
                backoff.reset()

    async def _post(self, batch: list[Outgoing]) -> list[list[Outgoing]]:
        """Post once; returns the batches that are still to be sent instead. Raises CommandFailed, NotReached."""
        body = b"\n".join([one.body for one in batch])
        headers = {"Content-Type": "application/x-ndjson"}
        if self._gzip and len(body) >= GZIP_FROM_BYTES:
            body = await asyncio.to_thread(zlib.compress, body, 1, 16 + zlib.MAX_WBITS)
            headers["Content-Encoding"] = "gzip"
        remote = self._remote
        url = remote.url + "/api/events"
        try:
            async with remote.client.post(
                url, data=aiohttp.BytesPayload(body), headers=headers, allow_redirects=False
            ) as answer:
                if answer.status in (200, 201):
                    return self._count(remote.understood(await remote.body_of(answer), _Receipt))
                if answer.status in PATIENCE:
                    raise remote.not_now(answer)
                if answer.status in _FAULTY:
                    return self._without_faults(batch, answer.status, await remote.body_of(answer))
                raise await remote.refused(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise remote.not_reached(error) from None

    def _count(self, receipt: _Receipt) -> list[list[Outgoing]]:
        self.epoch = receipt.epoch
        self.tally.recorded += receipt.accepted
        self.tally.there += receipt.duplicates
        return []

    def _without_faults(self, batch: list[Outgoing], status: int, body: bytes) -> list[list[Outgoing]]:
        """The batch without the lines that the console names; halved where a proxy finds it too large."""
        try:
            named = {fault.item: fault.detail for fault in msgspec.json.decode(body, type=_Faults).errors}
        except UNREADABLE:
            named = {}
        faults = {item: detail for item, detail in named.items() if 0 <= item < len(batch)}
        if not faults and len(batch) > 1:
            if status != TOO_LARGE:
                raise CommandFailed(f"{self._remote.url} refuses a batch of events ({status}) and does not say why")
            return [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        for item, detail in sorted((faults or {0: f"refused with {status}"}).items()):
            self.bad(batch[item].where, detail)
        rest = [one for item, one in enumerate(batch) if item not in faults] if faults else []
        return [rest] if rest else []
