"""The filters of the stream and of the history, as options."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.selection import seq_of


def add_filters(parser: ArgumentParser, *, history: bool) -> None:
    """Add them. One that is given more than once is a choice: any of its values will do."""
    group = parser.add_argument_group("which entries")
    group.add_argument("--category", action="append", choices=CATEGORIES, metavar="NAME", help=", ".join(CATEGORIES))
    group.add_argument("--source", action="append", metavar="NAME", help="who the event says it is from")
    group.add_argument("--type", action="append", metavar="TYPE", help="a type; with * at its end, how types begin")
    group.add_argument("--severity", choices=SEVERITIES, metavar="LEAST", help="at least: " + ", ".join(SEVERITIES))
    group.add_argument("--traceid", action="append", metavar="ID", help="what belongs to one trace")
    if history:
        group.add_argument("--since", metavar="TIME", help="recorded then or later: 2026-11-22T10:00:00Z")
        group.add_argument("--until", metavar="TIME", help="recorded before then")
        group.add_argument("--q", metavar="TEXT", help="text in source, type, subject or data")


def query_of(chosen: Namespace, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The chosen filters as query parameters."""
    query: list[tuple[str, str]] = []
    for name in names:
        value = getattr(chosen, name)
        if value is not None:
            query += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return query


def cursor(text: str) -> int:
    """An option's value as a ``seq``."""
    seq = seq_of(text)
    if seq is None:
        raise ArgumentTypeError("has to be a number of the record: 0, 1, 2, …")
    return seq
