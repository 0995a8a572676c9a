"""The record as a table: which columns an export as CSV has (RFC 4180), and what a cell may hold. Pure.

Spreadsheets take a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break for a formula, and what
agents send may be one. Such a cell gets an apostrophe in front, as OWASP advises; NDJSON keeps everything as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

COLUMNS: Final = (
    *("seq", "recorded", "principal", "category", "severity"),
    *("source", "type", "id", "time", "subject", "traceid"),
    *("attributes", "data", "data_base64", "data_hash", "erased"),
)
"""``attributes`` is a JSON object of all others that the event has; ``data`` is JSON, and ``erased`` who erased it."""

_ENTRY: Final = frozenset(("seq", "recorded", "principal", "category", "severity", "data_hash"))
_EVENT: Final = ("source", "type", "id", "time", "subject", "traceid")
_QUOTE: Final = '"'
_SPECIAL: Final = frozenset('",\r\n')
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def header() -> bytes:
    """The first row."""
    return _row(COLUMNS)


def row_of(item: Mapping[str, Any], data: str) -> bytes:
    """One item as a row; ``data`` is its data as the JSON text that the console sent, or empty."""
    entry, event = item["entry"], item["entry"]["event"]
    others = {name: value for name, value in event.items() if name not in _EVENT and name != "specversion"}
    cells = {
        **{name: entry.get(name, "") for name in _ENTRY},
        **{name: event.get(name, "") for name in _EVENT},
        "attributes": json.dumps(others, ensure_ascii=False) if others else "",
        "data": data,
        "data_base64": item.get("data_base64", ""),
        "erased": json.dumps(item["erased"], ensure_ascii=False) if "erased" in item else "",
    }
    return _row(guarded(cells[name]) for name in COLUMNS)


def guarded(value: Any) -> str:
    """A cell that no spreadsheet computes."""
    text = value if isinstance(value, str) else json.dumps(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _row(cells: Iterable[str]) -> bytes:
    return f"{','.join(_quoted(cell) for cell in cells)}\r\n".encode("utf-8", "backslashreplace")


def _quoted(cell: str) -> str:
    return f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if _SPECIAL.intersection(cell) else cell
