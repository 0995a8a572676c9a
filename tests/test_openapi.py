"""The description of the API, held to the route table and to what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from yarl import URL

from governance_console.api.events import PARSERS
from governance_console.api.site import ROUTED
from governance_console.app import ROUTES
from governance_console.openapi import document
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, running
from tests.process import ConsoleProcess
from tests.test_ingest import LENIENT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

DOCUMENT = document("session")
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    with ConsoleProcess(tmp_path_factory.mktemp("openapi"), {"OPERATOR_TOKEN": TOKEN}) as process:
        yield process


async def test_the_description_is_served(console: Console) -> None:
    answer = await console.get("/api/openapi.json")
    assert answer.json == document(f"session_{URL(console.url).port}")


async def test_the_described_cookie_is_the_one_that_is_given(settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN)) as console:
        described = (await console.get("/api/openapi.json")).json["components"]["securitySchemes"]["session"]
        answer = await console.post("/api/session", {"token": TOKEN})
    assert answer.headers["Set-Cookie"].startswith(f"{described['name']}=")


def test_every_form_that_is_taken_is_described() -> None:
    assert set(DOCUMENT["paths"]["/api/events"]["post"]["requestBody"]["content"]) == set(PARSERS)


async def test_every_idempotency_key_that_is_described_is_taken_and_no_other(console: Console) -> None:
    (described,) = DOCUMENT["paths"]["/api/events"]["post"]["parameters"]
    form = described["schema"]
    for key in ("a b~!", "x" * 255, "x" * 256, "\u00e9", "tab\there"):
        fits = bool(re.fullmatch(form["pattern"], key)) and len(key) <= form["maxLength"]
        answer = await console.post("/api/events", LENIENT, headers={"Idempotency-Key": key})
        assert answer.status == (201 if fits else 422), key


async def test_every_type_that_is_described_is_taken_and_no_other(console: Console) -> None:
    parameters = DOCUMENT["paths"]["/api/events"]["get"]["parameters"]
    (form,) = (one["schema"]["items"] for one in parameters if one["name"] == "type")
    for text in ("agent.*", "*", "a", "", "a*b", "a**"):
        fits = bool(re.fullmatch(form["pattern"], text)) and len(text) >= form["minLength"]
        answer = await console.get("/api/events", params={"type": text})
        assert answer.status == (200 if fits else 422), text


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    served = {
        (route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)) for route in ROUTES if route.path != ROUTED
    }
    assert described == served


def test_every_path_is_explained_to_people_too() -> None:
    text = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    for path in DOCUMENT["paths"]:
        assert path.split("{")[0].rstrip("/") in text, path


CREDENTIALS: Final[tuple[dict[str, str], ...]] = (
    {"Authorization": f"Bearer {TOKEN}"},
    {"Authorization": "Bearer wrong"},
    {},
)


@schema.include(path_regex="^/(api|auth|healthz|readyz|metrics)").parametrize()
@examples(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_server_does_what_is_described(case: Any, server: ConsoleProcess) -> None:
    """Whoever asks: no status, header or body that is not described, and none that is the server's failure."""
    for headers in CREDENTIALS:
        case.call_and_validate(base_url=server.url, headers=headers, checks=CHECKS, timeout=10)
