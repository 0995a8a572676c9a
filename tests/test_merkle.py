"""The Merkle tree, its edge and its proofs, against the RFC's vectors and its own recursive definition."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_console.edge import Edge, read_edge
from governance_console.merkle import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    leaf_hash,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from governance_console.proving import (
    consistency_proof,
    consistency_tiles,
    inclusion_proof,
    inclusion_tiles,
    root_at,
)
from governance_console.tiles import Tile
from tests.rfc6962 import Tree

CT_LEAVES = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The test tree of Certificate Transparency, from its own reference implementation."""


class Grown:
    """A log of so many entries, grown in steps as a journal would, with every tile as it would be stored."""

    def __init__(self, entries: Iterable[bytes], steps: Iterable[int] = ()) -> None:
        self.leaves = leaf_hashes(entries)
        self.tiles: dict[Tile, bytes] = {}
        self.edge = Edge()
        for step in (*steps, len(self.leaves)):
            growth = self.edge.grown(self.leaves[self.edge.size : self.edge.size + step])
            self.edge = growth.edge
            self.tiles.update(growth.tiles)

    def read(self, tile: Tile) -> bytes:
        return self.tiles[tile]


def entries_of(count: int, name: str = "") -> list[bytes]:
    return [b"%s%d" % (name.encode(), number) for number in range(count)]


def test_the_roots_of_certificate_transparency() -> None:
    assert Edge().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, root in enumerate(CT_ROOTS, 1):
        assert Grown(CT_LEAVES[:size]).edge.root().hex() == root


@pytest.mark.parametrize("steps", [(1,) * 600, (255, 1, 1, 0, 300), (600,), (256, 256)])
def test_an_edge_grown_in_any_steps_has_the_rfcs_root_and_tiles(steps: tuple[int, ...]) -> None:
    entries = entries_of(600)
    tree = Tree(entries)
    edge = Edge()
    for step in steps:
        edge = edge.grown(leaf_hashes(entries[edge.size : edge.size + step])).edge
        assert edge.root() == tree.mth(0, edge.size)
    grown = Grown(entries, steps)
    assert grown.tiles[Tile(0, 1)] == b"".join(leaf_hashes(entries[256:512]))
    assert grown.tiles[Tile(1, 0)] == tree.mth(0, 256) + tree.mth(256, 512)
    assert grown.tiles.keys() == {Tile(0, 0), Tile(0, 1), Tile(0, 2), Tile(1, 0)}


def test_growing_changes_nothing_of_the_edge_from_before() -> None:
    before = Grown(entries_of(300)).edge
    root = before.root()
    before.grown(leaf_hashes(entries_of(300)))
    assert (before.size, before.root()) == (300, root)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 600])
def test_an_edge_is_read_back_from_its_tiles(size: int) -> None:
    grown = Grown(entries_of(size))
    larger = Grown(entries_of(size + 300))
    assert read_edge(size, grown.read) == grown.edge
    assert read_edge(size, larger.read) == grown.edge
    assert root_at(size, larger.read) == grown.edge.root()


@pytest.fixture(scope="module")
def large() -> Grown:
    return Grown(entries_of(65_800), (65_535, 1, 1))


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_800])
def test_so_is_that_of_a_tree_of_three_levels(size: int, large: Grown) -> None:
    edge = read_edge(size, large.read)
    assert edge.grown(large.leaves[size:]).edge == large.edge
    assert edge.root() == root_at(size, large.read)


def test_a_tile_that_is_too_short_is_said_to_be() -> None:
    grown = Grown(entries_of(300))
    grown.tiles[Tile(0, 1)] = grown.tiles[Tile(0, 1)][:-1]
    for read in (lambda: read_edge(300, grown.read), lambda: inclusion_proof(298, 300, grown.read)):
        with pytest.raises(ValueError, match="fewer"):
            read()


def check_all_proofs(sizes: Iterable[int]) -> None:
    """Every proof of these sizes is the RFC's, is verified, and is not verified where one thing is off by one."""
    tree = Tree(entries_of(max(sizes)))
    for size in sizes:
        root = tree.mth(0, size)
        for index in range(size):
            leaf = tree.mth(index, index + 1)
            path = [tree.mth(*span) for span in inclusion_path(index, size)]
            assert path == tree.path(index, 0, size)
            assert verify_inclusion(leaf, index, size, path, root)
            assert not verify_inclusion(leaf, index + 1, size, path, root)
        for old in range(1, size + 1):
            path = [tree.mth(*span) for span in consistency_path(old, size)]
            assert path == tree.proof(old, size)
            assert verify_consistency(old, size, path, tree.mth(0, old), root)
            assert old == size or not verify_consistency(old, size, path[:-1], tree.mth(0, old), root)


def check_all_proofs_out_of_tiles(sizes: Iterable[int]) -> None:
    """The hashes that tiles give for these proofs are the RFC's."""
    grown = Grown(entries_of(max(sizes)))
    tree = Tree(entries_of(max(sizes)))
    for size in sizes:
        for index in range(size):
            assert inclusion_proof(index, size, grown.read) == tree.path(index, 0, size)
            assert consistency_proof(index + 1, size, grown.read) == tree.proof(index + 1, size)


def test_every_proof_of_small_trees_is_the_rfcs() -> None:
    check_all_proofs(range(1, 66))
    check_all_proofs_out_of_tiles(range(1, 18))


@pytest.mark.soak
def test_every_proof_up_to_600_is_the_rfcs() -> None:
    check_all_proofs(range(1, 601))
    check_all_proofs_out_of_tiles((*range(1, 66), 255, 256, 257, 511, 512, 513, 600))


def test_proofs_over_three_levels_of_tiles_read_few_of_them(large: Grown) -> None:
    size = large.edge.size
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        fetched = {tile: large.tiles[tile] for tile in inclusion_tiles(index, size)}
        path = inclusion_proof(index, size, fetched.__getitem__)
        assert verify_inclusion(large.leaves[index], index, size, path, large.edge.root())
        assert len(fetched) <= 2 * 3
        fetched = {tile: large.tiles[tile] for tile in consistency_tiles(index + 1, size)}
        path = consistency_proof(index + 1, size, fetched.__getitem__)
        assert verify_consistency(index + 1, size, path, root_at(index + 1, large.read), large.edge.root())


def check_places(size: int) -> None:
    """Some proofs of a tree of several tiles, against the RFC's."""
    grown, tree, chance = Grown(entries_of(size)), Tree(entries_of(size)), random.Random(size)
    for index in (0, 255, 256, size - 1, *(chance.randrange(size) for _ in range(10))):
        assert inclusion_proof(index, size, grown.read) == tree.path(index, 0, size)
        assert consistency_proof(index + 1, size, grown.read) == tree.proof(index + 1, size)


@pytest.mark.parametrize("size", [257, 600])
def test_proofs_over_several_tiles_are_the_rfcs(size: int) -> None:
    check_places(size)


@pytest.mark.soak
def test_proofs_over_three_levels_of_tiles_are_the_rfcs() -> None:
    check_places(66_000)


def test_what_the_rfc_leaves_out_of_consistency() -> None:
    one, two = leaf_hash(b"1"), leaf_hash(b"2")
    assert verify_consistency(0, 5, [], EMPTY_ROOT, one)
    assert not verify_consistency(0, 5, [], one, one)
    assert not verify_consistency(0, 5, [one], EMPTY_ROOT, one)
    assert verify_consistency(5, 5, [], one, one)
    assert not verify_consistency(5, 5, [], one, two)
    assert not verify_consistency(5, 5, [one], one, one)
    assert not verify_consistency(5, 4, [], one, one)
    assert not verify_consistency(4, 8, [], one, one)


def test_a_proof_is_of_its_sizes_only() -> None:
    """Each of these hashes up to the right roots, and is refused for the size or the place that it claims."""
    tree = Tree(entries_of(8))
    one, two = tree.mth(0, 1), tree.mth(1, 2)
    assert not verify_inclusion(two, 0, 1, [one], tree.mth(0, 2))  # goes on above the root
    assert not verify_inclusion(tree.mth(0, 2), 0, 4, [tree.mth(2, 4)], tree.mth(0, 4))  # an inner node as a leaf
    path = [tree.mth(6, 7), tree.mth(7, 8), tree.mth(4, 6), tree.mth(0, 4)]  # right from 7 to 8
    assert not verify_consistency(3, 4, path, tree.mth(0, 7), tree.mth(0, 8))
    assert not verify_consistency(2, 8, [tree.mth(2, 4)], tree.mth(0, 2), tree.mth(0, 4))
    assert not verify_consistency(3, 2, [one, two], one, tree.mth(0, 2))
    assert not verify_consistency(3, 8, [], one, one)


def test_there_is_no_proof_of_what_is_not_there() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_tiles(index, size)
        assert not verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)
    with pytest.raises(ValueError, match="no beginning"):
        consistency_tiles(6, 5)


def test_hashes_of_another_length_prove_nothing() -> None:
    """One byte moved from a sibling to its neighbour gives the same hash of both."""
    leaf, sibling = leaf_hash(b"1"), leaf_hash(b"2")
    root = Tree([b"1", b"2"]).mth(0, 2)
    assert verify_inclusion(leaf, 0, 2, [sibling], root)
    assert not verify_inclusion(leaf + sibling[:1], 0, 2, [sibling[1:]], root)


HASHES = st.lists(st.binary(max_size=33) | st.binary(min_size=32, max_size=32), max_size=70)
NUMBERS = st.integers(-2, 40) | st.integers(-(2**70), 2**70)


@settings(max_examples=50)
@given(NUMBERS, NUMBERS, HASHES, st.binary(max_size=33), st.binary(max_size=33))
def test_verification_answers_whatever_it_is_given(one: int, other: int, path: list[bytes], a: bytes, b: bytes) -> None:
    assert verify_inclusion(a, one, other, path, b) in (True, False)
    assert verify_consistency(one, other, path, a, b) in (True, False)


@settings(max_examples=40)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 699), st.data())
def test_of_one_log_any_two_roots_are_consistent_and_of_two_logs_none(
    one: int, other: int, split: int, data: st.DataObject
) -> None:
    old, new = sorted((one, other))
    split = min(split, old - 1)
    entries = entries_of(new)
    forged = [*entries[:split], b"another", *entries[split + 1 :]]
    log, fork = Grown(entries), Grown(forged)
    path = consistency_proof(old, new, log.read)
    assert verify_consistency(old, new, path, root_at(old, log.read), root_at(new, log.read))
    for proof in (path, consistency_proof(old, new, fork.read)):
        assert not verify_consistency(old, new, proof, root_at(old, log.read), root_at(new, fork.read))
        assert not verify_consistency(old, new, proof, root_at(old, fork.read), root_at(new, log.read))
