from __future__ import annotations

import json
from typing import Any

import pytest

from tests.console import Console
from tests.test_ingest import JSON, problem


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"query": "hello"}, "hello"),
        ({"question": "hello"}, "hello"),
        ({"query": "  what happened?\n"}, "what happened?"),
        ({"query": "q", "question": "other"}, "q"),
        ({"query": None, "question": "other"}, "other"),
        ({"query": "two\nlines \u202e 日本"}, "two\nlines \u202e 日本"),
        ({"query": "x" * 32 * 1024}, "x" * 32 * 1024),
        ({"query": "h", "unknown": 1}, "h"),
    ],
)
async def test_a_question_is_answered_with_exactly_one_key(console: Console, body: dict[str, Any], text: str) -> None:
    answer = await console.post("/api/gpt/query", body)
    assert (answer.status, answer.json) == (200, {"response": f"[GPT-5] received query: {text}"})
    assert answer.body == (await console.post("/api/gpt/query", body)).body


async def test_the_question_is_on_the_record(console: Console) -> None:
    async with await console.watch() as stream:
        await console.post("/api/gpt/query", {"query": " why? "})
        message = await stream.entry()
    assert message["message"] == "[MODEL] console model.query"
    assert message["entry"]["category"] == "model"
    assert message["entry"]["principal"] == "anonymous"
    assert message["data"] == {"query": "why?"}
    assert await console.sample('governance_events_total{category="model"}') == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", JSON, 422),
        (b'{"query":""}', JSON, 422),
        (b'{"query":"  \\n"}', JSON, 422),
        (b'{"query":"","question":"x"}', JSON, 422),  # query wins
        (b'{"query":5}', JSON, 422),
        (b'{"query":["x"]}', JSON, 422),
        (b"[]", JSON, 422),
        (b'"hello"', JSON, 422),
        (b"hello", JSON, 400),
        (b"", JSON, 400),
        (b"\xff", JSON, 400),
        (b'{"query":"\\ud800"}', JSON, 400),
        (b'{"query":"x"}', {"Content-Type": "text/plain"}, 415),
        (b'{"query":"x"}', {**JSON, "Content-Encoding": "gzip"}, 415),
        (json.dumps({"query": "x" * (32 * 1024 + 1)}).encode(), JSON, 413),
        (json.dumps({"query": "é" * (16 * 1024 + 1)}, ensure_ascii=False).encode(), JSON, 413),
        (b" " * 300_000, JSON, 413),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_what_is_no_question_is_refused_and_not_recorded(
    console: Console, body: bytes, headers: dict[str, str], status: int
) -> None:
    problem(await console.post("/api/gpt/query", data=body, headers=headers), status)
    assert (await console.get("/api/events")).json["size"] == 0
