"""Proofs and roots out of tiles: a proof about a tree of n leaves reads O(log n) tiles. Pure.

``read`` is handed a tile and returns its hashes; those of a larger tree serve as well. Who has to fetch tiles first
asks which ones, gets them, and hands over the mapping's ``__getitem__``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from governance_console.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Span,
    consistency_path,
    fold,
    inclusion_path,
    node_hash,
)
from governance_console.tiles import TILE_WIDTH, Tile

TileReader = Callable[[Tile], bytes]


def inclusion_tiles(index: int, size: int) -> list[Tile]:
    """The tiles that ``inclusion_proof`` reads, each once. Raises ValueError unless ``0 <= index < size``."""
    return _tiles_of(inclusion_path(index, size))


def consistency_tiles(old: int, new: int) -> list[Tile]:
    """The tiles that ``consistency_proof`` reads, each once. Raises ValueError unless ``0 <= old <= new``."""
    return _tiles_of(consistency_path(old, new))


def root_tiles(size: int) -> list[Tile]:
    """The tiles that ``root_at`` reads, each once."""
    return _tiles_of([Span(0, size)])


def inclusion_proof(index: int, size: int, read: TileReader) -> list[bytes]:
    """The hashes that prove leaf ``index`` of the tree of ``size``, its sibling first.

    Raises ValueError unless ``0 <= index < size``, or when a tile has too few hashes.
    """
    return [_subtree(span, read) for span in inclusion_path(index, size)]


def consistency_proof(old: int, new: int, read: TileReader) -> list[bytes]:
    """The hashes that prove the tree of ``old`` leaves to be the beginning of that of ``new``.

    Raises ValueError unless ``0 <= old <= new``, or when a tile has too few hashes.
    """
    return [_subtree(span, read) for span in consistency_path(old, new)]


def root_at(size: int, read: TileReader) -> bytes:
    """The root of the tree of ``size`` leaves. Raises ValueError when a tile has too few hashes."""
    return _subtree(Span(0, size), read) if size else EMPTY_ROOT


def _tiles_of(spans: Iterable[Span]) -> list[Tile]:
    return list(dict.fromkeys(_place(start, height)[0] for span in spans for start, height in _whole(span)))


def _subtree(span: Span, read: TileReader) -> bytes:
    found = b""
    for start, height in reversed([*_whole(span)]):
        tile, at, count = _place(start, height)
        hashes = read(tile)[at * HASH_BYTES : (at + count) * HASH_BYTES]
        if len(hashes) != count * HASH_BYTES:
            raise ValueError(f"tile {tile.number} of level {tile.level} has fewer than {at + count} hashes")
        found = node_hash(fold(hashes), found) if found else fold(hashes)
    return found


def _whole(span: Span) -> Iterator[tuple[int, int]]:
    """The subtrees of 2**height leaves that a span consists of, the largest first: their first leaf and height."""
    start, stop = span
    while start < stop:
        height = (stop - start).bit_length() - 1
        yield start, height
        start += 1 << height


def _place(start: int, height: int) -> tuple[Tile, int, int]:
    """The tile with the hashes under such a subtree, the first one's place in it, and how many they are."""
    level, rise = divmod(height, 8)
    index, at = divmod(start >> (8 * level), TILE_WIDTH)
    return Tile(level, index), at, 1 << rise
