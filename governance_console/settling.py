"""Which events of a group of requests are new, which were recorded before, and which contradict the record.

Requests that wait together share one commit. Each is settled whole, against the log and against the
requests before it in its group: it is numbered entirely or refused entirely, so ``seq`` has no holes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from governance_console.attributes import Event
from governance_console.entries import SALT_BYTES, Erased, Item, identity, is_same, make_items
from governance_console.erasure import Erasing, Erasure
from governance_console.errors import Conflict, Fault
from governance_console.limits import MAX_FAULTS
from governance_console.storage import Known, NewItem


class Submission(NamedTuple):
    """The events of one request, with who sent them, what makes each the same event, and how many bytes they have.

    With ``erasing`` its one event says what is erased in the commit that records it.
    """

    principal: str
    events: Sequence[Event]
    identities: Sequence[bytes]
    content_bytes: int
    erasing: Erasing | None = None

    @classmethod
    def of(cls, principal: str, events: Sequence[Event], erasing: Erasing | None = None) -> Submission:
        """With what is computed once."""
        identities = [identity(principal, event.source, event.id) for event in events]
        content = sum([len(event.attributes) + (len(event.data.content) if event.data else 0) for event in events])
        return cls(principal, events, identities, content, erasing)


class Settled(NamedTuple):
    """Where each event of a submission stands in the log, in its order, and how many of them are new."""

    seqs: Sequence[int]
    accepted: int


@dataclass(slots=True)
class Group:
    """Submissions settled one after another. ``new`` is what their commit has to append, ``erasures`` to erase.

    ``salts`` are ``SALT_BYTES`` of randomness for each of their events. ``is_all_new`` says that none of these is
    known, and no two are the same: then there is nothing to ask of each.
    """

    size: int
    recorded: str
    known: Mapping[bytes, Known]
    salts: bytes
    is_all_new: bool = False
    new: list[NewItem] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)
    _here: dict[bytes, Item] = field(default_factory=dict)
    _drawn: int = 0

    def outcome(self, submission: Submission) -> Settled | Conflict:
        """What ``settle`` returns, or raises."""
        try:
            return self.settle(submission)
        except Conflict as conflict:
            return conflict

    def settle(self, submission: Submission) -> Settled:
        """Number what is new. Raises Conflict, and then the group is as if it had never been asked."""
        principal, events, identities, _, erasing = submission
        new: Mapping[bytes, Event] = {}
        if not self.is_all_new:
            new = self._new_of(submission)
            events, identities = list(new.values()), list(new)
        items = self._numbered(principal, events)
        if len(items) == len(submission.events):
            seqs = list(range(self.size, self.size + len(items)))
        else:
            seqs = self._found(submission, new, dict(zip(identities, items, strict=True)))
        self._drawn += len(items)
        if not self.is_all_new:
            self._here.update(zip(identities, items, strict=True))
        self.new += [
            NewItem(item, own, event.shown, event.subject)
            for item, own, event in zip(items, identities, events, strict=True)
        ]
        self.size += len(items)
        if erasing is not None:
            first, last, reason, _ = erasing
            self.erasures.append(Erasure(first, last, Erased(principal, self.recorded, reason, seqs[0])))
        return Settled(seqs, len(items))

    def _new_of(self, submission: Submission) -> Mapping[bytes, Event]:
        """Its events that are not recorded yet, each once: the first of those that are the same."""
        new: dict[bytes, Event] = {}
        for own, event in zip(submission.identities, submission.events, strict=True):
            if own not in self.known and own not in self._here:
                new.setdefault(own, event)
        return new

    def _numbered(self, principal: str, events: Sequence[Event]) -> Sequence[Item]:
        salts = self.salts[SALT_BYTES * self._drawn : SALT_BYTES * (self._drawn + len(events))]
        return make_items(self.size, self.recorded, principal, events, salts)

    def _found(self, submission: Submission, new: Mapping[bytes, Event], fresh: Mapping[bytes, Item]) -> list[int]:
        """The number of each event, where not all are new. Raises Conflict."""
        seqs: list[int] = []
        faults: list[Fault] = []
        for place, (event, own) in enumerate(zip(submission.events, submission.identities, strict=True)):
            earlier = fresh.get(own) or self._here.get(own) or self.known[own]
            seqs.append(earlier.seq)
            if new.get(own) is event or is_same(earlier.entry, earlier.salt, event):
                continue
            if len(faults) < MAX_FAULTS:
                faults.append(Fault(place, "/id", f"recorded before as #{earlier.seq} with other content"))
        if faults:
            raise Conflict(f"item {faults[0].item}: {faults[0].detail}", faults)
        return seqs
