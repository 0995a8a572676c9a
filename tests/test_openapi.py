"""The description of the API, held to the route table and to what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from governance_console.api.site import ROUTED
from governance_console.app import ROUTES
from governance_console.openapi import document
from tests.conftest import TOKEN
from tests.console import Console
from tests.process import ConsoleProcess

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    with ConsoleProcess(tmp_path_factory.mktemp("openapi"), {"OPERATOR_TOKEN": TOKEN}) as process:
        yield process


async def test_the_description_is_served(console: Console) -> None:
    answer = await console.get("/api/openapi.json")
    assert answer.json == document()


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    served = {
        (route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)) for route in ROUTES if route.path != ROUTED
    }
    assert described == served


def test_every_path_is_explained_to_people_too() -> None:
    text = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    for path in document()["paths"]:
        assert path.split("{")[0].rstrip("/") in text, path


@schema.include(path_regex="^/(api|healthz|readyz)").parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_server_does_what_is_described(case: Any, server: ConsoleProcess) -> None:
    case.call_and_validate(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS, timeout=10)
