"""Signs where the log stands, at an interval and at the end, and never two things that contradict each other.

A checkpoint is durable beside the key, then in the record, and only then shown. What was signed before is compared
with the record when the console starts, and before each signature. Where the two disagree nothing is signed any
more: events are still recorded, and the refusal is told wherever the console is asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from governance_console.checkpoint import Checkpoint
from governance_console.continuity import Signed, check_contains, check_extends, newest, own
from governance_console.edge import Edge
from governance_console.errors import (
    CannotStart,
    ConsoleError,
    RecordUnavailable,
    RecordUnreadable,
    SigningRefused,
    reason,
)
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.keyfile import KeyFile
from governance_console.metrics import Metrics
from governance_console.notes import Signer, VerifierKey
from governance_console.proving import consistency_tiles, root_tiles
from governance_console.storage import Log, Storage
from governance_console.tiles import Tile

REMIND_SEC: Final = 60.0
"""How often the log says again that nothing is signed."""

ADVICE: Final = "put the record and the key's checkpoint back that belong together, or: python run.py recover --help"

_log = logging.getLogger(__name__)


class LogSigner:
    """Owns ``head``, the newest checkpoint that is durable in both places, and why nothing is signed, if so."""

    def __init__(
        self,
        key: KeyFile,
        log: Log,
        storage: Storage,
        journal: Journal,
        feed: Feed,
        metrics: Metrics,
        interval_sec: float,
    ) -> None:
        """Reads the key, or makes it. Raises CannotStart."""
        try:
            self._signer = Signer(log.origin, key.private_key())
        except ValueError:
            raise CannotStart(f"the log's origin {log.origin!r} cannot be signed: set LOG_ORIGIN") from None
        self._key = key
        self._log = log
        self._storage = storage
        self._journal = journal
        self._feed = feed
        self._metrics = metrics
        self._interval_sec = interval_sec
        self._head: Signed | None = None
        self._refusing = ""
        self._is_final = False
        self._remind_at = 0.0
        self._closing = asyncio.Event()

    @property
    def head(self) -> Signed | None:
        """The newest checkpoint that is durable, or None before the first."""
        return self._head

    @property
    def refusing(self) -> str:
        """Why nothing is signed, as a sentence; empty while all is well."""
        return self._refusing

    @property
    def verifier(self) -> VerifierKey:
        """The public key, under the log's origin."""
        return self._signer.verifier

    async def begin(self) -> None:
        """Compare what was signed with the record, and show the newest checkpoint, or refuse to sign."""
        try:
            note = await asyncio.to_thread(self._key.checkpoint)
            kept = None if note is None else own(note, self.verifier, "beside the key")
            note = self._log.checkpoint
            stored = None if note is None else own(note, self.verifier, "in the record")
            head = newest(kept, stored)
            for signed, where in ((kept, "beside the key"), (stored, "in the record")):
                if signed is not None:
                    await self._check_contains(signed, where)
            if head is not None:
                if kept != stored:
                    _log.warning("the newest checkpoint was not in both places; now it is")
                    await self._persist(head)
                self._show(head)
            elif self._log.size:
                _log.warning("nothing of this record's %d entries was signed before", self._log.size)
        except SigningRefused as error:
            self._refuse(f"{error}; {ADVICE}", is_final=True)
        except (ConsoleError, OSError) as error:
            self._refuse(_told(error), is_final=True)

    async def run(self) -> None:
        """Sign at the interval what is new, and once more after ``close``."""
        while not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_sec):
                    await self._closing.wait()
            await self._sign()

    def close(self) -> None:
        """Sign what is new, and let ``run`` return. Called when the journal takes no more."""
        self._closing.set()

    async def _sign(self) -> None:
        edge, last = self._journal.edge, self._head
        if self._is_final or self._journal.failure:
            # After a failed store the file may not be what the edge says.
            self._remind()
            return
        if edge.size == (last.size if last else 0):
            return
        try:
            tiles = await self._storage.tiles(consistency_tiles(last.size, edge.size)) if last else {}
            signed = await asyncio.to_thread(self._signed, last, edge, tiles)
            await self._persist(signed)
        except SigningRefused as error:
            self._refuse(f"{error}; {ADVICE}", is_final=True)
        except (RecordUnavailable, RecordUnreadable, OSError) as error:
            # Signed and shown to nobody: the next one is signed over the same record, and takes its place.
            self._refuse(f"the checkpoint cannot be kept: {_told(error)}", is_final=False)
        except Exception as error:
            _log.error("the signer failed", exc_info=error)
            self._refuse(f"the signer failed ({type(error).__name__})", is_final=True)
        else:
            self._show(signed)

    def _signed(self, last: Signed | None, edge: Edge, tiles: Mapping[Tile, bytes]) -> Signed:
        """In a thread: a millisecond of hashing."""
        root = edge.root() if last is None else check_extends(last, edge, lambda tile: tiles.get(tile, b""))
        checkpoint = Checkpoint(self._log.origin, edge.size, root)
        return Signed(checkpoint, self._signer.sign(checkpoint.text()))

    async def _persist(self, signed: Signed) -> None:
        await asyncio.to_thread(self._key.keep, signed.note)
        # A crash here leaves it beside the key only: the next start puts it into the record.
        await self._journal.save_checkpoint(signed.size, signed.note)

    async def _check_contains(self, signed: Signed, where: str) -> None:
        edge = self._log.edge
        tiles = await self._storage.tiles(root_tiles(signed.size)) if signed.size <= edge.size else {}
        check_contains(signed, edge, where, lambda tile: tiles.get(tile, b""))

    def _show(self, signed: Signed) -> None:
        """Durable in both places from here on."""
        self._head = signed
        if self._refusing:
            _log.warning("checkpoints are signed again")
        self._refusing = ""
        self._metrics.signed(signed.size)
        self._feed.set_signature(signed.note, "")

    def _refuse(self, why: str, *, is_final: bool) -> None:
        is_new = why != self._refusing
        self._refusing, self._is_final = why, is_final
        self._metrics.signing_refused.set(1)
        self._feed.set_signature(self._head.note if self._head else None, why)
        if is_new:
            self._remind_at = 0.0
        self._remind()

    def _remind(self) -> None:
        if self._refusing and time.monotonic() >= self._remind_at:
            self._remind_at = time.monotonic() + REMIND_SEC
            _log.error("no checkpoint is signed: %s", self._refusing)


def _told(error: ConsoleError | OSError) -> str:
    return reason(error) if isinstance(error, OSError) else str(error)
