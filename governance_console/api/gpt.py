"""``POST /api/gpt/query``: a question to the assistant. Recorded first, then answered."""

from __future__ import annotations

import secrets

import msgspec
from aiohttp import web

from governance_console.api import ASSISTANT, JOURNAL, PRINCIPAL
from governance_console.api.answers import quick_answer
from governance_console.api.bodies import read_object
from governance_console.attributes import HALF_PAIR, is_text
from governance_console.errors import Malformed, TooLarge, Unacceptable
from governance_console.events import of_console
from governance_console.limits import MAX_QUERY_BYTES
from governance_console.settling import Submission


async def post(request: web.Request) -> web.StreamResponse:
    """Answer ``{"query": …}`` or ``{"question": …}``. No record, no answer."""
    query = _query(await read_object(request, "a question", '{"query": "hello"}'))
    asked = of_console("model.query", {"query": query}, secrets.token_hex(16))
    await request.app[JOURNAL].append(Submission.of(request[PRINCIPAL].name, [asked]))
    answer = await request.app[ASSISTANT].answer(query)
    return quick_answer(msgspec.json.encode({"response": answer}), 200)


def _query(body: dict[str, object]) -> str:
    name = "query" if body.get("query") is not None else "question"
    text = body.get(name)
    if text is None:
        raise Unacceptable('query is missing: send {"query": "your question"}')
    if not isinstance(text, str):
        raise Unacceptable(f"{name} has to be a string")
    if not is_text(text):
        raise Malformed(f"{name} {HALF_PAIR}")
    length = len(text.encode())
    if length > MAX_QUERY_BYTES:
        raise TooLarge(f"{name} has {length} bytes; at most {MAX_QUERY_BYTES} are taken")
    if not text.strip():
        raise Unacceptable(f"{name} is empty")
    return text.strip()
