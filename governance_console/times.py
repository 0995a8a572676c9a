"""Times as text: what the console writes, and what senders write. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_WRITTEN: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d))?(?:[.,](\d{1,9}))? ?([Zz]|UTC|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM: Final = 1e11
"""From here a number counts milliseconds: as seconds it would lie past the year 5000."""


def utc_now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


def text_of(moment: datetime) -> str:
    """RFC 3339 in UTC, always with six digits of microseconds, so that texts order as times do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def is_rfc3339(text: str) -> bool:
    """Whether this is an RFC 3339 timestamp of a day that exists (a leap second included)."""
    match = _RFC3339.fullmatch(text)
    return match is not None and _is_day(match[1])


def read_time(value: Any) -> str | None:
    """RFC 3339 for a time as loggers write it, or None where it is not one.

    Taken are ISO 8601 with ``T`` or a space, a point or a comma before the fraction, with or without
    an offset (then it is UTC), and numbers: seconds since 1970, or milliseconds from 1e11 up.
    """
    if isinstance(value, str):
        match = _WRITTEN.fullmatch(value)
        if match is None or not _exists(match[1], match[2], match[3] or "00"):
            return None
        fraction = f".{match[4]}" if match[4] else ""
        offset = (match[5] or "Z").upper().replace("UTC", "Z")
        if len(offset) == 5:
            offset = f"{offset[:3]}:{offset[3:]}"
        return f"{match[1]}T{match[2]}:{match[3] or '00'}{fraction}{offset}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return text_of(_EPOCH + timedelta(seconds=seconds))
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=64)
def _is_day(day: str) -> bool:
    """Events come from few days. What is asked here has ten characters."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _exists(day: str, minute: str, second: str) -> bool:
    try:
        datetime.fromisoformat(f"{day}T{minute}:{'59' if second == '60' else second}")
    except ValueError:
        return False
    return True
