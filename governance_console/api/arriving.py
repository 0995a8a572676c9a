"""A connection that has not agreed on TLS yet. It is counted, and bounded in time, from the moment that it is accepted.

A server that asyncio makes with ``ssl=`` tells of a connection only after its handshake: until then nobody counts it.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, cast

from governance_console.metrics import Metrics


class Host(Protocol):
    """Who keeps the arriving connections, the oldest first, and says whether there is room for one more."""

    arriving: dict[Arriving, None]

    def has_room(self) -> bool:
        """Whether one more may come, if need be in the place of another."""
        ...


class Arriving(asyncio.Protocol):
    """From its acceptance to the end of its handshake; then ``inner`` has it. It ends after ``patience_sec``."""

    def __init__(
        self, host: Host, inner: asyncio.Protocol, tls: ssl.SSLContext, patience_sec: float, metrics: Metrics
    ) -> None:
        self._host = host
        self._inner = inner
        self._tls = tls
        self._patience_sec = patience_sec
        self._metrics = metrics
        self._raw: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._held: list[bytes] = []
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepted. One for which there is no room is ended without a word: there is no TLS to say it in."""
        self._raw = cast("asyncio.Transport", transport)
        if not self._host.has_room():
            self._raw.abort()
            return
        self._host.arriving[self] = None
        self._task = asyncio.get_running_loop().create_task(self._agree(self._raw))

    def data_received(self, data: bytes) -> None:
        """What came with the end of the handshake, kept until ``inner`` is there; with uvloop also what came before its
        beginning, for it reads on in spite of a pause that early."""
        self._held.append(data)

    def eof_received(self) -> bool | None:
        """The other side closed: so does this one."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone between the handshake and what should have come after it."""
        self._is_over = True

    def end(self) -> None:
        """Cut it off."""
        self._host.arriving.pop(self, None)
        if self._raw is not None:
            self._raw.abort()

    async def _agree(self, raw: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        early, self._held = self._held, []
        for data in early:
            loop.call_soon(_pass_on, raw, data)  # before the handshake begins, and once who leads it is there
        try:
            async with asyncio.timeout(self._patience_sec):
                secured = await loop.start_tls(
                    raw, self, self._tls, server_side=True, ssl_handshake_timeout=2 * self._patience_sec
                )
        except TimeoutError:
            self._metrics.limited.labels("slow").inc()
            raw.abort()
            return
        except (OSError, RuntimeError):  # RuntimeError: uvloop's word for a transport that is closed already
            raw.abort()
            return
        finally:
            self._host.arriving.pop(self, None)
        if secured is None or self._is_over or raw.is_closing():  # uvloop says nothing of a handshake that was cut off
            raw.abort()
            return
        secured.set_protocol(self._inner)
        self._inner.connection_made(secured)
        for data in self._held:
            self._inner.data_received(data)
        self._held.clear()


def _pass_on(raw: asyncio.Transport, data: bytes) -> None:
    # The loop's own; uvloop's has these methods without being of that class.
    reader = cast("asyncio.BufferedProtocol", raw.get_protocol())
    while data and not raw.is_closing():
        buffer = memoryview(reader.get_buffer(len(data)))
        taken = min(len(data), len(buffer))
        buffer[:taken] = data[:taken]
        reader.buffer_updated(taken)
        data = data[taken:]
