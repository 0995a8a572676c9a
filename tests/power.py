"""What a folder holds after the power failed, worked out from what was done to its disk.

Durable is what was synced. Of everything after that each piece may be there or not: writes are lost, torn
by the sector, filled with garbage and done in another order; names that were made or deleted come back.
What SQLite relies on is kept: bytes beside those of a write are never touched (its "powersafe overwrite").
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from tests.disk import Create, Deed, Delete, Sync, SyncFolder, Truncate, Write

SECTOR = 512


class PowerFailure:
    """A disk as it would be found if the power failed now. ``go_on`` moves now.

    ``before`` is what was durable, sorted by name as ``Disk`` numbers what it finds.
    """

    def __init__(self, before: Iterable[tuple[str, bytes]] = ()) -> None:
        self._durable: dict[int, bytearray] = {}
        self._unsynced: dict[int, list[Write | Truncate]] = {}
        self._names: dict[str, int] = {}
        self._unsynced_names: list[Create | Delete] = []
        for number, (name, content) in enumerate(before):
            self._durable[number] = bytearray(content)
            self._unsynced[number] = []
            self._names[name] = number

    def go_on(self, deeds: Iterable[Deed]) -> None:
        for deed in deeds:
            match deed:
                case Create():
                    self._durable[deed.file] = bytearray()
                    self._unsynced[deed.file] = []
                    self._unsynced_names.append(deed)
                case Delete():
                    self._unsynced_names.append(deed)
                case Write() | Truncate():
                    self._unsynced[deed.file].append(deed)
                case Sync():
                    if not deed.failed:
                        for done in self._unsynced[deed.file]:
                            _do(self._durable[deed.file], done)
                    # The system takes what it failed to write for written, and will not try again.
                    self._unsynced[deed.file].clear()
                case SyncFolder():
                    self._names = _named(self._names, self._unsynced_names)
                    self._unsynced_names.clear()

    def sure(self) -> list[tuple[str, bytes]]:
        """What will be there in any case, by name."""
        return [(name, bytes(self._durable[file])) for name, file in sorted(self._names.items())]

    def left_in(self, folder: Path, chance: random.Random) -> None:
        """Put into the folder what one such failure leaves."""
        kept = [deed for deed in self._unsynced_names if chance.random() < 0.5]
        for name, file in _named(self._names, kept).items():
            (folder / name).write_bytes(self._left_of(file, chance))

    def _left_of(self, file: int, chance: random.Random) -> bytes:
        content = bytearray(self._durable[file])
        unsynced = list(self._unsynced[file])
        if chance.random() < 0.5:
            chance.shuffle(unsynced)
        keeps = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for deed in unsynced:
            fate = chance.random()
            if fate < 0.7:
                if chance.random() < keeps:
                    _do(content, deed)
            elif isinstance(deed, Write):
                for piece in _sectors(deed):
                    if chance.random() < keeps:
                        _do(content, piece)
                    elif chance.random() < 0.1:
                        _do(content, Write(file, piece.offset, chance.randbytes(len(piece.content))))
        return bytes(content)


def _named(names: dict[str, int], deeds: Iterable[Create | Delete]) -> dict[str, int]:
    found = dict(names)
    for deed in deeds:
        if isinstance(deed, Create):
            found[deed.name] = deed.file
        else:
            found.pop(deed.name, None)
    return found


def _do(content: bytearray, deed: Write | Truncate) -> None:
    if isinstance(deed, Truncate):
        del content[deed.size :]
        content.extend(bytes(deed.size - len(content)))
    else:
        content.extend(bytes(max(0, deed.offset - len(content))))
        content[deed.offset : deed.offset + len(deed.content)] = deed.content


def _sectors(deed: Write) -> Iterable[Write]:
    start = deed.offset
    end = deed.offset + len(deed.content)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield Write(deed.file, start, deed.content[start - deed.offset : stop - deed.offset])
        start = stop
