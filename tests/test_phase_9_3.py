"""The original system's own three checks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import running


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_a_query_is_answered_with_what_was_received(settings: Settings, token: str) -> None:
    async with running(replace(settings, operator_token=token)) as console:
        answer = await console.post("/api/gpt/query", {"query": "hello"}, token=token)
    assert answer.status == 200
    assert "[GPT-5] received query: hello" in answer.json["response"]


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_the_first_two_stream_messages_are_audit_heartbeats(settings: Settings, token: str) -> None:
    async with (
        running(replace(settings, operator_token=token, ws_interval_sec=0.01)) as console,
        await console.watch(token=token) as stream,
    ):
        assert (await stream.message())["type"] == "audit"
        assert (await stream.message())["type"] == "audit"


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_metrics_count_governance_events(settings: Settings, token: str) -> None:
    async with running(replace(settings, operator_token=token)) as console:
        assert "governance_events_total" in (await console.get("/metrics")).text
