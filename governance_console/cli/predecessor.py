"""A log that is to be followed by a new one: what can be told of it, and what the new one says of it for good."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from governance_console.checkpoint import parse_checkpoint
from governance_console.cli.keys import trusted
from governance_console.cli.material import database
from governance_console.cli.terminal import Progress
from governance_console.cli.verifying import WHOLE, judge
from governance_console.entries import SALT_BYTES, shown_of
from governance_console.erasure import BEGUN_TYPE
from governance_console.errors import CommandFailed, Malformed, reason
from governance_console.events import CONSOLE, of_console
from governance_console.evidence import origin_of
from governance_console.keyfile import KeyFile
from governance_console.notes import encode_base64, parse_note
from governance_console.settling import Group, Submission
from governance_console.storage import NewItem
from governance_console.times import text_of, utc_now

MOST_SENTENCES: Final = 30
"""Of what a verification says, so many are put on the new record."""

MOST_CHARS: Final = 1000
"""Of each such sentence, and of each name in an old file, where anything can stand."""

MOST_NOTE_BYTES: Final = 16 * 1024
"""A note that is longer is none of ours, and is not put on a record."""

_TAG: Final = re.compile("[0-9a-z-]{1,64}")


class Before(msgspec.Struct):
    """The old log. ``root`` is base64, or None where it cannot be told; ``checkpoints`` are notes, the newest first;
    ``record`` and ``checkpoint_file`` are the names under which its files are kept, None where there was none."""

    origin: str
    epoch: str
    size: int
    root: str | None
    checkpoints: list[str]
    record: str | None
    checkpoint_file: str | None


class Statement(msgspec.Struct):
    """The data of a new log's first entry: why it was begun, what was found of the old one, and what that was."""

    why: str
    found: list[str]
    before: Before

    def item(self) -> NewItem:
        """The first entry of the new log."""
        event = of_console(BEGUN_TYPE, msgspec.to_builtins(self), secrets.token_hex(16))
        group = Group(0, text_of(utc_now()), {}, secrets.token_bytes(SALT_BYTES))
        group.settle(Submission.of(CONSOLE, [event]))
        return group.new[0]


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What was found of an old log. ``sentences`` are for people; ``is_new`` says that nothing is wrong with it, and
    nothing on it but the entry with which it was begun."""

    origin: str
    epoch: str
    size: int
    root: bytes | None
    notes: Sequence[bytes]
    sentences: Sequence[str]
    is_new: bool = False

    @property
    def tag(self) -> str:
        """Which log its kept files are of, in their names."""
        # Nothing in an old file is believed, least of all as a path.
        return self.epoch if _TAG.fullmatch(self.epoch) else "unknown"

    def statement(self, why: str, record: str | None, checkpoint_file: str | None) -> Statement:
        """What the new log says of it."""
        root = None if self.root is None else encode_base64(self.root)
        notes = [note.decode() for note in self.notes]
        found = [_cut(sentence) for sentence in self.sentences[:MOST_SENTENCES]]
        origin, epoch = _cut(self.origin), _cut(self.epoch)
        return Statement(why, found, Before(origin, epoch, self.size, root, notes, record, checkpoint_file))


def look(record: Path, key: KeyFile, progress: Progress) -> Predecessor:
    """Verify what there is of the old log, against what is beside its key. Nothing of it is changed."""
    sentences: list[str] = []
    kept, stored = _kept(key, sentences), _Last()
    origin = epoch = ""
    try:
        keys = trusted([str(key.path)] if key.path.exists() else [])
        with database(record) as material:
            origin, epoch = material.origin, material.epoch
            watched = replace(material, notes=stored.of(material.notes))
            outcome = judge(watched, keys, [str(key.beside)] if kept else [], progress)
        verdict = outcome.verdict
        if outcome.signed > verdict.proved:
            # Entries that came after an older copy was put back have the numbers of those that are gone.
            sentences.append(
                f"what was signed from #{verdict.proved} on, up to #{outcome.signed - 1}, is gone or other"
            )
        sentences += outcome.sentences
        notes = _newest_first(kept, stored.note)
        is_new = outcome.status == WHOLE and verdict.size == 1 and _is_begun(record)
        return Predecessor(origin, epoch, verdict.size, verdict.root, notes, sentences, is_new)
    except CommandFailed as error:
        sentences.append(str(error) if record.exists() else f"{record}: there is no record")
    notes = _newest_first(kept, stored.note)
    return Predecessor(origin or (origin_of(notes[0]) if notes else ""), epoch, 0, None, notes, sentences)


def _cut(text: str) -> str:
    """So much of it as goes on a record, and as UTF-8 can say: the name of a file need not be UTF-8."""
    whole = text.encode(errors="backslashreplace").decode()
    return whole if len(whole) <= MOST_CHARS else f"{whole[: MOST_CHARS - 1]}…"


class _Last:
    """The last of the notes that went through: in a record, where they stand in their order, the newest."""

    def __init__(self) -> None:
        self.note = b""

    def of(self, notes: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        for where, self.note in notes:
            yield where, self.note


def _is_begun(record: Path) -> bool:
    with database(record) as material:
        (_, entry, *_), *_ = material.records
    return isinstance(entry, bytes) and shown_of(entry).type == BEGUN_TYPE


def _kept(key: KeyFile, sentences: list[str]) -> bytes:
    try:
        note = key.checkpoint()
    except OSError as error:
        note, why = None, f"it cannot be read: {reason(error)}"
    else:
        why = "there is no checkpoint, so an older copy of the record would not show"
    if note is None:
        sentences.append(f"{key.beside}: {why}")
    return note or b""


def _newest_first(*notes: bytes) -> Sequence[bytes]:
    """Those that are checkpoints, whoever signed them, each once."""
    sizes: dict[bytes, int] = {}
    for note in notes:
        if len(note) <= MOST_NOTE_BYTES:
            with suppress(Malformed):
                sizes[note] = parse_checkpoint(parse_note(note).text).size
    return sorted(sizes, key=lambda note: sizes[note], reverse=True)
