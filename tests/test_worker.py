"""The writer's thread: what it is given is done in order, whoever goes on waiting, and what is raised comes back."""

from __future__ import annotations

import asyncio
import threading

import pytest

from governance_console.storage.worker import Worker


async def test_work_is_done_in_order_in_one_thread_and_its_errors_come_back() -> None:
    worker, done = Worker("test"), list[tuple[int, int]]()

    def work(number: int) -> int:
        done.append((number, threading.get_ident()))
        if number % 2:
            raise KeyError(number)
        return number

    outcomes = await asyncio.gather(*(worker.do(lambda n=n: work(n)) for n in range(6)), return_exceptions=True)  # type: ignore[misc]
    worker.end()
    assert [number for number, _ in done] == list(range(6))
    assert len({thread for _, thread in done}) == 1
    assert [repr(one) for one in outcomes] == ["0", "KeyError(1)", "2", "KeyError(3)", "4", "KeyError(5)"]


async def test_who_is_cancelled_stops_no_work_and_the_end_waits_for_it() -> None:
    worker, go, done = Worker("test"), threading.Event(), list[str]()

    def work() -> None:
        go.wait(10)
        done.append("done")

    asking = asyncio.create_task(worker.do(work))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go.set()
    worker.end()
    worker.end()
    assert done == ["done"]
    with pytest.raises(RuntimeError, match="has ended"):
        await worker.do(work)
