"""A running console, as the commands beside it reach it: its URL, its token, and its errors as sentences."""

from __future__ import annotations

import asyncio
import os
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from governance_console import __version__
from governance_console.display import printable
from governance_console.errors import CommandFailed, NotReached
from governance_console.settings import load_token

DEFAULT_URL: Final = "http://127.0.0.1:8080"
CONNECT_SEC: Final = 10.0
SILENCE_SEC: Final = 60.0
"""An answer of which nothing comes for this long is given up: a commit takes milliseconds."""

PATIENCE: Final = frozenset((429, 502, 503, 504))
"""Statuses that say "not now", the console's own and those of a proxy before it."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Far above anything that a console says in one piece: a message, a line of an export, a receipt, a refusal."""

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON which was asked for."""

_T = TypeVar("_T")


class Session(msgspec.Struct):
    """What ``GET /api/session`` tells, as far as it matters here."""

    role: str | None
    version: str


class _Problem(msgspec.Struct):
    detail: str


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the console is, and an open client for it."""

    url: str
    client: aiohttp.ClientSession = field(repr=False)

    async def greet(self, *, to_read: bool) -> None:
        """Make sure that a governance console answers there and takes the token. Raises CommandFailed, NotReached."""
        try:
            async with self.client.get(self.url + "/api/session", allow_redirects=False) as answer:
                if answer.status in PATIENCE:
                    raise self.not_now(answer)
                if answer.status != 200:
                    raise self.no_console()
                session = self.understood(await self.body_of(answer), Session)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.not_reached(error) from None
        if session.role is None:
            raise CommandFailed(
                f"the console at {self.url} wants a token, and this one is not valid there"
                if "Authorization" in self.client.headers
                else f"the console at {self.url} wants a token: set OPERATOR_TOKEN, or give --token"
            )
        if to_read and session.role == "agent":
            raise CommandFailed("this is an agent's token, which may append and nothing else: use the operator token")

    async def body_of(self, answer: aiohttp.ClientResponse) -> bytes:
        """All of an answer's body. Raises CommandFailed where that is more than a console ever says."""
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise self.no_console()
        return bytes(body)

    def understood(self, body: bytes, kind: type[_T]) -> _T:
        """A body as what a console says there. Raises CommandFailed where it is something else."""
        try:
            return msgspec.json.decode(body, type=kind)
        except UNREADABLE:
            raise self.no_console() from None

    def no_console(self) -> CommandFailed:
        """What it means when an answer is none that a console gives."""
        return CommandFailed(f"what answers at {self.url} is no governance console: is the URL right?")

    def not_reached(self, error: BaseException) -> NotReached:
        """Why a request failed on its way, in a sentence."""
        return NotReached(f"cannot reach {self.url}: {_why(error)}")

    def not_now(self, answer: aiohttp.ClientResponse) -> NotReached:
        """What a status of PATIENCE means."""
        asked = answer.headers.get("Retry-After", "")
        after = min(float(asked), 60.0) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0.0
        return NotReached(f"{self.url} answers {answer.status} {printable(answer.reason or '')}".rstrip(), after)

    async def refused(self, answer: aiohttp.ClientResponse) -> CommandFailed:
        """What any other status means, in the console's own words where it has any."""
        body = await self.body_of(answer)
        try:
            detail = msgspec.json.decode(body, type=_Problem).detail
        except UNREADABLE:
            detail = answer.reason or "no reason given"
        return CommandFailed(f"{self.url} refuses this ({answer.status}): {printable(detail)}")


def add_remote(parser: ArgumentParser) -> None:
    """The options that say where the console is."""
    where = parser.add_argument_group("the console")
    where.add_argument("--url", default=DEFAULT_URL, help=f"where it runs (default {DEFAULT_URL})")
    where.add_argument(
        "--token",
        help="what it asks for (default: OPERATOR_TOKEN from the environment or .env, which ps does not show)",
    )


@asynccontextmanager
async def connected(chosen: Namespace) -> AsyncIterator[Remote]:
    """A client of the console that the options name. Raises CommandFailed, SettingsError."""
    token = load_token(os.environ, Path(".env"), chosen.token)
    headers: Mapping[str, str] = {
        "User-Agent": f"governance-console/{__version__}",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SEC, sock_read=SILENCE_SEC)
    url = _checked(chosen.url)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, read_bufsize=1 << 20) as client:
        yield Remote(url, client)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, is_right = None, False
    if parts is None or not is_right or parts.query or parts.fragment:
        raise CommandFailed("--url has to be like http://127.0.0.1:8080 or https://console.example.net")
    if "@" in parts.netloc:
        raise CommandFailed("--url may not hold a name or a password: the token goes into OPERATOR_TOKEN")
    if not url.isprintable():
        raise CommandFailed("--url has a character in it that no URL has")
    return url.rstrip("/")


def _why(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its TLS certificate is not trusted here, or it speaks no TLS"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no host of that name"
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "it does not answer in time"
    if isinstance(getattr(error, "os_error", error), ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | ConnectionError):
        return "the connection was lost"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what answers there does not speak HTTP"
    return "the connection failed"
