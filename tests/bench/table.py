"""Figures as Markdown: a median with its spread, ratios beside it, and whether a bar is reached. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.bench.results import Spread


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """A table; ``words`` are the columns that hold words, the others hold numbers."""
    lines = [head, ["---" if place in words else "---:" for place in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Three significant digits, with k or M from ten thousand on."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size * (1 if unit == "M" else 10):
            return _short(value / size) + " " + unit
    return _short(value)


def spread(found: Spread, scale: float = 1.0) -> str:
    """The median, and the least and the most in brackets."""
    least, most = number(found.least * scale), number(found.most * scale)
    middle = number(found.median * scale)
    return middle if least == most else f"{middle} ({least} to {most})"


def times(found: Spread) -> str:
    """A ratio."""
    return spread(found) + "x"


def milliseconds(found: Spread) -> str:
    """Of seconds."""
    return number(found.median * 1e3)


def percent(found: Spread) -> str:
    """Of a share."""
    return f"{found.median:.0%}".replace("%", " %")


def _short(value: float) -> str:
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, 3 - whole)}f}"
