"""Our proofs and checkpoints before verifiers that are not ours (``tests/tools/oracle.cjs`` says whose)."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from governance_console.checkpoint import Checkpoint
from governance_console.edge import Edge
from governance_console.merkle import Span, consistency_path, inclusion_path, leaf_hashes
from tests.signedlog import ORIGIN, signer

TOOLS: Final = Path(__file__).parent / "tools"
Case = tuple[dict[str, Any], bool]


@pytest.fixture(autouse=True)
def _oracle_is_installed(require: Callable[[bool, str, str], None]) -> None:
    is_there = all((TOOLS / "node_modules" / name).exists() for name in ("@sigstore/verify", "@transmute/rfc9162"))
    require(shutil.which("node") is not None and is_there, "the other verifiers", "npm ci --prefix tests/tools")


def b64(value: bytes) -> str:
    return b64encode(value).decode()


class Log:
    """A log of so many entries, and what may be asked about it."""

    def __init__(self, size: int) -> None:
        self.entries = [b"entry %d" % number for number in range(size)]
        self._leaves = leaf_hashes(self.entries)
        self.hash = cache(self._hash)

    def _hash(self, span: Span) -> str:
        return b64(Edge().grown(self._leaves[span.start : span.stop]).edge.root())

    def root(self, size: int) -> str:
        return self.hash(Span(0, size))

    def inclusion(self, index: int, size: int) -> Iterator[Case]:
        """One question to be answered with yes, and one with no: the neighbour's entry at this place."""
        path = [self.hash(span) for span in inclusion_path(index, size)]
        asked = {"ask": "inclusion", "index": index, "size": size, "path": path, "root": self.root(size)}
        yield {**asked, "entry": b64(self.entries[index])}, True
        yield {**asked, "entry": b64(self.entries[index - 1] if index else b"")}, False

    def consistency(self, old: int, size: int) -> Iterator[Case]:
        """One question to be answered with yes, and one with no: the root of one entry less."""
        path = [self.hash(span) for span in consistency_path(old, size)]
        asked = {"ask": "consistency", "old": old, "size": size, "path": path, "root": self.root(size)}
        yield {**asked, "oldRoot": self.root(old)}, True
        yield {**asked, "oldRoot": self.root(old - 1)}, False


def checkpoints() -> Iterator[Case]:
    """A checkpoint of ours, one of another key under the same name, and one that was altered."""
    key = signer().verifier
    text = Checkpoint(ORIGIN, 7, bytes(32)).text()
    asked = {"ask": "checkpoint", "name": key.name, "keyId": b64(key.key_id), "publicKey": b64(key.public)}
    note = signer().sign(text).decode()
    yield {**asked, "note": note}, True
    yield {**asked, "note": signer(2).sign(text).decode()}, False
    yield {**asked, "note": note.replace("\n7\n", "\n8\n")}, False


def ask(cases: Iterable[Case]) -> None:
    """Put these questions, and compare the answers with those expected."""
    asked = list(cases)
    answers = subprocess.run(
        ["node", TOOLS / "oracle.cjs"],
        input="".join(json.dumps(question) + "\n" for question, _ in asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout.split()
    assert len(answers) == len(asked)
    expected = ["true" if yes else "false" for _, yes in asked]
    wrong = [question for (question, _), one, other in zip(asked, answers, expected, strict=True) if one != other]
    assert not wrong, f"{len(wrong)} of {len(asked)} answers are not ours, the first about {wrong[0]}"


def everything(log: Log, inclusion_to: int, consistency_to: int) -> Iterator[Case]:
    for size in range(1, inclusion_to + 1):
        for index in range(size):
            yield from log.inclusion(index, size)
    for size in range(2, consistency_to + 1):
        for old in range(1, size):
            yield from log.consistency(old, size)


def here_and_there(log: Log, count: int) -> Iterator[Case]:
    chance = random.Random(1)
    for _ in range(count):
        size = chance.randrange(2, len(log.entries) + 1)
        index = chance.randrange(1, size)
        yield from log.inclusion(index, size)
        yield from log.consistency(index, size)


def test_others_verify_our_proofs_and_checkpoints() -> None:
    ask([*checkpoints(), *everything(Log(17), 17, 17), *here_and_there(Log(5000), 15)])


@pytest.mark.soak
def test_others_verify_every_proof_up_to_600_and_large_ones() -> None:
    ask(everything(Log(600), 600, 200))
    ask(here_and_there(Log(50_000), 200))
