"""Checkpoints that somebody kept: found in whatever they were kept in, and sorted into proof and its opposite. Pure.

Taken are signed notes, one or several after another, and the stream's messages as JSON lines, of which those count
that have a member ``checkpoint``; ``wscat`` puts ``< `` before a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from governance_console.checkpoint import Checkpoint, parse_checkpoint
from governance_console.errors import Malformed
from governance_console.findings import Findings, Kind
from governance_console.limits import MAX_NOTE_BYTES
from governance_console.notes import Standing, VerifierKey, parse_note, standing


class _Message(msgspec.Struct):
    checkpoint: str | None = None


_message_decoder: Final = msgspec.json.Decoder(_Message)
_DASH: Final = "\u2014 ".encode()
_REFUSED: Final = {
    Standing.UNSIGNED: Kind.UNSIGNED,
    Standing.OTHER_KEY: Kind.OTHER_KEY,
    Standing.FALSE: Kind.FALSE_SIGNATURE,
}


@dataclass(slots=True)
class Evidence:
    """What a trusted key signed: for each size the roots, each with where it was found. One root, in a whole world."""

    roots: dict[int, dict[bytes, str]] = field(default_factory=dict)
    others: dict[str, dict[int, set[bytes]]] = field(default_factory=dict)
    """Of other logs, by origin and size the roots; whoever signed them. They say nothing of this one."""

    has_given: bool = False
    """Whether any of what somebody kept is about this log."""

    _seen: dict[bytes, bool] = field(default_factory=dict)  # and whether it is about this log

    def add(
        self,
        note: bytes,
        where: str,
        keys: Sequence[VerifierKey] | None,
        origin: str,
        findings: Findings,
        *,
        is_own: bool = False,
    ) -> None:
        """Take this note in if it is a checkpoint of ``origin``, signed by one of these keys; else say why not.

        Without keys, None, any signature will do: what is taken in then agrees with itself, and proves nothing.
        ``is_own``: it stands where only the console writes, and only whole notes that it signed. There anything else
        was put by another hand, or by a failing disk, and speaks against the log as an altered entry does. In what
        somebody kept, any line may stand, and one that is no checkpoint, or one of another log, as those from before
        a ``recover`` are, speaks neither for nor against it.
        The same note again is passed over: heartbeats repeat theirs, and a signature takes time to check.
        """
        digest = sha256(note).digest()
        if digest in self._seen:
            self.has_given |= self._seen[digest] and not is_own
            return
        self._seen[digest] = False
        try:
            parsed = parse_note(note)
            checkpoint = parse_checkpoint(parsed.text)
        except Malformed:
            findings.add(Kind.DAMAGED_CHECKPOINT if is_own else Kind.NOT_A_CHECKPOINT, detail=where)
            return
        if checkpoint.origin != origin and not is_own:
            self.others.setdefault(checkpoint.origin, {}).setdefault(checkpoint.size, set()).add(checkpoint.root)
            return
        self._seen[digest] = checkpoint.origin == origin
        self.has_given |= not is_own
        stands = standing(parsed, keys or ())
        if is_own and stands is Standing.UNSIGNED:
            findings.add(Kind.DAMAGED_CHECKPOINT, detail=where)
        elif stands in _REFUSED and not (keys is None and stands is Standing.OTHER_KEY):
            findings.add(_REFUSED[stands], detail=f"{where} (size {checkpoint.size})")
        elif checkpoint.origin != origin:
            findings.add(Kind.OTHER_ORIGIN, detail=f"{where} (size {checkpoint.size})")
        else:
            self._keep(checkpoint, where)

    def _keep(self, checkpoint: Checkpoint, where: str) -> None:
        self.roots.setdefault(checkpoint.size, {}).setdefault(checkpoint.root, where)


def origin_of(note: bytes) -> str:
    """The log that a note names, whoever signed it; the empty string where it is no checkpoint."""
    try:
        return parse_checkpoint(parse_note(note).text).origin
    except Malformed:
        return ""


def checkpoints_in(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    """The notes in the lines of a file, each with where it begins; they may be anything, and are not yet checked.

    A file that has neither a note nor a message with one yields nothing.
    """
    held: list[bytes] = []
    began = size = 0
    signed = False
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        is_message = line.lstrip(b"< ").startswith(b"{") and not held
        is_signature = line.startswith(_DASH)
        if held and ((signed and not is_signature) or size > MAX_NOTE_BYTES):
            yield f"{name}, line {began}", b"".join(held)
            held, size, signed = [], 0, False
            is_message = line.lstrip(b"< ").startswith(b"{")
        if is_message:
            found = _checkpoint_of(line)
            if found is not None:
                yield f"{name}, line {number}", found
        elif line or held:
            began = began if held else number
            held.append(line + b"\n")
            size += len(line) + 1
            signed = is_signature
    if held:
        yield f"{name}, line {began}", b"".join(held)


def _checkpoint_of(line: bytes) -> bytes | None:
    try:
        message = _message_decoder.decode(line.lstrip(b"< "))
    except (ValueError, RecursionError):
        return line  # which is no checkpoint, and will be said to be none
    return None if message.checkpoint is None else message.checkpoint.encode()
