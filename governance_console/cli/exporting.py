"""``python run.py export``: any part of the record, as the console's NDJSON or as CSV."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from governance_console.backoff import Backoff
from governance_console.cli.filters import HISTORY, add_filters, cursor, query_of
from governance_console.cli.remote import PATIENCE, Remote, add_remote, connected
from governance_console.cli.terminal import Progress, put, run
from governance_console.columns import header, row_of
from governance_console.errors import CommandFailed, NotReached

_EPILOG: Final = """\
examples:
  python run.py export > record.ndjson                  everything, oldest first, as the console writes it
  python run.py export --from 231 >> record.ndjson      what came since
  python run.py export --before 1000                    newest first, from #999 down
  python run.py export --csv -o october.csv --since 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z
  python run.py export --severity error --q timeout | jq .entry.event

-o writes to another name first, so that FILE is whole or as it was. A lost connection is taken up again.
exit status: 0 all of it was written; 2 it could not go on, and why on standard error
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "export",
        help="write the record of a running console to a file",
        description="Write the record of a running console, or any part of it, as NDJSON (one item a line) or as CSV.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="where to (default: standard output)")
    parser.add_argument("--csv", action="store_true", help="as a table; cells that could be formulas get an apostrophe")
    edges = parser.add_mutually_exclusive_group()
    edges.add_argument("--from", dest="start", type=cursor, metavar="SEQ", help="from there up (default 0)")
    edges.add_argument("--before", type=cursor, metavar="SEQ", help="from just below there down, newest first")
    add_filters(parser, history=True)
    add_remote(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return run(_export(chosen))


async def _export(chosen: argparse.Namespace) -> int:
    progress = Progress(sys.stderr)
    async with connected(chosen) as remote:
        await remote.greet(to_read=True)
        export = _Export(remote, chosen, progress)
        with _output(chosen.output) as write:
            if chosen.csv:
                write(header())
            async with contextlib.aclosing(export.lines()) as lines:
                async for line in lines:
                    write(_csv_row(line) if chosen.csv else line)
    going_on = "" if chosen.before is not None else f"; what comes later: --from {export.following}"
    progress.say(f"exported {export.count:,} entries{going_on}")
    return 0


class _Page(msgspec.Struct):
    """What is asked of the history before the export, to know where it ends."""

    epoch: str
    size: int


class _Entry(msgspec.Struct):
    seq: int


class _Item(msgspec.Struct):
    entry: _Entry


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()


class _Export:
    """The selected lines, through any number of connections. ``following`` is where the next one goes on."""

    def __init__(self, remote: Remote, chosen: argparse.Namespace, progress: Progress) -> None:
        self._remote = remote
        self._progress = progress
        self._filters = query_of(chosen, HISTORY)
        self._is_down = chosen.before is not None
        self._epoch = ""
        self._size = 0
        self.following: int = chosen.before if self._is_down else chosen.start or 0
        self.count = 0

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Every line once, in order. Raises CommandFailed."""
        backoff = Backoff(random.random)
        first = self.following
        waiting = False
        while True:
            try:
                await self._measure()
                async for line in self._connection():
                    self.following = _seq_of(line) + (0 if self._is_down else 1)
                    yield line
                    self.count += 1
                    waiting = False
                    span = abs((0 if self._is_down else self._size) - first)
                    self._progress.draw("export", self.count, abs(self.following - first) / span if span else 1.0)
                self.following = 0 if self._is_down else max(self.following, self._size)
                return
            except NotReached as error:
                if not self._epoch:
                    raise
                if not waiting:
                    self._progress.say(f"{error}; trying again until it works")
                    backoff.reset()
                waiting = True
                await asyncio.sleep(backoff.wait(error.after))

    async def _measure(self) -> None:
        """Where the record ends now, and whether it is still the same one."""
        async with self._get([("limit", "1")], "application/json") as answer:
            page = msgspec.json.decode(await answer.read(), type=_Page)
        if self._epoch and page.epoch != self._epoch:
            raise CommandFailed("the console has another record now: begin again")
        self._epoch, self._size = page.epoch, page.size

    async def _connection(self) -> AsyncIterator[bytes]:
        """The lines of one answer. A connection that breaks off in the middle of a line has not sent it."""
        edge = ("before" if self._is_down else "from", str(self.following))
        async with self._get([edge, *self._filters], "application/x-ndjson") as answer:
            rest = bytearray()
            async for chunk in answer.content.iter_any():
                *lines, last = (bytes(rest) + chunk).split(b"\n")
                rest[:] = last
                for line in lines:
                    yield line + b"\n"

    @contextlib.asynccontextmanager
    async def _get(self, query: list[tuple[str, str]], accept: str) -> AsyncIterator[aiohttp.ClientResponse]:
        remote = self._remote
        url = remote.url + "/api/events"
        try:
            async with remote.client.get(
                url, params=query, headers={"Accept": accept}, allow_redirects=False
            ) as answer:
                if answer.status in PATIENCE:
                    raise remote.not_now(answer)
                if answer.status != 200:
                    raise await remote.refused(answer)
                yield answer
        except msgspec.MsgspecError:
            raise CommandFailed(f"what answers at {remote.url} is no governance console: is the URL right?") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise remote.not_reached(error) from None


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """What writes: to standard output, or to a file that has its name only when it is whole."""
    if path is None:
        yield put
        return
    if path.is_dir():
        raise CommandFailed(f"{path} cannot be written: it is a directory")
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        with part.open("xb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{path} cannot be written: {_reason(error)}") from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "that is no name of a file").lower()


def _seq_of(line: bytes) -> int:
    return msgspec.json.decode(line, type=_Item).entry.seq


def _csv_row(line: bytes) -> bytes:
    data = bytes(msgspec.json.decode(line, type=_Data).data)
    return row_of(json.loads(line), data.decode())
