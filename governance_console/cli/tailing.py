"""``python run.py tail``: the record in a terminal, as it was and as it grows."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from typing import Any, Final

import aiohttp
import msgspec

from governance_console.backoff import Backoff
from governance_console.cli.filters import add_filters, cursor, query_of
from governance_console.cli.remote import MAX_ANSWER_BYTES, PATIENCE, SILENCE_SEC, Remote, add_remote, connected
from governance_console.cli.terminal import Progress, put, run, standard_output, wants_colour
from governance_console.closes import CREDENTIAL_ENDED, FAILED, POSITION_LOST
from governance_console.display import entry_row, heartbeat_row, json_line
from governance_console.errors import CommandFailed, NotReached
from governance_console.selection import STREAM_FILTERS

BEATS_MISSED: Final = 3
"""After this many heartbeats that did not come the connection is taken for dead, however open it looks."""

MOST_BREAKS: Final = 4
"""How often a stream may break off at one place before that is taken for damage."""

SLACK_SEC: Final = 5.0

_EPILOG: Final = """\
examples:
  python run.py tail                                  what comes from now on
  python run.py tail --from 0                         everything, and then what comes
  python run.py tail --severity warning               only what wants attention
  python run.py tail --type 'agent.tool.*' --source planner-7
  python run.py tail --json | jq .entry               one message of the stream a line

A lost connection is taken up again where it was: nothing is missed, and nothing shown twice. Ctrl-C ends it.
Where the record was set back or is another one now it ends too; with --heartbeats it says so and goes on collecting.
exit status: 0 it was ended; 2 it could not go on, and why on standard error
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "tail",
        help="show the record of a running console as it grows",
        description="Show the record of a running console as it grows, one line an entry.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="start", type=cursor, metavar="SEQ", help="begin there; 0 is everything")
    parser.add_argument("--json", action="store_true", help="the messages of the stream themselves, one a line")
    parser.add_argument("--heartbeats", action="store_true", help="show the console's heartbeats too")
    add_filters(parser, history=False)
    add_remote(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return run(_tail(chosen, Progress(sys.stderr)), endless=True)


async def _tail(chosen: argparse.Namespace, progress: Progress) -> int:
    backoff = Backoff(random.random)
    async with connected(chosen) as remote:
        tail = _Tail(remote, chosen, progress)
        await remote.greet(to_read=True)
        while True:
            try:
                await tail.watch()
            except NotReached as error:
                if tail.connected:
                    if not tail.breaks:
                        backoff.reset()
                    progress.say(f"{error}; connecting again until it works")
                tail.connected = False
                await asyncio.sleep(backoff.wait(error.after))


class _Head(msgspec.Struct):
    """What every message of the stream has, and what a heartbeat has beside it."""

    type: str
    next: int
    epoch: str = ""
    interval_sec: float = 0.0


class _Tail:
    """Shows the stream. ``following`` is where to go on: it moves only after a message was shown."""

    def __init__(self, remote: Remote, chosen: argparse.Namespace, progress: Progress) -> None:
        self._remote = remote
        self._chosen = chosen
        self._progress = progress
        self._output = standard_output()
        self._colour = wants_colour(self._output)
        self._terminal = self._output.isatty()
        self._following: int | None = chosen.start
        self._epoch = ""
        self._silence = SILENCE_SEC
        self.connected = True
        self.breaks = 0
        self._broke_at: int | None = None

    async def watch(self) -> None:
        """One connection, to its end: raises NotReached when it is lost, CommandFailed when another is no use."""
        query = query_of(self._chosen, STREAM_FILTERS)
        query += [] if self._following is None else [("from", str(self._following))]
        query += [("epoch", self._epoch)] if self._epoch else []
        remote = self._remote
        url = remote.url + "/api/ws/telemetry"
        try:
            async with remote.client.ws_connect(url, params=query, max_msg_size=MAX_ANSWER_BYTES) as socket:
                while True:
                    frame = await socket.receive(timeout=self._silence)
                    if frame.type is not aiohttp.WSMsgType.TEXT:
                        raise self._ended(socket.close_code, str(frame.extra or ""))
                    self._take(frame.data)
        except aiohttp.WSServerHandshakeError as error:
            if error.status in PATIENCE:
                raise NotReached(f"{remote.url} answers {error.status}") from None
            raise await self._refused(query, error.status) from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise remote.not_reached(error) from None

    def _take(self, text: str) -> None:
        try:
            # Not msgspec's own decoder: data may have an escaped half of a surrogate pair, and it takes none.
            head = msgspec.convert(json.loads(text), _Head)
            self._show(head, text)
        except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
            raise CommandFailed(f"{self._remote.url} sends what is no message of a governance console") from None
        if head.next != self._following:
            self._following, self.breaks = head.next, 0
        if head.epoch:
            self._epoch = head.epoch
            self._silence = head.interval_sec * BEATS_MISSED + SLACK_SEC
        if not self.connected:
            self._progress.say(f"connected again; going on with #{head.next}")
            self.connected = True

    def _show(self, head: _Head, text: str) -> None:
        if head.type != "entry" and not self._chosen.heartbeats:
            return
        if self._chosen.json:
            row = json_line(text, for_terminal=self._terminal)
        elif head.type == "entry":
            row = entry_row(json.loads(text), colour=self._colour)
        else:
            row = heartbeat_row(json.loads(text), colour=self._colour)
        put(f"{row}\n".encode(self._output.encoding, "backslashreplace"))

    def _ended(self, code: int | None, reason: str) -> NotReached | CommandFailed:
        if code == POSITION_LOST and self._chosen.heartbeats and self._epoch:
            return self._set_back(reason)
        if code == POSITION_LOST and reason == "epoch":
            return CommandFailed("the console has another record now: begin again, with --from 0 for all of it")
        if code == POSITION_LOST:
            return CommandFailed(f"the record ends before #{self._following}: begin with a smaller --from")
        if code == FAILED:
            return self._broke_off()
        if code == CREDENTIAL_ENDED:
            return CommandFailed("the console has ended this session: the token is not valid there any more")
        return NotReached(f"the connection to {self._remote.url} was closed ({code or 'without a word'})")

    def _broke_off(self) -> NotReached | CommandFailed:
        """The console could not read on. Again and again at one place, there is nothing to wait for."""
        self.breaks = self.breaks + 1 if self._broke_at == self._following else 1
        self._broke_at = self._following
        if self.breaks < MOST_BREAKS:
            return NotReached(f"{self._remote.url} broke off at #{self._following}")
        where = f"the record at {self._remote.url} cannot be read from #{self._following} on"
        return CommandFailed(f"{where}: python run.py verify tells what is damaged; go on behind it, with --from")

    def _set_back(self, reason: str) -> NotReached:
        """Who collects heartbeats is a witness: this is what he is there for, and he goes on."""
        what = (
            "ANOTHER RECORD IS HERE NOW, in the place of the one that was watched"
            if reason == "epoch"
            else f"THE RECORD WAS SET BACK: it ends before #{self._following}"
        )
        self._progress.say(
            f"{what}; keep what was collected, and verify with it; going on from where the record is now"
        )
        self._following, self._epoch, self.connected = None, "", False
        return NotReached(what)

    async def _refused(self, query: list[tuple[str, str]], status: int) -> CommandFailed:
        """Why the stream was refused. A failed handshake tells only the status; the history takes the same filters."""
        filters = [(name, value) for name, value in query if name in STREAM_FILTERS]
        try:
            async with self._remote.client.get(self._remote.url + "/api/events", params=filters) as answer:
                if answer.status >= 400:
                    return await self._remote.refused(answer)
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        return CommandFailed(f"{self._remote.url} refuses the stream ({status})")
