"""The routes of proofs: the tree of the record, and what was signed of it."""

from __future__ import annotations

from typing import Any, Final

from governance_console.openapi.parts import PROBLEM, answer, json_of, problems, query, ref, whole

_BYTES: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}


def proof_paths() -> dict[str, Any]:
    """By path and method."""
    seq = {"name": "seq", "in": "path", "required": True, "schema": whole()}
    not_signed = {
        "description": "Recorded, and not signed yet: try again after Retry-After.",
        "content": {PROBLEM: {"schema": ref("Problem")}},
    }
    text = {"type": "string", "minLength": 1}
    number = {"name": "number", "in": "path", "required": True, "schema": text}
    level = {
        "name": "level",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 0, "maximum": 63},
    }
    return {
        "/api/events/{seq}/entry": {
            "get": {
                "summary": "The exact bytes of an entry: the leaf that is proved",
                "parameters": [seq],
                "responses": {"200": answer("The bytes.", _BYTES), **problems(400, 401, 403, 404, 503)},
            }
        },
        "/api/events/{seq}/proof": {
            "get": {
                "summary": "Where an entry stands in the tree: a c2sp.org/tlog-proof file",
                "parameters": [seq],
                "responses": {
                    "200": answer("The file.", _TEXT),
                    **problems(400, 401, 403, 404, 503),
                    "409": not_signed,
                },
            }
        },
        "/api/log": {
            "get": {
                "summary": "Which log this is, and what was signed of it last",
                "responses": {"200": answer("The log.", json_of(ref("Log"))), **problems(400, 401, 403)},
            }
        },
        "/api/log/checkpoint": {
            "get": {
                "summary": "The newest checkpoint: a c2sp.org/tlog-checkpoint as a signed note",
                "security": [{"bearer": []}, {"session": []}, {}],
                "responses": {"200": answer("The note.", _TEXT), **problems(400, 401, 403, 404)},
            }
        },
        "/api/log/consistency": {
            "get": {
                "summary": "The hashes that prove one signed tree to be the beginning of another (RFC 9162)",
                "parameters": [
                    {**query("from", whole(), "The smaller size."), "required": True},
                    {**query("to", whole(), "The larger size, at most the newest checkpoint's."), "required": True},
                ],
                "responses": {
                    "200": answer("The proof.", json_of(ref("Consistency"))),
                    **problems(400, 401, 403, 422, 503),
                },
            }
        },
        "/api/log/tile/entries/{number}": {
            "get": {
                "summary": "A bundle of entries (c2sp.org/tlog-tiles): each after its length as two bytes",
                "parameters": [number],
                "responses": {"200": answer("The bundle.", _BYTES), **problems(400, 401, 403, 404, 503)},
            }
        },
        "/api/log/tile/{level}/{number}": {
            "get": {
                "summary": "A tile of hashes (c2sp.org/tlog-tiles)",
                "parameters": [level, number],
                "responses": {"200": answer("The hashes.", _BYTES), **problems(400, 401, 403, 404, 503)},
            }
        },
    }
