"""WebSocket frames as a server sends them (RFC 6455, section 5.2). Pure.

A server's frames are not masked, so the same bytes serve every watcher, and whole frames can be joined.
"""

from __future__ import annotations

import struct
from typing import Final

_TEXT: Final = 0x81
"""FIN and the opcode of a text: each message is one frame."""

_SHORT: Final = struct.Struct("!BB").pack
_MEDIUM: Final = struct.Struct("!BBH").pack
_LONG: Final = struct.Struct("!BBQ").pack


def text_frame(text: bytes) -> bytes:
    """One unmasked text frame with this UTF-8 payload."""
    length = len(text)
    if length < 126:
        return _SHORT(_TEXT, length) + text
    if length < 1 << 16:
        return _MEDIUM(_TEXT, 126, length) + text
    return _LONG(_TEXT, 127, length) + text
