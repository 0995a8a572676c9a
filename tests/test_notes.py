"""Signed notes, checkpoints and proof files: the published examples, and what is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_console.checkpoint import Checkpoint, parse_checkpoint
from governance_console.errors import Malformed
from governance_console.limits import MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES
from governance_console.merkle import leaf_hash
from governance_console.notes import (
    Note,
    Signer,
    Standing,
    VerifierKey,
    new_private_key,
    parse_note,
    parse_private_key,
    parse_verifier_key,
    standing,
)
from governance_console.prooffile import ProofFile, parse_proof_file

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
"""Both from c2sp.org/signed-note."""

EXAMPLE_CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
"""From c2sp.org/tlog-checkpoint."""

TEXT = EXAMPLE_CHECKPOINT
LETTERS = "example.com/log 0123+=\n\u2014\u00a0\ud800"


def signer(name: str = "example.com/behind-the-sofa", seed: int = 1) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def line_of(note: bytes) -> bytes:
    return note.split(b"\n\n")[1]


def test_the_published_note_is_signed_by_the_published_key() -> None:
    key = parse_verifier_key(EXAMPLE_KEY)
    assert (key.name, key.key_id.hex(), str(key)) == ("example.com/foo", "530d903a", EXAMPLE_KEY)
    assert standing(parse_note(EXAMPLE_NOTE), [key]) is Standing.SIGNED
    altered = EXAMPLE_NOTE.replace(b"example message", b"altered message")
    assert standing(parse_note(altered), [key]) is Standing.FALSE


def test_a_note_is_signed_and_opened() -> None:
    ours = signer()
    note = parse_note(ours.sign(TEXT))
    assert (note.text, standing(note, [ours.verifier])) == (TEXT, Standing.SIGNED)
    assert ours.sign(TEXT) == ours.sign(TEXT)


def test_signatures_of_others_are_ignored_also_under_our_name_or_our_id() -> None:
    ours, other, namesake = signer(), signer("witness.example", 2), signer(seed=3)
    note = ours.sign(TEXT) + line_of(other.sign(TEXT)) + line_of(namesake.sign(TEXT))
    assert standing(parse_note(note), [ours.verifier]) is Standing.SIGNED
    assert standing(parse_note(note), [signer("unknown.example", 4).verifier]) is Standing.OTHER_KEY
    same_id = parse_note(ours.sign(TEXT).replace(b"\x94 example", b"\x94 fxample"))
    assert standing(same_id, [ours.verifier]) is Standing.OTHER_KEY


def test_one_false_signature_of_a_known_key_spoils_a_note() -> None:
    ours, other = signer(), signer("witness.example", 2)
    note = parse_note(ours.sign(TEXT) + line_of(other.sign("something else\n")))
    assert standing(note, [ours.verifier]) is Standing.SIGNED
    assert standing(note, [ours.verifier, other.verifier]) is Standing.FALSE


def test_a_note_without_signatures_is_unsigned() -> None:
    for note in (TEXT, TEXT + "\n"):
        assert parse_note(note.encode()) == Note(TEXT, ())
        assert standing(parse_note(note.encode()), [signer().verifier]) is Standing.UNSIGNED


def test_the_last_empty_line_ends_the_text() -> None:
    ours = signer()
    assert parse_note(ours.sign("a\n\n\u2014 b c\n\nd\n")).text == "a\n\n\u2014 b c\n\nd\n"


def test_a_hundred_signatures_are_taken() -> None:
    ours = signer()
    line = line_of(ours.sign(TEXT))
    assert standing(parse_note(ours.sign(TEXT) + line * (MAX_NOTE_SIGNATURES - 1)), [ours.verifier]) is Standing.SIGNED
    with pytest.raises(Malformed, match="signatures"):
        parse_note(ours.sign(TEXT) + line * MAX_NOTE_SIGNATURES)


@pytest.mark.parametrize(
    "note",
    [
        b"no line feed at the end",
        b"not UTF-8 \xff\n",
        b"a tab\t\n",
        b"carriage returns\r\n",
        b"x" * MAX_NOTE_BYTES + b"\n",
        b"text\n\nnot a signature\n",
        "text\n\n\u2013 name AAAAAAA=\n".encode(),  # an en dash
        "text\n\n\u2014 name AAAAAA==\n".encode(),  # an id without a signature
        "text\n\n\u2014 name AAAAAAB=\n".encode(),  # stray bits in the last digit
        "text\n\n\u2014 name AAAAAAA\n".encode(),
        "text\n\n\u2014 a+b AAAAAAA=\n".encode(),
        "text\n\n\u2014 a\u00a0b AAAAAAA=\n".encode(),
        "text\n\n\u2014  AAAAAAA=\n".encode(),
        "text\n\n\u2014 name AAAAAAA= more\n".encode(),
    ],
)
def test_what_is_not_a_note(note: bytes) -> None:
    with pytest.raises(Malformed):
        parse_note(note)


@pytest.mark.parametrize(
    "key",
    [
        "",
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("foo", "bar"),
        EXAMPLE_KEY[:-4],
        EXAMPLE_KEY.replace("+A", "+B"),  # another signature type
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "\udc80" + EXAMPLE_KEY,
        str(VerifierKey("example.com/foo", bytes(31))),
        str(VerifierKey("example.com/foo", bytes(33))),
    ],
)
def test_what_is_not_a_verifier_key(key: str) -> None:
    with pytest.raises(Malformed):
        parse_verifier_key(key)


def test_a_private_key_is_a_pem_file_and_stays_out_of_every_text() -> None:
    pem = new_private_key()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    private = parse_private_key(pem)
    ours = Signer("example.com/log", private)
    assert standing(parse_note(ours.sign(TEXT)), [ours.verifier]) is Standing.SIGNED
    assert new_private_key() != pem
    rsa_key = rsa.generate_private_key(65537, 1024).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    locked = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    secret = pem.split(b"\n")[1]
    unknown = pem.replace(secret, base64.b64encode(base64.b64decode(secret).replace(b"\x2b\x65\x70", b"\x2b\x65\x7f")))
    for wrong in (b"", b"\xff", pem[:-30], rsa_key, locked, secret, unknown):
        with pytest.raises(Malformed) as failed:
            parse_private_key(wrong)
        assert secret.decode() not in f"{failed.value!r}{failed.value.__cause__!r}"
    assert secret.decode() not in repr(ours)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\x01b", "\udc80"])
def test_what_a_key_cannot_be_called(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        signer(name)


@pytest.mark.parametrize("text", ["", "no end", "a\tb\n"])
def test_only_lines_are_signed(text: str) -> None:
    with pytest.raises(ValueError, match="lines"):
        signer().sign(text)


def test_the_published_checkpoint() -> None:
    checkpoint = parse_checkpoint(EXAMPLE_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.text() == EXAMPLE_CHECKPOINT
    extended = parse_checkpoint(EXAMPLE_CHECKPOINT + "one\ntwo\n")
    assert (extended.extensions, extended.text()) == (("one", "two"), EXAMPLE_CHECKPOINT + "one\ntwo\n")
    assert parse_checkpoint(EXAMPLE_CHECKPOINT.replace("20852163", "0")).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        EXAMPLE_CHECKPOINT[:-1],
        EXAMPLE_CHECKPOINT + "\n",
        "\n" + EXAMPLE_CHECKPOINT,
        EXAMPLE_CHECKPOINT + "cut",
        *(EXAMPLE_CHECKPOINT.replace("20852163", size) for size in ("", "01", "+1", "-1", " 1", "1_0", "\u0661")),
        *(EXAMPLE_CHECKPOINT.replace("20852163", size) for size in (str(2**63), "9" * 19, "9" * 5000)),
        *(EXAMPLE_CHECKPOINT.replace("q2I=", end) for end in ("q2J=", "q2I", "", "q2I=q2I=", "q2Iq")),
    ],
)
def test_what_is_not_a_checkpoint(text: str) -> None:
    with pytest.raises(Malformed):
        parse_checkpoint(text)


def test_a_proof_file_is_laid_out_as_published() -> None:
    ours = signer()
    leaf, sibling = leaf_hash(b"entry"), leaf_hash(b"other")
    checkpoint = Checkpoint("example.com/behind-the-sofa", 1, leaf)
    proof = ProofFile(0, [], ours.sign(checkpoint.text()))
    assert proof.content() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + ours.sign(checkpoint.text())
    assert parse_proof_file(proof.content()) == proof
    assert proof.proves(leaf, checkpoint)
    assert not proof.proves(sibling, checkpoint)
    full = ProofFile(5, [leaf, sibling], ours.sign(TEXT), b"extra")
    assert full.content().startswith(b"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 5\n")
    assert parse_proof_file(full.content()) == full


PROOF = ProofFile(5, [bytes(32)], b"checkpoint\n", b"extra").content()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        PROOF.replace(b"@v1", b"@v2"),
        PROOF.replace(b"index 5\n", b""),
        PROOF.replace(b"index 5", b"index 05"),
        PROOF.replace(b"index 5", b"5"),
        b"c2sp.org/tlog-proof@v1\n\ncheckpoint\n",
        PROOF.replace(b"extra ", b"extra"),
        PROOF.replace(b"AAA=", b"AAB="),
        PROOF.replace(b"index 5\n", b"index 5\nAAAA\n"),
        PROOF.replace(b"index 5\n", b"index 5\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 63),
        PROOF.replace(b"\n\n", b"\n"),
        PROOF.partition(b"checkpoint")[0],
        PROOF.replace(b"index", "\u0131ndex".encode()),
        PROOF + bytes(2 * MAX_NOTE_BYTES),
    ],
)
def test_what_is_not_a_proof_file(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_proof_file(content)


@settings(max_examples=30)
@given(st.binary(), st.text(LETTERS))
def test_whatever_comes_is_taken_apart_or_refused(content: bytes, text: str) -> None:
    for parse in (parse_note, parse_proof_file, parse_private_key):
        with pytest.raises(Malformed):
            if isinstance(parse(content), Note):
                raise Malformed("a line of text is a note that nobody signed")
    for take in (parse_checkpoint, parse_verifier_key):
        with pytest.raises(Malformed):
            take(text)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_can_be_altered(place: int, change: int) -> None:
    ours = signer()
    note = bytearray(ours.sign(TEXT))
    note[place % len(note)] ^= change
    try:
        stands = standing(parse_note(bytes(note)), [ours.verifier])
    except Malformed:
        return
    assert stands is not Standing.SIGNED


@pytest.mark.parametrize("public", [b"\xff" * 32, bytes(31)])
def test_a_verifier_key_with_a_point_that_is_none_verifies_nothing(public: bytes) -> None:
    key = VerifierKey("example.com/behind-the-sofa", public)
    fake = Signer(key.name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    fake.verifier = key
    assert standing(parse_note(fake.sign(TEXT)), [key]) is Standing.FALSE
