"""The right edge of the tree: all that it takes to grow it, or to say its root, without reading the log again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance_console.merkle import EMPTY_ROOT, HASH_BYTES, fold
from governance_console.proving import TileReader
from governance_console.tiles import TILE_BYTES, Tile, partial_tiles, width_at


@dataclass(frozen=True, slots=True)
class Edge:
    """A tree of ``size`` leaves, as far as growing it goes: the hashes of each level's partial tile, leaves first.

    A level whose last tile is full has none. At most 8,160 bytes a level, and a level for each factor of 256.
    Immutable: who fails to make a growth durable still has the edge from before.
    """

    size: int = 0
    partial: tuple[bytes, ...] = ()

    def grown(self, leaves: Sequence[bytes]) -> Growth:
        """This tree with more leaves, given by their hashes: the new edge, and the tiles that changed."""
        partial = list(self.partial)
        tiles: dict[Tile, bytes] = {}
        level, rising = 0, b"".join(leaves)
        while rising:
            if level == len(partial):
                partial.append(b"")
            index = self.size >> (8 * (level + 1))
            hashes = partial[level] + rising
            full = len(hashes) // TILE_BYTES
            above = []
            for at in range(0, full * TILE_BYTES, TILE_BYTES):
                tiles[Tile(level, index)] = hashes[at : at + TILE_BYTES]
                above.append(fold(hashes[at : at + TILE_BYTES]))
                index += 1
            partial[level] = hashes[full * TILE_BYTES :]
            if partial[level]:
                tiles[Tile(level, index)] = partial[level]
            level, rising = level + 1, b"".join(above)
        return Growth(Edge(self.size + len(leaves), tuple(partial)), tiles)

    def root(self) -> bytes:
        """The tree's root: at most 255 hashes a level."""
        below = b""
        for hashes in self.partial:
            if hashes or below:
                below = fold(hashes + below)
        return below or EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Growth:
    """What appending leaves made: the new edge, and each tile that changed, from its first hash on."""

    edge: Edge
    tiles: Mapping[Tile, bytes]


def read_edge(size: int, read: TileReader) -> Edge:
    """The edge of the tree of ``size`` leaves, from its partial tiles: one for each factor of 256 at most.

    A tile of a larger tree serves as well. Raises ValueError when a tile does not reach that far.
    """
    partial = []
    known = {tile.level: tile for tile in partial_tiles(size)}
    for level in range(-(-size.bit_length() // 8)):
        tile = known.get(level)
        wanted = 0 if tile is None else width_at(tile, size) * HASH_BYTES
        hashes = b"" if tile is None else read(tile)[:wanted]
        if len(hashes) != wanted:
            raise ValueError(f"tile {tile} has fewer hashes than a tree of {size} needs")
        partial.append(hashes)
    return Edge(size, tuple(partial))
