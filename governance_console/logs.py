"""Quiet, structured logs on standard error: one line a record, ``key=value``, and never a secret."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from aiohttp.http_exceptions import HttpProcessingError

from governance_console.display import printable
from governance_console.times import utc_now

_PLAIN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


NO_MORE_FILES: Final = "socket.accept() out of system resource"
"""How asyncio begins what it says then."""

ACCEPT_ERRORS_SEC: Final = 60.0


class LogfmtFormatter(logging.Formatter):
    """``time level logger: message key=value …``; extra fields in the order they were given.

    One record is one line, in which nothing is for a terminal to obey; how something failed follows, indented.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, without the fields."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """What was raised, on lines that nobody can take for others: what it says may be what somebody sent."""
        return "\n".join(f"    {printable(line)}" for line in super().formatException(ei).split("\n"))

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        extras = " ".join(f"{name}={_quoted(value)}" for name, value in record.__dict__.items() if name not in _PLAIN)
        time = utc_now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return f"{time}Z {record.levelname.lower()} {message}{' ' if extras else ''}{extras}"


class WithoutRequestText(logging.Filter):
    """Keeps what a client sent out of aiohttp's own records.

    A malformed request is logged by ``aiohttp.server`` with the exception that quotes it, an oversized
    ``Authorization`` header and all. The name of the exception is enough to find out more.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg, record.args = "a request was refused before it was read: %s", (type(error).__name__,)
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
            return logging.getLogger().isEnabledFor(logging.INFO)
        return True


class AcceptErrors(logging.Filter):
    """Says once a minute, and without a traceback, that the system lets no more connections in.

    asyncio says it for each attempt, hundreds of times a second, which would fill the disk of the record.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._silent_until = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(NO_MORE_FILES):
            return True
        now = self._clock()
        if now < self._silent_until:
            return False
        self._silent_until = now + ACCEPT_ERRORS_SEC
        record.msg, record.args = f"{NO_MORE_FILES}: no connection is accepted until others end", ()
        record.exc_info = record.exc_text = None
        return True


def configure(level: str) -> None:
    """Send all logs to standard error. Called once by the command line, never by the application."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogfmtFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    loop_log = logging.getLogger("asyncio")
    loop_log.setLevel(max(logging.INFO, logging.getLogger().level))
    loop_log.addFilter(AcceptErrors())


def guard_server_log() -> logging.Logger:
    """The logger for aiohttp's server, with what clients sent filtered out."""
    logger = logging.getLogger("aiohttp.server")
    if not any(isinstance(one, WithoutRequestText) for one in logger.filters):
        logger.addFilter(WithoutRequestText())
    return logger


def _quoted(value: object) -> str:
    text = str(value)
    return text if text and text.isascii() and text.isprintable() and not set(text) & set(' "=') else repr(text)
