"""Hashes that were stored beside the entries, and how far a signed root vouches for them. Pure.

Stored hashes lie where the entries lie: who altered the one may have altered the other. They become evidence when the
root over them is one that was signed, and then each of them that leads to this root is as good as signed itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from governance_console.evidence import Evidence
from governance_console.merkle import HASH_BYTES, fold
from governance_console.proving import root_at
from governance_console.tiles import TILE_BYTES, TILE_WIDTH, Tile, width_at

StoredTiles = Callable[[Tile], bytes | None]
"""The hashes of a tile as they are stored, or None where none are."""

_TRIES: Final = 1000
"""Signed sizes, the largest first, at which the root over the stored hashes is worked out."""


class StoredTree:
    """The stored hashes of one log, any of which may be wrong, cut or gone."""

    def __init__(self, stored: StoredTiles | None, evidence: Evidence) -> None:
        self._stored = stored
        self._vouched: dict[int, tuple[Tile, int]] = {}  # the last answer for each level
        self.is_there = stored is not None
        self._anchor = self._largest_signed(evidence) if self.is_there else 0

    def read(self, tile: Tile) -> bytes:
        """The tile's whole hashes, or nothing."""
        found = None if self._stored is None else self._stored(tile)
        if not isinstance(found, bytes):
            return b""
        return found[: min(len(found), TILE_BYTES) // HASH_BYTES * HASH_BYTES]

    def parent(self, tile: Tile) -> bytes:
        """The hash that is stored for a full tile, one level up, or nothing."""
        above, at = _above(tile)
        found = self.read(above)[at * HASH_BYTES : (at + 1) * HASH_BYTES]
        return found if len(found) == HASH_BYTES else b""

    def vouched(self, tile: Tile) -> int:
        """How many hashes of this tile, from its first one, a signed root vouches for."""
        width = width_at(tile, self._anchor)
        if width < TILE_WIDTH:
            return width  # on the edge: the signed root was worked out from just these
        kept = self._vouched.get(tile.level)
        if kept is None or kept[0] != tile:
            is_whole = self.is_parent_vouched(tile) and self._agrees(tile)
            kept = self._vouched[tile.level] = tile, TILE_WIDTH if is_whole else 0
        return kept[1]

    def believed(self, tile: Tile) -> int:
        """How many hashes of this tile can be believed: what a signed root vouches for.

        Beyond the last signed root that is a full tile with which the stored hash above it agrees.
        """
        width = width_at(tile, self._anchor)
        if width == TILE_WIDTH:
            return self.vouched(tile)
        return TILE_WIDTH if self._agrees(tile) else width

    def is_parent_vouched(self, tile: Tile) -> bool:
        """Whether a signed root vouches for what ``parent`` says."""
        above, at = _above(tile)
        return at < self.vouched(above)

    def _agrees(self, tile: Tile) -> bool:
        """Whether this tile is full, and the hash that is stored above it is its own."""
        hashes = self.read(tile)
        return len(hashes) == TILE_BYTES and fold(hashes) == self.parent(tile)

    def _largest_signed(self, evidence: Evidence) -> int:
        for size in sorted(evidence.roots, reverse=True)[:_TRIES]:
            try:
                if root_at(size, self.read) in evidence.roots[size]:
                    return size
            except ValueError:  # the stored hashes do not reach that far
                continue
        return 0


def _above(tile: Tile) -> tuple[Tile, int]:
    number, at = divmod(tile.number, TILE_WIDTH)
    return Tile(tile.level + 1, number), at
