"""Which browser somebody uses, in words that its owner knows it by. Pure; a claim, and never more than a hint."""

from __future__ import annotations

import re
from typing import Final

_PROGRAMS: Final = (
    # The first that fits: most name those that they want to be taken for as well.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_PRODUCT: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")


def browser_of(user_agent: str) -> str:
    """Such as ``Firefox on Linux``, from a User-Agent header (RFC 9110, section 10.1.5); at most 60 characters."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "")
    if not program:
        product = _PRODUCT.match(user_agent)
        program = product[0] if product else "a browser"
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{program} on {system}" if system else program
