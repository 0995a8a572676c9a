"""An export as NDJSON, read back: each line one item, exactly as the console writes it. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from governance_console import jsontext
from governance_console.entries import Erased, Item, item_line
from governance_console.errors import InputError
from governance_console.verify import Record
from governance_console.vouching import Mark

_NOTHING: Final = msgspec.Raw()


class _Erased(msgspec.Struct):
    by: str
    at: str
    reason: str


class _Line(msgspec.Struct):
    entry: msgspec.Raw
    data: msgspec.Raw = _NOTHING  # a union with None is no Raw
    data_base64: str | None = None
    salt: str | None = None
    erased: _Erased | None = None


_decoder: Final = msgspec.json.Decoder(_Line)
_decode_text: Final = msgspec.json.Decoder(str).decode
_decode_erased: Final = msgspec.json.Decoder(_Erased).decode


def records_of(lines: Iterable[bytes]) -> Iterator[Record]:
    """The record in each line. A line that is no item becomes a record whose entry is the line: no entry, that is.

    A line has to be, byte for byte, what the console would write for its content, so that nothing in it is left
    unchecked: no member twice, none beside the entry and its data, and no shown data beside the exact.
    """
    for line in lines:
        whole = line.removesuffix(b"\n")
        try:
            record = _record(_line(whole), whole)
        except (ValueError, RecursionError, InputError):
            record = None
        yield Record(None, whole, None, None, None) if record is None else record


def _line(whole: bytes) -> _Line:
    try:
        return _decoder.decode(whole)
    except msgspec.DecodeError:
        # Data may have half of a surrogate pair, which is JSON, and which msgspec does not take.
        texts = {name: msgspec.Raw(text) for name, text in jsontext.texts(whole).items()}
        exact = {name: _decode_text(texts[name]) for name in ("data_base64", "salt") if name in texts}
        erased = _decode_erased(texts["erased"]) if "erased" in texts else None
        return _Line(texts.get("entry", _NOTHING), texts.get("data", _NOTHING), erased=erased, **exact)


def _record(line: _Line, whole: bytes) -> Record | None:
    entry = bytes(line.entry)
    if line.erased is not None:
        by, at, reason = line.erased.by, line.erased.at, line.erased.reason
        shown = item_line(Item(0, entry, None, None, False, Erased(by, at, reason)))
        return Record(None, entry, None, None, Mark(by, at, reason, None)) if shown == whole + b"\n" else None
    salt = None if line.salt is None else _exact(line.salt)
    data_shown = bytes(line.data) or None
    data = data_shown if line.data_base64 is None else _exact(line.data_base64)
    item = Item(0, entry, salt, data, data_shown is not None)
    return Record(None, entry, salt, data, None) if item_line(item) == whole + b"\n" else None


def _exact(text: str) -> bytes:
    """Raises ValueError (binascii.Error is one)."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise binascii.Error("stray bits")
    return found
