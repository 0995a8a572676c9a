"""A JSON text (RFC 8259), taken apart at its top level without altering a byte of what is inside.

Data is kept verbatim: duplicate keys, number spelling, escapes and white space. An ordinary decoder
loses all four, so each member here carries the exact slice of text it came from beside its value. The
text is walked once: what lies deeper is decoded by the C scanner of ``json``, which says where a value ends.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from governance_console.errors import Malformed
from governance_console.limits import MAX_DEPTH

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"')  # possessive: it never goes back, whatever it is fed
_NOT_BRACKETS: Final = re.compile(r"[^\[\]{}]++")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object. ``key_text`` and ``text`` are key and value exactly as written."""

    key: str
    key_text: str
    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a text: its members, with duplicates and in order, or None where it is no object."""

    members: list[Member] | None
    length: int


def decode(body: bytes) -> str:
    """The text of ``body``: UTF-8, with or without a byte order mark.

    Raises Malformed for anything else.
    """
    try:
        return body.decode("utf-8-sig")
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


def object_text(kept: list[Member]) -> str:
    """An object of just these members, each as it was written."""
    return "{" + ",".join([f"{member.key_text}:{member.text}" for member in kept]) + "}"


def _item(text: str, start: int) -> tuple[Item, int]:
    if not text.startswith("{", start):
        _, end = _scan(text, start)
        return Item(None, end - start), end
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
        found.append(Member(key, text[at:key_end], value, text[begin:end]))
        at = _skip(text, end)
        following = text.startswith(",", at)
        if following:
            at = _skip(text, at + 1)
    if not text.startswith("}", at):
        raise _malformed(text, at, "a comma or } was expected")
    return Item(found, at + 1 - start), at + 1


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
