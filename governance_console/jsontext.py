"""A JSON text (RFC 8259), taken apart at its top level without altering a byte of what is inside.

Data is kept verbatim: duplicate keys, number spelling, escapes and white space. An ordinary decoder
loses all four, so each member here carries the exact bytes it came from beside its value.

Objects as ordinary encoders write them are taken apart by msgspec, and proved by counting: every quote has to be in a
member that was found. All others, and all that is wrong, are walked: what lies below the top level is decoded by the C
scanner of ``json``, which says where a value ends.
"""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from governance_console.errors import InputError, Malformed
from governance_console.limits import MAX_DEPTH

_BLANKS: Final = " \t\n\r"
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"')  # possessive: it never goes back, whatever it is fed
_NOT_BRACKETS: Final = re.compile(r"[^\[\]{}]++")
_split: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_texts_of: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_values_of: Final = msgspec.json.Decoder(dict[str, Any]).decode


_T = TypeVar("_T")


class Member(msgspec.Struct, frozen=True, gc=False):
    """One member of an object. ``key_text`` and ``text`` are key and value exactly as written."""

    key: str
    key_text: bytes
    value: Any
    text: bytes


class Item(msgspec.Struct, frozen=True, gc=False):
    """One value of a text: its members, with duplicates and in order, or None where it is no object."""

    members: list[Member] | None


def decode(body: bytes) -> str:
    """The text of ``body``: UTF-8, with or without a byte order mark.

    Raises Malformed for anything else.
    """
    try:
        # Not the codec "utf-8-sig", which is written in Python.
        return body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8: byte {error.start} cannot be decoded") from None


def parse(text: str) -> tuple[Any, str]:
    """The one JSON value that ``text`` is, decoded and as it was written. Raises Malformed."""
    start = _skip(text, 0)
    value, end = _scan(text, start)
    _check_end(text, end)
    return value, text[start:end]


def is_array(text: str) -> bool:
    """Whether ``text``, if it is JSON at all, is an array."""
    return text.startswith("[", _skip(text, 0))


def items(text: str) -> Iterator[Item]:
    """The value that ``text`` is, or, where it is an array, each of its elements. Raises Malformed on the way."""
    yield from read_items(text, _nothing)


def read_items(text: str, read: Callable[[bytes], _T | None]) -> Iterator[_T | Item]:
    """``items``, with what ``read`` makes of an item's bytes in its place, where it makes anything of them.

    Raises Malformed on the way.
    """
    done = 0
    for element in _elements(text):
        item = read(element) or _taken_apart(element)
        if item is None:
            break
        yield item
        done += 1
    else:
        return
    yield from islice(_walked(text), done, None)


def texts(line: bytes) -> dict[str, bytes]:
    """The members of an object, each exactly as written, also where msgspec reads none: it takes no half of a surrogate
    pair, which JSON lets a sender escape. Raises InputError.
    """
    (item,) = items(decode(line))
    return {member.key: member.text for member in item.members or ()}


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of NDJSON that hold something, each with its number, counted from 1."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(_BLANKS):
            yield number, line


def said_of_line(error: InputError) -> str:
    """What an error says of a text that was one line of many: such a text's own first line means nothing to anybody."""
    return str(error).removeprefix("the body is ").replace(" at line 1,", " at")


def object_text(kept: Sequence[Member]) -> bytes:
    """An object of just these members, each as it was written."""
    return b"{%b}" % b",".join([b"%b:%b" % (member.key_text, member.text) for member in kept])


def _nothing(text: bytes) -> None:
    del text


def _elements(text: str) -> Iterator[bytes]:
    """The value that ``text`` is, or its elements, as they were written; an empty one where that cannot be told."""
    if not is_array(text):
        yield text.strip(_BLANKS).encode()
        return
    try:
        elements = _split(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        yield b""
    else:
        yield from map(bytes, elements)


def _taken_apart(element: bytes) -> Item | None:
    """None where it is no JSON: why, and where, the whole text tells."""
    members = _plain(element)
    if members is not None:
        return Item(members)
    text = element.decode()
    try:
        item, end = _item(text, 0)
    except Malformed:
        return None
    return item if end == len(text) else None


def _plain(text: bytes) -> list[Member] | None:
    """The members of an object without duplicate keys or escapes in keys; None for anything else."""
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
        return None
    try:
        texts, values = _texts_of(text), _values_of(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # Every escape is in a value, so every key has two quotes. Of a key that is there twice, two more are left.
    inside = b"".join(texts.values())
    if text.count(b"\\") != inside.count(b"\\") or text.count(b'"') != inside.count(b'"') + 2 * len(texts):
        return None
    return [Member(key, b'"%b"' % key.encode(), values[key], bytes(raw)) for key, raw in texts.items()]


def _walked(text: str) -> Iterator[Item]:
    at = _skip(text, 0)
    if not text.startswith("[", at):
        item, at = _item(text, at)
        yield item
        _check_end(text, at)
        return
    at = _skip(text, at + 1)
    following = not text.startswith("]", at)
    while following:
        item, at = _item(text, at)
        yield item
        at = _skip(text, at)
        following = text.startswith(",", at)
        if following:
            at = _skip(text, at + 1)
    if not text.startswith("]", at):
        raise _malformed(text, at, "a comma or ] was expected")
    _check_end(text, at + 1)


def _item(text: str, start: int) -> tuple[Item, int]:
    if not text.startswith("{", start):
        _, end = _scan(text, start)
        return Item(None), end
    found: list[Member] = []
    at = _skip(text, start + 1)
    following = not text.startswith("}", at)
    while following:
        if not text.startswith('"', at):
            raise _malformed(text, at, "a key in double quotes was expected")
        key, key_end = _scan(text, at)
        colon = _skip(text, key_end)
        if not text.startswith(":", colon):
            raise _malformed(text, colon, "a colon was expected")
        begin = _skip(text, colon + 1)
        value, end = _scan(text, begin)
        found.append(Member(key, text[at:key_end].encode(), value, text[begin:end].encode()))
        at = _skip(text, end)
        following = text.startswith(",", at)
        if following:
            at = _skip(text, at + 1)
    if not text.startswith("}", at):
        raise _malformed(text, at, "a comma or } was expected")
    return Item(found), at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _check_end(text: str, at: int) -> None:
    at = _skip(text, at)
    if at != len(text):
        raise _malformed(text, at, "there is more after the JSON value")


def _scan(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = _scan_value(text, at)
    except StopIteration as stop:
        raise _malformed(text, stop.value, "a JSON value was expected") from None
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg.lower().removesuffix(" at")) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # int() refuses thousands of digits, and _finite what no double holds
        raise Malformed("not JSON that others can read: a number is out of range") from None
    if isinstance(value, dict | list) and value:
        _check_depth(text[at:end])
    return value, end


def _finite(spelling: str) -> float:
    number = float(spelling)
    if math.isinf(number):
        raise ValueError(spelling)
    return number


def _no_constant(name: str) -> Any:
    raise Malformed(f"the body is not JSON: {name} is not a JSON value")


_scan_value: Final[Callable[[str, int], tuple[Any, int]]] = json.JSONDecoder(
    parse_float=_finite, parse_constant=_no_constant
).scan_once  # type: ignore[attr-defined]  # public by use (raw_decode is built on it), and raw_decode is slower


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> Malformed:
    return Malformed(f"the JSON is nested deeper than {MAX_DEPTH} levels")


def _malformed(text: str, at: int, what: str) -> Malformed:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return Malformed(f"the body is not JSON: {what} at line {line}, column {column}")
