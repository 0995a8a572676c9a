"""Signed notes with Ed25519: their format, their keys, and who signed one. Pure.

Source: c2sp.org/signed-note. A note is text, a blank line, and a line for each signature. Only Ed25519 (signature
type 1) is made and checked here; other signatures, witnesses' for instance, are read, kept and ignored.

The private key is kept as PEM PKCS #8 (RFC 8410), not in the ``PRIVATE+KEY+name+…`` form of Go's note package: that
form ties a key to one name, but a key outlives an origin when a new epoch begins, and PEM is what openssl and every
secret store read and write.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from governance_console.errors import Malformed
from governance_console.limits import MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_DASH: Final = "\u2014"
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")


class Standing(Enum):
    """What a note's signatures say about the keys that one trusts."""

    SIGNED = "signed"
    UNSIGNED = "no signature at all"
    OTHER_KEY = "signed by other keys only"
    FALSE = "a signature that claims to be a trusted key's is false"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it claims to be, and the signature's bytes."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart. ``text`` ends in a line feed and is what is signed, in UTF-8."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name, as whoever checks a note is given it: ``name+hex(key id)+base64(type || key)``."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public)}"


class Signer:
    """A private key under a name. The name should be the log's origin."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        """Raises ValueError for a name that a key cannot have."""
        if not is_key_name(name):
            raise ValueError("the name of a key is not empty and has no spaces, control characters or '+'")
        self._private = private
        self.verifier = VerifierKey(name, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The note of this text, signed. Raises ValueError for text that is not lines."""
        if _CONTROL.search(text) or not text.endswith("\n"):
            raise ValueError("the text of a note is lines, without control characters")
        signature = encode_base64(self.verifier.key_id + self._private.sign(text.encode()))
        return f"{text}\n{_DASH} {self.verifier.name} {signature}\n".encode()


def new_private_key() -> bytes:
    """A new private key as a PEM file's content (PKCS #8, not encrypted)."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def parse_private_key(pem: bytes) -> Ed25519PrivateKey:
    """The private key of a PEM file. Raises Malformed, without a word of the content."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Malformed("this is not an unencrypted private key in PEM (PKCS #8)") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed("this private key is not an Ed25519 key")
    return key


def parse_verifier_key(text: str) -> VerifierKey:
    """Take a verifier key apart. Raises Malformed also when its id is not the key's, or it is not an Ed25519 key."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = _decoded(encoded)
    if not is_key_name(name) or key is None or key[:1] != _ED25519 or len(key) != 33:
        raise Malformed("this is not the verifier key of an Ed25519 key: name+8 hex digits+base64")
    verifier = VerifierKey(name, key[1:])
    if verifier.key_id.hex() != key_id:
        raise Malformed("the key id in this verifier key is not that of its name and key")
    return verifier


def is_key_name(name: str) -> bool:
    """Whether a key may be called so: not empty, and no Unicode spaces, control characters, ``+`` or
    half of a surrogate pair, which UTF-8 does not have."""
    if any(letter.isspace() or letter < " " or letter == "+" or "\ud800" <= letter <= "\udfff" for letter in name):
        return False
    return bool(name)


def parse_note(note: bytes) -> Note:
    """Take a note apart. Raises Malformed for what is none, or has too many signatures.

    Text alone, which nobody signed, is taken apart too and has no signatures: ``standing`` says so.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise Malformed(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise Malformed("a note is UTF-8") from None
    if _CONTROL.search(whole) or not whole.endswith("\n"):
        raise Malformed("a note consists of lines, without control characters")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines:
        return Note(text + "\n" if blank else whole, ())
    signatures = lines.removesuffix("\n").split("\n")
    if len(signatures) > MAX_NOTE_SIGNATURES:
        raise Malformed(f"a note has at most {MAX_NOTE_SIGNATURES} signatures here")
    return Note(text + "\n", tuple(_signature(line) for line in signatures))


def standing(note: Note, keys: Sequence[VerifierKey]) -> Standing:
    """What these keys say of a note: all known signatures have to be true, and one has to be there."""
    if not note.signatures:
        return Standing.UNSIGNED
    known = {(key.name, key.key_id): key for key in keys}
    ours = [(known[each.name, each.key_id], each) for each in note.signatures if (each.name, each.key_id) in known]
    if not all(_is_true(key, signature, note.text) for key, signature in ours):
        return Standing.FALSE
    return Standing.SIGNED if ours else Standing.OTHER_KEY


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one proper form. Raises Malformed."""
    found = _decoded(text)
    if found is None:
        raise Malformed("this is not base64")
    return found


def encode_base64(value: bytes) -> str:
    """Standard base64, with padding."""
    return base64.b64encode(value).decode()


def _decoded(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # b64decode takes stray bits in the last digit: two texts for the same bytes.
    return found if encode_base64(found) == text else None


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    value = _decoded(encoded)
    if dash != _DASH or not is_key_name(name) or value is None or len(value) <= _KEY_ID_BYTES:
        raise Malformed("a signature is a line of an em dash, a key's name and base64")
    return Signature(name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _is_true(key: VerifierKey, signature: Signature, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature.value, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
