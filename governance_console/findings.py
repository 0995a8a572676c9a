"""What a verification has to say, as values: each finding names what is wrong, and where. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

MAX_FINDINGS: Final = 1000
"""Findings that are kept, neighbours of one kind being one; the others are counted."""


class Kind(Enum):
    """What is wrong. The value is the sentence; ``{where}`` is "entry 17" or "entries 17 to 20"."""

    ALTERED = "{where}: altered"
    CHANGED = "{where}: among these something was altered, put in or taken out"
    DOUBTFUL = "{where}: altered, or the stored hash is; nothing here tells which"
    MISSING = "{where}: missing"
    MISPLACED = "{where}: here again or in the wrong place{detail}"
    RENUMBERED = "{where}: says that it is another one{detail}"
    NOT_AN_ENTRY = "{where}: not an entry"
    DATA_ALTERED = "{where}: the data is not what was recorded"
    DATA_MISSING = "{where}: the data is missing, and not marked as erased"
    FALSE_MARK = "{where}: marked as erased, which the record does not bear out"
    UNVOUCHED = "{where}: marked as erased; the entry that is to say so would come after the last one here"
    STORED_HASHES = "{where}: whole, but the stored hashes over it are damaged{detail}"
    NO_HASHES = "{where}: the stored hashes over it are missing"
    SPLIT = "two histories were signed: they split somewhere in {where}{detail}"
    FALSE_SIGNATURE = "{detail}: the signature is false"
    OTHER_KEY = "{detail}: signed by another key"
    OTHER_ORIGIN = "{detail}: the checkpoint of another log"
    ORIGIN_ALTERED = "the log's name was altered: {detail}"
    UNSIGNED = "{detail}: not signed"
    NOT_A_CHECKPOINT = "{detail}: not a checkpoint"
    DAMAGED_CHECKPOINT = "{detail}: not what a console puts there"
    NO_CHECKPOINT = "no checkpoint was given that is signed by this log's key: nothing vouches for these entries"
    NO_KEY = "no key was given: who signed the checkpoints was not checked{detail}"
    NO_EVIDENCE = "{detail}: there is no checkpoint in it"
    NONE_HERE = "no checkpoint that was given is of this log: nothing from elsewhere vouches for these entries"

    @property
    def is_tampering(self) -> bool:
        """Whether this speaks against the log; otherwise it says that something could not be checked."""
        return self not in _OPEN


_OPEN: Final = (
    Kind.UNVOUCHED,
    Kind.UNSIGNED,
    Kind.NOT_A_CHECKPOINT,
    Kind.NO_CHECKPOINT,
    Kind.NO_KEY,
    Kind.NO_EVIDENCE,
    Kind.NONE_HERE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with the entries ``first`` to ``last``, both included, or with a checkpoint."""

    kind: Kind
    first: int = 0
    last: int = 0
    detail: str = ""

    def __str__(self) -> str:
        if self.kind is Kind.CHANGED and self.first == self.last:
            return f"entry {self.first}: altered, or another is in its place"
        where = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        return self.kind.value.format(where=where, detail=self.detail)


@dataclass(slots=True)
class Findings:
    """The findings of one run, in the order in which they were made: so many, and a count of the rest."""

    kept: list[Finding] = field(default_factory=list)
    dropped: int = 0

    def add(self, kind: Kind, first: int = 0, last: int | None = None, detail: str = "") -> None:
        """One more; it becomes one with the last one where it goes on with the same."""
        finding = Finding(kind, first, first if last is None else last, detail)
        before = self.kept[-1] if self.kept else None
        if before and not detail and (before.kind, before.detail, before.last + 1) == (kind, "", first):
            self.kept[-1] = replace(before, last=finding.last)
        elif len(self.kept) < MAX_FINDINGS:
            self.kept.append(finding)
        else:
            self.dropped += 1
