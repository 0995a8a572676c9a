"""C2SP tlog-tiles: addresses and bundles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_console.errors import Malformed
from governance_console.limits import MAX_ENTRY_BYTES
from governance_console.tiles import (
    Address,
    Tile,
    bundle_of,
    parse_bundle,
    parse_path,
    partial_tiles,
    path_of,
    width_at,
)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (Address(0, 0, 256), "tile/0/000"),
        (Address(0, 1234067, 256), "tile/0/x001/x234/067"),  # the specification's example
        (Address(63, 999, 1), "tile/63/999.p/1"),
        (Address(None, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_a_tile_has_one_path(address: Address, path: str) -> None:
    assert path_of(address) == path
    assert parse_path(path) == address


@pytest.mark.parametrize(
    "path",
    [
        *("tile/64/000", "tile/00/000", "tile/-1/000", "tile/0/0", "tile/0/x000/001", "tile/0/001/002"),
        *(
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
        ),
        *(
            "tile/data/000",
            "/tile/0/000",
            "tile/0/000\n",
            "tile/0/\u0660\u0660\u0660",
            "tile/0/x" + "001/x" * 9 + "001",
        ),
    ],
)
def test_what_is_not_written_so_is_not_a_path(path: str) -> None:
    with pytest.raises(Malformed):
        parse_path(path)


def test_the_tiles_of_the_specifications_examples() -> None:
    assert {tile: width_at(tile, 70_000) for tile in partial_tiles(70_000)} == {
        Tile(0, 273): 112,
        Tile(1, 1): 17,
        Tile(2, 0): 1,
    }
    assert {tile: width_at(tile, 256) for tile in partial_tiles(256)} == {Tile(1, 0): 1}
    assert [width_at(tile, 70_000) for tile in (Tile(0, 272), Tile(0, 274), Tile(1, 0), Tile(3, 0))] == [256, 0, 256, 0]


def test_a_bundle_is_its_entries() -> None:
    entries = [b"", b"x", b"y" * MAX_ENTRY_BYTES]
    assert bundle_of(entries)[:5] == b"\0\0\0\1x"
    assert parse_bundle(bundle_of(entries)) == entries


@pytest.mark.parametrize("bundle", [b"", b"\0", b"\0\2x", b"\0\0" * 257])
def test_what_is_cut_or_too_much_is_no_bundle(bundle: bytes) -> None:
    with pytest.raises(Malformed):
        parse_bundle(bundle)


@settings(max_examples=30)
@given(st.binary(), st.text("tile/entries0123456789x.p"))
def test_whatever_comes_is_taken_or_refused(bundle: bytes, path: str) -> None:
    try:
        assert bundle_of(parse_bundle(bundle)) == bundle
    except Malformed:
        pass
    with pytest.raises(Malformed):
        parse_path(path)
