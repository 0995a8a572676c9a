"""Signing in and out with the operator token, and what a session's cookie opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from http.cookies import SimpleCookie

import aiohttp
import pytest

from governance_console.access import OPERATOR
from governance_console.api import SESSIONS
from governance_console.limits import MAX_SESSIONS
from governance_console.sessions import LIFETIME
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Answer, Console, running
from tests.test_ingest import LENIENT, problem


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Console]:
    async with running(replace(settings, operator_token=TOKEN, agent_tokens={"a": "agent-token"})) as one:
        yield one


async def sign_in(console: Console) -> dict[str, str]:
    """Headers with a fresh session's cookie."""
    answer = await console.post("/api/session", {"token": TOKEN}, headers={"Origin": console.url})
    assert answer.status == 200, answer.text
    console.client.cookie_jar.clear()
    return {"Cookie": cookie_of(answer).OutputString([]), "Origin": console.url}


def cookie_of(answer: Answer) -> SimpleCookie.Morsel[str]:  # type: ignore[name-defined]
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return morsel


async def test_the_session_says_who_one_is(guarded: Console) -> None:
    assert (await guarded.get("/api/session")).json == {
        "principal": None,
        "role": None,
        "signin": ["token"],
        "provider": None,
        "expires": None,
        "version": "0.1.0",
    }
    assert (await guarded.get("/api/session", token=TOKEN)).json["principal"] == "operator"
    assert (await guarded.get("/api/session", token="agent-token")).json["role"] == "agent"
    headers = await sign_in(guarded)
    session = (await guarded.get("/api/session", headers=headers)).json
    assert (session["principal"], session["role"]) == ("operator", "operator")
    assert session["expires"] > "2026"


async def test_an_open_console_lets_everybody_be_anonymous(console: Console) -> None:
    session = (await console.get("/api/session")).json
    assert (session["principal"], session["role"], session["signin"]) == ("anonymous", "operator", [])
    problem(await console.post("/api/session", {"token": "x"}), 422)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(guarded: Console) -> None:
    cookie = cookie_of(await guarded.post("/api/session", {"token": TOKEN}))
    assert cookie.key == f"session_{guarded.url.rsplit(':', 1)[1]}"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert int(cookie["max-age"]) == LIFETIME.total_seconds()
    assert TOKEN not in cookie.value
    assert len(cookie.value) >= 43  # 256 bits


async def test_behind_tls_the_cookie_is_bound_to_host_and_tls(settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN, public_url="https://pub.example")) as console:
        cookie = cookie_of(await console.post("/api/session", {"token": TOKEN}))
    assert cookie.key == "__Host-session"
    assert cookie["secure"]


async def test_a_cookie_opens_what_the_token_opens(guarded: Console) -> None:
    headers = await sign_in(guarded)
    assert (await guarded.get("/api/events", headers={"Cookie": headers["Cookie"]})).status == 200
    assert (await guarded.post("/api/events", LENIENT, headers=headers)).status == 201
    async with await guarded.watch(headers=headers) as stream:
        assert (await stream.message())["type"] == "audit"


async def test_with_a_cookie_the_origin_has_to_be_named(guarded: Console) -> None:
    cookie = {"Cookie": (await sign_in(guarded))["Cookie"]}
    problem(await guarded.post("/api/events", LENIENT, headers=cookie), 403)
    problem(await guarded.request("DELETE", "/api/session", headers=cookie), 403)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await guarded.watch(headers=cookie)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"token": "wrong"}, 401),
        ({"token": "agent-token"}, 403),
        ({"token": ""}, 422),
        ({"token": 5}, 422),
        ({}, 422),
        ([], 422),
        ({"token": "\ud800"}, 401),
        ({"token": "x" * 300_000}, 413),
    ],
)
async def test_a_token_that_does_not_sign_in_is_refused(guarded: Console, body: object, status: int) -> None:
    answer = await guarded.post("/api/session", body)
    detail = problem(answer, status)["detail"]
    if status == 403:
        assert detail == "agent:a may only append events; sign in with the operator token"
    assert "Set-Cookie" not in answer.headers


async def test_signing_out_ends_the_session_and_its_sockets_and_no_others(guarded: Console) -> None:
    mine, other = await sign_in(guarded), await sign_in(guarded)
    async with (
        await guarded.watch(headers=mine) as ending,
        await guarded.watch(headers=other) as staying,
        await guarded.watch(token=TOKEN) as with_token,
    ):
        for stream in (ending, staying, with_token):
            await stream.message()
        answer = await guarded.request("DELETE", "/api/session", headers=mine)
        assert answer.status == 204
        assert cookie_of(answer)["max-age"] == "0"
        assert await ending.close_code() == (4401, "signed out")
        problem(await guarded.get("/api/events", headers=mine), 401)
        await guarded.record(LENIENT, token=TOKEN)
        for stream in (staying, with_token):
            while (await stream.entry())["entry"]["event"]["source"] == "console":
                pass  # what the console says itself of who comes and goes


async def test_signing_in_again_ends_the_session_before(guarded: Console) -> None:
    first = await sign_in(guarded)
    assert (await guarded.post("/api/session", {"token": TOKEN}, headers=first)).status == 200
    guarded.client.cookie_jar.clear()
    problem(await guarded.get("/api/events", headers=first), 401)


async def test_signing_out_without_a_session_is_harmless(guarded: Console) -> None:
    assert (await guarded.request("DELETE", "/api/session")).status == 204


async def test_the_stream_of_a_session_that_had_to_go_is_closed(guarded: Console) -> None:
    headers = await sign_in(guarded)
    async with await guarded.watch(headers=headers) as stream:
        await stream.message()
        for _ in range(MAX_SESSIONS - 1):
            guarded.app[SESSIONS].begin(OPERATOR, "a browser")
        await sign_in(guarded)
        assert await stream.close_code() == (4401, "too many sessions")


async def test_the_stream_of_an_expired_session_is_closed_by_the_ticker(settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN)) as console:
        headers = await sign_in(console)
        sessions = console.app[SESSIONS]
        async with await console.watch(headers=headers) as stream:
            await stream.message()
            (session,) = sessions._open.values()
            sessions._open[session.key] = replace(session, began=session.began - LIFETIME)
            assert await stream.close_code() == (4401, "the session expired")
        problem(await console.get("/api/events", headers=headers), 401)


async def test_a_page_of_cors_origins_cannot_use_the_cookie(settings: Settings) -> None:
    portal = "http://portal.example.net"
    async with running(replace(settings, operator_token=TOKEN, cors_origins=(portal,))) as console:
        headers = {**await sign_in(console), "Origin": portal}
        assert "bearer token" in problem(await console.post("/api/events", LENIENT, headers=headers), 403)["detail"]
        problem(await console.request("DELETE", "/api/session", headers=headers), 403)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await console.watch(headers=headers)
        # Its token is all that it needs, and a page of the console goes on as before.
        async with await console.watch(token=TOKEN, headers={"Origin": portal}) as stream:
            await stream.message()
        async with await console.watch(headers={**headers, "Origin": console.url}) as stream:
            await stream.message()
