"""A proof to take away: the ``.tlog-proof`` file, which says where in a log an entry stands. Pure.

Source: c2sp.org/tlog-proof. It has the inclusion proof and the checkpoint that it leads to, so that entry, file and
the log's verifier key are all it takes to check it, offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from governance_console.checkpoint import Checkpoint, parse_number
from governance_console.errors import Malformed
from governance_console.limits import MAX_NOTE_BYTES
from governance_console.merkle import HASH_BYTES, verify_inclusion
from governance_console.notes import decode_base64, encode_base64

_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
_MAX_HASHES: Final = 63
"""A path through the largest tree that can be counted."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """The file's content: ``path`` has the leaf's sibling first; ``checkpoint`` is the note, not yet checked.

    ``extra`` is not authenticated by anything.
    """

    index: int
    path: Sequence[bytes]
    checkpoint: bytes
    extra: bytes | None = None

    def content(self) -> bytes:
        """The file's bytes."""
        extra = () if self.extra is None else (f"extra {encode_base64(self.extra)}",)
        lines = (_FIRST_LINE, *extra, f"index {self.index}", *map(encode_base64, self.path), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    def proves(self, leaf: bytes, checkpoint: Checkpoint) -> bool:
        """Whether the leaf with this hash is where the file says, in the tree of this checkpoint.

        The checkpoint is the file's own, after its signature was checked; without that nothing is proved.
        """
        return verify_inclusion(leaf, self.index, checkpoint.size, self.path, checkpoint.root)


def parse_proof_file(content: bytes) -> ProofFile:
    """Take such a file apart; its checkpoint is left as it is. Raises Malformed."""
    if len(content) > 2 * MAX_NOTE_BYTES:
        raise Malformed("a proof file is not that large")
    head, _, checkpoint = content.partition(b"\n\n")
    if not checkpoint:
        raise Malformed("a proof file has a checkpoint after an empty line")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("the head of a proof file is ASCII") from None
    if first != _FIRST_LINE:
        raise Malformed(f"a proof file begins with the line {_FIRST_LINE}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise Malformed("a proof file names the entry's index")
    index = parse_number(lines.pop(0).removeprefix("index "))
    path = [decode_base64(line) for line in lines]
    if len(path) > _MAX_HASHES or any(len(found) != HASH_BYTES for found in path):
        raise Malformed(f"a proof has at most {_MAX_HASHES} hashes of 32 bytes each")
    return ProofFile(index, path, checkpoint, extra)
