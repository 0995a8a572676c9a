"""C2SP tlog-tiles: the tree in tiles of 256 hashes, their addresses, and bundles of entries. Pure.

Tile ``number`` of ``level`` has the hashes of the subtrees of ``256**level`` leaves from the ``256 * number``-th on; a
level's last tile may be partial, and a partial tile is the beginning of the full one. Source: c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from governance_console.errors import Malformed
from governance_console.merkle import HASH_BYTES

TILE_WIDTH: Final = 256
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES

_ADDRESS: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class Tile(NamedTuple):
    """A tile's place: ``level`` counts from the leaves, ``number`` from the left, both from 0."""

    level: int
    number: int


class Address(NamedTuple):
    """What a path of the read interface names: a tile, or where ``level`` is None a bundle of entries.

    ``width`` is how many hashes or entries, 1 to 256.
    """

    level: int | None
    number: int
    width: int


def width_at(tile: Tile, size: int) -> int:
    """How many hashes this tile has in a tree of ``size`` leaves, 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (8 * tile.level)) - tile.number * TILE_WIDTH))


def partial_tiles(size: int) -> Iterator[Tile]:
    """The partial tiles of a tree, the leaves' first. All other tiles of it are full."""
    level = 0
    while size:
        if size % TILE_WIDTH:
            yield Tile(level, size // TILE_WIDTH)
        level, size = level + 1, size // TILE_WIDTH


def path_of(address: Address) -> str:
    """The path below a log's prefix: ``tile/0/x001/x234/067``, ``tile/entries/000.p/17``."""
    level = "entries" if address.level is None else str(address.level)
    groups = [f"{address.number % 1000:03d}"]
    rest = address.number // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    partial = "" if address.width == TILE_WIDTH else f".p/{address.width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def parse_path(path: str) -> Address:
    """Take such a path apart. Raises Malformed for whatever ``path_of`` does not write."""
    match = _ADDRESS.fullmatch(path)
    if match is None:
        raise Malformed("this is not the path of a tile")
    number = int(match[2].replace("x", "").replace("/", ""))
    width = TILE_WIDTH if match[3] is None else int(match[3])
    address = Address(None if match[1] == "entries" else int(match[1]), number, width)
    if path_of(address) != path or width > TILE_WIDTH:
        raise Malformed("this is not how the path of a tile is written")
    return address


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """At most 256 entries, each after its length as big-endian uint16."""
    parts: list[bytes] = []
    for entry in entries:
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def parse_bundle(bundle: bytes) -> list[bytes]:
    """The entries of a bundle. Raises Malformed when it is cut, empty, or has more than 256."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle) and len(entries) <= TILE_WIDTH:
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    if at != len(bundle) or not 1 <= len(entries) <= TILE_WIDTH:
        raise Malformed("a bundle has 1 to 256 entries, each after its length in two bytes")
    return entries
