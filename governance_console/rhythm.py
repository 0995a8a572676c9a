"""How often a source is usually heard, and whether it is quieter than it is used to. Pure.

A source is judged by itself: one that reports daily is not missed after an hour, one that
reports every second is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

SAMPLE: Final = 64
"""How many of a source's last events are looked at."""

LEAST_SAMPLE: Final = 5
"""With fewer moments there is no rhythm to speak of."""

LEAST_SPAN_SEC: Final = 600.0
"""Nor for whoever was heard for less: a file that was loaded has come in and is done."""

MUCH_LONGER: Final = 3.0
LEAST_SILENCE_SEC: Final = 30.0


def usual_gap_sec(first: str, recorded: Sequence[str]) -> float | None:
    """Seconds that nine of ten gaps between these events stay within, or None where there is no rhythm.

    ``first`` is when its first event ever was recorded, ``recorded`` when its last ones were, newest
    first; times as the console writes them.
    """
    # What came in one batch was recorded at one moment, and says nothing of how often its sender is heard.
    moments = [datetime.fromisoformat(one) for one in dict.fromkeys(recorded)]
    if len(moments) < LEAST_SAMPLE:
        return None
    if (moments[0] - datetime.fromisoformat(first)).total_seconds() < LEAST_SPAN_SEC:
        return None
    gaps = sorted((later - earlier).total_seconds() for later, earlier in pairwise(moments))
    return gaps[(len(gaps) - 1) * 9 // 10]


def is_quiet(silent_sec: float, usual_sec: float | None) -> bool:
    """Whether this silence is much longer than usual."""
    return usual_sec is not None and silent_sec > max(MUCH_LONGER * usual_sec, LEAST_SILENCE_SEC)
