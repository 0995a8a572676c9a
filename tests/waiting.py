"""Wait for what is about to be true, for a bounded time, instead of sleeping for a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while not condition():
        assert loop.time() < give_up, "it did not come true in time"
        await asyncio.sleep(0.005)
