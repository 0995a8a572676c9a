"""A record that a real console made, with its key, to be audited, and to be tampered with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from governance_console.checkpoint import Checkpoint
from governance_console.edge import Edge
from governance_console.keyfile import make_key
from governance_console.merkle import leaf_hash
from governance_console.notes import Signer, parse_private_key
from governance_console.settings import Settings
from tests.console import running

ORIGIN = "log.example/1"
SIZES = (100, 256, 300)
"""The record was this long whenever its console was stopped."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an operator has: the database and an export; and an auditor: the verifier key, and what he saved."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "governance.db"

    @property
    def export(self) -> Path:
        return self.folder / "record.ndjson"

    @property
    def key(self) -> Path:
        return self.folder / "log.key"

    @property
    def heartbeats(self) -> Path:
        return self.folder / "heartbeats.log"

    @property
    def signer(self) -> Signer:
        return Signer(ORIGIN, parse_private_key(self.key.read_bytes()))

    def copy(self, folder: Path) -> Kept:
        """The same, for one test to spoil."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Kept(folder)

    def lines(self) -> list[bytes]:
        return self.export.read_bytes().splitlines(keepends=True)

    def sql(self, statements: str) -> None:
        """What somebody does who has the file."""
        with closing(apsw.Connection(str(self.database))) as file:
            file.execute(statements)

    def rows(self, columns: str, table: str = "entries") -> list[tuple[Any, ...]]:
        with closing(apsw.Connection(str(self.database))) as file:
            return file.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


async def keep(folder: Path, sizes: Iterable[int] = SIZES) -> Kept:
    """Let a console record so many events, stop it, and so on."""
    kept = Kept(folder)
    make_key(kept.key)
    settings = Settings(
        database_url=f"sqlite:///{kept.database}",
        log_origin=ORIGIN,
        log_key_file=str(kept.key),
        checkpoint_interval_sec=3600,  # but it signs when it stops
    )
    before = 0
    for size in sizes:
        async with running(settings) as console:
            events = [{"source": "planner", "type": "agent.step", "n": number} for number in range(before, size)]
            await console.record(*events)
            kept.export.write_bytes(b"".join(await console.lines()))
        before = size
    beats = [
        json.dumps({"type": "audit", "size": size, "checkpoint": note.decode()})
        for size, note in kept.rows("size, note", "checkpoints")
    ]
    kept.heartbeats.write_text("".join(f"< {beat}\n" for beat in beats), encoding="utf-8")
    return kept


def hash_anew(kept: Kept, signer: Signer, size: int) -> None:
    """Hash the entries anew and sign them, as a forger does."""
    with closing(apsw.Connection(str(kept.database))) as file:
        file.execute("BEGIN; DELETE FROM tiles")
        entries = [entry for (entry,) in file.execute("SELECT entry FROM entries ORDER BY seq")]
        growth = Edge().grown([leaf_hash(entry) for entry in entries])
        tiles = [((tile.level << 48) + tile.number, hashes) for tile, hashes in growth.tiles.items()]
        file.executemany("INSERT INTO tiles (id, hashes) VALUES (?, ?)", tiles)
        note = signer.sign(Checkpoint(ORIGIN, size, growth.edge.root()).text())
        file.execute("INSERT OR REPLACE INTO checkpoints (size, note) VALUES (?, ?)", (size, note))
        file.execute("COMMIT")
