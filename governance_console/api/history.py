"""``GET /api/events``: the record read back, by the page or whole as NDJSON."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Final

from aiohttp import web

from governance_console.api import AUDIT, JOURNAL, PRINCIPAL, REQUEST_ID, STORAGE
from governance_console.api.answers import json_answer
from governance_console.api.queries import Cursor, known_query, read_cursor, read_selection
from governance_console.audit import EXPORTED
from governance_console.entries import Page, item_json, item_line, page_json
from governance_console.errors import RecordUnavailable, RecordUnreadable, Unacceptable
from governance_console.limits import DEFAULT_PAGE
from governance_console.selection import HISTORY_FILTERS, Selection, seq_of
from governance_console.storage import Storage

NDJSON: Final = "application/x-ndjson"
EXPORT_PAGE: Final = 500
"""Items read at once for an export: short reads, so that the writer is never held up for long."""

_log = logging.getLogger(__name__)


async def page(request: web.Request) -> web.StreamResponse:
    """One page, newest first, or oldest first with ``from``; or all of it as NDJSON, if that is accepted."""
    journal, storage = request.app[JOURNAL], request.app[STORAGE]
    query = known_query(request.rel_url, ("from", "before", "limit", "format", *HISTORY_FILTERS))
    size = journal.size
    cursor, selection = read_cursor(query, size), read_selection(query)
    if _wants_lines(request):
        asked = {name: query.getall(name) for name in query if name != "format"}
        return await _export(request, _pages(storage, cursor, selection, size), asked)
    found = await _read(storage, cursor, selection, size, cursor.limit or DEFAULT_PAGE)
    return json_answer(page_json(journal.epoch, size, found.items, _following(cursor, found, size)))


async def entry(request: web.Request) -> web.Response:
    """One item by its number."""
    digits = request.match_info["seq"]
    size = request.app[JOURNAL].size
    seq = seq_of(digits)
    if seq is None or seq >= size:
        raise web.HTTPNotFound(text=f"nothing is recorded under #{digits[:20]} yet; the next number is #{size}")
    found = await request.app[STORAGE].get(seq)
    if found is None:
        raise RecordUnreadable(f"#{seq} cannot be read from the record")
    return json_answer(item_json(found))


def _wants_lines(request: web.Request) -> bool:
    """``format=ndjson`` is for links, which cannot say what they accept."""
    asked = request.query.get("format", "")
    if asked not in ("", "ndjson", "json"):
        raise Unacceptable("format has to be json or ndjson")
    return asked == "ndjson" or (not asked and NDJSON in request.headers.get("Accept", ""))


async def _read(storage: Storage, cursor: Cursor, selection: Selection, size: int, limit: int) -> Page:
    if cursor.start is None:
        return await storage.descending(cursor.before, limit, selection)
    return await storage.ascending(cursor.start, size, limit, selection)


def _following(cursor: Cursor, found: Page, size: int) -> int | None:
    """The cursor of the next page, or None where the record ends that way."""
    end = 0 if cursor.start is None else size
    return None if found.reached == end else found.reached


async def _pages(storage: Storage, cursor: Cursor, selection: Selection, size: int) -> AsyncGenerator[Page, None]:
    """All pages from the cursor on, at least one, until the record or ``limit`` ends. Raises RecordUnavailable."""
    left = cursor.limit
    while left != 0:
        found = await _read(storage, cursor, selection, size, min(EXPORT_PAGE, left or EXPORT_PAGE))
        yield found
        left = None if left is None else left - len(found.items)
        following = _following(cursor, found, size)
        if following is None:
            return
        up = cursor.start is not None
        cursor = Cursor(None, following if up else None, size if up else following)


async def _export(
    request: web.Request, found: AsyncGenerator[Page, None], asked: dict[str, list[str]]
) -> web.StreamResponse:
    # Without a name: who links to it gives one.
    response = web.StreamResponse(headers={"Content-Type": NDJSON, "Content-Disposition": "attachment"})
    async with contextlib.aclosing(found) as pages:
        # Read while a status can still be chosen: a store that fails is told as such, not by half an answer.
        first = await anext(pages)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        written, whole = 0, False
        try:
            written += await _write(response, first)
            async for page in pages:
                written += await _write(response, page)
            await response.write_eof()
            whole = True
        except (RecordUnavailable, RecordUnreadable) as error:
            # The status is out already: a connection that breaks off is the only honest end of half an answer.
            _log.error("an export broke off: %s", error, extra={"request": request[REQUEST_ID]})
            if request.transport is not None:
                request.transport.abort()
        finally:
            # Also of one whose reader went away: what it had got by then, it has.
            told = {"asked": asked, "items": written, "whole": whole}
            request.app[AUDIT].note(request[PRINCIPAL].name, EXPORTED, told)
    return response


async def _write(response: web.StreamResponse, found: Page) -> int:
    """How many items were written."""
    if found.items:
        await response.write(b"".join([item_line(item) for item in found.items]))
    return len(found.items)
