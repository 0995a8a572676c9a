"""The recipe of docs/proof.md checks an entry's proof with nothing of ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from governance_console.prooffile import ProofFile
from governance_console.proving import inclusion_proof
from tests.process import ROOT, clean_environment
from tests.signedlog import SignedLog, entry_of, signer

TOOLS = ("bash", "basenc", "base64", "sha256sum", "openssl")


def recipe(key: str) -> str:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "proof.md").read_text(encoding="utf-8"), re.DOTALL)
    (block,) = (one for one in blocks if "openssl" in one)
    return re.sub(r"^key=.*$", lambda _: f"key='{key}'", str(block), flags=re.MULTILINE)


def checked(folder: Path, key: str, entry: bytes, proof: ProofFile) -> list[str]:
    (folder / "entry").write_bytes(entry)
    (folder / "proof").write_bytes(proof.content())
    command = ["bash", "-uo", "pipefail", "-c", recipe(key)]
    ended = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False
    )
    return ended.stdout.splitlines()


PROVED = ["the entry is in this tree", "Signature Verified Successfully"]


def test_an_entry_is_proved_with_sha256sum_and_openssl(
    tmp_path: Path, require: Callable[[bool, str, str], None]
) -> None:
    require(all(shutil.which(tool) for tool in TOOLS), "one of " + ", ".join(TOOLS), "apt-get install openssl")
    key = str(signer().verifier)
    log = SignedLog(7, [7])
    proof, entry = ProofFile(6, inclusion_proof(6, 7, log.tiles.__getitem__), log.notes[0]), entry_of(log.records[6])
    assert checked(tmp_path, key, entry, proof) == PROVED
    assert checked(tmp_path, key, entry + b" ", proof) == PROVED[1:]
    assert checked(tmp_path, str(signer(2).verifier), entry, proof) == [PROVED[0], "Signature Verification Failure"]


@pytest.mark.soak
@pytest.mark.parametrize("size", [1, 2, 3, 8, 11, 257])
def test_every_entry_is_proved_with_sha256sum_and_openssl(tmp_path: Path, size: int) -> None:
    log = SignedLog(size, [size])
    for seq in {*range(min(size, 11)), size - 1}:
        proof = ProofFile(seq, inclusion_proof(seq, size, log.tiles.__getitem__), log.notes[0])
        assert checked(tmp_path, str(signer().verifier), entry_of(log.records[seq]), proof) == PROVED, seq
