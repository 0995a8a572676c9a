"""Where a page has a place for results, they are put: between ``<!-- bench NAME -->`` and ``<!-- bench end -->``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.bench.errors import CannotMeasure


def places(page: str) -> list[str]:
    """The names of a page's places. Raises CannotMeasure where it has none."""
    found = re.findall(r"<!-- bench (\w+) -->\n(?:(?!<!-- bench).*\n)*<!-- bench end -->", page)
    if not found:
        raise CannotMeasure("it has no place for results: <!-- bench NAME --> and <!-- bench end -->, a line each")
    return [str(name) for name in found]


def filled(page: str, results: Mapping[str, str]) -> str:
    """The page with these results in their places. Raises CannotMeasure for a place that nothing fills."""
    for name in places(page):
        if name not in results:
            raise CannotMeasure(f"nothing fills the place {name!r}; there are {', '.join(results)}")
        begin, end = f"<!-- bench {name} -->\n", "<!-- bench end -->"
        head, _, rest = page.partition(begin)
        page = head + begin + "\n" + results[name] + "\n\n" + end + rest.partition(end)[2]
    return page
