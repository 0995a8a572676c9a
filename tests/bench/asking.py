"""One request after another on one connection, each answer read to its end."""

from __future__ import annotations

import socket
import ssl
from types import TracebackType

from tests.bench import wire
from tests.bench.errors import WrongResult


class Asking:
    """A kept connection to a server, over TLS where ``trust`` is given."""

    def __init__(self, port: int, seconds: float = 60, trust: ssl.SSLContext | None = None) -> None:
        self._peer = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if trust is not None:
            self._peer = trust.wrap_socket(self._peer, server_hostname="127.0.0.1")

    def ask(self, request: bytes) -> bytes:
        """The answer's body. Raises WrongResult where the status is not 2xx."""
        self._peer.sendall(request)
        received = bytearray()
        while (whole := wire.answer_bytes(received)) is None or len(received) < whole:
            piece = self._peer.recv(1 << 20)
            if not piece:
                raise WrongResult("the server closed the connection")
            received += piece
        if received[9:10] != b"2" or len(received) != whole:
            raise WrongResult(f"not the answer that was hoped for: {bytes(received[:500])!r}")
        return bytes(received).partition(b"\r\n\r\n")[2]

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._peer.close()
