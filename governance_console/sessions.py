"""Browser sessions: a random id in a cookie, of which only the SHA-256 is kept here.

They live in memory: a restart ends them, and one signs in again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from governance_console.access import Principal, digest_of
from governance_console.times import utc_now

LIFETIME: Final = timedelta(hours=12)
"""A session ends this long after it was opened, used or not: one working day."""

MAX_SESSIONS: Final = 10_000
"""Beyond it the oldest ends, so that signing in again and again cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, until when. ``key`` names the session inside the server and is no secret."""

    key: str
    principal: Principal
    expires: datetime

    @property
    def name(self) -> str:
        """Enough of the key to tell it from others, for the record: its begin and its end have the same."""
        return self.key[:16]


class Sessions:
    """Owns the open sessions, oldest first. ``now`` is injected for tests."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._open: dict[str, Session] = {}

    def begin(self, principal: Principal) -> tuple[str, Session, Session | None]:
        """A new session: the secret id for its cookie, which is not kept, and which session ended for want of room."""
        secret = secrets.token_urlsafe(32)
        session = Session(digest_of(secret).hex(), principal, self._now() + LIFETIME)
        self._open[session.key] = session
        evicted = self._open.pop(next(iter(self._open))) if len(self._open) > MAX_SESSIONS else None
        return secret, session, evicted

    def find(self, secret: str) -> Session | None:
        """The session with this id, unless it has ended."""
        session = self._open.get(digest_of(secret).hex())
        return session if session is not None and session.expires > self._now() else None

    def end(self, key: str) -> None:
        """End a session; harmless when it has ended."""
        self._open.pop(key, None)

    def expire(self) -> list[Session]:
        """Forget what has expired; returns it, so that open sockets can be closed too."""
        now = self._now()
        expired = [session for session in self._open.values() if session.expires <= now]
        for session in expired:
            del self._open[session.key]
        return expired
