"""A record that is appended to without a journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from governance_console.edge import Edge
from governance_console.merkle import leaf_hashes
from governance_console.storage import Known, Log, NewItem, Storage
from governance_console.storage.sqlite import SqliteStorage


class GrowingStorage(SqliteStorage):
    """``record`` appends items with the tiles that they make, as the journal does; ``known`` only looks up."""

    edge = Edge()

    async def open(self) -> Log:
        log = await super().open()
        self.edge = log.edge
        return log

    async def record(self, items: Sequence[NewItem]) -> None:
        growth = self.edge.grown(leaf_hashes([new.item.entry for new in items]))
        await self.write(lambda writing: writing.append(items, growth.tiles))
        self.edge = growth.edge

    async def known(self, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
        return await known(self, identities)


async def known(storage: Storage, identities: Sequence[bytes]) -> Mapping[bytes, Known]:
    """Which of these are recorded."""
    return await storage.write(lambda writing: writing.known(identities))
