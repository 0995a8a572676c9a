from __future__ import annotations

import pytest

from governance_console.backoff import MOST_SEC, Backoff


@pytest.mark.parametrize(
    ("chance", "at_least", "waits"),
    [
        (0.0, 0.0, [0.125, 0.25, 0.5, 1, 2, 4, 7.5, 7.5]),
        (1.0, 0.0, [0.25, 0.5, 1, 2, 4, 8, 15, 15]),
        (0.5, 0.0, [0.1875, 0.375, 0.75, 1.5, 3, 6, 11.25, 11.25]),
        # Never less than what was asked for, and those that were asked the same come back apart.
        (0.0, 1.0, [1, 1, 1, 1, 2, 4, 7.5, 7.5]),
        (1.0, 1.0, [1.125, 1.25, 1.5, 2, 4, 8, 15, 15]),
        (1.0, 60.0, [60.125, 60.25, 60.5, 61, 62, 64, 67.5, 67.5]),
    ],
)
def test_waits_double_up_to_a_bound_and_are_never_shorter_than_asked(
    chance: float, at_least: float, waits: list[float]
) -> None:
    backoff = Backoff(lambda: chance)
    assert [backoff.wait(at_least) for _ in waits] == waits
    assert max(waits) <= at_least + MOST_SEC
    backoff.reset()
    assert backoff.wait(at_least) == waits[0]
