"""HTTP/1.1 and RFC 6455 as far as load has to speak them: cheaply, and checking everything. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tests.bench.errors import WrongResult

_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455's own sample nonce: nothing stands between us and the server that it would have to mislead."""

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_FINAL_TEXT: Final = 0x81


def request(method: str, path: str, token: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole request, on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def upgrade(path: str, token: str) -> bytes:
    """The request that opens a WebSocket, without extensions, so without deflate."""
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": _KEY}
    return request("GET", path, token, headers=asked)


def answer_bytes(received: bytes | bytearray) -> int | None:
    """How long the answer is that begins here, or None while its head is not whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(received, 0, end)
    if length is None:
        raise WrongResult(f"an answer without Content-Length: {bytes(received[:200])!r}")
    return end + 4 + int(length[1])


class FrameReader:
    """A server's text frames, from whatever pieces they come in. Anything but whole, unmasked texts is refused."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def is_between(self) -> bool:
        """Whether everything so far was whole frames."""
        return not self._rest

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that this piece completes. Raises WrongResult."""
        received = self._rest + chunk if self._rest else chunk
        found: list[bytes] = []
        place, end = 0, len(received)
        while end - place >= 2:
            if received[place] != _FINAL_TEXT:
                raise WrongResult(f"a frame that is no whole text: it begins with {received[place : place + 2].hex()}")
            length, start = received[place + 1], place + 2
            if length == 126:
                start = place + 4
                length = int.from_bytes(received[place + 2 : start], "big")
            elif length == 127:
                start = place + 10
                length = int.from_bytes(received[place + 2 : start], "big")
            elif length > 127:
                raise WrongResult("a server's frame is masked")
            if start + length > end:
                break
            found.append(received[start : start + length])
            place = start + length
        self._rest = received[place:]
        return found
