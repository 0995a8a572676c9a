"""``python run.py import --follow``: keep up with a file that grows, until it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from governance_console.backoff import Backoff
from governance_console.cli.batches import open_source, packed
from governance_console.cli.followed import Followed
from governance_console.cli.remote import Remote
from governance_console.cli.sending import Sender
from governance_console.cli.state import beside, unwritable
from governance_console.cli.terminal import Progress
from governance_console.display import printable
from governance_console.errors import CommandFailed, InUse, NotReached
from governance_console.lines import Defaults
from governance_console.lock import LockFile

POLL_SEC: Final = 0.1
"""How often a file is looked at that had nothing more."""


async def follow(
    path: Path,
    state: Path | None,
    linger: float,
    defaults: Defaults,
    remote: Remote,
    sender: Sender,
    progress: Progress,
) -> None:
    """Send the lines of a growing file as they come, for ever. Raises CommandFailed."""
    with _followed(path, state, linger, progress) as followed:
        await _met(remote, progress)
        name = printable(path.name)
        while True:
            lines = followed.step()
            for batch in packed(name, lines, defaults, 0):
                for bad in batch.bad:
                    sender.bad(bad.where, bad.why)
                await sender.send(batch.events)
                progress.draw(name, sender.tally.done, 0.0)
            if lines:
                followed.acknowledge(sender.epoch)
            else:
                await asyncio.sleep(POLL_SEC)


@contextlib.contextmanager
def _followed(path: Path, state: Path | None, linger: float, progress: Progress) -> Iterator[Followed]:
    path = path.absolute()
    where = (state or beside(path)).absolute()
    if not where.exists():
        # A name that is misspelt leaves nothing behind.
        open_source(str(path)).file.close()
    # Of two, each would save over how far the other is.
    lock = LockFile(where.with_name(f"{where.name}.lock"))
    try:
        lock.acquire()
    except InUse as error:
        raise CommandFailed(
            f"another import --follow{error.holder} keeps {where}: end it, or give this one its own --state"
        ) from None
    except OSError as error:
        raise unwritable(where, error) from None
    try:
        with contextlib.closing(Followed(path, where, linger, time.monotonic, progress.say)) as followed:
            yield followed
    finally:
        lock.release()


async def _met(remote: Remote, progress: Progress) -> None:
    """Wait for the console: what follows a file may well be started first. Raises CommandFailed."""
    backoff = Backoff(random.random)
    waiting = False
    while True:
        try:
            return await remote.greet(to_read=False)
        except NotReached as error:
            if not waiting:
                progress.say(f"{error}; trying again until it works")
            waiting = True
            await asyncio.sleep(backoff.wait(error.after))
