"""``DELETE /api/events/{seq}/data``: what an event said is removed for good; the record says so, and why."""

from __future__ import annotations

import msgspec
from aiohttp import web

from governance_console.api import ERASER, JOURNAL, PRINCIPAL
from governance_console.api.answers import json_answer
from governance_console.api.bodies import read_object
from governance_console.api.queries import known_query
from governance_console.attributes import HALF_PAIR, is_control, is_text
from governance_console.errors import RecordUnavailable, TooLarge, Unacceptable
from governance_console.limits import MAX_REASON_CHARS
from governance_console.selection import seq_of


async def delete(request: web.Request) -> web.Response:
    """Erase, and answer with the entry that says so. Asked again: the same entry, and nothing is recorded."""
    known_query(request.rel_url, ())
    reason = _reason(await read_object(request, "a reason", '{"reason": "a leaked key"}'))
    digits = request.match_info["seq"]
    seq, size = seq_of(digits), request.app[JOURNAL].size
    if seq is None or seq >= size:
        raise web.HTTPNotFound(text=f"nothing is recorded under #{digits[:20]} yet; the next number is #{size}")
    eraser = request.app[ERASER]
    erased = await eraser.erase(seq, request[PRINCIPAL].name, reason)
    if erased is None:
        raise web.HTTPNotFound(text=f"#{seq} has no data")
    try:
        is_overwritten = eraser.is_done or await eraser.fold()
    except RecordUnavailable:
        is_overwritten = False  # erased it is all the same, and the next start overwrites it
    gone = {"seq": seq, "by": erased.by, "at": erased.at, "reason": erased.reason}
    document = {"seq": erased.seq, "erased": gone, "overwritten": is_overwritten}
    return json_answer(msgspec.json.encode(document))


def _reason(body: dict[str, object]) -> str:
    reason = body.get("reason")
    if reason is None:
        raise Unacceptable('reason is missing: send {"reason": "why it has to go"}')
    if not isinstance(reason, str):
        raise Unacceptable("reason has to be a string")
    reason = reason.strip()
    if not reason:
        raise Unacceptable("reason is empty")
    if len(reason) > MAX_REASON_CHARS:
        raise TooLarge(f"reason has {len(reason)} characters; at most {MAX_REASON_CHARS} are taken")
    if any(is_control(char) for char in reason):
        raise Unacceptable("reason has a control character, such as a line break")
    if not is_text(reason):
        raise Unacceptable(f"reason {HALF_PAIR}")
    return reason
