"""The default assistant: deterministic, offline, and honest about being no model."""

from __future__ import annotations


class StubAssistant:
    """Says what it received, so that everything around a model can be tried without one."""

    async def answer(self, query: str) -> str:
        return f"[GPT-5] received query: {query}"
