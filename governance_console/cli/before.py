"""What a log's first entry says of the log before it, beside checkpoints of that one. Nothing of it is believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from governance_console.notes import encode_base64
from governance_console.verify import Row

MOST_NAMED: Final = 5
"""Other logs that are named; more are counted."""


class _Before(msgspec.Struct):
    origin: str
    size: int
    root: str | None


class _Begun(msgspec.Struct):
    before: _Before


class First:
    """The first of the rows that went through."""

    def __init__(self) -> None:
        self._data: object = None

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows."""
        going = iter(rows)
        for row in going:
            self._data = row[3]
            yield row
            break
        yield from going

    def compared(self, others: Mapping[str, Mapping[int, set[bytes]]]) -> Iterator[str]:
        """Sentences on checkpoints of other logs: by origin, size and root."""
        for origin in sorted(others)[:MOST_NAMED]:
            count = sum(map(len, others[origin].values()))
            yield f"of another log, and not compared: {count:,} checkpoint{'s' * (count > 1)} of {origin}"
        if len(others) > MOST_NAMED:
            yield f"and those of {len(others) - MOST_NAMED:,} more logs"
        before = self._before()
        roots = others.get(before.origin, {}).get(before.size) if before else None
        if before and roots:
            is_same = {encode_base64(root) for root in roots} == {before.root}
            yield (
                f"the log before this one, {before.origin}: a checkpoint of its {before.size:,} entries has "
                f"{'the same root as' if is_same else 'another root than'} entry 0"
            )

    def _before(self) -> _Before | None:
        try:
            return msgspec.json.decode(self._data if isinstance(self._data, bytes) else b"", type=_Begun).before
        except (ValueError, RecursionError):
            return None
