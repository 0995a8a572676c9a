"""The prebuilt frontend as it is served, the headers around everything, and what logs must not say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from governance_console.api.headers import EVERYWHERE
from governance_console.api.site import IN_REPOSITORY
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, running
from tests.test_ingest import problem

STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/", "/junie", "/some/deep/page", "/log?x=1", "/apix", "/authors"])
async def test_every_page_of_the_frontend_is_its_one_document(console: Console, path: str) -> None:
    answer = await console.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert '<div id="root">' in answer.text


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/events/", "/auth", "/auth/logi", "/api/gpt", "/API/x", "//api/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_misspelt_api_path_is_never_a_page(console: Console, path: str, method: str) -> None:
    problem(await console.request(method, path), 404)


async def test_hashed_assets_are_kept_forever_and_the_page_names_them(console: Console) -> None:
    page = (await console.get("/")).text
    assets = re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)
    assert assets
    for asset in assets:
        answer = await console.get(f"/{asset}")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.body == (IN_REPOSITORY / asset).read_bytes()
    problem(await console.get("/assets/index-00000000.js"), 404)
    problem(await console.get("/missing.png"), 404)


async def test_pages_without_a_script_find_their_stylesheet_under_a_name_that_stays(console: Console) -> None:
    answer = await console.get("/plain.css")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "--paper: light-dark(" in answer.text
    again = await console.get("/plain.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(console: Console) -> None:
    page = (await console.get("/")).text
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert "<style" not in page
    assert "style=" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.parametrize(
    "path",
    ["/../setup.cfg", "/%2e%2e/setup.cfg", "/assets/..%2f..%2f..%2fsetup.cfg", "/%00", "/assets/%00", "//etc/passwd"],
)
async def test_no_path_leads_out_of_the_frontend(console: Console, path: str) -> None:
    answer = await console.get(path)
    assert "[metadata]" not in answer.text
    assert "root:" not in answer.text
    assert answer.status in (200, 400, 404)


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/nothing", "/metrics", "/healthz", "/api/ws/telemetry"])
async def test_every_answer_has_the_security_headers(console: Console, path: str) -> None:
    headers = (await console.get(path)).headers
    assert headers["Content-Security-Policy"] == STRICT_CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] == "governance-console"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])


async def test_whoever_made_an_answer_it_has_the_security_headers(console: Console) -> None:
    """A file, one that is unchanged, a part of one, errors of ours and of the router, and aiohttp's own."""
    (asset, *_) = re.findall(r'(?:src|href)="/(assets/[^"]+)"', (await console.get("/")).text)
    tag = (await console.get(f"/{asset}")).headers["ETag"]
    answers = {
        200: await console.get(f"/{asset}"),
        304: await console.get(f"/{asset}", headers={"If-None-Match": tag}),
        206: await console.get(f"/{asset}", headers={"Range": "bytes=0-9"}),
        400: await console.get("/healthz", headers={"X-Long": "x" * 100_000}),
        403: await console.get("/healthz", headers={"Host": "evil.example"}),
        404: await console.get("/assets/nothing.js"),
        405: await console.request("PUT", "/api/events"),
        415: await console.request("POST", "/api/events", data=b"x", headers={"Content-Type": "text/x"}),
        426: await console.get("/api/ws/telemetry"),
    }
    for status, answer in answers.items():
        assert answer.status == status
        assert EVERYWHERE.items() <= answer.headers.items(), status
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        kept = "max-age" if status in (200, 206, 304) else "no-store"
        assert kept in answer.headers["Cache-Control"], status


@pytest.mark.parametrize("path", ["/api/session", "/api/events", "/metrics", "/api/nothing"])
async def test_answers_with_data_are_not_kept(console: Console, path: str) -> None:
    assert (await console.get(path)).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/events", {"GET", "HEAD", "POST"}),
        ("GET", "/api/gpt/query", {"POST"}),
        ("PUT", "/", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(console: Console, method: str, path: str, allow: set[str]) -> None:
    answer = await console.request(method, path)
    problem(answer, 405)
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == allow


async def test_health_and_readiness(console: Console) -> None:
    assert (await console.get("/healthz")).json == {"status": "alive"}
    assert (await console.get("/readyz")).json == {"status": "ready"}


async def test_logs_are_quiet_about_success_and_never_tell_a_token_or_a_query(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running(replace(settings, operator_token=TOKEN)) as console:
        await console.post("/api/gpt/query", {"query": "what-was-asked"}, token=TOKEN)
        await console.get("/api/events?limit=5", token=TOKEN)
        quiet = [record for record in caplog.records if record.name.startswith("governance_console")]
        assert quiet == []
        await console.get("/api/events?secret-in-query=1", token="wrong-token")
    (refused,) = [record for record in caplog.records if record.name.startswith("governance_console")]
    assert {"status": 401, "route": "/api/events", "method": "GET"}.items() <= vars(refused).items()
    for secret in (TOKEN, "wrong-token", "what-was-asked", "secret-in-query"):
        assert secret not in caplog.text + repr([vars(record) for record in caplog.records])
