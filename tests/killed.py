"""A script of the tests: run a command again and again on a copy of a folder, and let it die at each of its steps.

``python -m tests.killed EVENTS FOLDER COMMAND…`` kills it at the first of these audit events (``os.rename,open``) that
is about a file in its folder ``data``, then at the second, and so on until it comes to its end. After each death it is
run again, to its end. What every run left is in FOLDER/NUMBER, and what the death left in FOLDER/NUMBER.killed;
FOLDER/0 is what it begins with.

A process that dies is a child of one that has all imported: that is what makes so many of them cheap.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from governance_console.cli import main

KILLED = 99


def die_at(number: int, events: list[str]) -> None:
    """Let this process end at such a step: nothing of it runs any more, as with ``kill -9``."""
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in events and isinstance(arguments[0], str | os.PathLike):
            seen += str(arguments[0]).startswith("data")
            if seen == number:
                os._exit(KILLED)

    sys.addaudithook(hook)


def in_child(folder: Path, command: list[str], events: list[str], number: int = 0) -> int:
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        status = 1
        try:
            if number:
                die_at(number, events)
            status = main(command)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_everywhere(events: list[str], folder: Path, command: list[str]) -> int:
    number = 0
    while True:
        number += 1
        place = folder / str(number)
        shutil.copytree(folder / "0", place)
        status = in_child(place, command, events, number)
        if status != KILLED:
            return status
        shutil.copytree(place, folder / f"{number}.killed")
        status = in_child(place, command, [])
        if status:
            return status


if __name__ == "__main__":
    sys.exit(kill_everywhere(sys.argv[1].split(","), Path(sys.argv[2]), sys.argv[3:]))
