"""``POST /api/gpt/query``: a question to the assistant. Recorded first, then answered."""

from __future__ import annotations

import secrets

import msgspec
from aiohttp import web

from governance_console import jsontext
from governance_console.api import ASSISTANT, JOURNAL, PRINCIPAL
from governance_console.api.bodies import media_type, read_body
from governance_console.errors import Malformed, TooLarge, Unacceptable, Unsupported
from governance_console.events import of_console
from governance_console.limits import MAX_QUERY_BYTES, MAX_SMALL_BODY_BYTES
from governance_console.settling import Submission


async def post(request: web.Request) -> web.Response:
    """Answer ``{"query": …}`` or ``{"question": …}``. No record, no answer."""
    query = _query(await _object(request))
    asked = of_console("model.query", {"query": query}, secrets.token_hex(16))
    await request.app[JOURNAL].append(Submission.of(request[PRINCIPAL].name, [asked]))
    answer = await request.app[ASSISTANT].answer(query)
    return web.Response(body=msgspec.json.encode({"response": answer}), content_type="application/json")


async def _object(request: web.Request) -> dict[str, object]:
    if media_type(request) != "application/json":
        raise Unsupported("a question is taken as JSON: send Content-Type: application/json")
    value, _ = jsontext.parse(jsontext.decode(await read_body(request, MAX_SMALL_BODY_BYTES)))
    if not isinstance(value, dict):
        raise Unacceptable('the body has to be an object, such as {"query": "hello"}')
    return value


def _query(body: dict[str, object]) -> str:
    name = "query" if body.get("query") is not None else "question"
    text = body.get(name)
    if text is None:
        raise Unacceptable('query is missing: send {"query": "your question"}')
    if not isinstance(text, str):
        raise Unacceptable(f"{name} has to be a string")
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise Malformed(f"{name} has half of a surrogate pair, which is no character") from None
    if length > MAX_QUERY_BYTES:
        raise TooLarge(f"{name} has {length} bytes; at most {MAX_QUERY_BYTES} are taken")
    if not text.strip():
        raise Unacceptable(f"{name} is empty")
    return text.strip()
