"""The assistant that operators ask. It may read the record and never appends to it."""

from __future__ import annotations

from typing import Protocol


class Assistant(Protocol):
    """Answers questions. Implementations hold no state of a conversation."""

    async def answer(self, query: str) -> str:
        """The answer to a trimmed, non-empty question."""
