"""The tree over the entries, beside the hashes that were stored and the roots that were signed. Pure.

Leaves come in order and are taken in blocks of 256: a tile. Where the stored tile says otherwise, something has to
tell who is right: a signed root that vouches for either, or the stored hash one level up. What is vouched for is
what the tree goes on with, so that one altered entry is named and everything after it can still be proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance_console.evidence import Evidence
from governance_console.findings import Findings, Kind
from governance_console.merkle import EMPTY_ROOT, HASH_BYTES, fold
from governance_console.storedtree import StoredTree
from governance_console.tiles import TILE_WIDTH, Tile


@dataclass(frozen=True, slots=True)
class Compared:
    """A signed root beside these entries' own at that size: the same, another (False), or not to be told (None)."""

    size: int
    where: str
    agrees: bool | None


class VerifiedTree:
    """The tree of one log, grown leaf by leaf; a leaf that is missing or unreadable is None."""

    def __init__(self, evidence: Evidence, stored: StoredTree, findings: Findings) -> None:
        self._evidence = evidence
        self._stored = stored
        self._findings = findings
        self._levels: list[list[bytes | None]] = [[]]  # of each level, what the tile under way has so far
        self._sizes = sorted(evidence.roots, reverse=True)  # signed, and not yet compared
        self._is_lost = False  # no root can be told any more: a hole, and no stored hashes to fill it
        self.size = 0
        self.proved = 0  # a signed root vouches for everything below
        self.compared: list[Compared] = []

    def room(self) -> int:
        """How many leaves the block under way still takes."""
        return TILE_WIDTH - self.size % TILE_WIDTH

    def add(self, leaves: Sequence[bytes | None]) -> None:
        """The next leaves, at most as many as there is room for."""
        self.size += len(leaves)
        if self._is_lost:
            return
        self._levels[0] += leaves
        if len(self._levels[0]) == TILE_WIDTH:
            self._close(0)

    def skip(self, count: int) -> None:
        """So many leaves are missing. Where stored hashes cannot stand in for them, no later root can be told."""
        while count and not self._is_lost:
            number, at = divmod(self.size, TILE_WIDTH)
            step = min(count, self.room())
            if len(self._stored.read(Tile(0, number))) < (at + step) * HASH_BYTES:
                self._judge(0)  # what was signed before the hole
                self._is_lost = True
                break
            self.add([None] * step)
            count -= step
        self.size += count

    def finish(self) -> None:
        """There are no more leaves: judge what is under way, and say what was signed or stored beyond."""
        for level in range(0 if self._is_lost else len(self._levels)):
            self._judge(level)
        number = self.size // TILE_WIDTH
        stored = len(self._stored.read(Tile(0, number))) // HASH_BYTES
        beyond = max(number * TILE_WIDTH + stored, *self._evidence.roots, self.size)
        if beyond > self.size:
            self._findings.add(Kind.MISSING, self.size, beyond - 1)
        self._tell_histories()

    def root(self) -> bytes | None:
        """The root over all that came, with what was vouched for in the place of what was not; None: not to be told."""
        return None if self._is_lost else self._root(self._levels[0])

    def _close(self, level: int) -> None:
        """A tile is full: judge it, and raise its hash, or the vouched one that should be in its place."""
        self._judge(level)
        tile = self._under_way(level)
        raised = _fold(self._levels[level])
        wanted = self._stored.parent(tile)
        if raised != wanted and wanted and (raised is None or self._stored.is_parent_vouched(tile)):
            if raised is not None:  # altered, and the stored hashes with it, but not all the way up
                self._findings.add(Kind.CHANGED, *_entries(tile, 0, TILE_WIDTH))
            raised = wanted
        self._levels[level] = []
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._levels[level + 1].append(raised)
        if len(self._levels[level + 1]) == TILE_WIDTH:
            self._close(level + 1)

    def _judge(self, level: int) -> None:
        """Settle the hashes of the tile under way: against the stored ones, and at level 0 against signed roots."""
        ours = self._levels[level]
        if ours and self._stored.is_there:
            tile = self._under_way(level)
            stored = self._stored.read(tile)[: len(ours) * HASH_BYTES]
            if None in ours or stored != b"".join(each for each in ours if each):
                if len(stored) == len(ours) * HASH_BYTES:
                    self._settle(tile, ours, stored)
                elif stored or len(ours) == TILE_WIDTH:
                    self._findings.add(Kind.STORED_HASHES, *_entries(tile, 0, len(ours)), f" ({_name(tile)} is cut)")
        if level == 0:
            base = self.size - len(ours)
            while self._sizes and self._sizes[-1] <= self.size:
                size = self._sizes.pop()
                self._compare(size, self._root(ours[: size - base]))

    def _settle(self, tile: Tile, ours: list[bytes | None], raw: bytes) -> None:
        """Where ours and the stored ones differ, name who is wrong, and put what is vouched for in its place."""
        stored = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
        parent = self._stored.parent(tile) if len(ours) == TILE_WIDTH else b""
        trust_stored = self._stored.believed(tile)
        trust_ours = TILE_WIDTH if _fold(ours) == parent else self._proved(tile, ours)
        for at, (one, other) in enumerate(zip(tuple(ours), stored, strict=True)):
            if one == other:
                continue
            if one is None:
                ours[at] = other  # that it is missing or unreadable was said when it was
            elif at < trust_ours:
                self._findings.add(Kind.STORED_HASHES, *_entries(tile, at, 1), f" ({_name(tile)})")
            elif at < trust_stored:
                self._findings.add(Kind.ALTERED if tile.level == 0 else Kind.CHANGED, *_entries(tile, at, 1))
                ours[at] = other
            else:
                self._findings.add(Kind.DOUBTFUL, *_entries(tile, at, 1))

    def _proved(self, tile: Tile, ours: list[bytes | None]) -> int:
        """How many of our own hashes a signed root vouches for."""
        if tile.level:
            return (self.proved - _entries(tile, 0, 1)[0]) // (1 << 8 * tile.level)
        base = self.size - len(ours)
        within = (size for size in self._sizes if base < size <= self.size)
        return max(
            (size - base for size in within if self._root(ours[: size - base]) in self._evidence.roots[size]), default=0
        )

    def _root(self, leaves: Sequence[bytes | None]) -> bytes | None:
        """The root over everything before this block and these leaves of it; None where one is not known."""
        rows = [row for row in (leaves, *self._levels[1:]) if row]
        below: list[bytes | None] = []
        for row in rows:
            below = [_fold([*row, *below])]
        return below[0] if below else EMPTY_ROOT

    def _compare(self, size: int, ours: bytes | None) -> None:
        for signed, where in self._evidence.roots[size].items():
            self.compared.append(Compared(size, where, None if ours is None else signed == ours))
        if ours in self._evidence.roots[size]:
            self.proved = size

    def _tell_histories(self) -> None:
        """Where signed roots are not those of these entries, tell altered entries from a second history.

        A root says only whether everything below it is the same, so what is known is a range: from the last size at
        which they agreed. Where these entries agree with what was signed later, or two roots were signed for one
        size, there are two histories, and only the key can have made them. (The range takes for granted that
        whoever signed the differing root had first signed the agreeing ones below it.)
        """
        agreed, is_told = 0, False
        last_agreeing = max((each.size for each in self.compared if each.agrees), default=-1)
        for each in self.compared:
            if each.agrees:
                agreed, is_told = each.size, False
            elif each.agrees is False and not is_told:
                is_told = True
                is_split = each.size <= last_agreeing or len(self._evidence.roots[each.size]) > 1
                kind, detail = (Kind.SPLIT, f" ({each.where})") if is_split else (Kind.CHANGED, "")
                last = max(each.size - 1, 0)
                self._findings.add(kind, min(agreed, last), last, detail)
        for size in sorted(self._evidence.roots):
            if size > self.size and len(self._evidence.roots[size]) > 1:
                places = " and ".join(self._evidence.roots[size].values())
                self._findings.add(Kind.SPLIT, agreed, size - 1, f" ({places})")

    def _under_way(self, level: int) -> Tile:
        """The tile of this level that was last put into."""
        return Tile(level, (self.size // (1 << 8 * level) - 1) // TILE_WIDTH)


def _entries(tile: Tile, at: int, count: int) -> tuple[int, int]:
    """The first and last entry under ``count`` hashes of a tile."""
    first = tile.number * TILE_WIDTH + at
    return first * (1 << 8 * tile.level), (first + count) * (1 << 8 * tile.level) - 1


def _fold(hashes: Sequence[bytes | None]) -> bytes | None:
    known = [each for each in hashes if each is not None]
    return fold(b"".join(known)) if len(known) == len(hashes) else None


def _name(tile: Tile) -> str:
    return f"tile {tile.number} of level {tile.level}"
