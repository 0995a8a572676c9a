"""Browser sessions in the record's file, beside the record: no entry is made or altered by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import apsw

from governance_console.errors import RecordUnreadable
from governance_console.sessions import Stored
from governance_console.times import text_of

_T = TypeVar("_T")


class Connected(Protocol):
    """Runs work with one of the file's connections, in its thread, and says errors in the contract's words."""

    def __call__(self, work: Callable[[apsw.Connection], _T]) -> Awaitable[_T]: ...


class SqliteSessions:
    """``SessionStore`` over the connections of the record's file."""

    def __init__(self, write: Connected, read: Connected) -> None:
        self._write = write
        self._read = read

    async def load(self) -> Sequence[Stored]:
        return await self._read(_load)

    async def change(self, kept: Sequence[Stored], ended: Sequence[str]) -> None:
        await self._write(lambda writer: _change(writer, kept, ended))


def _load(reader: apsw.Connection) -> Sequence[Stored]:
    query = "SELECT id, principal, bound, began, seen, browser FROM sessions"
    try:
        rows: list[tuple[Any, ...]] = reader.execute(query).fetchall()
        return [
            Stored(key.hex(), name, bound, _moment(began), _moment(seen), browser)
            for key, name, bound, began, seen, browser in rows
        ]
    except ValueError:
        raise RecordUnreadable("a session has a time that is none, or text that is not UTF-8") from None


def _change(writer: apsw.Connection, kept: Sequence[Stored], ended: Sequence[str]) -> None:
    writer.executemany(
        "INSERT OR REPLACE INTO sessions (id, principal, bound, began, seen, browser) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (bytes.fromhex(one.key), one.name, one.bound, *map(text_of, (one.began, one.seen)), one.browser)
            for one in kept
        ],
    )
    writer.executemany("DELETE FROM sessions WHERE id = ?", [(bytes.fromhex(key),) for key in ended])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
