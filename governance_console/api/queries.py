"""Query parameters, read strictly: what is not understood is refused rather than ignored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from multidict import MultiMapping
from yarl import URL

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.errors import Unacceptable
from governance_console.limits import MAX_ALTERNATIVES, MAX_PAGE, MAX_SEARCH_CHARS
from governance_console.selection import Selection, seq_of
from governance_console.times import is_rfc3339, text_of

_REPEATABLE: Final = frozenset(("category", "source", "type", "traceid"))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which part of the history: ascending from ``start``, or descending below ``before``."""

    limit: int | None
    start: int | None
    before: int


def read_cursor(query: MultiMapping[str], size: int) -> Cursor:
    """Where to begin in a log of this size, and how much of it. Raises Unacceptable."""
    if "from" in query and "before" in query:
        raise Unacceptable("from and before contradict each other: from goes up, before goes down")
    before = number(query, "before", 0, size)
    return Cursor(
        limit=number(query, "limit", 1, MAX_PAGE),
        start=number(query, "from", 0, size),
        before=size if before is None else before,
    )


def read_selection(query: MultiMapping[str]) -> Selection:
    """The filters that a query names. Raises Unacceptable, also where nothing could ever match them."""
    since, until = _moment(query, "since"), _moment(query, "until")
    if since and until and since > until:
        raise Unacceptable("since is later than until: nothing can be between them")
    return Selection(
        categories=_each(query, "category", CATEGORIES),
        sources=_each(query, "source"),
        types=_types(query),
        severity=_one_of(query, "severity", SEVERITIES) or SEVERITIES[0],
        traceids=_each(query, "traceid"),
        since=since,
        until=until,
        text=_search(query),
    )


def known_query(url: URL, known: Iterable[str]) -> MultiMapping[str]:
    """A request's parameters, once each is UTF-8, known, and stands once where it may stand but once.

    Raises Unacceptable.
    """
    for pair in url.raw_query_string.split("&"):
        try:
            unquote_to_bytes(pair).decode()
        except UnicodeError:
            # Decoded for us it would have U+FFFD there: a value that nobody asked for.
            name = _shown(pair.partition("=")[0])
            raise Unacceptable(f"{name} is not UTF-8 when its percent-encoding is undone") from None
    query, known = url.query, frozenset(known)
    for name in query:
        if name not in known:
            raise Unacceptable(f"{_shown(name)} is not known here; known are {', '.join(sorted(known))}")
        if name not in _REPEATABLE and len(query.getall(name)) > 1:
            raise Unacceptable(f"{name} may be given once")
    return query


def number(query: MultiMapping[str], name: str, least: int, most: int | None) -> int | None:
    """A whole number within bounds, or None where it is not given. Raises Unacceptable."""
    text = query.get(name)
    if text is None:
        return None
    bounds = f"from {least} on" if most is None else f"from {least} to {most}"
    found = seq_of(text)
    if found is None:
        raise Unacceptable(f"{name} has to be a whole number {bounds}")
    if found < least or (most is not None and found > most):
        raise Unacceptable(f"{name} is {found}; it has to be {bounds}")
    return found


def _each(query: MultiMapping[str], name: str, known: tuple[str, ...] = ()) -> frozenset[str]:
    values = query.getall(name, [])
    if len(values) > MAX_ALTERNATIVES:
        raise Unacceptable(f"{name} is given {len(values)} times; at most {MAX_ALTERNATIVES} are taken")
    for value in values:
        if known and value not in known:
            raise Unacceptable(f"{name} has to be one of {', '.join(known)}")
        if not value:
            raise Unacceptable(f"{name} may not be empty")
    return frozenset(values)


def _types(query: MultiMapping[str]) -> frozenset[str]:
    types = _each(query, "type")
    if any("*" in one[:-1] for one in types):
        raise Unacceptable("type may have a * at its end only, where it says how types begin")
    return types


def _one_of(query: MultiMapping[str], name: str, known: tuple[str, ...]) -> str | None:
    value = query.get(name)
    if value is not None and value not in known:
        raise Unacceptable(f"{name} has to be one of {', '.join(known)}")
    return value


def _moment(query: MultiMapping[str], name: str) -> str:
    value = query.get(name)
    if value is None:
        return ""
    if not is_rfc3339(value):
        hint = ", with its + written as %2B" if " " in value else ""
        raise Unacceptable(f"{name} has to be an RFC 3339 time, such as 2026-11-22T10:00:00Z{hint}")
    return text_of(datetime.fromisoformat(value.upper().replace(":60", ":59")))


def _search(query: MultiMapping[str]) -> str:
    text = query.get("q")
    if text is None:
        return ""
    if not text or len(text) > MAX_SEARCH_CHARS:
        raise Unacceptable(f"q has to be 1 to {MAX_SEARCH_CHARS} characters")
    return text


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:40])
