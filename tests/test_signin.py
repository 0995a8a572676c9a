"""People sign in with a real OpenID provider, over real HTTP, and are who the lists say they are."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from governance_console.limits import Bounds
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Answer, Console, Stream, running
from tests.provider import CLIENT_SECRET, Browser, provider_for, require_provider, with_signin
from tests.test_ingest import LENIENT, problem
from tests.test_prometheus import free_port

ADA, BOB, EVE = "ada@example.net", "bob@example.net", "eve@elsewhere.example"


@dataclass(frozen=True)
class Place:
    """Where the console of a test is to be, and who signs people in there."""

    issuer: str
    port: int


@pytest.fixture(scope="module")
def place(require: Callable[[bool, str, str], None]) -> Iterator[Place]:
    require_provider(require)
    port = free_port()
    with provider_for(f"http://127.0.0.1:{port}/auth/callback") as issuer:
        yield Place(issuer, port)


@asynccontextmanager
async def at(place: Place, settings: Settings, **changed: Any) -> AsyncIterator[tuple[Console, Browser]]:
    async with running(with_signin(settings, place.issuer, place.port, **changed), port=place.port) as console:
        yield console, Browser(console.client, console.url)


def shown(answer: Answer, status: int) -> str:
    """The text of a page that the console wrote."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text
    assert 'href="/plain.css"' in answer.text
    return answer.text


async def watch(browser: Browser, console: Console) -> Stream:
    (cookie,) = browser.cookies().items()
    return await console.watch(headers={"Cookie": "=".join(cookie), "Origin": console.url})


async def test_who_is_on_a_list_comes_in_as_what_it_says(place: Place, settings: Settings) -> None:
    async with at(place, settings, operator_token=TOKEN) as (console, browser):
        session = (await browser.ask("GET", "/api/session")).json
        assert (session["principal"], session["signin"]) == (None, ["token", "openid"])
        assert session["provider"] == {"name": URL(place.issuer).authority, "url": "/auth/login"}
        problem(await browser.ask("GET", "/api/events"), 401)

        assert (await browser.sign_in("Bob@Example.NET", "/healthz?a=b%20c%23#d")).status == 200
        assert str(browser.went[-1]) == f"{console.url}/healthz?a=b%20c%23#d"
        session = (await browser.ask("GET", "/api/session")).json
        assert (session["principal"], session["role"]) == (f"viewer:{BOB}", "viewer")
        assert browser.cookies().keys() == {f"session_{place.port}"}

        # A viewer reads, watches and asks.
        assert (await browser.ask("POST", "/api/gpt/query", json={"query": "hello"})).status == 200
        item = (await browser.ask("GET", "/api/events/0")).json
        assert item["entry"]["principal"] == f"viewer:{BOB}"
        refused = await browser.ask("POST", "/api/events", json=LENIENT)
        assert f"viewer:{BOB} is a viewer" in problem(refused, 403)["detail"]

        # Who is on both lists is an operator. A new sign-in is a new session, and the one before is over.
        viewer = dict(browser.cookies())
        async with await watch(browser, console) as stream:
            await stream.message()
            browser.forget(place.issuer)
            assert (await browser.go("/auth/login?account=another&next=/healthz", ADA)).json == {"status": "alive"}
            assert any(url.query.get("prompt") == "login" for url in browser.went)
            assert await stream.close_code() == (4401, "signed in again")
        assert browser.cookies() != viewer
        session = (await browser.ask("GET", "/api/session")).json
        assert (session["principal"], session["role"]) == (f"operator:{ADA}", "operator")
        assert (await browser.ask("POST", "/api/events", json=LENIENT)).status == 201
        gone = {"Cookie": "; ".join("=".join(one) for one in viewer.items())}
        problem(await console.get("/api/events", headers=gone), 401)


async def test_who_is_on_no_list_is_told_who_that_is_and_what_is_lacking(place: Place, settings: Settings) -> None:
    async with at(place, settings, operator_token=TOKEN) as (console, browser):
        text = shown(await browser.sign_in(EVE), 403)
        assert EVE in text
        assert "OAUTH_VIEWERS" in text
        assert 'href="/auth/login?account=another"' in text
        assert 'href="/sign-in"' in text
        assert browser.cookies() == {}
        assert await console.sample("governance_failed_signins_total") == 1
        # An address that nobody checked is nobody's.
        fresh = Browser(console.client, console.url)
        assert "does not vouch for unverified.ada@example.net" in shown(
            await fresh.sign_in("unverified.ada@example.net"), 403
        )
        # And what an address has in it is text.
        fresh = Browser(console.client, console.url)
        text = shown(await fresh.sign_in("<img/src=x>@elsewhere.example"), 403)
        assert "<img" not in text


async def test_the_record_says_who_came_and_who_did_not(place: Place, settings: Settings) -> None:
    async with at(place, settings) as (_, browser):
        await browser.sign_in(EVE)
        browser.forget(place.issuer)
        await browser.sign_in(ADA)
        (session,) = (await browser.ask("GET", "/api/sessions")).json["sessions"]
        await browser.ask("DELETE", f"/api/sessions/{session['id']}")
        await browser.sign_in(ADA)
        items: list[dict[str, Any]] = []
        while len(items) < 4:  # what is noted is recorded soon
            items = (await browser.ask("GET", "/api/events?from=0&category=audit")).json["items"]
    said = [(item["entry"]["principal"], item["entry"]["event"]["type"], item["data"]) for item in items]
    by, name = URL(place.issuer).authority, session["id"][:16]
    assert [(who, deed) for who, deed, _ in said] == [
        ("console", "session.refused"),
        (f"operator:{ADA}", "session.began"),
        (f"operator:{ADA}", "session.ended"),
        (f"operator:{ADA}", "session.began"),
    ]
    assert (said[0][2]["by"], said[0][2]["why"], said[0][2]["email"]) == (by, "on no list", EVE)
    assert (said[1][2]["by"], said[1][2]["session"], said[1][2]["browser"]) == (by, name, "Firefox on Linux")
    assert said[2][2] == {"session": name, "why": "the session was ended"}


async def test_who_refuses_at_the_provider_is_told_so(place: Place, settings: Settings) -> None:
    async with at(place, settings) as (_, browser):
        form = await browser.go("/auth/login")
        assert form.status == 200
        answer = await browser.ask("POST", browser.went[-1], data={"refuse": ""})
        text = shown(await browser.go(answer.headers["Location"]), 403)
        assert "access_denied" in text


async def test_signing_out_leads_on_to_the_providers_own(place: Place, settings: Settings) -> None:
    async with at(place, settings, operator_token=TOKEN) as (console, browser):
        await browser.sign_in(ADA)
        async with await watch(browser, console) as stream:
            await stream.message()
            answer = await browser.ask("DELETE", "/api/session")
            assert await stream.close_code() == (4401, "signed out")
        assert answer.status == 200
        assert browser.cookies() == {}
        there = await browser.go(answer.json["continue"])
        assert there.status == 200, there.text
        assert str(browser.went[-1]).startswith(place.issuer)
        # Who came in with a token has nothing to do with the provider.
        assert (await browser.ask("POST", "/api/session", json={"token": TOKEN})).status == 200
        assert (await browser.ask("DELETE", "/api/session")).status == 204


async def test_sessions_are_listed_and_ended_by_whose_they_are(place: Place, settings: Settings) -> None:
    async with at(place, settings) as (console, here):
        there, other = Browser(console.client, console.url), Browser(console.client, console.url)
        await there.sign_in(ADA)
        await here.sign_in(ADA)
        await other.sign_in(BOB)
        listed = (await here.ask("GET", "/api/sessions")).json["sessions"]
        assert [one["current"] for one in listed] == [True, False]
        assert {(one["principal"], one["browser"]) for one in listed} == {(f"operator:{ADA}", "Firefox on Linux")}
        assert all(one["began"] <= one["seen"] < one["expires"] for one in listed)
        secrets = {*here.cookies().values(), *there.cookies().values()}
        assert not {one["id"] for one in listed} & secrets

        problem(await other.ask("DELETE", f"/api/sessions/{listed[0]['id']}"), 404)
        problem(await here.ask("DELETE", "/api/sessions/nobody's"), 404)
        async with await watch(there, console) as stream, await watch(here, console) as staying:
            await stream.message()
            assert (await here.ask("DELETE", f"/api/sessions/{listed[1]['id']}")).status == 204
            assert await stream.close_code() == (4401, "the session was ended")
            assert (await staying.message())["type"] == "audit"
        problem(await there.ask("GET", "/api/events"), 401)
        assert len((await here.ask("GET", "/api/sessions")).json["sessions"]) == 1


async def test_sessions_outlive_a_restart_but_for_those_who_may_not_come_in_any_more(
    place: Place, settings: Settings, tmp_path: Path
) -> None:
    ada, bob, token = "ada", "bob", "token"
    kept: dict[str, dict[str, str]] = {}
    async with at(place, settings, operator_token=TOKEN) as (console, _):
        browsers = {name: Browser(console.client, console.url) for name in (ada, bob, token)}
        await browsers[ada].sign_in(ADA)
        await browsers[bob].sign_in(BOB)
        await browsers[token].ask("POST", "/api/session", json={"token": TOKEN})
        signed_out = Browser(console.client, console.url)
        await signed_out.sign_in(ADA)
        gone = dict(signed_out.cookies())
        await signed_out.ask("DELETE", "/api/session")
        kept = {name: dict(browser.cookies()) for name, browser in browsers.items()}

    everybody = {ada: 200, bob: 200, token: 200}
    cases: list[tuple[dict[str, Any], dict[str, int]]] = [
        ({}, everybody),
        ({"operator_token": "another"}, {**everybody, token: 401}),
        ({}, {**everybody, token: 401}),  # what was ended stays so
        ({"oauth_viewers": ()}, {**everybody, bob: 401, token: 401}),
        ({"oauth_operators": (BOB,)}, {ada: 401, bob: 401, token: 401}),
    ]
    for changed, expected in cases:
        async with at(place, settings, **{"operator_token": TOKEN, **changed}) as (console, _):
            found = {
                name: (await console.get("/api/events?limit=1", headers=cookie_header(cookies))).status
                for name, cookies in kept.items()
            }
            assert found == expected, changed
            assert (await console.get("/api/events", headers=cookie_header(gone))).status == 401
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("governance.db*"))
    assert not [one for cookies in kept.values() for one in cookies.values() if one.encode() in on_disk]


def cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join("=".join(one) for one in cookies.items())}


ELSEWHERE = (
    *("//evil.example", "/\\evil.example", "https://evil.example/", "evil", "", "/a\\b", "/a b", "/\t/evil.example"),
    *("/api/events", "/auth/login", "/AUTH", "/é", "/" + "x" * 2000),
)


async def test_nobody_is_sent_elsewhere_after_signing_in(settings: Settings) -> None:
    async with running(with_signin(settings, "http://127.0.0.1:1", 1)) as console:
        for path in ELSEWHERE:
            answer = await console.get("/auth/login", params={"next": path})
            problem(answer, 422)
            assert "Location" not in answer.headers
        problem(await console.get("/auth/login?nxet=/"), 422)


async def test_a_page_elsewhere_cannot_change_who_one_is_unasked(settings: Settings) -> None:
    port, gone = free_port(), free_port()
    away = with_signin(settings, f"http://127.0.0.1:{gone}", port, operator_token=TOKEN)
    navigated = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    async with running(away, port=port) as console:
        foreign: list[dict[str, str]] = [
            {"Sec-Fetch-Site": "cross-site", **navigated},
            {"Sec-Fetch-Site": "same-site", **navigated},
            {"Referer": "https://evil.example/a"},
            {"Origin": "null"},
        ]
        own: list[dict[str, str]] = [
            {"Sec-Fetch-Site": "same-origin", **navigated},
            {"Sec-Fetch-Site": "none", **navigated},
            {"Referer": console.url + "/sign-in"},
            {},
        ]
        for headers in foreign:  # without a session there is nobody to be taken for another
            assert (await console.get("/auth/login", headers=headers)).status == 503
        answer = await console.post("/api/session", {"token": TOKEN})
        cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        console.client.cookie_jar.clear()
        for headers in foreign:
            text = shown(await console.get("/auth/login?next=/log/1", headers={**cookie, **headers}), 200)
            assert "signed in here as operator" in text
            assert 'href="/auth/login?next=/log/1"' in text
        for headers in own:
            assert (await console.get("/auth/login", headers={**cookie, **headers})).status == 503, headers


async def test_a_provider_that_is_down_is_a_page_and_tokens_go_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    away = with_signin(settings, "http://127.0.0.1:1", port, operator_token=TOKEN)
    async with running(away, port=port) as console:
        text = shown(await console.get("/auth/login"), 503)
        assert "cannot be reached" in text
        assert 'href="/sign-in"' in text
        assert "cannot be reached" in caplog.text
        shown(await console.get("/auth/callback?code=a&state=b"), 400)
        # That is nobody's failed sign-in, and nobody was refused.
        assert await console.sample("governance_failed_signins_total") == 0
        assert (await console.get("/api/events", token=TOKEN)).json["items"] == []
        assert (await console.post("/api/session", {"token": TOKEN})).status == 200


async def test_answers_that_fail_again_and_again_have_to_wait(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """From one address, and without another's having to; the log has one line for all of them."""
    few = Bounds(failed_signins=3, failed_signin_sec=1000)
    behind = with_signin(settings, "http://127.0.0.1:1", 1, trusted_proxies=(ip_network("127.0.0.1"),))
    async with running(behind, bounds=few) as console:

        async def back(address: str) -> Answer:
            return await console.get("/auth/callback?code=a&state=b", headers={"X-Forwarded-For": address})

        assert [(await back("192.0.2.1")).status for _ in range(6)] == [400, 400, 400, 429, 429, 429]
        answer = await back("192.0.2.1")
        assert "too many sign-ins failed: wait 1000 s" in shown(answer, 429)
        assert answer.headers["Retry-After"] == "1000"
        assert "Set-Cookie" not in answer.headers  # what was begun is not lost by it
        assert (await back("192.0.2.2")).status == 400
        assert await console.sample('governance_limited_total{limit="signins"}') == 4
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [vars(record)["client"] for record in told] == ["192.0.2.1"]


async def test_without_a_provider_there_is_nowhere_to_sign_in(console: Console) -> None:
    for path in ("/auth/login", "/auth/callback?code=a&state=b"):
        assert "OAUTH_CLIENT_ID" in problem(await console.get(path), 404)["detail"]


async def test_with_sign_in_alone_nobody_comes_in_without(place: Place, settings: Settings) -> None:
    async with at(place, settings, agent_tokens={"a": "agent-token"}) as (console, _):
        session = (await console.get("/api/session")).json
        assert (session["principal"], session["signin"]) == (None, ["openid"])
        problem(await console.get("/api/events"), 401)
        assert (await console.post("/api/events", LENIENT, token="agent-token")).status == 201
        problem(await console.post("/api/session", {"token": "agent-token"}), 403)
        problem(await console.post("/api/session", {"token": "x"}), 401)


async def test_an_answer_is_worth_something_once_in_the_browser_that_asked_for_it(
    place: Place, settings: Settings
) -> None:
    async with at(place, settings) as (console, browser):
        stranger = Browser(console.client, console.url)
        answer = await browser.ask("GET", "/auth/login")
        jar = dict(browser.cookies())
        (name,) = jar
        assert name == f"signin_{place.port}"
        attributes = answer.headers["Set-Cookie"]
        assert re.search(r"HttpOnly; Max-Age=600; Path=/; SameSite=Lax", attributes)
        for wanted in ("state=", "nonce=", "code_challenge_method=S256", "response_type=code", "scope=openid+email"):
            assert wanted in answer.headers["Location"]
        back = await returned(browser, URL(answer.headers["Location"], encoded=True))

        # Another browser, with no sign-in of its own, or with one.
        assert "no sign-in was begun" in shown(await stranger.ask("GET", back), 400).lower()
        await stranger.ask("GET", "/auth/login")
        assert "another sign-in" in shown(await stranger.ask("GET", back), 400)
        # The right browser, with an altered answer or cookie.
        for changed, says in (
            ({"state": "x"}, "another sign-in"),
            ({"iss": "https://elsewhere.example"}, "another provider"),
        ):
            refused = await fresh(browser, jar).ask("GET", back.update_query(changed))
            assert says in refused.text, changed
        altered = {name: ("A" if jar[name][0] != "A" else "B") + jar[name][1:]}
        assert "was altered" in shown(await fresh(browser, altered).ask("GET", back), 400)
        assert "more than once" in shown(await fresh(browser, jar).ask("GET", f"{back}&state=y"), 400)
        # The state was used up by the answer with another issuer; so the right one comes too late.
        assert "used already" in shown(await fresh(browser, jar).ask("GET", back), 400)

        # A code is worth something once, too: the provider says so of a replayed one.
        assert (await browser.sign_in(ADA)).status == 200
        spent = next(url for url in reversed(browser.went) if url.path == "/auth/callback")
        await browser.ask("GET", "/auth/login")
        state = URL((await browser.ask("GET", "/auth/login")).headers["Location"], encoded=True).query["state"]
        refused = await browser.ask("GET", spent.update_query(state=state))
        assert "invalid_grant" in shown(refused, 400)
        assert CLIENT_SECRET not in refused.text


def fresh(browser: Browser, cookies: dict[str, str]) -> Browser:
    """A browser in the state in which this one was."""
    one = Browser(browser._client, str(browser.console))
    one._cookies[str(one.console.origin())] = dict(cookies)
    return one


async def returned(browser: Browser, location: URL) -> URL:
    """Where the provider sends a browser that was sent there."""
    where = location.update_query(login_hint=ADA)
    while where.origin() != browser.console.origin():
        answer = await browser.ask("GET", where)
        assert answer.status in (302, 303), answer.text
        where = where.join(URL(answer.headers["Location"], encoded=True))
    return where
