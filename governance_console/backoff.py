"""How long to wait before trying again. Pure but for chance, which is handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_SEC: Final = 0.25
MOST_SEC: Final = 15.0


class Backoff:
    """Waits that double from FIRST_SEC to MOST_SEC, each between its half and its whole, as chance has it.

    So that the many that lost one console do not all come back at the same moment. ``chance`` gives 0 to 1.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._next = FIRST_SEC

    def wait(self, at_least: float = 0.0) -> float:
        """Seconds to wait now, never less than ``at_least``, which is what the other side asked for."""
        half = self._next / 2
        self._next = min(self._next * 2, MOST_SEC)
        return max(at_least, half) + half * self._chance()

    def reset(self) -> None:
        """It worked: the next failure is a first one."""
        self._next = FIRST_SEC
