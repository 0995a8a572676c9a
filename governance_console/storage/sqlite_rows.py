"""Rows as they are used here: a column of some. Used by every thread with its own connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw


def column(connection: apsw.Connection, query: str, bindings: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
    """The first column of all rows. The statement is done with when this returns, and holds nothing open."""
    rows: list[tuple[Any, ...]] = connection.execute(query, bindings).fetchall()
    return [row[0] for row in rows]
