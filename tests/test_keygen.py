"""``python run.py keygen``: a key for its owner only, never written over, and the verifier key of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_console.notes import Signer, parse_private_key, parse_verifier_key
from tests.process import said


async def test_a_key_is_made_for_its_owner_only_and_shown_under_a_name(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = await said(capsys, "keygen", "keys/log.key", "--origin", "log.example/1")
    key = parse_private_key((here / "keys" / "log.key").read_bytes())
    assert (ended.status, ended.errors) == (0, "")
    assert parse_verifier_key(ended.output.strip()) == Signer("log.example/1", key).verifier
    assert (here / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    shown = await said(capsys, "keygen", "--show", "keys/log.key", "--origin", "log.example/1")
    assert shown == ended


async def test_a_key_is_never_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = await said(capsys, "keygen")
    content = (here / "data" / "log.key").read_bytes()
    again = await said(capsys, "keygen")
    assert (first.status, again.status) == (0, 2)
    assert again.errors == (
        "governance-console: data/log.key exists, and a key is never overwritten; --show shows its key\n"
    )
    assert (here / "data" / "log.key").read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--show"], "a verifier key bears the log's name: give --origin"),
        (["--show", "--origin", "a b"], "--origin is a log's name"),
        (["--origin", ""], "--origin is a log's name"),
        (["--show", "--origin", "a"], "data/log.key cannot be read: no such file or directory"),
        (["--show", "--origin", "a", "noise"], "this is not an unencrypted private key in PEM (PKCS #8)"),
        (["noise/log.key"], "noise/log.key cannot be made: "),
        (["a\0b"], "that is no name of a file"),
        (["--show", "--origin", "a", "a\0b"], "that is no name of a file"),
    ],
)
async def test_what_is_no_key_is_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    (here / "noise").write_text("secret", encoding="utf-8")
    ended = await said(capsys, "keygen", *arguments)
    assert (ended.status, ended.output) == (2, "")
    assert sentence in ended.errors
    assert "secret" not in ended.errors
    assert {path.name for path in here.iterdir()} == {"noise"}
