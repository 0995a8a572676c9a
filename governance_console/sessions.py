"""Browser sessions: a random id in a cookie, of which only the SHA-256 is kept, here and in the store.

They live in memory, and the store brings them back after a restart. Who comes in waits for the store for a moment, and
comes in without it: a disk that is full costs those who signed in meanwhile a new sign-in after the next restart, and
nothing else.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from governance_console.access import Principal, Role, digest_of
from governance_console.errors import RecordUnavailable, RecordUnreadable
from governance_console.limits import MAX_SESSIONS
from governance_console.times import text_of, utc_now

LIFETIME: Final = timedelta(hours=12)
"""A session ends this long after it was opened, used or not: one working day."""

IDLE: Final = timedelta(hours=8)
"""A session ends when it was not used for so long. A stream that it has open is use."""

SEEN: Final = timedelta(minutes=5)
"""How exactly it is known when a session was last used: not every request is worth a write."""

SAVE_SEC: Final = 5.0
"""How often what nobody waits for is written, and what could not be written is tried again."""

PATIENCE_SEC: Final = 1.0
"""How long who comes in or goes waits for the store."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, with which browser, since when. ``key`` names the session inside the server and is no secret.

    ``seen`` is when it was last used, to ``SEEN``.
    """

    key: str
    principal: Principal
    bound: bytes
    began: datetime
    seen: datetime
    browser: str

    @property
    def name(self) -> str:
        """Enough of the key to tell it from others, for the record: its begin and its end have the same."""
        return self.key[:16]

    @property
    def expires(self) -> datetime:
        """When it ends if it is not used any more."""
        return min(self.began + LIFETIME, self.seen + IDLE)


class Stored(NamedTuple):
    """A session as a store keeps it: ``name`` is its principal's."""

    key: str
    name: str
    bound: bytes
    began: datetime
    seen: datetime
    browser: str


class Ended(NamedTuple):
    """A session that is over without anybody's having ended it, and why, in words for its streams and the record."""

    session: Session
    why: str


class SessionStore(Protocol):
    """Where sessions outlive the process. ``Sessions`` alone calls it, one call at a time."""

    async def load(self) -> Sequence[Stored]:
        """Every session that is kept. Raises RecordUnreadable or RecordUnavailable."""

    async def change(self, kept: Sequence[Stored], ended: Sequence[str]) -> None:
        """Keep these, in the place of older ones, and forget those of these keys: all of it or nothing, durably.

        Raises RecordUnavailable; then it may be tried again.
        """


class Credentials(Protocol):
    """What principals can be signed in with at present."""

    def principal(self, name: str) -> Principal | None:
        """Who has this name, if that one may be signed in."""

    def held_by(self, principal: Principal) -> bytes:
        """What stands for the credential of such a principal: another one once that has changed."""


class Sessions:
    """Owns the open sessions, oldest first, and what of them the store does not know yet. ``now`` is for tests."""

    def __init__(
        self,
        credentials: Credentials,
        store: SessionStore,
        now: Callable[[], datetime] = utc_now,
        patience_sec: float = PATIENCE_SEC,
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._now = now
        self._patience_sec = patience_sec
        self._open: dict[str, Session] = {}
        self._unproved: set[str] = set()
        self._untold: list[Ended] = []
        self._changed: set[str] = set()
        self._storing = asyncio.Lock()
        self._saving: asyncio.Task[bool] | None = None
        self._is_told = False

    async def load(self) -> None:
        """Go on with the sessions of before, but for those whose people may not come in any more, or as another.

        These, and what expired meanwhile, are for ``expire`` to tell.
        """
        try:
            stored = sorted(await self._store.load(), key=lambda one: one.began)
        except (RecordUnreadable, RecordUnavailable) as error:
            _log.warning("sessions cannot be read, so everybody has to sign in again: %s", error)
            return
        for one in stored:
            principal = self._credentials.principal(one.name)
            known = principal or Principal(one.name, Role.NOBODY)
            session = Session(one.key, known, one.bound, one.began, one.seen, one.browser)
            if principal is None:
                # Forgotten once it is told: a crash before that leaves it to the next start.
                self._untold.append(Ended(session, "this may not be signed in any more"))
                continue
            self._open[one.key] = session
            self._unproved.add(one.key)

    def begin(self, principal: Principal, browser: str) -> tuple[str, Session, Session | None]:
        """A new session: the secret id for its cookie, which is not kept, and which session ended for want of room."""
        secret = secrets.token_urlsafe(32)
        now = self._now()
        session = Session(digest_of(secret).hex(), principal, self._bound(secret, principal, now), now, now, browser)
        evicted = self._oldest(principal) if len(self._open) >= MAX_SESSIONS else None
        if evicted is not None:
            self.end(evicted.key)
        self._open[session.key] = session
        self._changed.add(session.key)
        return secret, session, evicted

    def find(self, secret: str) -> Session | None:
        """The session with this id, unless it has ended. It is used by that."""
        session = self._open.get(digest_of(secret).hex())
        now = self._now()
        if session is None or session.expires <= now:
            return None
        if session.key in self._unproved:
            # Only who has the cookie can tell whether what was signed in with is still what counts.
            if not hmac.compare_digest(session.bound, self._bound(secret, session.principal, session.began)):
                self.end(session.key)
                self._untold.append(Ended(session, "what was signed in with has changed"))
                return None
            self._unproved.discard(session.key)
        return self._used(session, now) if now - session.seen > SEEN else session

    def of(self, principal: Principal) -> Sequence[Session]:
        """The open sessions of somebody, the newest first."""
        now = self._now()
        return [one for one in reversed(self._open.values()) if one.principal == principal and one.expires > now]

    def end(self, key: str) -> None:
        """End a session; harmless when it has ended. ``save`` makes it durable."""
        self._unproved.discard(key)
        if self._open.pop(key, None) is not None:
            self._changed.add(key)

    def expire(self, is_watching: Callable[[str], bool]) -> list[Ended]:
        """End what has expired, but for sessions that only seem idle.

        Returns all that ended by itself since it was asked last, so that sockets are closed too and the record has it.
        """
        now = self._now()
        over, self._untold = self._untold, []
        self._changed.update(ended.session.key for ended in over)
        for session in [one for one in self._open.values() if one.expires <= now]:
            if session.began + LIFETIME > now and is_watching(session.key):
                self._used(session, now)
            else:
                self.end(session.key)
                over.append(Ended(session, "the session expired"))
        return over

    async def save(self) -> bool:
        """Let the store know what has changed. False where it cannot take it now: that is tried again later."""
        async with self._storing:
            changed, self._changed = self._changed, set()
            kept = [_stored(self._open[key]) for key in changed if key in self._open]
            ended = [key for key in changed if key not in self._open]
            if not changed:
                return True
            try:
                # A crash before this returns leaves what was there before: who came in signs in again, and the session
                # of who goes lives on, which is why that one is told where this took too long or failed.
                await self._store.change(kept, ended)
            except BaseException as error:
                self._changed |= changed
                if not isinstance(error, RecordUnavailable):
                    raise
                if not self._is_told:
                    _log.warning("sessions cannot be saved, and are kept in memory: %s", error)
                self._is_told = True
                return False
            if self._is_told:
                _log.warning("sessions are saved again")
            self._is_told = False
            return True

    async def saved(self) -> bool:
        """Save, and wait for it, but for a moment only: who comes in or goes is not kept by a slow disk.

        Whether it is saved: what ended, and is not, lives again if the console is started anew before it is.
        """
        saving = self._saving = asyncio.create_task(self.save())
        await asyncio.wait((saving,), timeout=self._patience_sec)
        return saving.done() and saving.result()

    async def run(self) -> None:
        """Save now and then, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_SEC)
            await self.save()

    def _bound(self, secret: str, principal: Principal, began: datetime) -> bytes:
        """Ties a session to its cookie, to whose it is and to the credential, none of which is in the store.

        So who reads the store cannot try tokens on it, and who writes there can make no session.
        """
        said = f"{secret} {principal.name} {text_of(began)}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._credentials.held_by(principal), said, "sha256")

    def _used(self, session: Session, now: datetime) -> Session:
        used = self._open[session.key] = replace(session, seen=now)
        self._changed.add(session.key)
        return used

    def _oldest(self, principal: Principal) -> Session:
        """Who signs in again and again ends sessions of their own first."""
        own = (session for session in self._open.values() if session.principal == principal)
        return next(own, next(iter(self._open.values())))


def _stored(session: Session) -> Stored:
    return Stored(session.key, session.principal.name, session.bound, session.began, session.seen, session.browser)
