"""``WS /api/ws/telemetry`` over a real socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from governance_console.api import FEED
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, running, sample_batch
from tests.test_ingest import LENIENT, problem
from tests.waiting import until


async def test_the_welcome_comes_at_once_and_says_where_the_record_stands(settings: Settings) -> None:
    async with running(replace(settings, ws_interval_sec=3600)) as console:
        await console.record(LENIENT)
        async with await console.watch() as stream:
            welcome = await stream.message()
    assert welcome.pop("time").endswith("Z")
    assert len(welcome.pop("epoch")) == 16
    assert welcome == {
        "type": "audit",
        "message": "[AUDIT] governance heartbeat (welcome)",
        "size": 1,
        "next": 1,
        "writable": True,
        "interval_sec": 3600,
    }


async def test_heartbeats_follow_from_one_ticker(console: Console) -> None:
    async with await console.watch() as one, await console.watch() as two:
        for stream in (one, two):
            assert (await stream.message())["message"] == "[AUDIT] governance heartbeat (welcome)"
            assert (await stream.message())["message"] == "[AUDIT] governance heartbeat"
    assert 1 <= await console.sample("governance_heartbeats_total") < 100


async def test_an_entry_comes_as_it_is_in_the_history(console: Console) -> None:
    async with await console.watch() as stream:
        await console.record({**LENIENT, "data": {"n": 1}})
        message = await stream.entry()
    item = (await console.get("/api/events/0")).json
    assert message == {"type": "entry", "message": "[TOOL] planner-7 agent.tool.call", "next": 1, **item}


async def test_the_bytes_of_an_entry_are_the_stored_ones_on_every_way_out(console: Console) -> None:
    body = b'{"agent":"\xc3\xa4","type":"t","n": 1.0e2 ,"s":"\\u00e9"}'
    async with await console.watch() as stream:
        await console.post("/api/events", data=body, headers={"Content-Type": "application/json"})
        while b'"entry"' not in (frame := (await stream.socket.receive()).data.encode()):
            pass
    item = (await console.get("/api/events/0")).body
    assert item[1:-1] in frame
    assert item in (await console.get("/api/events")).body
    assert b'"data":{"n":1.0e2,"s":"\\u00e9"}' in item


async def test_the_sample_arrives_whole_and_in_order_on_every_open_screen(console: Console) -> None:
    async with await console.watch() as one, await console.watch() as two:
        await console.post("/api/events", data=sample_batch(), headers={"Content-Type": "application/json"})
        for stream in (one, two):
            messages = [await stream.entry() for _ in range(231)]
            assert [message["entry"]["seq"] for message in messages] == list(range(231))
            assert [message["next"] for message in messages] == list(range(1, 232))


async def test_a_watcher_resumes_from_next_without_gap_or_repeat(console: Console) -> None:
    async with await console.watch() as stream:
        welcome = await stream.message()
        await console.record(*[{**LENIENT, "n": n} for n in range(10)])
        seen = [await stream.entry() for _ in range(4)]
    await console.record(*[{**LENIENT, "n": n} for n in range(10, 600)])
    async with await console.watch(f"?from={seen[-1]['next']}&epoch={welcome['epoch']}") as stream:
        rest = [await stream.entry() for _ in range(596)]
    assert [message["data"]["n"] for message in seen + rest] == list(range(600))


async def test_a_heartbeat_of_a_lagging_watcher_tells_its_own_position(console: Console) -> None:
    await console.record(*[LENIENT] * 3000)
    async with await console.watch("?from=0") as stream:
        welcome = await stream.message()
        assert (welcome["size"], welcome["next"]) == (3000, 0)
        expected = 0
        while expected < 3000:
            message = await stream.message()
            expected += message["type"] == "entry"
            assert message["next"] == expected


async def test_what_the_ring_no_longer_holds_comes_from_storage(settings: Settings) -> None:
    async with running(settings) as console:
        await console.record(*[{**LENIENT, "n": n} for n in range(1000)])
    async with running(settings) as console, await console.watch("?from=0") as stream:
        await console.record({**LENIENT, "n": 1000})
        assert [(await stream.entry())["data"]["n"] for _ in range(1001)] == list(range(1001))


@pytest.mark.parametrize(
    ("query", "reason"), [("?from=5", "ahead"), ("?from=0&epoch=0000000000000000", "epoch"), ("?epoch=x", "epoch")]
)
async def test_a_position_that_cannot_be_recovered_is_closed_with_4510(
    console: Console, query: str, reason: str
) -> None:
    async with await console.watch(query) as stream:
        assert await stream.close_code() == (4510, reason)


@pytest.mark.parametrize(
    "query",
    [
        "?from=-1",
        "?from=x",
        "?from=",
        "?from=1&from=2",
        "?category=weather",
        "?unknown=1",
        "?since=2026-11-22T10:00:00Z",
        "?severity=info&severity=error",
        "?source=",
        "?from=%F0%9F%98%80",
    ],
)
async def test_parameters_that_make_no_sense_are_refused_before_the_upgrade(console: Console, query: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    problem(await console.get("/api/ws/telemetry" + query, headers=headers), 422)


async def test_without_an_upgrade_it_says_how_to_connect(console: Console) -> None:
    answer = await console.get("/api/ws/telemetry")
    assert "wscat" in problem(answer, 426)["detail"]
    assert answer.headers["Upgrade"] == "websocket"


async def test_a_subprotocol_is_refused_and_not_repeated(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await console.client.ws_connect(console.url + "/api/ws/telemetry", protocols=("secret-token",))
    assert caught.value.status == 400
    assert "secret-token" not in caplog.text


async def test_text_from_a_watcher_is_ignored_within_bounds(console: Console) -> None:
    async with await console.watch() as stream:
        await stream.socket.send_str("hello")
        await stream.socket.send_str("x" * 64_000)
        await stream.socket.send_bytes(b"\0" * 1000)
        await console.record(LENIENT)
        assert (await stream.entry())["next"] == 1
        await stream.socket.send_str("x" * 70_000)
        assert (await stream.close_code())[0] == 1009


async def test_the_stream_ends_with_1001_at_shutdown(settings: Settings) -> None:
    async with running(settings) as console:
        streams = [await console.watch() for _ in range(5)]
        closing = [asyncio.create_task(stream.close_code()) for stream in streams]
        await console.stop()
        assert {code for code, _ in await asyncio.gather(*closing)} == {1001}


async def test_watchers_are_counted_and_forgotten(console: Console) -> None:
    assert await console.sample("governance_watchers") == 0
    streams = [await console.watch() for _ in range(3)]
    assert await console.sample("governance_watchers") == 3
    for stream in streams:
        await stream.socket.close()
    await until(lambda: console.app[FEED].watchers == 0)
    assert await console.sample("governance_watchers") == 0


async def test_the_stream_wants_the_token_before_the_upgrade(settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN, agent_tokens={"a": "agent-token"})) as console:
        for token, status in (("", 401), ("wrong", 401), ("agent-token", 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await console.watch(token=token)
            assert caught.value.status == status
        async with await console.watch(token=TOKEN) as stream:
            assert (await stream.message())["type"] == "audit"


async def test_every_message_is_one_json_object_with_type_message_and_next(console: Console) -> None:
    kinds: list[dict[str, Any]] = []
    async with await console.watch() as stream:
        await console.record(LENIENT)
        while len(kinds) < 5:
            kinds.append(json.loads((await stream.socket.receive()).data))
    assert all({"type", "message", "next"} <= set(message) for message in kinds)
    assert [message["next"] for message in kinds] == sorted(message["next"] for message in kinds)
