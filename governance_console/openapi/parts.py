"""What the description is put together from."""

from __future__ import annotations

from typing import Any, Final

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
PROBLEM: Final = "application/problem+json"

PROBLEMS: Final = {
    400: "Not UTF-8, not JSON, nested too deep, or broken or cut compression.",
    401: "No valid credential.",
    403: "A valid credential that may not, a foreign Origin or Host, or a page of another site.",
    404: "Nothing is there.",
    408: "The body came too slowly.",
    409: "The same event was recorded earlier with other content.",
    413: "Past a limit.",
    415: "A Content-Type, charset or Content-Encoding that is not taken.",
    422: "Well-formed, but no event, question, cursor or filter.",
    426: "The stream, without an upgrade.",
    429: "Too many wrong tokens from this address, or streams of this principal; Retry-After.",
    503: "The record cannot be written or read now, or too many requests at once; Retry-After.",
}


def query(name: str, schema: dict[str, Any], what: str) -> dict[str, Any]:
    """A query parameter."""
    return {"name": name, "in": "query", "description": what, "schema": schema}


def whole() -> dict[str, Any]:
    """A whole number from 0 on."""
    return {"type": "integer", "minimum": 0}


def ref(name: str) -> dict[str, Any]:
    """A schema of ``schemas.py``."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(name: str) -> dict[str, Any]:
    """An array of such."""
    return {"type": "array", "items": ref(name)}


def object_with(properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def json_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON body."""
    return {JSON: {"schema": schema}}


def answer(what: str, content: dict[str, Any]) -> dict[str, Any]:
    """A response."""
    return {"description": what, "content": content}


def plain(summary: str, what: str, schema: dict[str, Any], *statuses: int) -> dict[str, Any]:
    """An operation that everybody may use and that takes nothing."""
    return {
        "security": [{}],
        "summary": summary,
        "responses": {"200": answer(what, json_of(schema)), **problems(400, 403, *statuses)},
    }


def problems(*statuses: int) -> dict[str, Any]:
    """The problem documents of these statuses, and of those that come along with them."""
    wanted = set(statuses)
    if 403 in wanted:
        wanted.add(429)  # beside a wrong token, everywhere
    if 401 in wanted:
        wanted.add(503)  # what wants a credential is work, of which there can be too much
    if 413 in wanted:
        wanted.add(408)
    described: dict[str, Any] = {
        str(status): {"description": PROBLEMS[status], "content": {PROBLEM: {"schema": ref("Problem")}}}
        for status in sorted(wanted)
    }
    if 400 in statuses:
        # What is no HTTP, or has a line too long to read, is answered before any handler.
        described["400"]["content"]["text/plain"] = {"schema": {"type": "string"}}
    return described
