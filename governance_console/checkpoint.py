"""Checkpoints: "the log of this origin has this size and this root", as the text of a signed note. Pure.

Source: c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from governance_console.errors import Malformed
from governance_console.merkle import HASH_BYTES
from governance_console.notes import decode_base64, encode_base64

MAX_SIZE: Final = 2**63 - 1
"""The largest tree that other implementations can count."""

_NUMBER: Final = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one checkpoint says. ``extensions`` are lines of others, which nothing here reads."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode_base64(self.root), *self.extensions))


def parse_checkpoint(text: str) -> Checkpoint:
    """Take the text of a note apart. Raises Malformed where it is no checkpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise Malformed("a checkpoint is three or more lines, none of them empty")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(origin, parse_number(size), decode_base64(root), tuple(extensions))
    if len(checkpoint.root) != HASH_BYTES:
        raise Malformed("the root of a checkpoint has 32 bytes")
    return checkpoint


def parse_number(text: str) -> int:
    """A size or an index: decimal digits without needless zeros, below 2**63. Raises Malformed."""
    if _NUMBER.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise Malformed("a size or an index is a decimal number without leading zeros")
    return int(text)
