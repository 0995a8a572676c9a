"""Is this record the one that was signed before? What is asked before anything more of it is signed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from governance_console.checkpoint import Checkpoint, parse_checkpoint
from governance_console.edge import Edge
from governance_console.errors import Malformed, SigningRefused
from governance_console.merkle import verify_consistency
from governance_console.notes import Standing, VerifierKey, parse_note, standing
from governance_console.proving import TileReader, consistency_proof, root_at


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint of this log, and the note that was signed of it."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def size(self) -> int:
        """How many entries it is about."""
        return self.checkpoint.size


def own(note: bytes, key: VerifierKey, where: str) -> Signed:
    """Take a note apart that this console should have signed. ``where`` it was found goes into the sentence.

    Raises SigningRefused where it is of another log, by another key, or no such note.
    """
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
    except Malformed as error:
        raise SigningRefused(f"the checkpoint {where} is damaged: {error}") from None
    if checkpoint.origin != key.name:
        raise SigningRefused(f"the checkpoint {where} is of another log, {checkpoint.origin}; this one is {key.name}")
    says = standing(parsed, [key])
    if says is not Standing.SIGNED:
        hint = "; LOG_KEY_FILE names the key to sign with" if says is Standing.OTHER_KEY else ""
        raise SigningRefused(f"the checkpoint {where} is not signed by this console's key: {says.value}{hint}")
    return Signed(checkpoint, note)


def newest(kept: Signed | None, stored: Signed | None) -> Signed | None:
    """What was signed last, of what is kept beside the key and what is in the record.

    Raises SigningRefused where the one beside the key is missing, or both are of one size and not the same.
    """
    if kept is None or stored is None:
        if stored is not None:
            raise SigningRefused(
                f"the record was signed up to {stored.size}, and no checkpoint is beside the key, "
                "without which an older copy of the record would not show"
            )
        return kept
    if kept.size == stored.size and kept.checkpoint != stored.checkpoint:
        raise SigningRefused(f"two different records of {kept.size} entries were signed")
    # Beside the key first, then in the record: between the two a crash leaves only the former. The other way round
    # the folder of the key was put back to an earlier state; both are true, and the newer one counts.
    return kept if kept.size >= stored.size else stored


def check_contains(signed: Signed, edge: Edge, where: str, read: TileReader) -> None:
    """Raises SigningRefused unless the record with this edge begins with what was signed.

    ``read`` has the tiles of ``proving.root_tiles(signed.size)``.
    """
    if signed.size > edge.size:
        raise SigningRefused(
            f"the record is older than what was signed: it has {edge.size} entries, "
            f"and the checkpoint {where} is of {signed.size}"
        )
    try:
        root = root_at(signed.size, read)
    except ValueError:
        root = b""
    if root != signed.checkpoint.root:
        raise SigningRefused(f"the record has another history than the first {signed.size} entries that were signed")


def check_extends(signed: Signed, edge: Edge, read: TileReader) -> bytes:
    """The root of the tree with this edge, after a proof that it begins with what was signed.

    ``read`` has the tiles of ``proving.consistency_tiles(signed.size, edge.size)``. Raises SigningRefused.
    """
    root = edge.root()
    try:
        path = consistency_proof(signed.size, edge.size, read)
    except ValueError:
        path = []
    if not verify_consistency(signed.size, edge.size, path, signed.checkpoint.root, root):
        raise SigningRefused(
            f"the record of {edge.size} entries does not begin with the {signed.size} that were signed"
        )
    return root
