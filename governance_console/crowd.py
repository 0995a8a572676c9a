"""How many are here: requests in flight and what they hold, and watchers, in all and of each principal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from governance_console.errors import Overloaded, TooMany
from governance_console.limits import Bounds

RETRY_SEC: Final = 2.0
"""When one who found no room may come again."""

WATCH_AGAIN_SEC: Final = 30.0
"""When a principal with too many streams may: somebody has to close one first."""


class Held:
    """What the body of one request holds, for as long as this is entered: until it is parsed, or given up."""

    __slots__ = ("_crowd", "_size")

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._size = 0

    def add(self, size: int) -> None:
        """So many more bytes. Raises Overloaded; they are counted first, and given back like all others."""
        self._size += size
        self._crowd.held += size
        self._crowd.check_held()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self._crowd.held -= self._size


class Crowd:
    """Counts who is here. The middleware alone moves ``in_flight``, and serves ``most``; watchers are not in it.

    ``held`` is what bodies hold that are on their way or wait to be parsed, in bytes; ``Held`` alone moves it.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._watchers: Counter[str] = Counter()
        self.held = 0
        self.in_flight = 0
        self.most = bounds.in_flight

    def refuse(self) -> None:
        """Refuse a request for want of room. Raises Overloaded."""
        text = f"{self._bounds.in_flight} requests are being answered, which is all at once: come again"
        raise Overloaded(text, RETRY_SEC, "requests")

    def check_held(self) -> None:
        """Raises Overloaded where bodies hold more than there is memory for."""
        if self.held > self._bounds.body_bytes:
            raise Overloaded("more bodies are on their way than there is memory for: come again", RETRY_SEC, "bodies")

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """A request of this principal's that becomes a watcher. Raises TooMany, and Overloaded."""
        bounds = self._bounds
        if self._watchers[name] >= bounds.watchers_each:
            text = f"{name} has {bounds.watchers_each} streams open already: close some"
            raise TooMany(text, WATCH_AGAIN_SEC, "watchers")
        if self._watchers.total() >= bounds.watchers:
            text = f"{bounds.watchers} streams are open, which is all that there are"
            raise Overloaded(text, WATCH_AGAIN_SEC, "watchers")
        self._watchers[name] += 1
        self.in_flight -= 1
        try:
            yield
        finally:
            self.in_flight += 1
            self._watchers[name] -= 1
            if not self._watchers[name]:
                del self._watchers[name]
