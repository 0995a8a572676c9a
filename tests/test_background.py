from __future__ import annotations

import asyncio

import pytest

from governance_console.background import in_background
from tests.waiting import until


async def test_work_that_dies_is_told_at_once_with_why_and_what_follows(caplog: pytest.LogCaptureFixture) -> None:
    async def dies() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a bug")

    async with in_background(dies(), "no heartbeats"):
        await until(lambda: bool(caplog.records))
    (told,) = caplog.records
    assert (told.levelname, told.getMessage()) == ("ERROR", "no heartbeats until the console is started again")
    assert told.exc_info is not None
    assert str(told.exc_info[1]) == "a bug"


async def test_work_that_goes_on_is_ended_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[bool] = []

    async def goes_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with in_background(goes_on(), "nothing"):
        await asyncio.sleep(0)
    assert ended == [True]
    assert caplog.records == []
