"""Is this log whole? Entries in order, from a database, an export or a mirror, against what was signed. Pure.

Constant memory in the entries; the checkpoints are held. Hostile input makes findings, never an exception.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from governance_console.evidence import Evidence
from governance_console.findings import Finding, Findings, Kind
from governance_console.storedtree import StoredTiles, StoredTree
from governance_console.verifyblock import BLOCK, claims_of, is_hash, whole_block
from governance_console.verifytree import Compared, VerifiedTree
from governance_console.vouching import SAID_IN, Mark, Vouched


class Record(NamedTuple):
    """One entry as a source has it.

    ``seq`` is the source's own number for it, None where it has none but the entry's; ``entry``, ``salt`` and
    ``data`` are bytes, or None where there is none. ``erased`` is the mark that its data was erased, or None.
    A database's column can hold anything, so nothing of it is believed, the types included.
    """

    seq: object
    entry: object
    salt: object
    data: object
    erased: Mark | None


Row = tuple[object, object, object, object, Mark | None]
"""A record, or a plain tuple of the same."""

Later = Callable[[Collection[Mark]], Iterable[Row]]
"""Reads on behind the end, for the entries that may say what bears these marks: a console erases while it is read."""


@dataclass(slots=True)
class Data:
    """Entries with data, counted by what became of it."""

    whole: int = 0
    altered: int = 0
    erased: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. ``findings`` in the order in which they were made, and ``dropped`` more.

    The entries below ``proved`` are just those that were signed, or would be but for the findings; those from
    there to ``size`` were not signed yet, or what was signed says otherwise. ``root`` is that of the tree over all
    of them, or None where a hole keeps it from being told.
    """

    size: int
    root: bytes | None
    proved: int
    findings: Sequence[Finding]
    dropped: int
    compared: Sequence[Compared]
    data: Data

    @property
    def is_tampered(self) -> bool:
        """Whether something speaks against the log."""
        return any(finding.kind.is_tampering for finding in self.findings)


def verify(
    records: Iterable[Row],
    evidence: Evidence,
    findings: Findings,
    stored: StoredTiles | None = None,
    watch: Callable[[int], None] = lambda done: None,
    later: Later | None = lambda marks: (),
) -> Verdict:
    """Go through a log's entries, all of them from number 0 on, and say what is wrong with them and where.

    ``findings`` has those that were made while the evidence was read. ``stored`` are the log's own tiles, or a
    mirror's: they name the single entry where signed roots can name a range only. Entries, tiles and evidence have
    to be of one moment: a log that grows meanwhile has tiles beyond its entries, which reads as entries missing.
    ``watch`` is told now and then how many were gone through. ``later`` is None where nobody can tell what came after
    the end, as with an export: a mark that is younger than its last entry is then neither borne out nor false.
    """
    tree = VerifiedTree(evidence, StoredTree(stored, evidence), findings)
    leaves: list[bytes | None] = []
    room, expected, counts = tree.room(), 0, Data()
    vouched, with_data = Vouched(), -1
    newest: object = None
    source, ahead = iter(records), deque[Row]()  # what was read of a block that is gone through one by one
    following = next(source, None)
    while following is not None:
        if not ahead:
            watch(expected)
            block = [following, *islice(source, min(BLOCK, room - len(leaves)) - 1)]
            whole = whole_block(block, expected)
            if whole is not None:
                leaves += whole.leaves
                counts.whole += whole.with_data
                with_data = with_data if whole.last is None else whole.last
                expected += len(block)
                newest = block[-1][1]
                if len(leaves) == room:
                    tree.add(leaves)
                    leaves, room = [], tree.room()
                following = next(source, None)
                continue
            ahead.extend(block[1:])
        record, following = following, ahead.popleft() if ahead else next(source, None)
        number, entry, salt, data, mark = record
        found = claims_of(entry)
        says = None if found is None else found.seq
        if says != expected or (number is not None and number != expected):
            place = _place(expected, number, says, following, findings)
            if place is None:
                continue
            if place > expected:
                tree.add(leaves)
                tree.skip(place - expected)
                leaves, room = [], tree.room()
        else:
            place = expected
        if found is None:
            findings.add(Kind.NOT_AN_ENTRY, place)
        elif found.data_hash is None:
            if data is not None or salt is not None:
                findings.add(Kind.DATA_ALTERED, place)
                counts.altered += 1
            if mark is not None:
                findings.add(Kind.FALSE_MARK, place)
        elif mark is None and data is not None and salt is not None:
            with_data = place
            if not is_hash(found.data_hash, salt, data):
                findings.add(Kind.DATA_ALTERED, place)
                counts.altered += 1
            else:
                counts.whole += 1
                if found.category == SAID_IN:
                    vouched.said(entry, data)
        elif mark is not None and data is None and salt is None:
            vouched.marked(mark, place, with_data)
            counts.erased += 1
        else:
            with_data = place
            findings.add(Kind.DATA_MISSING if mark is None else Kind.FALSE_MARK, place)
            if data is None or salt is None:
                counts.missing += 1
            elif is_hash(found.data_hash, salt, data):
                counts.whole += 1
            else:
                findings.add(Kind.DATA_ALTERED, place)
                counts.altered += 1
        leaves.append(sha256(b"\0" + entry).digest() if isinstance(entry, bytes) else None)
        if len(leaves) == room:
            tree.add(leaves)
            leaves, room = [], tree.room()
        expected, newest = place + 1, entry
    tree.add(leaves)
    tree.finish()
    if later is not None and vouched.waiting:
        for row in later(vouched.waiting):
            if _is_whole_behind(row, expected):
                vouched.said(row[1], row[3])
    for run, mark in vouched.unsaid():
        is_open = later is None and _is_younger(mark, newest)
        findings.add(Kind.UNVOUCHED if is_open else Kind.FALSE_MARK, run.first, run.last)
    if not evidence.roots:
        findings.add(Kind.NO_CHECKPOINT)
    return Verdict(
        tree.size, tree.root(), tree.proved, tuple(findings.kept), findings.dropped, tuple(tree.compared), counts
    )


def _is_whole_behind(row: Row, end: int) -> bool:
    """Whether this is an entry behind the end that may say what was erased, with the data that it had."""
    number, entry, salt, data, _ = row
    found = claims_of(entry)
    if found is None or found.data_hash is None or found.seq < end or number not in (None, found.seq):
        return False
    return found.category == SAID_IN and is_hash(found.data_hash, salt, data)


def _is_younger(mark: Mark, newest: object) -> bool:
    """Whether the entry that is to bear this mark can have come after this one: it has the time of the mark."""
    found = claims_of(newest)
    return found is None or (isinstance(mark.at, str) and mark.at >= found.recorded)


def _place(expected: int, number: object, says: int | None, following: Row | None, findings: Findings) -> int | None:
    """Where a record belongs that is not, or does not say that it is, the one expected. None: nowhere.

    The source's own number decides. Without one the entry's does, unless the record after it goes on as if this
    one were in its place: then it is this one that lies.
    """
    place = number if type(number) is int else says
    if number is None and following is not None:
        after = claims_of(following[1])
        if after is not None and after.seq == expected + 1:
            place = expected
    if place is None:
        return expected
    if place < expected:
        findings.add(Kind.MISPLACED, place, detail=f" (after entry {expected - 1})")
        return None
    if place > expected:
        findings.add(Kind.MISSING, expected, place - 1)
    if says is not None and says != place:
        findings.add(Kind.RENUMBERED, place, detail=f" ({says})")
    return place
