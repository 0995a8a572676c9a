"""The Merkle tree of RFC 6962, section 2.1: its hashes, what its proofs are made of, and what they prove. Pure.

A proof is a list of hashes of subtrees. Which subtrees is arithmetic, and stands here as spans; where their hashes
come from is the business of ``proving.py``. The checks are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2: given
any input whatever they answer True or False, and raise nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_pairs: Final = Struct("64s").iter_unpack


class Span(NamedTuple):
    """The leaves ``start <= seq < stop``, which are one subtree of the tree that a proof is about."""

    start: int
    stop: int


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || entry bytes)."""
    return sha256(b"\0" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of many leaves, in their order."""
    return [sha256(b"\0" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\1" + left + right).digest()


def fold(hashes: bytes) -> bytes:
    """The root over these hashes, 32 bytes each and no byte more, as if they were leaves; of none, nothing.

    Pairs are joined from the left and an odd last one rises as it is: the tree that the RFC makes by splitting at
    the largest power of two. So the last hash may also be that of a subtree smaller than the others.
    """
    while len(hashes) > HASH_BYTES:
        even = len(hashes) & -64
        pairs = [sha256(b"\1" + pair).digest() for (pair,) in _pairs(hashes[:even])]
        hashes = b"".join(pairs) + hashes[even:]
    return hashes


def inclusion_path(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that leaf ``index`` is in the tree of ``size``, the leaf's sibling first.

    Raises ValueError unless ``0 <= index < size``.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(Span(middle, stop))
            stop = middle
        else:
            path.append(Span(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Span]:
    """The subtrees whose hashes prove that the tree of ``old`` leaves is the beginning of that of ``new``.

    Nothing is needed between equal sizes, or from nothing. Raises ValueError unless ``0 <= old <= new``.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {new}")
    if old in (0, new):
        return []
    path = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(Span(middle, stop))
            stop = middle
        else:
            path.append(Span(start, middle))
            start = middle
    if start > 0:  # else it is the old root itself, which the verifier has
        path.append(Span(start, stop))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves that the leaf with this hash is number ``index`` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes((leaf, root, *path)):
        return False
    place, last = index, size - 1
    found = leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether ``path`` proves that the tree of ``old`` leaves is the beginning of that of ``new`` (RFC 9162, 2.1.4.2).

    The RFC leaves two cases out. Equal sizes need equal roots; the empty tree is the beginning of any.
    """
    if not 0 <= old <= new or not _are_hashes((old_root, new_root, *path)):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    found_old = found_new = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            found_old, found_new = node_hash(other, found_old), node_hash(other, found_new)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found_new = node_hash(found_new, other)
        place, last = place >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def _split(width: int) -> int:
    """The largest power of two below ``width``, which is at least 2."""
    return int(1 << ((width - 1).bit_length() - 1))


def _are_hashes(values: Iterable[bytes]) -> bool:
    # A shorter or longer value would shift the bytes of its neighbour under the same hash.
    return all(len(value) == HASH_BYTES for value in values)
