"""Sign-ins that went to the provider and have not come back. No HTTP, no I/O but drawing secrets.

All that is known of one is in a cookie of the browser that began it, under a MAC: strangers who begin many cost
nothing, and what another browser began is worth nothing here (RFC 6749, section 10.12; RFC 9700, section 4.7).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from governance_console.errors import SignInLost
from governance_console.limits import MAX_SIGNIN_COOKIE_CHARS, MAX_USED_SIGNINS

PATIENCE_SEC: Final = 600
"""How long signing in at the provider may take."""

_MAC_BYTES: Final = hashlib.sha256().digest_size


class Pending(msgspec.Struct, frozen=True):
    """One sign-in under way: ``state`` and ``nonce`` of OpenID Connect, the PKCE ``verifier`` (RFC 7636), the ``path``
    that the browser goes on to, and when it ``began``, in seconds of the clock.
    """

    state: str
    nonce: str
    verifier: str
    path: str
    began: float

    @property
    def challenge(self) -> str:
        """The PKCE challenge, by S256."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class PendingSignIns:
    """Seals pending sign-ins with a key of this process's own, and owns which of them are used up.

    ``clock`` is in seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: OrderedDict[str, float] = OrderedDict()

    def begin(self, path: str) -> tuple[Pending, str]:
        """A new sign-in, and the text of its cookie."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = Pending(state, nonce, verifier, path, self._clock())
        body = msgspec.json.encode(pending)
        return pending, urlsafe_b64encode(self._mac(body) + body).decode()

    def resume(self, cookie: str | None, state: str | None) -> Pending:
        """The sign-in that this browser began, and that this answer belongs to. Once only. Raises SignInLost."""
        if cookie is None:
            raise SignInLost("no sign-in was begun in this browser, or it does not keep cookies")
        pending = self._opened(cookie)
        if state is None or not hmac.compare_digest(pending.state.encode(), state.encode("utf-8", "surrogatepass")):
            raise SignInLost("the answer belongs to another sign-in, begun in another window perhaps")
        now = self._clock()
        if pending.began + PATIENCE_SEC <= now:
            raise SignInLost(f"this sign-in was begun more than {PATIENCE_SEC // 60} minutes ago")
        while self._used and (len(self._used) >= MAX_USED_SIGNINS or next(iter(self._used.values())) <= now):
            self._used.popitem(last=False)
        if state in self._used:
            raise SignInLost("this answer was used already")
        self._used[state] = now + PATIENCE_SEC
        return pending

    def _opened(self, cookie: str) -> Pending:
        try:
            sealed = urlsafe_b64decode(cookie[:MAX_SIGNIN_COOKIE_CHARS])
        except ValueError:
            sealed = b""
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise SignInLost("the sign-in was begun before the console was started again, or its cookie was altered")
        return msgspec.json.decode(body, type=Pending)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")
