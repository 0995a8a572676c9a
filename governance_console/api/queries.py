"""Query parameters, read strictly: what is not understood is refused rather than ignored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from multidict import MultiMapping

from governance_console.entries import Item
from governance_console.errors import Unacceptable
from governance_console.limits import DEFAULT_PAGE, MAX_PAGE

HISTORY: Final = frozenset(("from", "before", "limit"))
STREAM: Final = frozenset(("from", "epoch"))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which page of the history: ascending from ``start``, or descending below ``before``."""

    limit: int
    start: int | None
    before: int

    def following(self, items: Sequence[Item], size: int) -> int | None:
        """The cursor of the next page, or None where the record ends that way."""
        if self.start is not None:
            after = items[-1].seq + 1 if items else size
            return after if after < size else None
        return items[-1].seq if items and items[-1].seq > 0 else None


def read_cursor(query: MultiMapping[str], size: int) -> Cursor:
    """The page that a query asks for, in a log of this size. Raises Unacceptable."""
    given = single(query, HISTORY)
    if "from" in given and "before" in given:
        raise Unacceptable("from and before contradict each other: from goes up, before goes down")
    limit = number(given, "limit", 1, MAX_PAGE)
    before = number(given, "before", 0, size)
    return Cursor(
        limit=DEFAULT_PAGE if limit is None else limit,
        start=number(given, "from", 0, size),
        before=size if before is None else before,
    )


def single(query: MultiMapping[str], known: frozenset[str]) -> Mapping[str, str]:
    """Parameters that may stand once each. Raises Unacceptable for any other."""
    for name in query:
        if name not in known:
            shown = "".join(char if char.isprintable() else "?" for char in name[:40])
            raise Unacceptable(f"{shown} is not known here; known are {', '.join(sorted(known))}")
        if len(query.getall(name)) > 1:
            raise Unacceptable(f"{name} may be given once")
    return dict(query)


def number(given: Mapping[str, str], name: str, least: int, most: int | None) -> int | None:
    """A whole number within bounds, or None where it is not given. Raises Unacceptable."""
    text = given.get(name)
    if text is None:
        return None
    bounds = f"from {least} on" if most is None else f"from {least} to {most}"
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Unacceptable(f"{name} has to be a whole number {bounds}")
    if int(text) < least or (most is not None and int(text) > most):
        raise Unacceptable(f"{name} is {int(text)}; it has to be {bounds}")
    return int(text)
