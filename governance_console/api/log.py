"""``/api/log`` and the proofs of entries: what it takes to check the record without trusting this console.

Tiles, bundles and the checkpoint are those of c2sp.org/tlog-tiles, so that monitors, mirrors and witnesses of others
read them as they are. Everything is answered as of the newest signed checkpoint, never of what is not signed yet.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from governance_console.api import JOURNAL, SETTINGS, SIGNER, STORAGE
from governance_console.api.answers import json_answer
from governance_console.api.problems import problem
from governance_console.api.queries import known_query, number
from governance_console.continuity import Signed
from governance_console.errors import Malformed, RecordUnreadable, Unacceptable
from governance_console.merkle import HASH_BYTES
from governance_console.notes import encode_base64
from governance_console.prooffile import ProofFile
from governance_console.proving import consistency_proof, consistency_tiles, inclusion_proof, inclusion_tiles
from governance_console.selection import seq_of
from governance_console.tiles import TILE_WIDTH, Address, Tile, bundle_of, parse_path, width_at

PREFIX: Final = "/api/log/"
NOTE: Final = "text/plain; charset=utf-8"
TILE: Final = "application/octet-stream"
_NOTHING_SIGNED: Final = "nothing is signed yet"
_DAMAGED: Final = "the hashes that this takes cannot be read from the record"


async def get(request: web.Request) -> web.Response:
    """Which log this is, and where it stands by its newest checkpoint."""
    signer = request.app[SIGNER]
    head = signer.head
    told = {
        "origin": signer.verifier.name,
        "epoch": request.app[JOURNAL].epoch,
        "verifier_key": str(signer.verifier),
        "size": head.size if head else 0,
        "root": encode_base64(head.checkpoint.root) if head else None,
        "checkpoint": head.note.decode() if head else None,
        "signing": f"refused: {signer.refusing}" if signer.refusing else "ok",
    }
    return json_answer(msgspec.json.encode(told))


async def checkpoint(request: web.Request) -> web.Response:
    """The newest checkpoint, a signed note."""
    head = _head(request)
    return web.Response(body=head.note, headers={"Content-Type": NOTE, "Cache-Control": "no-cache"})


async def tile(request: web.Request) -> web.Response:
    """A tile of hashes, as far as the tree was signed. What it answers never changes."""
    address = _address(request)
    if address.level is None:
        raise web.HTTPNotFound(text="there is nothing at this path")
    place = Tile(address.level, address.number)
    _check_signed(request, place, address.width)
    hashes = (await request.app[STORAGE].tiles([place])).get(place, b"")[: address.width * HASH_BYTES]
    if len(hashes) != address.width * HASH_BYTES:
        raise RecordUnreadable(_DAMAGED)
    shared = "public" if request.app[SETTINGS].public_checkpoint else "private"
    return _unchanging(hashes, shared)


async def bundle(request: web.Request) -> web.Response:
    """The exact bytes of up to 256 entries, each after its length."""
    address = _address(request)
    _check_signed(request, Tile(0, address.number), address.width)
    start = address.number * TILE_WIDTH
    stop = start + address.width
    entries: list[bytes] = []
    while start < stop:
        page = await request.app[STORAGE].ascending(start, stop, TILE_WIDTH)
        entries += [item.entry for item in page.items]
        start = page.reached
    if len(entries) != address.width:
        raise RecordUnreadable("the entries of this bundle cannot be read from the record")
    return _unchanging(bundle_of(entries), "private")


async def proof(request: web.Request) -> web.Response:
    """Where an entry stands in the tree: a ``.tlog-proof`` file, against the newest checkpoint."""
    seq = _recorded_seq(request)
    head = request.app[SIGNER].head
    if head is None or seq >= head.size:
        interval = request.app[SETTINGS].checkpoint_interval_sec
        detail = f"#{seq} is recorded, and not signed yet; ask again in a few seconds"
        return problem(request, 409, detail, headers={"Retry-After": str(max(1, round(interval)))})
    tiles = await request.app[STORAGE].tiles(inclusion_tiles(seq, head.size))
    try:
        path = inclusion_proof(seq, head.size, lambda one: tiles.get(one, b""))
    except ValueError:
        raise RecordUnreadable(_DAMAGED) from None
    disposition = f'attachment; filename="entry-{seq}.tlog-proof"'
    return web.Response(
        body=ProofFile(seq, path, head.note).content(),
        headers={"Content-Type": NOTE, "Content-Disposition": disposition},
    )


async def entry(request: web.Request) -> web.Response:
    """The exact bytes of an entry: the leaf that is proved."""
    seq = _recorded_seq(request)
    item = await request.app[STORAGE].get(seq)
    if item is None:
        raise RecordUnreadable(f"#{seq} cannot be read from the record")
    response = _unchanging(item.entry, "private")
    response.headers["Content-Disposition"] = f'attachment; filename="entry-{seq}.json"'
    return response


async def consistency(request: web.Request) -> web.Response:
    """The hashes that prove the tree of one size to be the beginning of that of another (RFC 9162, 2.1.4)."""
    query = known_query(request.rel_url, ("from", "to"))
    signed = head.size if (head := request.app[SIGNER].head) else 0
    old, new = number(query, "from", 0, None), number(query, "to", 0, signed)
    if old is None or new is None:
        raise Unacceptable("from and to have to be given, both sizes of signed trees")
    if old > new:
        raise Unacceptable(f"from is {old}, which is more than to ({new})")
    tiles = await request.app[STORAGE].tiles(consistency_tiles(old, new))
    try:
        hashes = consistency_proof(old, new, lambda one: tiles.get(one, b""))
    except ValueError:
        raise RecordUnreadable(_DAMAGED) from None
    return json_answer(msgspec.json.encode({"from": old, "to": new, "hashes": [encode_base64(one) for one in hashes]}))


def _head(request: web.Request) -> Signed:
    head = request.app[SIGNER].head
    if head is None:
        raise web.HTTPNotFound(text=_NOTHING_SIGNED)
    return head


def _address(request: web.Request) -> Address:
    """The path as it was sent: what aiohttp would take for the same is not how a tile is addressed."""
    raw = request.raw_path.partition("?")[0]
    try:
        return parse_path(raw.removeprefix(PREFIX))
    except Malformed as error:
        raise web.HTTPNotFound(text=str(error)) from None


def _check_signed(request: web.Request, place: Tile, width: int) -> None:
    has = width_at(place, _head(request).size)
    if width > has:
        raise web.HTTPNotFound(text=f"{has} of these are signed yet")


def _recorded_seq(request: web.Request) -> int:
    digits, size = request.match_info["seq"], request.app[JOURNAL].size
    seq = seq_of(digits)
    if seq is None or seq >= size:
        raise web.HTTPNotFound(text=f"nothing is recorded under #{digits[:20]} yet; the next number is #{size}")
    return seq


def _unchanging(body: bytes, shared: str) -> web.Response:
    """What is the same for as long as the log lives. ``shared`` says whose caches may keep it."""
    caching = f"{shared}, max-age=31536000, immutable"
    return web.Response(body=body, headers={"Content-Type": TILE, "Cache-Control": caching})
