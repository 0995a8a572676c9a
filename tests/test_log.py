"""The record's tree over HTTP: what an auditor, a mirror or a witness gets, as of what was signed."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import apsw
import pytest
from yarl import URL

from governance_console.api import SIGNER
from governance_console.checkpoint import Checkpoint, parse_checkpoint
from governance_console.merkle import leaf_hash, leaf_hashes, verify_consistency
from governance_console.notes import Standing, parse_note, parse_verifier_key, standing
from governance_console.prooffile import parse_proof_file
from governance_console.settings import Settings
from governance_console.tiles import parse_bundle
from tests.conftest import TOKEN
from tests.console import Console, running
from tests.rfc6962 import Tree
from tests.test_ingest import problem
from tests.waiting import until

SIZE = 600
EVENT = {"source": "a", "type": "t"}


async def signed_up_to(console: Console, size: int) -> None:
    def reached() -> bool:
        head = console.app[SIGNER].head
        return head is not None and head.size == size

    await until(reached)


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[Console]:
    """600 signed entries, and three that are not signed."""
    async with running(settings) as console:
        await console.record(*[EVENT] * SIZE)
    async with running(replace(settings, checkpoint_interval_sec=3600)) as console:
        await console.record(*[EVENT] * 3)
        yield console


async def entries_of(console: Console) -> list[bytes]:
    """The signed entries, out of their bundles."""
    bundles = [await console.get(f"/api/log/tile/entries/{path}") for path in ("000", "001", "002.p/88")]
    return [entry for bundle in bundles for entry in parse_bundle(bundle.body)]


def checked(told: dict[str, Any], note: bytes) -> Checkpoint:
    """The checkpoint, after its signature was checked."""
    parsed = parse_note(note)
    assert standing(parsed, [parse_verifier_key(told["verifier_key"])]) is Standing.SIGNED
    return parse_checkpoint(parsed.text)


async def test_every_entry_is_proved_by_what_is_served(log: Console) -> None:
    told = (await log.get("/api/log")).json
    answer = await log.get("/api/log/checkpoint")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        "text/plain; charset=utf-8",
        "no-cache",
    )
    head = checked(told, answer.body)
    root = base64.b64encode(head.root).decode()
    assert (told["size"], told["root"], told["checkpoint"]) == (SIZE, root, answer.text)
    assert (told["origin"], told["signing"]) == (head.origin, "ok")
    assert told["epoch"] == (await log.get("/api/events?limit=1")).json["epoch"]
    for seq in (0, 255, 256, 511, 599):
        entry = await log.get(f"/api/events/{seq}/entry")
        assert entry.json == (await log.get(f"/api/events/{seq}")).json["entry"]
        proof = await log.get(f"/api/events/{seq}/proof")
        file = parse_proof_file(proof.body)
        assert file.proves(leaf_hash(entry.body), checked(told, file.checkpoint))
        assert proof.headers["Content-Disposition"] == f'attachment; filename="entry-{seq}.tlog-proof"'


async def test_tiles_and_bundles_are_the_tree_and_the_entries(log: Console) -> None:
    entries = await entries_of(log)
    assert entries[599] == (await log.get("/api/events/599/entry")).body
    hashes, tree = leaf_hashes(entries), Tree(entries)
    served = {
        "0/000": b"".join(hashes[:256]),
        "0/002.p/88": b"".join(hashes[512:]),
        "0/002.p/7": b"".join(hashes[512:519]),
        "1/000.p/2": tree.mth(0, 256) + tree.mth(256, 512),
    }
    for path, expected in served.items():
        tile = await log.get(f"/api/log/tile/{path}")
        assert (tile.status, tile.body) == (200, expected), path
    for path in ("0/000", "entries/000"):
        answer = await log.get(f"/api/log/tile/{path}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert (await log.get("/api/log")).json["root"] == base64.b64encode(tree.mth(0, SIZE)).decode()


NO_TILES = (
    *("0/002", "0/002.p/89", "entries/002.p/89", "0/003.p/1", "1/000", "2/000.p/1", "64/000", "0/0", "0/000.p/256"),
    *("00/000", "0//000", "0/x000/000", "0/%300", "0/000%2Ep/1", "entries%2F000", "-1/000"),
)


async def test_what_is_not_signed_or_not_an_address_is_not_there(log: Console) -> None:
    async with aiohttp.ClientSession() as client:
        for path in NO_TILES:
            async with client.get(URL(f"{log.url}/api/log/tile/{path}", encoded=True)) as answer:
                assert answer.status == 404, path


async def test_what_is_not_signed_yet_is_told_apart_from_what_is_not_recorded(log: Console) -> None:
    answer = await log.get("/api/events/602/proof")
    problem(answer, 409)
    assert answer.headers["Retry-After"] == "3600"
    assert (await log.get("/api/events/602/entry")).status == 200
    for what in ("proof", "entry"):
        problem(await log.get(f"/api/events/603/{what}"), 404)


async def test_any_two_sizes_are_proved_consistent(log: Console) -> None:
    tree = Tree(await entries_of(log))
    for old, new in ((1, 600), (255, 256), (256, 599), (512, 600), (600, 600)):
        told = (await log.get(f"/api/log/consistency?from={old}&to={new}")).json
        path = [base64.b64decode(one) for one in told["hashes"]]
        assert verify_consistency(old, new, path, tree.mth(0, old), tree.mth(0, new)), (old, new)
    assert (await log.get("/api/log/consistency?from=0&to=600")).json == {"from": 0, "to": 600, "hashes": []}
    for wrong in ("", "?from=1", "?from=2&to=1", "?from=1&to=601", "?from=1&to=2&size=3", "?from=x&to=2"):
        problem(await log.get(f"/api/log/consistency{wrong}"), 422)


async def test_hashes_that_are_gone_are_a_fault_of_the_record(log: Console, settings: Settings) -> None:
    file = apsw.Connection(str(settings.database_path))
    file.execute("DELETE FROM tiles WHERE id = 0")
    file.close()
    for path in ("/api/log/tile/0/000", "/api/events/3/proof", "/api/log/consistency?from=3&to=600"):
        problem(await log.get(path), 500)


async def test_before_anything_is_signed_there_is_a_log_without_a_checkpoint(console: Console) -> None:
    told = (await console.get("/api/log")).json
    assert (told["size"], told["root"], told["checkpoint"], told["signing"]) == (0, None, None, "ok")
    problem(await console.get("/api/log/checkpoint"), 404)
    problem(await console.get("/api/log/tile/0/000.p/1"), 404)
    assert (await console.get("/api/log/consistency?from=0&to=0")).json["hashes"] == []


async def test_outsiders_may_witness_where_they_are_let_and_read_nothing(settings: Settings) -> None:
    opened = replace(settings, operator_token=TOKEN, public_checkpoint=True, checkpoint_interval_sec=0.05)
    async with running(opened) as console:
        await console.record(EVENT, token=TOKEN)
        await signed_up_to(console, 1)
        for token in ("", "wrong"):
            assert (await console.get("/api/log/checkpoint", token=token)).status == 200
        tile = await console.get("/api/log/tile/0/000.p/1")
        assert (tile.status, tile.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        for path in ("/tile/entries/000.p/1", "/consistency?from=0&to=1", ""):
            problem(await console.get(f"/api/log{path}"), 401)
        bundle = await console.get("/api/log/tile/entries/000.p/1", token=TOKEN)
        assert bundle.headers["Cache-Control"].startswith("private")
