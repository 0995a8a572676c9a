"""The console's own deeds are on the record: start, stop, sign-in, refusal, sign-out, export. Without a secret."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from governance_console import __version__, audit
from governance_console.access import OPERATOR
from governance_console.api import AUDIT, JOURNAL, SESSIONS, STORAGE
from governance_console.audit import EXPORTED, SESSION_BEGAN, SESSION_ENDED, SESSION_REFUSED, Audit
from governance_console.background import in_background
from governance_console.categories import OWN_TYPES, category_of, severity_of
from governance_console.erasure import BEGUN_TYPE, ERASED_TYPE
from governance_console.errors import StorageFull
from governance_console.events import CONSOLE
from governance_console.lifetime import tell_start
from governance_console.limits import MAX_NOTES, MAX_REFUSALS_NOTED
from governance_console.sessions import LIFETIME
from governance_console.settings import NAMES, Settings
from governance_console.times import text_of
from tests.conftest import TOKEN
from tests.console import Client, Console, connected, running
from tests.faults import FaultyStorage
from tests.process import ConsoleProcess
from tests.test_ingest import LENIENT
from tests.test_session import sign_in

AGENT = "agent-token-for-tests"


@pytest.fixture
def guarding(settings: Settings) -> Settings:
    return replace(settings, operator_token=TOKEN, agent_tokens={"planner-7": AGENT})


@pytest.fixture
async def guarded(guarding: Settings) -> AsyncIterator[Console]:
    async with running(guarding) as one:
        yield one


async def own(console: Client, size: int, token: str = TOKEN) -> list[dict[str, Any]]:
    """What the console recorded of itself, oldest first, once there is so much of it."""
    async with asyncio.timeout(10):
        return await _own(console, size, token)


async def _own(console: Client, size: int, token: str) -> list[dict[str, Any]]:
    while True:
        page = (await console.get("/api/events?source=console&from=0", token=token)).json
        assert len(page["items"]) <= size, page
        if len(page["items"]) == size:
            return [{**item["entry"], "data": item.get("data")} for item in page["items"]]
        await asyncio.sleep(0.005)


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Who did what."""
    return [(entry["principal"], entry["event"]["type"]) for entry in entries]


def test_the_table_of_the_consoles_own_types_is_that_of_its_deeds() -> None:
    sessions = {SESSION_BEGAN, SESSION_REFUSED, SESSION_ENDED}
    deeds = {audit.STARTED, audit.STOPPED, audit.EXPORTED, ERASED_TYPE, BEGUN_TYPE, *sessions}
    assert set(OWN_TYPES) == deeds
    assert {category_of(deed) for deed in deeds} == {"audit"}
    # What such an entry carries along is no sign of how it went.
    assert severity_of(SESSION_ENDED, {"status": "failed"}) == "info"
    assert severity_of(SESSION_REFUSED, {}) == "warning"


async def test_a_process_tells_its_start_its_stop_and_that_it_had_no_stop(tmp_path: Path) -> None:
    secrets = {"OPERATOR_TOKEN": TOKEN, "METRICS_TOKEN": "metrics-secret", "AGENT_TOKENS": f"planner-7={AGENT}"}
    set_too = {**secrets, "ALLOWED_HOSTS": "a.example,b.example", "TRUSTED_PROXIES": "10.0.0.0/8"}
    with ConsoleProcess(tmp_path, set_too) as process:
        async with connected(process.url) as client:
            (first,) = await own(client, 1)
            # Whoever may append may claim to be the console; its principal tells.
            await client.record({"source": CONSOLE, "type": "console.stopped"}, token=AGENT)
        process.kill()
        process.start()
        process.interrupt()
        assert process.wait() == 0
        process.start()
        process.terminate()
        process.terminate()
        assert process.wait() == 0
        process.start()
        async with connected(process.url) as client:
            entries = await own(client, 7)
    assert first["seq"] == 0
    assert (first["category"], first["severity"], first["principal"]) == ("audit", "notice", "console")
    assert first["event"]["time"] <= first["recorded"]
    settings = first["data"]["settings"]
    assert set(settings) == set(NAMES)
    assert (settings["OPERATOR_TOKEN"], settings["OAUTH_CLIENT_SECRET"]) == ("set", "not set")
    assert (settings["ALLOWED_HOSTS"], settings["LISTEN"]) == (["a.example", "b.example"], "127.0.0.1:0")
    assert settings["TRUSTED_PROXIES"] == ["10.0.0.0/8"]
    assert first["data"]["version"] == __version__
    assert first["data"]["url"].startswith("http://127.0.0.1:")
    mine = [entry for entry in entries if entry["principal"] == CONSOLE]
    assert [entry["event"]["type"].removeprefix("console.") for entry in mine] == [
        *("started", "started", "stopped", "started", "stopped", "started")
    ]
    assert [entry["data"].get("before") for entry in mine if entry["event"]["type"] == "console.started"] == [
        None,
        {"seq": 0, "end": "not recorded: it was killed, or could not write"},
        {"seq": 3, "end": "stopped"},
        {"seq": 5, "end": "stopped"},
    ]
    assert [entry["severity"] for entry in mine] == ["notice", "warning", *["notice"] * 4]
    assert [entry["data"]["why"] for entry in mine if "why" in entry["data"]] == ["SIGINT", "SIGTERM"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    for secret in (TOKEN, AGENT, "metrics-secret"):
        assert secret.encode() not in written


async def test_a_console_starts_also_where_its_own_last_entry_is_damaged(settings: Settings) -> None:
    async with running(settings) as console:
        app = console.app
        for size in (0, 2):
            await tell_start(app[AUDIT], app[STORAGE], size, settings, console.url)
            await console.record(LENIENT)  # what is last is looked at before every commit
            with apsw.Connection(str(settings.database_path)) as file:
                damaged = "CAST(replace(CAST(entry AS TEXT), 'principal\":\"console\"', 'principal\":5') AS BLOB)"
                file.execute(f"UPDATE entries SET entry = {damaged} WHERE seq = 0")
        entry = (await console.get("/api/events/2")).json
    assert entry["data"]["before"] == {"seq": 0, "end": "unreadable: the entry is damaged"}
    assert entry["entry"]["severity"] == "warning"


async def test_who_signs_in_and_out_with_a_token_and_who_is_refused_is_told(guarded: Console) -> None:
    for token, status in (("wrong-secret", 401), (AGENT, 403)):
        answer = await guarded.post("/api/session", {"token": token}, headers={"Origin": guarded.url})
        assert answer.status == status
    headers = await sign_in(guarded)
    again = await guarded.post("/api/session", {"token": TOKEN}, headers=headers)
    guarded.client.cookie_jar.clear()
    assert again.status == 200
    cookie = again.headers["Set-Cookie"].partition(";")[0]
    await guarded.request("DELETE", "/api/session", headers={"Cookie": cookie, "Origin": guarded.url})
    entries = await own(guarded, 6)
    assert told(entries) == [
        (CONSOLE, SESSION_REFUSED),
        (CONSOLE, SESSION_REFUSED),
        ("operator", SESSION_BEGAN),
        ("operator", SESSION_ENDED),
        ("operator", SESSION_BEGAN),
        ("operator", SESSION_ENDED),
    ]
    why = [entry["data"].get("why") for entry in entries]
    assert why == [
        "the token is not valid",
        "the token of agent:planner-7",
        None,
        "signed in again",
        None,
        "signed out",
    ]
    assert {entry["severity"] for entry in entries[:2]} == {"warning"}
    begun, ended = entries[2]["data"], entries[3]["data"]
    assert begun["session"] == ended["session"] != entries[4]["data"]["session"]
    assert begun["from"] == "127.0.0.1"
    shown = (await guarded.get("/api/events", token=TOKEN)).text
    for secret in ("wrong-secret", TOKEN, AGENT, cookie.partition("=")[2], headers["Cookie"].partition("=")[2]):
        assert secret not in shown


async def test_a_session_that_expires_is_told_also_where_the_console_was_down_meanwhile(guarding: Settings) -> None:
    async with running(guarding) as console:
        await sign_in(console)
        (session,) = console.app[SESSIONS].of(OPERATOR)
    with sqlite3.connect(guarding.database_path) as file:
        file.execute("UPDATE sessions SET began = ?", (text_of(session.began - LIFETIME),))
    file.close()
    async with running(guarding) as console:
        entries = await own(console, 2)
    assert told(entries)[1] == ("operator", SESSION_ENDED)
    assert entries[1]["data"] == {"session": session.name, "why": "the session expired"}


async def test_an_export_is_told_and_a_page_is_not(guarded: Console) -> None:
    await guarded.record(*[{**LENIENT, "id": str(number)} for number in range(5)], token=TOKEN)
    lines = {"Accept": "application/x-ndjson"}
    for path, headers in (
        ("/api/events", {}),
        ("/api/events?format=json", lines),
        ("/api/events?from=1&type=agent.*&type=other&format=ndjson", {}),
        ("/api/events?limit=2", lines),
    ):
        assert (await guarded.get(path, headers=headers, token=TOKEN)).status == 200
    assert (await guarded.request("HEAD", "/api/events", headers=lines, token=TOKEN)).status == 200
    entries = await own(guarded, 2)
    assert told(entries) == [("operator", EXPORTED)] * 2
    assert [entry["data"] for entry in entries] == [
        {"asked": {"from": ["1"], "type": ["agent.*", "other"]}, "items": 4, "whole": True},
        {"asked": {"limit": ["2"]}, "items": 2, "whole": True},
    ]


async def test_an_export_whose_reader_goes_away_is_told_as_far_as_it_went(guarded: Console) -> None:
    for _ in range(14):
        await guarded.record({**LENIENT, "text": "x" * 1_000_000}, token=TOKEN)
    async with guarded.client.get(
        guarded.url + "/api/events?format=ndjson", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as response:
        await response.content.read(1)
        response.close()
    (entry,) = await own(guarded, 1)
    assert entry["data"]["whole"] is False
    assert entry["data"]["items"] < 14


@asynccontextmanager
async def full(settings: Settings) -> AsyncIterator[tuple[Console, FaultyStorage]]:
    """A console whose disk is full."""
    storage = FaultyStorage(settings.database_path)
    async with running(settings, storage) as console:
        await console.record(LENIENT, token=TOKEN)
        storage.error = StorageFull("no space left")
        yield console, storage


async def test_a_record_that_cannot_be_written_keeps_nobody_out_and_tells_it_later(guarding: Settings) -> None:
    async with full(guarding) as (console, storage):
        await sign_in(console)
        exported = await console.get("/api/events?format=ndjson", token=TOKEN)
        assert len(exported.text.splitlines()) == 1
        assert not await console.app[AUDIT].settle()
        storage.error = None
        assert await console.app[AUDIT].settle()
        entries = await own(console, 2)
    assert told(entries) == [("operator", SESSION_BEGAN), ("operator", EXPORTED)]
    assert entries[0]["event"]["time"] < entries[0]["recorded"]


async def test_what_could_not_be_recorded_is_tried_again_in_its_order(guarding: Settings) -> None:
    async with full(guarding) as (console, storage):
        storage.times = 2
        noting = Audit(console.app[JOURNAL], retry_sec=0.01)
        async with in_background(noting.run(), ""):
            noting.note(CONSOLE, EXPORTED, {"n": 1})
            noting.note("operator", EXPORTED, {"n": 2})
            entries = await own(console, 2)
    assert [entry["data"] for entry in entries] == [{"n": 1}, {"n": 2}]


async def test_what_waits_is_bounded_and_the_next_entry_tells_how_much_was_dropped(
    guarding: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with full(guarding) as (console, storage):
        noting = Audit(console.app[JOURNAL])
        for _ in range(MAX_NOTES + 7):
            noting.note(CONSOLE, EXPORTED, {})
        await noting.close()
        assert f"not recorded of what the console did itself: {MAX_NOTES + 7}" in caplog.text
        storage.error = None
        assert await noting.settle()
        noting.note(CONSOLE, EXPORTED, {"later": True})
        noting.note(CONSOLE, EXPORTED, {"last": True})
        assert await noting.settle()
        page = (await console.get("/api/events?limit=2", token=TOKEN)).json
    assert [item["data"] for item in page["items"]] == [{"last": True}, {"later": True, "dropped": 7}]
    assert page["size"] == 1 + MAX_NOTES + 2


async def test_a_guess_by_bearer_is_noted_as_one_at_sign_in_is(guarded: Console) -> None:
    assert (await guarded.get("/api/events", token="wrong-secret")).status == 401
    (entry,) = await own(guarded, 1)
    assert entry["event"]["type"] == SESSION_REFUSED
    assert entry["data"] == {"by": "bearer", "why": "the token is not valid", "from": "127.0.0.1"}


async def test_guessing_cannot_fill_the_record(guarding: Settings) -> None:
    async with running(guarding) as console:
        noting = Audit(console.app[JOURNAL], refusals_sec=0.01)
        async with in_background(noting.run(), ""):
            for _ in range(MAX_REFUSALS_NOTED + 90):
                noting.note(CONSOLE, SESSION_REFUSED, {"by": "token"})
            entries = await own(console, MAX_REFUSALS_NOTED + 1)
            assert [entry["data"] for entry in entries[-2:]] == [{"by": "token"}, {"more": 90}]
            # The next one is told singly again.
            noting.note(CONSOLE, SESSION_REFUSED, {"by": "somebody"})
            assert (await own(console, MAX_REFUSALS_NOTED + 2))[-1]["data"] == {"by": "somebody"}


async def test_refusals_that_were_not_summed_up_yet_are_when_the_console_ends(guarding: Settings) -> None:
    async with running(guarding) as console:
        for _ in range(MAX_REFUSALS_NOTED + 3):
            console.app[AUDIT].note(CONSOLE, SESSION_REFUSED, {})
    async with running(guarding) as console:
        assert (await own(console, MAX_REFUSALS_NOTED + 1))[-1]["data"] == {"more": 3}


async def test_what_is_no_text_is_told_all_the_same(guarded: Console) -> None:
    guarded.app[AUDIT].note("viewer:a", SESSION_REFUSED, {"who": "half \ud83d"})
    (entry,) = await own(guarded, 1)
    assert entry["data"] == {"unreadable": r"{'who': 'half \ud83d'}"}
