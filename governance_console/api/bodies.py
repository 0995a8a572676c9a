"""Request bodies, read within a bound and only in what is taken here."""

from __future__ import annotations

import asyncio

from aiohttp import HttpVersion11, web
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_TYPE, EXPECT
from aiohttp.web_exceptions import HTTPException

from governance_console import jsontext
from governance_console.api import BOUNDS, CROWD, METRICS
from governance_console.crowd import Held
from governance_console.errors import Malformed, TooLarge, TooSlow, Unacceptable, Unsupported
from governance_console.inflate import Inflater, inflater
from governance_console.limits import MAX_SMALL_BODY_BYTES, THREAD_PARSE_BYTES


def media_type(request: web.Request) -> str | None:
    """The Content-Type without parameters, in lower case. Raises Unsupported for a charset other than UTF-8."""
    header = request.headers.get(CONTENT_TYPE)
    if header is None:
        return None
    media, parameters, _ = header.partition(";")
    charset = request.charset if parameters else None
    if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Unsupported("only UTF-8 is taken: leave the charset out, or send charset=utf-8")
    return media.strip().lower()


async def read_body(request: web.Request, limit: int, held: Held, *, inflate: bool = False) -> bytes:
    """The body, of at most ``limit`` bytes, counted after inflating it where that is allowed.

    ``held`` counts it, until it is parsed. What is small and came with its head is not counted: it is parsed at once.
    Raises Overloaded where all bodies would hold too much, TooLarge before more than that was kept, Unsupported for a
    Content-Encoding, TooSlow, and Malformed for a body that is broken, ends early or is framed wrongly.
    """
    headers, content = request.headers, request.content
    encoding = headers.get(CONTENT_ENCODING, "identity")
    if not inflate and encoding.strip().lower() not in ("", "identity"):
        raise Unsupported("compressed bodies are not taken here: send this one without Content-Encoding")
    inflating = inflater(encoding, limit)
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge(f"the body has {length} bytes; at most {limit} are taken")
    if headers.get(EXPECT, "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # what is counted there is the answer, which this is not
    parts: list[bytes] = []
    try:
        if not content.is_eof():
            parts = await _arrive(request, inflating, held)
        # What came with the head, as small ones do, and what was left when the last of it came: nothing is waited for.
        parts.append(inflating.feed(content.read_nowait()))
        if len(parts[-1]) > THREAD_PARSE_BYTES:
            held.add(len(parts[-1]))
    except (web.RequestPayloadError, ValueError) as error:
        raise Malformed("the body ends early, or is framed wrongly") from error
    inflating.finish()
    return b"".join(parts)


async def _arrive(request: web.Request, inflating: Inflater, held: Held) -> list[bytes]:
    """Take the body as it comes, until all of it is here.

    Raises TooSlow where it pauses or lags for too long, and Overloaded where all that are coming would hold too much.
    """
    content, bounds = request.content, request.app[BOUNDS]
    loop = asyncio.get_running_loop()
    began, size = loop.time(), 0
    parts: list[bytes] = []
    try:
        while not content.is_eof():
            lagging = began + bounds.body_sec + size / bounds.body_bytes_per_sec
            async with asyncio.timeout_at(min(lagging, loop.time() + bounds.body_sec)):
                chunk = await content.readany()
            size += len(chunk)
            parts.append(inflating.feed(chunk))
            held.add(len(parts[-1]))
        return parts
    except TimeoutError:
        request.app[METRICS].limited.labels("slow").inc()
        least = f"at least {bounds.body_bytes_per_sec} bytes a second, and no pause of {bounds.body_sec:g} s"
        raise TooSlow(f"the body came too slowly: {least}") from None


async def read_object(request: web.Request, what: str, example: str) -> dict[str, object]:
    """A small body that has to be a JSON object; ``what`` it holds and an ``example`` are for who sent another.

    Raises Unsupported, Unacceptable, and what ``read_body`` and ``jsontext`` do.
    """
    if media_type(request) != "application/json":
        raise Unsupported(f"{what} is taken as JSON: send Content-Type: application/json")
    with Held(request.app[CROWD]) as held:
        value, _ = jsontext.parse(jsontext.decode(await read_body(request, MAX_SMALL_BODY_BYTES, held)))
    if not isinstance(value, dict):
        raise Unacceptable(f"the body has to be an object, such as {example}")
    return value


def refuse_body(request: web.Request) -> HTTPException | None:
    """What to raise where a body makes no sense, such as beside an upgrade."""
    return web.HTTPBadRequest(text="this request may not have a body") if request.can_read_body else None
