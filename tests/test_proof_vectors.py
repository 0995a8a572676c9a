"""The frontend's proof vectors are what this version makes."""

from __future__ import annotations

from tests.proof_vectors import FILE, content


def test_the_committed_vectors_are_those_of_this_version() -> None:
    assert FILE.read_text() == content(), "python -m tests.proof_vectors"
