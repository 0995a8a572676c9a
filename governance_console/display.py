"""Messages as a terminal shows them: one line each, and nothing in them that a terminal would obey. Pure.

What agents send may hold escape sequences, which set a terminal's title or rewrite what it shows, and bidirectional
controls, which show one text and mean another. All that does not print is shown as an escape instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

WHAT_CHARS: Final = 160
"""What a line says of an event's data: enough to know it by; the rest is one ``GET /api/events/{seq}`` away."""

_RESET: Final = "\x1b[0m"
_DIM: Final = "2"
_SEVERITY_COLOURS: Final = {
    "debug": "2",
    "info": "32",
    "notice": "36",
    "warning": "33",
    "error": "31",
    "critical": "1;37;41",
}
_ROW_BREAKS: Final = re.compile(r"[\t\n\r]")


def printable(text: str) -> str:
    """The text with everything that does not print as ``\\x1b`` or ``\\u202e``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def json_line(text: str, *, for_terminal: bool) -> str:
    """A JSON text on one line; for a terminal with what it would obey as JSON escapes, which mean the same."""
    # Between a JSON text's tokens a tab or a line break means what a space means, and inside of strings there is none.
    line = _ROW_BREAKS.sub(" ", text)
    if not for_terminal or line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def entry_row(message: Mapping[str, Any], *, colour: bool) -> str:
    """One line for an entry of the stream: time, number, category, severity, source, type, and what."""
    entry = message["entry"]
    event = entry["event"]
    time = printable(f"{entry['recorded'][:10]} {entry['recorded'][11:19]}Z")
    severity = str(entry["severity"])
    what = _what(message)
    return " ".join(
        part
        for part in (
            _painted(time, _DIM, colour),
            _painted(printable(f"#{entry['seq']}"), "1", colour),
            f"{printable(str(entry['category'])):<8}",
            _painted(f"{printable(severity):<8}", _SEVERITY_COLOURS.get(severity, "0"), colour),
            printable(str(event["source"])),
            _painted(printable(str(event["type"])), "1", colour),
            _painted(what, _DIM, colour) if what else "",
        )
        if part
    )


def heartbeat_row(message: Mapping[str, Any], *, colour: bool) -> str:
    """One line for a heartbeat."""
    time = str(message.get("time", ""))
    writable = "" if message.get("writable", True) else "; the record cannot be written"
    row = f"{time[:10]} {time[11:19]}Z {message.get('message', '')}, size {message.get('size')}{writable}"
    return _painted(printable(row), _DIM, colour)


def _what(message: Mapping[str, Any]) -> str:
    event = message["entry"]["event"]
    parts = [str(event["subject"])] if "subject" in event else []
    if "erased" in message:
        parts.append("(erased)")
    elif "data" in message:
        parts.append(_shown(message["data"]))
    elif "data_base64" in message:
        parts.append(f"({event.get('datacontenttype', 'bytes')})")
    text = printable(" ".join(part for part in parts if part))
    return text if len(text) <= WHAT_CHARS else text[: WHAT_CHARS - 1] + "…"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={_shown_value(held)}" for key, held in value.items())
    return _shown_value(value)


def _shown_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _painted(text: str, colour: str, wanted: bool) -> str:
    return f"\x1b[{colour}m{text}{_RESET}" if wanted else text


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
