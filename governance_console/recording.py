"""What a commit is, in one visit to the writer: look up, settle, number, encode and append. Pure.

All of it runs in the writer's thread: the event loop goes on meanwhile, and hands over once a commit.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from governance_console.edge import Edge, Growth
from governance_console.entries import SALT_BYTES, Message, entry_message
from governance_console.errors import Conflict
from governance_console.merkle import leaf_hashes
from governance_console.settling import Group, Settled, Submission
from governance_console.storage import NewItem, Writing


class Recorded(NamedTuple):
    """What became of each submission; what of them is new, its messages, when that was, and how the tree grew by it."""

    outcomes: Sequence[Settled | Conflict]
    new: Sequence[NewItem]
    messages: Sequence[Message]
    time: str
    growth: Growth


def record(edge: Edge, time: str, submissions: Sequence[Submission], writing: Writing) -> Recorded:
    """Append what is new of these to the log with this ``edge``; ``time`` is its ``recorded``."""
    identities = [own for one in submissions for own in one.identities]
    # Drawn at once: a system call for each lets the interpreter go each time, and then has to wait for it.
    salts = os.urandom(SALT_BYTES * len(identities))
    known = writing.known(identities)
    is_all_new = not known and len(set(identities)) == len(identities)  # as nearly always
    group = Group(edge.size, time, known, salts, is_all_new)
    outcomes = [group.outcome(submission) for submission in submissions]
    growth = edge.grown(leaf_hashes([new.item.entry for new in group.new]))
    if group.new:
        writing.append(group.new, growth.tiles, group.erasures)
    messages = [entry_message(new.item, new.shown) for new in group.new]
    return Recorded(outcomes, group.new, messages, time, growth)
