"""What goes out in one piece is what would have gone out otherwise, and waits as that does."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.console import Console
from tests.raw import RawAnswer, RawConnection

EVENT = b'{"agent":"a","type":"t","id":"1"}'
ITS_OWN = ("Date", "X-Request-Id", "Connection", "Content-Length")


def request(path: str, body: bytes, version: str = "1.1", *headers: str) -> bytes:
    lines = (
        f"POST {path} HTTP/{version}",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


async def answer_to(console: Console, asked: bytes) -> RawAnswer:
    at = RawConnection(console.url)
    answer = await at.send(asked)
    at.close()
    return answer


@pytest.mark.parametrize(
    ("path", "body", "statuses"),
    [("/api/events", EVENT, (201, 200, 200)), ("/api/gpt/query", b'{"query":"hello"}', (200, 200, 200))],
)
async def test_an_answer_is_the_same_however_it_is_sent(
    console: Console, path: str, body: bytes, statuses: tuple[int, ...]
) -> None:
    asked = (
        request(path, body),
        request(path, body, "1.1", "Connection: close"),
        request(path, body, "1.0", "Connection: keep-alive"),
    )
    answers = [await answer_to(console, one) for one in asked]
    assert tuple(one.status for one in answers) == statuses
    said = [{name: one.headers[name] for name in one.headers if name not in ITS_OWN} for one in answers]
    assert said[0] == said[1] == said[2]
    assert [one.headers.get("Connection") for one in answers] == [None, "close", "keep-alive"]
    for one in answers:
        assert {"Date", "X-Request-Id"} <= one.headers.keys()
        assert json.loads(one.body).keys() == json.loads(answers[0].body).keys()


async def test_answers_to_requests_behind_each_other_come_in_their_order(console: Console) -> None:
    at = RawConnection(console.url)
    asked = [b'{"query":"%d"}' % number + b" " * 9 for number in range(100)]
    first = await at.send(b"".join(request("/api/gpt/query", body) for body in asked))
    answers = [first, *[await at.answer() for _ in asked[1:]]]
    assert [json.loads(one.body)["response"] for one in answers] == [
        f"[GPT-5] received query: {number}" for number in range(100)
    ]
    at.close()


async def test_who_takes_no_answer_gets_no_more_of_them(console: Console) -> None:
    """Else the console would hold the answers of whoever asks and never reads."""
    asked = request("/api/gpt/query", b'{"query":"%s"}' % (b"x" * 12_000))
    _, writer = await asyncio.open_connection(*console.url.removeprefix("http://").rstrip("/").split(":"))
    for _ in range(1500):
        writer.write(asked)
    try:
        size = -1.0
        while (now := await console.sample("governance_log_size")) != size:
            size = now
            await asyncio.sleep(0.2)
        transports = [one.transport for one in console.connections if one.transport is not None]
        held = max(transport.get_write_buffer_size() for transport in transports)
        assert 0 < held < 200_000
    finally:
        writer.transport.abort()
