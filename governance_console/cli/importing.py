"""``python run.py import``: JSON lines onto the record, each line once however often it is imported."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, Final

from governance_console.cli.batches import Batch, InputFile, batches, open_source
from governance_console.cli.following import follow
from governance_console.cli.remote import Remote, add_remote, connected
from governance_console.cli.sending import Sender
from governance_console.cli.terminal import Progress, in_thread, run
from governance_console.errors import CommandFailed
from governance_console.lines import Defaults

_EPILOG: Final = """\
A line's event id is its place: the SHA-256 of the file up to and including it. So importing again adds only what is
new, and equal lines are each kept. A line that is a CloudEvent (with specversion) keeps its own id instead.

examples:
  python run.py import events.jsonl                        once; again later adds what is new
  python run.py import --follow /var/log/agents/bus.jsonl  and keep up with it, rotation included
  zcat old.jsonl.gz | python run.py import -               from standard input
  python run.py import --default-source cron --default-type job.ended jobs.jsonl

exit status: 0 all lines are on the record; 1 some were bad, and are named on standard error; 2 it could not go on
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "import",
        help="put files of JSON lines onto the record of a running console",
        description="Put JSON lines onto the record of a running console: each once, however often it is imported.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="JSON lines, one event each; - is standard input")
    parser.add_argument("--default-source", metavar="NAME", help="the source of lines that name none")
    parser.add_argument("--default-type", metavar="TYPE", help="the type of lines that name none")
    parser.add_argument("--gzip", action="store_true", help="compress also towards this machine, as through a tunnel")
    growing = parser.add_argument_group("a file that grows")
    growing.add_argument("--follow", action="store_true", help="keep up with the one FILE, through its rotation")
    growing.add_argument(
        "--state", metavar="PATH", type=Path, help="where to note how far it is (default: beside FILE)"
    )
    growing.add_argument(
        "--linger", metavar="SEC", type=_seconds, default=2.0, help="how long a rotated file may still grow (default 2)"
    )
    add_remote(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    with Progress(sys.stderr) as progress:
        return run(_import(chosen, progress), endless=chosen.follow)


async def _import(chosen: argparse.Namespace, progress: Progress) -> int:
    defaults = Defaults(_given(chosen, "default_source"), _given(chosen, "default_type"))
    if chosen.follow and (len(chosen.files) != 1 or chosen.files[0] == "-"):
        raise CommandFailed("--follow keeps up with one file: name one FILE")
    async with connected(chosen) as remote:
        sender = Sender(remote, progress.say, always_gzip=chosen.gzip)
        tally = sender.tally
        try:
            if chosen.follow:
                await follow(Path(chosen.files[0]), chosen.state, chosen.linger, defaults, remote, sender, progress)
            with contextlib.ExitStack() as files:
                # All are opened before anything is sent: a misspelt name should not show when half is in.
                inputs: list[InputFile] = []
                for name in chosen.files:
                    inputs.append(open_source(name))
                    files.callback(inputs[-1].file.close)
                await _once(inputs, defaults, remote, sender, progress)
        except CommandFailed:
            if tally.done:
                progress.say(f"{tally}, and then it could not go on")
            raise
        except asyncio.CancelledError:
            progress.say(f"{tally}, and then it was ended")
            raise
        progress.say(f"{tally} ({tally.done / progress.seconds:,.0f} lines/s)")
        return 1 if tally.bad else 0


async def _once(
    inputs: list[InputFile], defaults: Defaults, remote: Remote, sender: Sender, progress: Progress
) -> None:
    await remote.greet(to_read=False)
    total = sum(one.size for one in inputs) if all(one.size for one in inputs) else 0
    before = 0
    for one in inputs:
        async with contextlib.aclosing(_one_ahead(batches(one, defaults))) as coming:
            async for batch in coming:
                for bad in batch.bad:
                    sender.bad(bad.where, bad.why)
                await sender.send(batch.events)
                progress.draw(one.name, sender.tally.done, (before + batch.position) / total if total else 0.0)
        before += one.size


async def _one_ahead(coming: Iterator[Batch]) -> AsyncGenerator[Batch, None]:
    """While one batch is being recorded, the next is made ready."""
    ahead = asyncio.create_task(in_thread(lambda: next(coming, None)))
    try:
        while (batch := await ahead) is not None:
            ahead = asyncio.create_task(in_thread(lambda: next(coming, None)))
            yield batch
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


def _given(chosen: argparse.Namespace, name: str) -> str | None:
    value = getattr(chosen, name)
    if value is None or (isinstance(value, str) and value and value.isprintable()):
        return value
    raise CommandFailed(f"--{name.replace('_', '-')} has to be printable, and not empty")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("has to be a number of seconds, 0 to 3600")
    return seconds
