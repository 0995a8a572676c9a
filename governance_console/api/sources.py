"""``GET /api/sources``: who was ever heard, what each did in the last hour, and who is quieter than usual."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from aiohttp import web

from governance_console.api import JOURNAL, STORAGE
from governance_console.api.answers import json_answer
from governance_console.api.queries import known_query, number
from governance_console.limits import DEFAULT_SOURCES, MAX_SOURCES
from governance_console.rhythm import SAMPLE, is_quiet, usual_gap_sec
from governance_console.storage import Source
from governance_console.times import text_of, utc_now

LATELY: Final = timedelta(hours=1)


async def get(request: web.Request) -> web.Response:
    """The sources, the one heard last first."""
    query = known_query(request.rel_url, ("limit",))
    limit = number(query, "limit", 1, MAX_SOURCES) or DEFAULT_SOURCES
    journal, storage = request.app[JOURNAL], request.app[STORAGE]
    now = utc_now()
    lately = await storage.first_recorded(text_of(now - LATELY), journal.size)
    found = await storage.sources(limit, lately, SAMPLE)
    document = {
        "epoch": journal.epoch,
        "size": journal.size,
        "time": text_of(now),
        "sources": [_told(source, now) for source in found],
    }
    return json_answer(msgspec.json.encode(document))


def _told(source: Source, now: datetime) -> dict[str, Any]:
    silent = max(0.0, (now - datetime.fromisoformat(source.recorded[0])).total_seconds())
    usual = usual_gap_sec(source.first_recorded, source.recorded)
    return {
        "source": source.name,
        "events": source.events,
        "first": source.first,
        "last": source.last,
        "entry": msgspec.Raw(source.entry),
        "hour": {"events": source.events_lately, "errors": source.errors_lately},
        "silent_sec": round(silent, 3),
        "usual_gap_sec": None if usual is None else round(usual, 3),
        "quiet": is_quiet(silent, usual),
    }
