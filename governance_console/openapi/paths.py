"""Every route, what it takes and what it answers."""

from __future__ import annotations

from typing import Any

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.limits import (
    MAX_ALTERNATIVES,
    MAX_IDEMPOTENCY_KEY_CHARS,
    MAX_PAGE,
    MAX_SEARCH_CHARS,
    MAX_SOURCES,
)
from governance_console.openapi.parts import (
    JSON,
    NDJSON,
    answer,
    json_of,
    list_of,
    plain,
    problems,
    query,
    ref,
    whole,
)
from governance_console.openapi.proofs import proof_paths
from governance_console.openapi.signins import signin_paths


def paths() -> dict[str, Any]:
    """By path and method."""
    searched = {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH_CHARS}
    open_to_all: dict[str, Any] = {"security": [{}]}
    session = json_of(ref("Session"))
    return {
        "/api/events": {
            "post": {
                "summary": "Record events, all or none, durably",
                "parameters": [
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "description": "Makes repeating a request whose events have no id harmless.",
                        "schema": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": MAX_IDEMPOTENCY_KEY_CHARS,
                            "pattern": "^[ -~]+$",
                        },
                    }
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        JSON: {"schema": {"anyOf": [ref("Submitted"), list_of("Submitted")]}},
                        "application/cloudevents+json": {"schema": ref("CloudEvent")},
                        "application/cloudevents-batch+json": {"schema": list_of("CloudEvent")},
                        NDJSON: {"schema": {"type": "string", "description": "One object a line, each as in JSON."}},
                    },
                },
                "responses": {
                    "201": answer("Recorded.", json_of(ref("Receipt"))),
                    "200": answer("All of it was recorded before.", json_of(ref("Receipt"))),
                    **problems(400, 401, 403, 409, 413, 415, 422, 503),
                },
            },
            "get": {
                "summary": "The record, by the page or whole",
                "parameters": [
                    query("from", whole(), "From this number on, oldest first."),
                    query("before", whole(), "Below this number, newest first."),
                    query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, "Items at most."),
                    query("format", {"enum": ["json", "ndjson"]}, "ndjson for the whole selection."),
                    *_filters(),
                    query("since", {"type": "string", "format": "date-time"}, "Recorded at or after."),
                    query(
                        "until", {"type": "string", "format": "date-time"}, "Recorded before; not earlier than since."
                    ),
                    query("q", searched, "Text in source, type, subject or data; ASCII letters in either case."),
                ],
                "responses": {
                    "200": answer("A page.", {**json_of(ref("Page")), NDJSON: {"schema": {"type": "string"}}}),
                    **problems(400, 401, 403, 422, 503),
                },
            },
        },
        "/api/events/{seq}": {
            "get": {
                "summary": "One item",
                "parameters": [{"name": "seq", "in": "path", "required": True, "schema": whole()}],
                "responses": {"200": answer("The item.", json_of(ref("Item"))), **problems(400, 401, 403, 404, 503)},
            }
        },
        "/api/events/{seq}/data": {
            "delete": {
                "summary": "Erase an event's data for good; the record says who did, and why",
                "parameters": [{"name": "seq", "in": "path", "required": True, "schema": whole()}],
                "requestBody": {"required": True, "content": json_of(ref("Reason"))},
                "responses": {
                    "200": answer("Erased, now or before.", json_of(ref("Erasure"))),
                    **problems(400, 401, 403, 404, 413, 415, 422, 503),
                },
            }
        },
        **proof_paths(),
        "/api/sources": {
            "get": {
                "summary": "Who was heard, the last one first",
                "parameters": [
                    query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_SOURCES}, "Sources at most.")
                ],
                "responses": {
                    "200": answer("The sources.", json_of(ref("Sources"))),
                    **problems(400, 401, 403, 422, 503),
                },
            }
        },
        "/api/gpt/query": {
            "post": {
                "summary": "Ask the assistant; the question is recorded first",
                "requestBody": {"required": True, "content": json_of(ref("Question"))},
                "responses": {
                    "200": answer("The answer.", json_of(ref("Answer"))),
                    **problems(400, 401, 403, 413, 415, 422, 503),
                },
            }
        },
        "/api/ws/telemetry": {
            "get": {
                "summary": "The record as it grows, as a WebSocket",
                "parameters": [
                    query("from", whole(), "Resume: next of the last message seen."),
                    query("epoch", {"type": "string"}, "The log that from belongs to."),
                    *_filters(),
                ],
                "responses": {"101": {"description": "Upgraded."}, **problems(400, 401, 403, 422, 426)},
            }
        },
        "/api/session": {
            "get": {
                **open_to_all,
                "summary": "Who one is",
                "responses": {"200": answer("Who, and how to sign in.", session), **problems(400, 403)},
            },
            "post": {
                **open_to_all,
                "summary": "Exchange a token for a session cookie",
                "requestBody": {"required": True, "content": json_of(ref("Token"))},
                "responses": {
                    "200": answer("Signed in.", session),
                    **problems(400, 401, 403, 413, 415, 422),
                },
            },
            "delete": {
                **open_to_all,
                "summary": "Sign out, and end the session's streams",
                "responses": {
                    "204": {"description": "Signed out."},
                    "200": answer(
                        "Signed out here; the browser goes on to the provider's sign-out.", json_of(ref("Continue"))
                    ),
                    **problems(400, 403, 503),
                },
            },
        },
        **signin_paths(),
        "/api/openapi.json": {"get": plain("This document", "The document.", {"type": "object"})},
        "/healthz": {"get": plain("Alive", "The event loop answers.", ref("Status"))},
        "/readyz": {"get": plain("Ready", "The record can be written.", ref("Status"), 503)},
        "/metrics": {
            "get": {
                "security": [{}, {"bearer": []}],
                "summary": "Prometheus text or OpenMetrics, by Accept",
                "responses": {
                    "200": {
                        "description": "The metrics.",
                        "content": {
                            "text/plain": {"schema": {"type": "string"}},
                            "application/openmetrics-text": {"schema": {"type": "string"}},
                        },
                    },
                    **problems(400, 401, 403),
                },
            }
        },
    }


def _filters() -> list[dict[str, Any]]:
    def repeatable(name: str, values: dict[str, Any], what: str) -> dict[str, Any]:
        listed = {"type": "array", "items": values, "maxItems": MAX_ALTERNATIVES}
        return {**query(name, listed, what), "style": "form", "explode": True}

    text = {"type": "string", "minLength": 1}
    return [
        repeatable("category", {"enum": list(CATEGORIES)}, "One of these categories."),
        repeatable("source", text, "One of these sources."),
        repeatable("type", {**text, "pattern": r"^[^*]*\*?$"}, "One of these types; a trailing * makes a prefix."),
        repeatable("traceid", text, "One of these traces."),
        query("severity", {"enum": list(SEVERITIES)}, "At least this severity."),
    ]
