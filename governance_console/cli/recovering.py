"""``python run.py recover``: begin a new log, with the old one kept and linked, and say why on the record.

The new log is made whole before anything of the old one is moved; from then on the console refuses to start until
this command has come to its end, once or when it is run again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from governance_console.checkpoint import Checkpoint
from governance_console.cli.material import Material, database
from governance_console.cli.predecessor import Predecessor, Statement, look
from governance_console.cli.serve import settings_here
from governance_console.cli.terminal import Progress, in_thread, run
from governance_console.continuity import own
from governance_console.errors import (
    CannotStart,
    CommandFailed,
    InUse,
    RecordUnavailable,
    SigningRefused,
    reason,
)
from governance_console.keyfile import KeyFile
from governance_console.notes import Signer, VerifierKey
from governance_console.settings import Settings
from governance_console.storage.sqlite_succession import Succession

DONE: Final = 0
DECLINED: Final = 1

MOST_WHY: Final = 4000
"""Characters of a reason: it is read by people."""

_EPILOG: Final = """\
For when the console signs nothing any more because its record is not the one that was signed: a backup was restored,
a file was exchanged, the checkpoint beside the key is lost. And for another key, with which another log begins. To sign
on would be a second history under one name and key, which nobody could tell from a forged one.

What it does, after it was shown and you said yes:
  verifies what there is, and says what it found
  makes a new log, with a new epoch and a new name: LOG_ORIGIN, or the host's name, and the epoch. Its first entry says
  why, and which log was before it: its name, size, root and newest checkpoint. That entry is signed at once
  keeps the old record whole, as governance-EPOCH.db, and the checkpoint beside the key with the same EPOCH in its name

Nothing in the old record is changed, and verify reads it as ever. Watchers are told that another log began (4510), and
agents go on as they did. An end at any moment, by kill -9 or a power cut, leaves the old state, or one from which the
same command goes on.

examples:
  python run.py recover                                     what would be done; changes nothing
  python run.py recover --why 'disk died; restored the backup of Monday'
  python run.py recover --why 'the key was on a stolen laptop' --key-file data/log-2027.key --yes

Run it where the console runs, with its settings, while it is stopped. Verifiers need the new log's verifier key,
which is shown at the end: it has the new name in it.

exit status: 0 a new log is in its place; 1 you said no, and nothing was changed; 2 it could not be done, and why
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "recover",
        help="begin a new log, with the old one kept and linked",
        description="Begin a new log in the place of one that can no longer be signed; the old one is kept and linked.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--why", metavar="TEXT", help="what happened, for the new log's first entry")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--key-file", metavar="FILE", type=Path, help="sign the new log with this key, made where there is none"
    )
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    why = None if chosen.why is None else chosen.why.strip()
    if why is not None and not 0 < len(why) <= MOST_WHY:
        raise CommandFailed(f"--why: say in 1 to {MOST_WHY} characters what happened")
    if why is not None and any("\ud800" <= char <= "\udfff" for char in why):
        raise CommandFailed("--why: that is not UTF-8")
    settings = settings_here()
    try:
        with Place(settings, chosen.key_file) as place:
            return run(_recover(place, why, chosen.yes))
    except FileExistsError as error:
        raise CommandFailed(f"{error}: move it away, and run the same command again") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise CommandFailed(f"{where}{reason(error)}; run the same command again") from None


class Place:
    """Where the record and its key are, and the key of the new log. Entered, no console can have them."""

    def __init__(self, settings: Settings, key_file: Path | None) -> None:
        self.record = settings.database_path
        self.origin = settings.log_origin
        self.retention_days = settings.retention_days
        self.succession = Succession(settings.database_path)
        self.old_key = KeyFile(settings.key_path)
        self.is_same_key = key_file is None or key_file.resolve() == settings.key_path.resolve()
        self.key = self.old_key if key_file is None or self.is_same_key else KeyFile(key_file)
        self._held = ExitStack()

    def __enter__(self) -> Place:
        """Raises CommandFailed, CannotStart."""
        with ExitStack() as held:
            try:
                held.enter_context(self.succession)
            except InUse as error:
                raise CommandFailed(
                    f"a console{error.holder} has the record {self.record} open: stop it first"
                ) from None
            except FileNotFoundError:
                raise CommandFailed(f"there is no record at {self.record}, nor its folder") from None
            held.enter_context(self.old_key)
            if not self.is_same_key:
                held.enter_context(self.key)
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


async def _recover(place: Place, why: str | None, is_agreed: bool) -> int:
    with Progress(sys.stderr) as progress:
        if place.succession.is_begun:
            progress.say("a new log was begun before, and is not in its place yet; that is finished now")
        else:
            before = await in_thread(lambda: look(place.record, place.old_key, progress))
            if before.is_new and place.is_same_key:
                progress.say(f"{place.record} is a new log, with nothing on it but why it was begun: nothing to do")
                return DONE
            if not await _begin(place, before, why, is_agreed, progress.say):
                return DECLINED
        await in_thread(lambda: _finish(place, progress.say))
    return DONE


async def _begin(
    place: Place, before: Predecessor, why: str | None, is_agreed: bool, say: Callable[[str], None]
) -> bool:
    """Say what there is and what is to be done, and make the new log; or False where nobody agrees."""
    succession, key = place.succession, place.key
    if not succession.has_old and not place.old_key.beside.exists():
        raise CommandFailed(f"there is no record at {place.record}, and nothing that one left: python run.py makes one")
    if not place.is_same_key and key.beside.exists():
        raise CommandFailed(f"{key.beside} is the checkpoint of another log: choose a key of its own")
    if key.path.exists() or key.beside.exists():
        key.private_key()  # what is wrong with it is better said before anybody is asked
    names = _names(place, before)
    for sentence in (*before.sentences, *_intentions(place, *names)):
        say(sentence)
    if why is None:
        raise CommandFailed("nothing was changed; to do it, say --why: it is the first thing on the new record")
    if not is_agreed and not _asked():
        return False
    epoch, private = secrets.token_hex(8), key.private_key()

    def sign(origin: str, root: bytes) -> bytes:
        return Signer(origin, private).sign(Checkpoint(origin, 1, root).text())

    first = before.statement(why, *names).item()
    try:
        await succession.begin(epoch, f"{place.origin}/{epoch}" if place.origin else None, first, sign)
    except (RecordUnavailable, CannotStart) as error:
        raise CommandFailed(f"the new log cannot be made, and nothing was changed: {error}") from None
    return True


def _names(place: Place, before: Predecessor) -> tuple[str | None, str | None]:
    """Under which names the old record and its checkpoint are kept, None where there is none: never a name twice."""
    number, tag = 1, before.tag
    while True:
        record, checkpoint = place.succession.kept_name(tag), f"{place.old_key.path.name}.{tag}.checkpoint"
        if place.succession.is_free(record) and not place.old_key.path.with_name(checkpoint).exists():
            break
        number += 1
        tag = f"{before.tag}-{number}"
    return (
        record if place.succession.has_old else None,
        checkpoint if place.old_key.beside.exists() else None,
    )


def _intentions(place: Place, record: str | None, checkpoint: str | None) -> Sequence[str]:
    """What is to be done."""
    moved = [f"{place.record} is kept as {record}"] if record else []
    moved += [f"{place.old_key.beside} is kept as {checkpoint}"] if checkpoint else []
    origin = f"{place.origin}/…" if place.origin else "the host's name and its epoch"
    return (
        f"a new log is to be begun, named {origin}, signed with {place.key.path}, and what is said above goes on it",
        *moved,
    )


def _asked() -> bool:
    """Whether the person at the terminal agrees. Raises CommandFailed where there is none."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandFailed("nothing was changed; to do it without being asked, say --yes")
    print("Begin a new log? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@dataclass(frozen=True, slots=True)
class _New:
    """The new log as its file says it is: its statement, and the note of its first entry."""

    origin: str
    epoch: str
    statement: Statement
    note: bytes
    verifier: VerifierKey


def _finish(place: Place, say: Callable[[str], None]) -> None:
    """Put the new log in its place, step by step; each is passed over where an earlier run did it."""
    succession = place.succession
    with database(succession.next) as material:
        new = _understood(material, place)
    record, checkpoint = new.statement.before.record, new.statement.before.checkpoint_file
    beside, kept = place.old_key.checkpoint(), None if checkpoint is None else Path(checkpoint).name
    if succession.has_old:
        succession.keep_old(_expected(record, place.record))
    # A crash from here on: no record is there, and the new one's name keeps a console from making another.
    if beside not in (None, new.note):
        place.old_key.set_aside(_expected(kept, place.old_key.beside))
    # A crash here: nothing is beside the key, and the new one's name still keeps every console out.
    if place.key.checkpoint() not in (None, new.note):
        raise CommandFailed(f"{place.key.beside} is the checkpoint of another log: move it away")
    place.key.keep(new.note)
    succession.put_in_place()
    # From here on the console starts, and signs.
    say(f"{place.record} is a new log: {new.origin}, epoch {new.epoch}; its entry 0 says why")
    for name in (record, checkpoint):
        if name:
            say(f"kept: {name}")
    if record and place.retention_days is not None:
        say(f"RETENTION_DAYS erases nothing in {record}: delete that file when its data has to go")
    say(f"verifier key, for all who verify: {new.verifier}")
    if not place.is_same_key:
        say(f"set LOG_KEY_FILE to {place.key.path} before the console starts")


def _understood(material: Material, place: Place) -> _New:
    """Raises CommandFailed, CannotStart."""
    try:
        (_, _, _, data, _), *_ = material.records
        (_, note), *_ = material.notes
        statement = msgspec.json.decode(data if isinstance(data, bytes) else b"", type=Statement)
    except ValueError:
        raise CommandFailed(f"{material.name} is not what this command made: move it away, and begin again") from None
    verifier = Signer(material.origin, place.key.private_key()).verifier
    try:
        own(note, verifier, f"in {material.name}")
    except SigningRefused as error:
        raise CommandFailed(f"{error}: run this command with the --key-file with which it was begun") from None
    return _New(material.origin, material.epoch, statement, note, verifier)


def _expected(name: str | None, path: Path) -> str:
    if name is None or Path(name).name != name:
        raise CommandFailed(f"{path} was not there when the new log was begun: move it away, and run this again")
    return name
