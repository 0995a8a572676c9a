"""The tree's tiles as rows, and its edge read back. Used by every thread with its own connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw

from governance_console.edge import Edge, read_edge
from governance_console.errors import CannotStart
from governance_console.merkle import HASH_BYTES
from governance_console.storage.sqlite_rows import column
from governance_console.tiles import TILE_WIDTH, Tile

_LEVEL: Final = 48
"""A tile's number is below 2**48: 2**56 entries, and the 64 levels that can be addressed never come up."""


def write_tiles(writer: apsw.Connection, tiles: Mapping[Tile, bytes]) -> None:
    """Put each tile in the place of what there was of it, within the caller's transaction."""
    rows = [(_id_of(tile), hashes) for tile, hashes in tiles.items()]
    writer.executemany("INSERT OR REPLACE INTO tiles (id, hashes) VALUES (?, ?)", rows)


def read_tiles(reader: apsw.Connection, wanted: Sequence[Tile]) -> Mapping[Tile, bytes]:
    """``Storage.tiles``. One statement, and so one moment of the record."""
    by_id = {_id_of(tile): tile for tile in wanted}
    query = f"SELECT id, hashes FROM tiles WHERE id IN ({', '.join('?' * len(by_id))})"
    rows: list[tuple[Any, ...]] = reader.execute(query, tuple(by_id)).fetchall()
    return {by_id[number]: hashes for number, hashes in rows}


def stored_edge(reader: apsw.Connection, size: int) -> Edge:
    """The edge of the tree over ``size`` entries: a tile a level.

    Raises CannotStart where the tree is of another size, which only somebody else's hand in the file can make.
    """
    hashed = _leaves(reader)
    if hashed != size:
        raise CannotStart(
            f"the record has {size} entries and hashes of {hashed}: keep the file as it is, and restore a backup"
        )
    try:
        return read_edge(size, lambda tile: read_tiles(reader, (tile,)).get(tile, b""))
    except ValueError as error:
        raise CannotStart(
            f"the record's hashes have a hole ({error}): keep the file as it is, and restore a backup"
        ) from None


def _leaves(reader: apsw.Connection) -> int:
    """How many entries have their hash in the tree."""
    last = f"SELECT id * {TILE_WIDTH} + length(hashes) / {HASH_BYTES} FROM tiles WHERE id < ? ORDER BY id DESC LIMIT 1"
    found = column(reader, last, (1 << _LEVEL,))
    return int(found[0]) if found else 0


def _id_of(tile: Tile) -> int:
    return tile.level << _LEVEL | tile.number
