"""What shares a commit: nobody is waited for twice, and nobody at all where there is nothing to gain."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from governance_console.errors import QueueFull
from governance_console.gathering import Gathering, Waiting
from governance_console.limits import MAX_QUEUED_EVENTS, MAX_REQUEST_EVENTS
from governance_console.settling import Submission
from tests.test_journal import event

PATIENT_SEC = 60.0


def some(count: int = 1) -> Submission:
    return Submission.of("p", [event(1)] * count)


def at_once(group: Coroutine[Any, Any, list[Waiting]]) -> int:
    """How many are in a group that nothing is waited for."""
    with pytest.raises(StopIteration) as done:
        group.send(None)
    found = done.value.value
    assert isinstance(found, list)
    return len(found)


async def test_one_that_is_coming_is_waited_for_by_one_commit_alone() -> None:
    gathering = Gathering()
    with gathering.coming():
        gathering.add(some())
        assert len(await asyncio.wait_for(gathering.group(PATIENT_SEC), 5)) == 1
        gathering.add(some())
        assert at_once(gathering.group(PATIENT_SEC)) == 1


async def test_a_group_is_not_waited_for_once_it_is_full_or_the_end_has_come() -> None:
    gathering = Gathering()
    with gathering.coming():
        gathering.add(some(MAX_REQUEST_EVENTS))
        assert at_once(gathering.group(PATIENT_SEC)) == 1
    gathering = Gathering()
    with gathering.coming():
        gathering.add(some())
        gathering.close()
        assert at_once(gathering.group(PATIENT_SEC)) == 1


async def test_who_is_done_coming_ends_the_wait() -> None:
    gathering = Gathering()
    gathering.add(some())

    async def comes() -> None:
        with gathering.coming():
            await asyncio.sleep(0)
            gathering.add(some())

    _, group = await asyncio.gather(comes(), gathering.group(PATIENT_SEC))
    assert len(group) == 2


async def test_who_does_not_come_after_all_ends_the_wait_too() -> None:
    gathering = Gathering()
    gathering.add(some())
    with pytest.raises(ValueError), gathering.coming():
        group = asyncio.create_task(gathering.group(PATIENT_SEC))
        await asyncio.sleep(0)
        raise ValueError
    for _ in range(5):
        await asyncio.sleep(0)
    assert group.done()
    assert len(await group) == 1


async def test_what_was_answered_makes_room_and_what_was_only_taken_does_not() -> None:
    gathering = Gathering()
    while gathering.events < MAX_QUEUED_EVENTS:
        gathering.add(some(MAX_REQUEST_EVENTS))
    with pytest.raises(QueueFull):
        gathering.add(some())
    group = await gathering.group(PATIENT_SEC)
    with pytest.raises(QueueFull):
        gathering.add(some())
    gathering.answered(group[0])
    gathering.add(some())
