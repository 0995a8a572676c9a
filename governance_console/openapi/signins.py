"""The routes of sessions, and of signing in with a provider."""

from __future__ import annotations

from typing import Any, Final

from governance_console.limits import MAX_NEXT_CHARS
from governance_console.openapi.parts import PROBLEM, answer, json_of, problems, query, ref

_ANSWER: Final = {
    "code": "What who came is asked of the provider with.",
    "state": "Which sign-in this is the answer to.",
    "iss": "Who answers (RFC 9207).",
    "error": "Why there is no code.",
}


def signin_paths() -> dict[str, Any]:
    """By path and method."""
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    path = {"type": "string", "pattern": r"^/(?![/\\])", "maxLength": MAX_NEXT_CHARS}
    onward = {"description": "On to where Location says."}
    return {
        "/api/sessions": {
            "get": {
                "summary": "The sessions of who asks, the newest first",
                "responses": {"200": answer("The sessions.", json_of(ref("Sessions"))), **problems(400, 401, 403)},
            }
        },
        "/api/sessions/{id}": {
            "delete": {
                "summary": "End one of one's own sessions, and its streams",
                "parameters": [own],
                "responses": {"204": {"description": "Ended."}, **problems(400, 401, 403, 404, 503)},
            }
        },
        "/auth/login": {
            "get": {
                "security": [{}],
                "summary": "To the sign-in provider, for browsers",
                "parameters": [
                    query("next", path, "The page of this console to go on to."),
                    query("account", {"const": "another"}, "Ask which account it is to be."),
                    query("moved", {"type": "string"}, "That PUBLIC_URL was gone to already."),
                ],
                "responses": {
                    "303": onward,
                    **problems(400, 403, 404, 422),
                    **_pages("502", "503"),
                },
            }
        },
        "/auth/callback": {
            "get": {
                "security": [{}],
                "summary": "Back from the sign-in provider, for browsers",
                "parameters": [query(name, {"type": "string"}, what) for name, what in _ANSWER.items()],
                "responses": {"303": onward, **problems(404), **_pages("400", "403", "429", "502", "503")},
            }
        },
    }


def _pages(*statuses: str) -> dict[str, Any]:
    described = {
        "400": "This browser was not sent there, or the answer is used up or too old.",
        "403": "Who came is on no list, or the provider does not vouch for who that is; or a foreign Host.",
        "429": "Too many sign-ins from this address failed, or there were too many wrong tokens; Retry-After.",
        "502": "What the provider said cannot be believed, or used.",
        "503": "The provider does not answer.",
    }
    forms = {"text/html": {"schema": {"type": "string"}}, PROBLEM: {"schema": ref("Problem")}}
    return {status: answer(described[status], forms) for status in statuses}
