"""``python run.py export``: any part of the record, as the console's NDJSON or as CSV."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shlex
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from governance_console import jsontext
from governance_console.backoff import Backoff
from governance_console.cli.filters import add_filters, cursor, query_of
from governance_console.cli.output import Output, output
from governance_console.cli.remote import MAX_ANSWER_BYTES, PATIENCE, UNREADABLE, Remote, add_remote, connected
from governance_console.cli.terminal import Progress, run, standard_output
from governance_console.columns import header, row_of
from governance_console.errors import CommandFailed, InputError, NotReached
from governance_console.selection import HISTORY_FILTERS

_EPILOG: Final = """\
examples:
  python run.py export > record.ndjson                  everything, oldest first, as the console writes it
  python run.py export --from 231 >> record.ndjson      what came since
  python run.py export --before 1000                    newest first, from #999 down
  python run.py export --csv -o october.csv --since 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z
  python run.py export --severity error --q timeout | jq .entry.event

-o writes to another name first, so that FILE is whole or as it was. A lost connection is taken up again. Ended before
its time (Ctrl-C, SIGTERM) it says with which options to go on; what -o had is kept as FILE.part.
exit status: 0 all of it was written; 2 it could not go on, and why on standard error; 130 Ctrl-C; 143 SIGTERM
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
    parser.add_argument("--no-header", action="store_true", help="a table without its first row, to go on with one")
    edges = parser.add_mutually_exclusive_group()
    edges.add_argument("--from", dest="start", type=cursor, metavar="SEQ", help="from there up (default 0)")
    edges.add_argument("--before", type=cursor, metavar="SEQ", help="from just below there down, newest first")
    add_filters(parser, history=True)
    add_remote(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.no_header and not chosen.csv:
        raise CommandFailed("--no-header is for --csv: nothing else has one")
    rows_beside = chosen.output is None and standard_output().isatty()
    with Progress(sys.stderr, rows_beside=rows_beside) as progress:
        return run(_export(chosen, progress))


async def _export(chosen: argparse.Namespace, progress: Progress) -> int:
    async with connected(chosen) as remote:
        await remote.greet(to_read=True)
        export = Export(remote, chosen, progress)
        with output(chosen.output) as out:
            try:
                if chosen.csv and not chosen.no_header:
                    out.write(header())
                async with contextlib.aclosing(export.rows()) as rows:
                    async for row in rows:
                        out.write(row)
            except asyncio.CancelledError:
                progress.say(_broken_off(export, out))
                raise
    later = "" if chosen.before is not None else f"; what comes later: {export.rest}"
    progress.say(f"exported {export.count:,} entries{later}")
    return 0


def _broken_off(export: Export, out: Output) -> str:
    if not export.count:
        return "it was ended before anything was exported"
    kept = out.keep()
    into, onto = (f" into {kept}", f" >> {shlex.quote(str(kept))}") if kept else ("", "")
    return f"exported {export.count:,} entries{into}, and then it was ended; go on with {export.rest}{onto}"


class _Page(msgspec.Struct):
    """What is asked of the history before the export, to know where it ends."""

    epoch: str
    size: int


class _Entry(msgspec.Struct):
    seq: int
    event: dict[str, Any]


class _Item(msgspec.Struct):
    """A line of the console's answer, as far as it matters here."""

    entry: _Entry
    data: msgspec.Raw = msgspec.Raw()


class Export:
    """The selected rows, through any number of connections.

    ``following`` is where the next one goes on, ``size`` how long the record was when it was last asked.
    """

    def __init__(self, remote: Remote, chosen: argparse.Namespace, progress: Progress) -> None:
        self._remote = remote
        self._progress = progress
        self._as_table = chosen.csv
        self._filters = query_of(chosen, HISTORY_FILTERS)
        self._is_down = chosen.before is not None
        self._epoch = ""
        self.size = 0
        self.following: int = chosen.before if self._is_down else chosen.start or 0
        self.count = 0

    @property
    def rest(self) -> str:
        """The options that export what follows, onto what there is."""
        header = "--no-header " if self._as_table else ""
        return f"{header}{'--before' if self._is_down else '--from'} {self.following}"

    async def rows(self) -> AsyncGenerator[bytes, None]:
        """Every row once, in order. Raises CommandFailed."""
        backoff = Backoff(random.random)
        first = self.following
        waiting = False
        while True:
            try:
                await self._measure()
                async with contextlib.aclosing(self._connection()) as lines:
                    async for line in lines:
                        item = self._item(line)
                        self.following = item.entry.seq + (0 if self._is_down else 1)
                        yield self._table_row(line, item) if self._as_table else line
                        self.count += 1
                        waiting = False
                        span = abs((0 if self._is_down else self.size) - first)
                        self._progress.draw("export", self.count, abs(self.following - first) / span if span else 1.0)
                self.following = 0 if self._is_down else max(self.following, self.size)
                return
            except NotReached as error:
                if not self._epoch:
                    raise
                if not waiting:
                    self._progress.say(f"{error}; trying again until it works")
                    backoff.reset()
                waiting = True
                await asyncio.sleep(backoff.wait(error.after))

    def _item(self, line: bytes) -> _Item:
        try:
            return msgspec.json.decode(line, type=_Item)
        except UNREADABLE:
            pass
        try:
            texts = jsontext.texts(line)
            entry = msgspec.json.decode(texts["entry"], type=_Entry)
        except (InputError, KeyError, ValueError, *UNREADABLE):
            raise self._remote.no_console() from None
        return _Item(entry, msgspec.Raw(texts.get("data", b"")))

    def _table_row(self, line: bytes, item: _Item) -> bytes:
        try:
            return row_of(json.loads(line), bytes(item.data).decode())
        except (ValueError, RecursionError):  # msgspec looks less closely at what it passes over
            raise self._remote.no_console() from None

    async def _measure(self) -> None:
        """Where the record ends now, and whether it is still the same one."""
        async with self._get([("before", "0")], "application/json") as answer:
            page = self._remote.understood(await self._remote.body_of(answer), _Page)
        if self._epoch and page.epoch != self._epoch:
            raise CommandFailed("the console has another record now: begin again")
        self._epoch, self.size = page.epoch, page.size

    async def _connection(self) -> AsyncGenerator[bytes, None]:
        """The lines of one answer. Raises NotReached where it ends in the middle of a line, which is then not sent."""
        edge = ("before" if self._is_down else "from", str(self.following))
        async with self._get([edge, *self._filters], "application/x-ndjson") as answer:
            rest = bytearray()
            async for chunk in answer.content.iter_any():
                *ends, begun = chunk.split(b"\n")
                for end in ends:
                    yield bytes(rest) + end + b"\n"
                    rest.clear()
                rest += begun
                if len(rest) > MAX_ANSWER_BYTES:
                    raise self._remote.no_console()
            if rest:
                # Something between ended the answer as if it was whole.
                raise NotReached(f"{self._remote.url} ended its answer in the middle of a line")

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
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise remote.not_reached(error) from None
