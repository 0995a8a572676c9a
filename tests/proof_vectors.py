"""The vectors that the frontend's tests check its proofs by: ``python -m tests.proof_vectors`` writes them.

``tests/test_proof_vectors.py`` holds the file equal to what this makes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

from governance_console.checkpoint import Checkpoint
from governance_console.edge import Edge
from governance_console.merkle import leaf_hashes
from governance_console.prooffile import ProofFile
from governance_console.proving import consistency_proof, inclusion_proof, root_at
from tests.signedlog import ORIGIN, signer

FILE: Final = Path(__file__).parent.parent / "web" / "src" / "proof" / "vectors.json"


def vectors() -> dict[str, Any]:
    """Entries ``entry 0``, ``entry 1``, …: roots, proofs, and checkpoints of a fixed key."""
    entries = [b"entry %d" % number for number in range(300)]
    read = dict(Edge().grown(leaf_hashes(entries)).tiles).__getitem__
    sizes = (1, 2, 3, 7, 8, 255, 256, 257, 300)
    pairs = ((1, 1), (1, 2), (2, 3), (3, 7), (4, 8), (7, 8), (255, 256), (128, 257), (256, 300), (299, 300))
    places = ((0, 1), (0, 2), (2, 3), (6, 7), (5, 8), (254, 255), (255, 256), (256, 257), (17, 300), (299, 300))
    note = signer().sign(Checkpoint(ORIGIN, 300, root_at(300, read)).text())
    return {
        "origin": ORIGIN,
        "verifier_key": str(signer().verifier),
        "roots": {str(size): b64(root_at(size, read)) for size in (0, *sizes, 4, 128, 299)},
        "inclusion": [
            {"index": index, "size": size, "path": [b64(each) for each in inclusion_proof(index, size, read)]}
            for index, size in places
        ],
        "consistency": [
            {"old": old, "size": size, "path": [b64(each) for each in consistency_proof(old, size, read)]}
            for old, size in pairs
        ],
        "checkpoint": note.decode(),
        "checkpoint_of_another_key": signer(2).sign(Checkpoint(ORIGIN, 300, root_at(300, read)).text()).decode(),
        "proof_file": ProofFile(17, inclusion_proof(17, 300, read), note).content().decode(),
    }


def b64(value: bytes) -> str:
    return b64encode(value).decode()


def content() -> str:
    """The file as it has to be."""
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(content())
