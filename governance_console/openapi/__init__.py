"""The API as OpenAPI 3.1. Pure: a document, held to the route table and to what the server does by tests."""

from __future__ import annotations

from typing import Any

from governance_console import __version__
from governance_console.openapi.paths import paths
from governance_console.openapi.schemas import schemas


def document(cookie: str) -> dict[str, Any]:
    """The whole description, with the name that this console's session cookie has."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Governance Console",
            "version": __version__,
            "description": "What AI agents do, recorded durably, watched live and asked about.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"bearer": []}, {"session": []}, {}],
        "paths": paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
            "schemas": schemas(),
        },
    }
