"""What is sent and answered, as JSON Schema."""

from __future__ import annotations

from typing import Any

from governance_console.categories import CATEGORIES, SEVERITIES
from governance_console.limits import MAX_REASON_CHARS
from governance_console.openapi.parts import list_of, object_with, ref, whole


def schemas() -> dict[str, Any]:
    """By name."""
    text: dict[str, Any] = {"type": "string", "minLength": 1}
    event = {"id": text, "source": text, "type": text, "specversion": {"const": "1.0"}}
    optional = {"subject": text, "time": {"type": "string", "format": "date-time"}, "traceid": {"type": "string"}}
    numbered = object_with({"id": {"type": "string"}, "seq": whole()})
    category, severity = {"enum": list(CATEGORIES)}, {"enum": list(SEVERITIES)}
    moment = {"type": "string", "format": "date-time"}
    entry = {
        "seq": whole(),
        "recorded": moment,
        "principal": {"type": "string"},
        "category": category,
        "severity": severity,
        "event": {"type": "object", "properties": {**event, **optional}, "required": list(event)},
        "data_hash": {"type": "string", "description": "Base64 of SHA-256(salt || data)."},
    }
    erased = object_with({"by": text, "at": moment, "reason": text})
    seconds = {"type": "number", "minimum": 0}
    source = {
        "source": {"type": "string"},
        "events": whole(),
        "first": whole(),
        "last": whole(),
        "entry": ref("Entry"),
        "hour": object_with({"events": whole(), "errors": whole()}),
        "silent_sec": seconds,
        "usual_gap_sec": {"anyOf": [seconds, {"type": "null"}]},
        "quiet": {"type": "boolean"},
    }
    own_session = {
        "id": text,
        "principal": text,
        **dict.fromkeys(("began", "seen", "expires"), moment),
        "browser": text,
        "current": {"type": "boolean"},
    }
    nullable_number = {"anyOf": [whole(), {"type": "null"}]}
    nullable_text = {"type": ["string", "null"]}
    return {
        "Submitted": {
            "type": "object",
            "description": "Lenient: source from source, agent or origin; type from type, event or action. "
            "Strict where it has specversion.",
            "properties": {"source": text, "type": text, "data": {}},
        },
        "CloudEvent": {
            "type": "object",
            "properties": {**event, **optional, "data": {}, "data_base64": {"type": "string"}},
            "required": list(event),
        },
        "Receipt": object_with(
            {
                "epoch": text,
                "size": whole(),
                "accepted": whole(),
                "duplicates": whole(),
                "items": {"type": "array", "items": numbered},
            }
        ),
        "Entry": {**object_with(entry), "required": [name for name in entry if name != "data_hash"]},
        "Item": {
            "type": "object",
            "properties": {
                "entry": ref("Entry"),
                "data": {},
                "data_base64": {"type": "string"},
                "salt": {"type": "string"},
                "erased": erased,
            },
            "required": ["entry"],
        },
        "Reason": object_with({"reason": {"type": "string", "minLength": 1, "maxLength": MAX_REASON_CHARS}}),
        "Erasure": object_with(
            {
                "seq": whole(),
                "erased": object_with({"seq": whole(), "by": text, "at": moment, "reason": text}),
                "overwritten": {"type": "boolean"},
            }
        ),
        "Page": object_with({"epoch": text, "size": whole(), "items": list_of("Item"), "next": nullable_number}),
        "Sources": object_with(
            {
                "epoch": text,
                "size": whole(),
                "time": moment,
                "sources": {"type": "array", "items": object_with(source)},
            }
        ),
        "Log": object_with(
            {
                "origin": text,
                "epoch": text,
                "verifier_key": text,
                "size": whole(),
                "root": nullable_text,
                "checkpoint": nullable_text,
                "signing": text,
            }
        ),
        "Consistency": object_with(
            {"from": whole(), "to": whole(), "hashes": {"type": "array", "items": {"type": "string"}}}
        ),
        "Question": {
            "type": "object",
            "anyOf": [{"required": ["query"]}, {"required": ["question"]}],
            "properties": {"query": text, "question": text},
        },
        "Answer": object_with({"response": {"type": "string"}}),
        "Token": object_with({"token": text}),
        "Session": object_with(
            {
                "principal": nullable_text,
                "role": {"enum": ["operator", "viewer", "agent", None]},
                "signin": {"type": "array", "items": {"enum": ["token", "openid"]}},
                "provider": {"anyOf": [object_with({"name": text, "url": text}), {"type": "null"}]},
                "expires": nullable_text,
                "version": text,
            }
        ),
        "Continue": object_with({"continue": {"type": "string", "format": "uri"}}),
        "Sessions": object_with({"sessions": {"type": "array", "items": object_with(own_session)}}),
        "Status": object_with({"status": {"enum": ["alive", "ready"]}}),
        "Problem": {
            "type": "object",
            "description": "RFC 9457.",
            "properties": {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "request_id": text,
                "errors": {
                    "type": "array",
                    "items": object_with({"item": whole(), "pointer": {"type": "string"}, "detail": text}),
                },
            },
            "required": ["type", "title", "status", "detail", "request_id"],
        },
    }
