"""A JSON text (RFC 8259), taken apart at its top level without altering a byte of what is inside.

Data is kept verbatim: duplicate keys, number spelling, escapes and white space. An ordinary decoder
loses all four, so each member here carries the exact slice of text it came from beside its value.
The slices are found with the C scanner of ``json``; only the outermost level is walked in Python.
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

_SPACE: Final = frozenset(" \t\n\r")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOT_BRACKETS: Final = re.compile(r"[^\[\]{}]+")


@dataclass(frozen=True, slots=True)
class Slice:
    """A JSON value: decoded, and as the text it was written in."""

    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object. ``key_text`` is the key as written, with its quotes and escapes."""

    key: str
    key_text: str
    value: Any
    text: str


def decode(body: bytes) -> str:
    """The text of ``body``: UTF-8, with or without a byte order mark.

    Raises Malformed for anything else.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8: byte {error.start} cannot be decoded") from None


def parse(text: str) -> Slice:
    """The one JSON value that ``text`` is. Raises Malformed."""
    start = _skip(text, 0)
    value, end = _scan(text, start)
    if _skip(text, end) != len(text):
        raise _malformed(text, _skip(text, end), "there is more after the JSON value")
    found = Slice(value, text[start:end])
    _check_depth(found.text)
    return found


def elements(text: str) -> Iterator[Slice]:
    """The elements of the array that ``text``, one valid JSON value, is."""
    at = _skip(text, 1)
    while text[at] != "]":
        value, end = _scan(text, at)
        yield Slice(value, text[at:end])
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def members(text: str) -> list[Member]:
    """The members, in order and with duplicates, of the object that ``text``, one valid JSON value, is."""
    found: list[Member] = []
    at = _skip(text, 1)
    while text[at] != "}":
        key, key_end = _scan_value(text, at)
        start = _skip(text, _skip(text, key_end) + 1)
        value, end = _scan(text, start)
        found.append(Member(key, text[at:key_end], value, text[start:end]))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def object_text(kept: list[Member]) -> str:
    """An object of just these members, each as it was written."""
    return "{" + ",".join(f"{member.key_text}:{member.text}" for member in kept) + "}"


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE:
        at += 1
    return at


def _scan(text: str, at: int) -> tuple[Any, int]:
    try:
        return _scan_value(text, at)
    except StopIteration as stop:
        raise _malformed(text, stop.value, "a JSON value was expected") from None
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg.lower()) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # int() refuses thousands of digits, and _finite what no double holds
        raise Malformed("not JSON that others can read: a number is out of range") from None


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
