"""``POST /api/events``: events in."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from governance_console import events
from governance_console.api import CROWD, JOURNAL, METRICS, PARSING, PRINCIPAL
from governance_console.api.answers import quick_answer
from governance_console.api.bodies import media_type, read_body
from governance_console.attributes import Event
from governance_console.crowd import Held
from governance_console.errors import (
    Conflict,
    ConsoleError,
    Malformed,
    RecordUnavailable,
    TooLarge,
    TooSlow,
    Unacceptable,
    Unsupported,
)
from governance_console.events import MakeId
from governance_console.gathering import Receipt
from governance_console.limits import (
    MAX_IDEMPOTENCY_KEY_CHARS,
    MAX_REQUEST_BYTES,
    THREAD_ANSWER_EVENTS,
    THREAD_PARSE_BYTES,
)
from governance_console.settling import Submission

Parse = Callable[[bytes, MakeId], list[Event]]

PARSERS: Final[dict[str, Parse]] = {
    "application/cloudevents+json": events.parse_structured,
    "application/cloudevents-batch+json": events.parse_batch,
    "application/json": events.parse_json,
    "application/x-ndjson": events.parse_ndjson,
}
REASONS: Final[tuple[tuple[type[ConsoleError], str], ...]] = (
    (Malformed, "malformed"),
    (Unacceptable, "unacceptable"),
    (Unsupported, "unsupported"),
    (TooLarge, "too_large"),
    (TooSlow, "too_slow"),
    (Conflict, "conflict"),
    (RecordUnavailable, "unavailable"),
)


async def post(request: web.Request) -> web.StreamResponse:
    """Record what was sent, whole or not at all; answer once it is durable."""
    try:
        parse = _parser(request)
        make_id = _id_maker(request)
        with Held(request.app[CROWD]) as held:
            body = await read_body(request, MAX_REQUEST_BYTES, held, inflate=True)
            principal = request[PRINCIPAL].name
            is_large = len(body) > THREAD_PARSE_BYTES
            if is_large:
                with request.app[JOURNAL].coming():
                    async with request.app[PARSING]:
                        submission = await asyncio.to_thread(_submission, parse, body, make_id, principal)
            else:
                submission = _submission(parse, body, make_id, principal)
            del body  # nothing of it is needed while the commit is waited for
        receipt = await request.app[JOURNAL].append(submission)
    except ConsoleError as error:
        reason = next((name for kind, name in REASONS if isinstance(error, kind)), None)
        if reason is not None:
            request.app[METRICS].rejected.labels(reason).inc()
        raise
    if len(submission.events) > THREAD_ANSWER_EVENTS:
        answer = await asyncio.to_thread(_answer, submission, receipt)
    else:
        answer = _answer(submission, receipt)
    return quick_answer(answer, 201 if receipt.accepted else 200)


def _submission(parse: Parse, body: bytes, make_id: MakeId, principal: str) -> Submission:
    return Submission.of(principal, parse(body, make_id))


def _parser(request: web.Request) -> Parse:
    media = media_type(request)
    is_structured = media in ("application/cloudevents+json", "application/cloudevents-batch+json")
    if "ce-specversion" in request.headers and not is_structured:
        headers, content_type = list(request.headers.items()), request.headers.get("Content-Type")
        return lambda body, make_id: events.parse_binary(headers, content_type, body)
    if media not in PARSERS:
        sent = "without a Content-Type" if media is None else f"as {media[:80]!r}"
        taken = ", ".join(PARSERS)
        raise Unsupported(f"events are not taken {sent}: send one of {taken} as Content-Type")
    return PARSERS[media]


def _id_maker(request: web.Request) -> MakeId:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _random_id
    if not key or len(key) > MAX_IDEMPOTENCY_KEY_CHARS or not key.isascii() or not key.isprintable():
        raise Unacceptable(f"Idempotency-Key has to be 1 to {MAX_IDEMPOTENCY_KEY_CHARS} printable ASCII characters")
    return functools.partial(_derived_id, key)


def _random_id(place: int) -> str:
    del place
    return os.urandom(16).hex()


def _derived_id(key: str, place: int) -> str:
    """The same id for the same key and place; the NUL parts them, for no key has one."""
    return hashlib.sha256(f"{key}\0{place}".encode()).hexdigest()[:32]


def _answer(submission: Submission, receipt: Receipt) -> bytes:
    events = submission.events
    document = {
        "epoch": receipt.epoch,
        "size": receipt.size,
        "accepted": receipt.accepted,
        "duplicates": len(events) - receipt.accepted,
        "items": [{"id": event.id, "seq": seq} for event, seq in zip(events, receipt.seqs, strict=True)],
    }
    return msgspec.json.encode(document)
