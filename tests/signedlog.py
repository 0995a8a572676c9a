"""A small log with its tiles and checkpoints, to be verified, and to be tampered with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance_console.checkpoint import Checkpoint
from governance_console.edge import Edge
from governance_console.entries import Item, item_line
from governance_console.evidence import Evidence, checkpoints_in
from governance_console.findings import Findings
from governance_console.merkle import leaf_hash
from governance_console.notes import Signer
from governance_console.storedtree import StoredTiles
from governance_console.tiles import Tile
from governance_console.verify import Record, Verdict, verify

ORIGIN = "log.example/1"


def signer(seed: int = 1, name: str = ORIGIN) -> Signer:
    """A key that is the same each time."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def record_of(seq: int, name: str = "planner") -> Record:
    """Entry number ``seq`` of a log of this name, with data."""
    salt = hashlib.sha256(b"%d" % seq).digest()[:16]
    data = b'{"step":%d}' % seq
    hashed = base64.b64encode(hashlib.sha256(salt + data).digest())
    entry = (
        b'{"seq":%d,"recorded":"2026-11-22T10:00:00.000000Z","principal":"agent:a","category":"tool",'
        b'"severity":"info","event":{"id":"e%d","source":"%s","specversion":"1.0","type":"t"},"data_hash":"%s"}'
    ) % (seq, seq, name.encode(), hashed)
    return Record(seq, entry, salt, data, None)


def entry_of(record: Record) -> bytes:
    """The entry's bytes, which a test's own records always have."""
    assert isinstance(record.entry, bytes)
    return record.entry


def tree_of(records: Iterable[Record]) -> tuple[Edge, dict[Tile, bytes]]:
    """The tree over these entries, and every tile."""
    growth = Edge().grown([leaf_hash(entry_of(record)) for record in records])
    return growth.edge, dict(growth.tiles)


@dataclass
class SignedLog:
    """``size`` entries, every tile, and a checkpoint for each of ``signed``, as an honest console leaves them."""

    size: int
    signed: Sequence[int] = ()
    name: str = "planner"
    by: Signer = field(default_factory=signer)

    def __post_init__(self) -> None:
        self.records = [record_of(seq, self.name) for seq in range(self.size)]
        self.tiles = tree_of(self.records)[1]
        self.notes = [self.sign(size) for size in self.signed]

    def sign(self, size: int) -> bytes:
        """The checkpoint of the log when it had this size."""
        root = tree_of(self.records[:size])[0].root()
        return self.by.sign(Checkpoint(ORIGIN, size, root).text())

    def lines(self) -> list[bytes]:
        """The log as an export has it."""
        return [item_line(item_of(record)) for record in self.records]

    def verdict(self, stored: bool = True, notes: Sequence[bytes] | None = None) -> Verdict:
        """What a verification of this log says, with its stored tiles or without."""
        return verdict_of(self.records, self.notes if notes is None else notes, self.tiles.get if stored else None)


def item_of(record: Record) -> Item:
    """The record as the console would show it."""
    assert isinstance(record.salt, bytes)
    assert isinstance(record.data, bytes)
    return Item(0, entry_of(record), record.salt, record.data, True)


def evidence_of(notes: Sequence[bytes]) -> tuple[Evidence, Findings]:
    """What these files are as evidence for the key of ``signer()``, and what is wrong with them."""
    findings, evidence = Findings(), Evidence()
    for number, note in enumerate(notes):
        for where, found in checkpoints_in(note.splitlines(keepends=True), f"file {number}"):
            evidence.add(found, where, [signer().verifier], ORIGIN, findings)
    return evidence, findings


def verdict_of(records: Iterable[Record], notes: Sequence[bytes], stored: StoredTiles | None = None) -> Verdict:
    """What a verification says of these records."""
    evidence, findings = evidence_of(notes)
    return verify(records, evidence, findings, stored)


def said(verdict: Verdict) -> list[str]:
    """The findings as sentences."""
    return [str(finding) for finding in verdict.findings]
