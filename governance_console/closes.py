"""Why the console closes a watcher's socket: WebSocket close codes (RFC 6455 section 7.4; 4000-4999 are ours)."""

from typing import Final

GOING_AWAY: Final = 1001
"""The console is shutting down."""

FAILED: Final = 1011
"""The console failed here; its log says how."""

SLOW: Final = 4008
"""The watcher took nothing for too long. It resumes from ``next`` of its last message."""

CREDENTIAL_ENDED: Final = 4401
"""Signed out, or the session expired."""

POSITION_LOST: Final = 4510
"""``from`` and ``epoch`` name no position of this log; the reason is ``epoch`` or ``ahead``."""
