"""The command line: ``python run.py [COMMAND]``. One file a subcommand, and what they share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Final, NoReturn

from governance_console import __version__
from governance_console.display import printable
from governance_console.errors import CannotStart, CommandFailed, ReaderLeft, SettingsError

_COMMANDS: Final[Mapping[str, str]] = {
    "serve": "serve",
    "import": "importing",
    "tail": "tailing",
    "export": "exporting",
    "verify": "verifying",
    "keygen": "keys",
    "recover": "recovering",
}
"""Which module has which command. One that is not asked for is not read: together they take twice as long."""

_EPILOG = """\
examples:
  python run.py                              serve on 127.0.0.1:8080
  python run.py serve --listen 127.0.0.1:0   on a port that the system chooses
  OPERATOR_TOKEN=… python run.py             with a token; settings also come from .env (see .env.example)
  python run.py import events.jsonl          put a file of JSON lines onto the record of the running console
  python run.py tail                         watch the record
  python run.py export > record.ndjson       take it along
  python run.py verify data/governance.db    prove that it is whole
  python run.py recover --help               when a backup was restored, or another key is to sign

COMMAND --help says more, with examples.
"""


class _Parser(argparse.ArgumentParser):
    """One that says in a sentence what it does not understand."""

    def error(self, message: str) -> NoReturn:
        """Raises CommandFailed."""
        raise CommandFailed(f"{message.removeprefix('argument ')}; {self.prog} --help says more")


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status: 0 ended well, 1 found what it looked for, 2 could not.

    Why it could not is on standard error.
    """
    if sys.stderr is None:
        # Closed, as 2>&- does: print would take standard output instead, and put sentences among the rows.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    parser = _Parser(
        prog="python run.py",
        description="The governance console: what AI agents do, recorded, watched live and asked about.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"governance-console {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    words = _with_command(arguments)
    for module in _modules(words[0]):
        import_module(f"governance_console.cli.{module}").add_to(commands)
    try:
        chosen = parser.parse_args(words)
        return int(chosen.run(chosen))
    except SettingsError as error:
        for problem in error.problems:
            print(f"governance-console: {problem}", file=sys.stderr)
    except (CannotStart, CommandFailed) as error:
        print(f"governance-console: {printable(str(error))}", file=sys.stderr)
    except ReaderLeft:
        pass
    return 2


def _modules(word: str) -> Iterable[str]:
    """Those that the first word asks for; all where it is none of them, as --help and a misspelt one."""
    return [_COMMANDS[word]] if word in _COMMANDS else _COMMANDS.values()


def _with_command(arguments: Sequence[str]) -> list[str]:
    """``serve`` is what is meant without a command."""
    about = ("-h", "--help", "--version")
    if arguments and (not arguments[0].startswith("-") or arguments[0] in about):
        return list(arguments)
    return ["serve", *arguments]
