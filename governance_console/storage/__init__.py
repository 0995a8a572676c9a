"""The door to the record's storage: what every backend has to do, and what may be relied on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from governance_console.edge import Edge
from governance_console.entries import Item, Page
from governance_console.erasure import Erasure
from governance_console.selection import EVERYTHING, Selection, Shown
from governance_console.sessions import SessionStore
from governance_console.tiles import Tile

PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page ends after this much content: a thousand items may hold a gigabyte."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Log:
    """What a log says of itself when it is opened.

    ``recorded`` is when its last entry was recorded, or the empty string of an empty log. ``edge`` is that of the
    tree over its entries, ``checkpoint`` the newest that was saved.
    """

    epoch: str
    origin: str
    recorded: str
    edge: Edge
    checkpoint: bytes | None = None

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.edge.size


class NewItem(msgspec.Struct, frozen=True, gc=False):
    """An item to append, the identity under which it is found again, and what filters and searches look at."""

    item: Item
    identity: bytes
    shown: Shown
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One source of the record.

    ``first`` and ``last`` are the numbers of its first and last entry, ``entry`` the last one's bytes,
    ``first_recorded`` when the first was recorded, ``recorded`` when the last few were, newest first;
    ``…_lately`` counts from a given number on.
    """

    name: str
    events: int
    first: int
    last: int
    entry: bytes
    first_recorded: str
    recorded: Sequence[str]
    events_lately: int
    errors_lately: int


class Known(NamedTuple):
    """An entry that is recorded already. ``salt`` is None where it has no data, or no longer."""

    seq: int
    entry: bytes
    salt: bytes | None


class Erasable(NamedTuple):
    """What can be erased: so many ``entries`` with data from ``first`` to ``last``, looked for below ``reached``."""

    first: int
    last: int
    entries: int
    reached: int


class Writing(Protocol):
    """The record in the hands of who writes, for one visit: see ``Storage.write``. Used in the writer's thread."""

    def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        """Which of these are recorded. What the visit has appended itself is not looked for."""

    def append(self, items: Sequence[NewItem], tiles: Mapping[Tile, bytes], erasures: Sequence[Erasure] = ()) -> None:
        """Append these, with the tiles that the tree's growth by them changed; and erase what they say.

        Durable when the visit is over. Once a visit, after what it looks up.

        Erased are data and salt of every named entry that has some, but for the entries that say what was erased,
        and how the log began. From then on no read shows them; the files may hold them until ``fold``.
        """


class Storage(Protocol):
    """One log in one place.

    Durability: when ``write`` returns, what it appended survives power loss. Order: items are appended in the order
    of their ``seq``, without a hole, and a reader sees a prefix of them. Atomicity: what a visit appends is there
    whole or not at all, and the tiles with it. Concurrency: one ``write`` at a time, by the journal alone; reads at
    any time, also during one. Single writer: a second console on the same log is refused when it opens it. Every
    read raises RecordUnreadable where what it wants cannot be read, and RecordUnavailable where another program is
    in its way.
    """

    @property
    def sessions(self) -> SessionStore:
        """Where browser sessions are kept: in the same place, and nothing of the log. For use while it is open."""

    async def open(self) -> Log:
        """Open the log, or make it. Raises CannotStart with a sentence for the person at the terminal."""

    async def write(self, work: Callable[[Writing], _T]) -> _T:
        """One visit to the writer's thread: ``work`` looks up and appends there, and what it returns is returned.

        ``work`` is called once, and computes from what it was made of: it touches nothing that others use meanwhile.
        What it raises is raised here, and then nothing of it was recorded. After any other error the outcome is
        unknown until ``open`` was called again.
        Raises StorageFull or RecordUnavailable, after which nothing of it was recorded and trying again is
        right; or StorageFailed, after which nothing may be appended any more.
        """

    async def save_checkpoint(self, size: int, note: bytes) -> None:
        """Make the signed checkpoint of this size durable. Raises as ``write`` does."""

    async def fold(self) -> bool:
        """Leave nothing in the files of what was erased. False where a reader is in the way: try again.

        Raises as ``write`` does.
        """

    async def erasable(self, start: int, stop: int, most: int, most_bytes: int) -> Erasable:
        """What of ``start <= seq < stop`` an append would erase, looking at ``most`` entries.

        It ends early with the entry that takes it past ``most_bytes`` of data.
        """

    async def looked_through(self) -> int:
        """How far ``save_looked_through`` said, or what the console itself erased: all below this was looked at."""

    async def save_looked_through(self, reached: int) -> None:
        """Remember how far data that is too old was looked for. Raises as ``write`` does."""

    async def probe(self) -> None:
        """Make one small durable write that changes no entry. Raises as ``write`` does."""

    async def tiles(self, wanted: Sequence[Tile]) -> Mapping[Tile, bytes]:
        """The hashes of those of these tiles that are there, all as they were at one moment.

        A tile only grows, so what was read is a part of what is there later.
        """

    async def get(self, seq: int) -> Item | None:
        """One item, or None."""

    async def ascending(
        self, start: int, stop: int, limit: int, selection: Selection = EVERYTHING, most_bytes: int = PAGE_BYTES
    ) -> Page:
        """At most ``limit`` selected items with ``start <= seq < stop``, oldest first. ``stop`` is not past its end.

        A page may end early: with the item that takes it past ``most_bytes`` of content, or after so much time.
        ``reached`` says where to go on, and is ``stop`` when everything was looked at.
        """

    async def descending(self, before: int, limit: int, selection: Selection = EVERYTHING) -> Page:
        """At most ``limit`` selected items below ``before``, newest first; ``before`` is not past the log's end.

        It may end early as ``ascending`` does; ``reached`` is 0 when everything was looked at.
        """

    async def first_recorded(self, moment: str, size: int) -> int:
        """The number of the first of ``size`` entries recorded at or after this time."""

    async def sources(self, limit: int, lately: int, sample: int) -> Sequence[Source]:
        """At most ``limit`` sources, the one heard last first; ``sample`` last times of each."""

    async def close(self) -> None:
        """Give everything back. No ``write`` may be under way."""
