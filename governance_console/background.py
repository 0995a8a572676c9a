"""Work that goes on beside the requests for as long as the console runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

_log = logging.getLogger(__name__)


@asynccontextmanager
async def in_background(work: Coroutine[None, None, None], without_it: str) -> AsyncIterator[None]:
    """Do this meanwhile, and cancel it in the end. Should it die before, the log says why, and what follows.

    ``without_it`` goes on with "until the console is started again".
    """

    def say_why(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            _log.error("%s until the console is started again", without_it, exc_info=error)

    running = asyncio.create_task(work)
    running.add_done_callback(say_why)
    try:
        yield
    finally:
        running.cancel()
        # Why it died was said when it did.
        await asyncio.gather(running, return_exceptions=True)
