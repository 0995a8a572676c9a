"""Sessions by themselves: how long they last, who can be whom after a restart, and a store that cannot be written."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from governance_console.access import OPERATOR, Entrances, People, Principal, Role, Tokens
from governance_console.api import JOURNAL, SESSIONS
from governance_console.browsers import browser_of
from governance_console.errors import SignInLost, StorageFailed, StorageFull, StorageGone
from governance_console.limits import MAX_SESSIONS, MAX_USED_SIGNINS
from governance_console.pending import PATIENCE_SEC, PendingSignIns
from governance_console.sessions import IDLE, LIFETIME, SEEN, Sessions, SessionStore, Stored
from governance_console.settings import Settings
from governance_console.storage.sqlite import SqliteStorage
from tests.conftest import TOKEN
from tests.console import running
from tests.test_ingest import LENIENT, problem
from tests.test_session import sign_in

ADA = Principal("operator:ada@example.net", Role.OPERATOR)
BEGINNING = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now


class Disk:
    """A ``SessionStore`` that keeps what it is given, unless it is full."""

    def __init__(self) -> None:
        self.kept: dict[str, Stored] = {}
        self.error: Exception | None = None
        self.writes = 0
        self.go = asyncio.Event()
        self.go.set()

    async def load(self) -> Sequence[Stored]:
        return list(self.kept.values())

    async def change(self, kept: Sequence[Stored], ended: Sequence[str]) -> None:
        await self.go.wait()
        if self.error is not None:
            raise self.error
        self.writes += 1
        self.kept |= {one.key: one for one in kept}
        for key in ended:
            self.kept.pop(key, None)


def entrances(token: str = TOKEN, operators: Sequence[str] = ("ada@example.net",), provider: str = "p") -> Entrances:
    return Entrances(Tokens(token, {}, "", signin=True), People(operators, ()), provider)


def sessions_on(disk: SessionStore, clock: Callable[[], datetime], credentials: Entrances | None = None) -> Sessions:
    return Sessions(credentials or entrances(), disk, clock)


def nobody_watches(_: str) -> bool:
    return False


async def test_a_session_ends_when_its_time_is_over_or_it_is_not_used() -> None:
    clock, disk = Clock(), Disk()
    sessions = sessions_on(disk, clock)
    secret, session, _ = sessions.begin(OPERATOR, "b")
    assert sessions.find(secret) == session
    assert secret not in repr(vars(sessions))
    clock.now += IDLE - timedelta(seconds=1)
    assert sessions.expire(nobody_watches) == []
    used = sessions.find(secret)
    assert used is not None
    assert used.expires == BEGINNING + LIFETIME
    clock.now = BEGINNING + LIFETIME - timedelta(seconds=1)
    used = sessions.find(secret)
    assert used is not None
    clock.now += timedelta(seconds=1)
    assert sessions.find(secret) is None
    assert sessions.of(OPERATOR) == []
    assert sessions.expire(lambda _: True) == [(used, "the session expired")]
    assert sessions.expire(nobody_watches) == []


async def test_an_open_stream_is_use_until_the_time_is_over() -> None:
    clock, disk = Clock(), Disk()
    sessions = sessions_on(disk, clock)
    secret, session, _ = sessions.begin(OPERATOR, "b")
    clock.now += IDLE
    assert sessions.expire({session.key}.__contains__) == []
    assert sessions.find(secret) is not None
    idle, _, _ = sessions.begin(OPERATOR, "b")
    clock.now = BEGINNING + IDLE * 2
    sessions.expire(nobody_watches)
    assert sessions.find(idle) is None


async def test_sessions_are_bounded_and_those_of_who_signs_in_too_often_go_first() -> None:
    sessions = sessions_on(Disk(), Clock())
    ada, first, _ = sessions.begin(ADA, "b")
    own, oldest, _ = sessions.begin(OPERATOR, "b")
    evicted = [sessions.begin(OPERATOR, "b")[2] for _ in range(MAX_SESSIONS - 1)]
    assert evicted == [None] * (MAX_SESSIONS - 2) + [oldest]
    assert sessions.find(own) is None
    assert sessions.find(ada) == first


async def test_use_is_written_now_and_then_and_not_at_each_request() -> None:
    clock, disk = Clock(), Disk()
    sessions = sessions_on(disk, clock)
    secret, session, _ = sessions.begin(OPERATOR, "b")
    await sessions.save()
    for _ in range(100):
        clock.now += SEEN / 100
        sessions.find(secret)
        await sessions.save()
    assert disk.writes == 1
    clock.now += timedelta(seconds=1)
    sessions.find(secret)
    await sessions.save()
    assert disk.writes == 2
    assert disk.kept[session.key].seen == clock.now


CHANGED, NOT_ANY_MORE = "what was signed in with has changed", "this may not be signed in any more"
AFTER = {
    # What goes on, of the operator token and of Ada, and what is told of the other.
    "nothing": (entrances(), True, True, None),
    "another token": (entrances(token="another"), False, True, CHANGED),
    "no token": (entrances(token=""), False, True, NOT_ANY_MORE),
    "another client secret, or issuer": (entrances(provider="q"), True, False, CHANGED),
    "taken off the list": (entrances(operators=()), True, False, NOT_ANY_MORE),
    "now a viewer": (
        Entrances(Tokens(TOKEN, {}, ""), People((), ("ada@example.net",)), "p"),
        *(True, False, NOT_ANY_MORE),
    ),
}


@pytest.mark.parametrize("change", AFTER)
async def test_after_a_restart_sessions_go_on_for_who_may_still_come_in(change: str) -> None:
    credentials, *expected, why = AFTER[change]
    clock, disk = Clock(), Disk()
    before = sessions_on(disk, clock)
    secrets = [before.begin(principal, "b")[0] for principal in (OPERATOR, ADA)]
    await before.save()
    after = sessions_on(disk, clock, credentials)
    await after.load()
    assert [after.find(secret) is not None for secret in secrets] == expected
    gone = [name for name, goes_on in zip(("operator", ADA.name), expected, strict=True) if not goes_on]
    assert [(one.principal.name, told) for one, told in after.expire(nobody_watches)] == [(name, why) for name in gone]
    assert after.expire(nobody_watches) == []
    await after.save()
    assert len(disk.kept) == sum(expected)  # what may not go on is not kept either


async def test_who_writes_to_the_store_makes_no_session_and_no_other_person() -> None:
    clock, disk = Clock(), Disk()
    before = sessions_on(disk, clock)
    secret, session, _ = before.begin(ADA, "b")
    await before.save()
    true = disk.kept[session.key]
    for forged in (
        true._replace(name="operator"),
        true._replace(name="operator:bob@example.net"),
        true._replace(began=true.began + timedelta(hours=1)),
        true._replace(bound=b""),
    ):
        disk.kept = {forged.key: forged}
        after = sessions_on(disk, clock, entrances(operators=("ada@example.net", "bob@example.net")))
        await after.load()
        assert after.find(secret) is None


async def test_a_full_disk_keeps_nobody_out_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    clock, disk = Clock(), Disk()
    sessions = sessions_on(disk, clock)
    ended, session, _ = sessions.begin(OPERATOR, "b")
    await sessions.save()
    disk.error = StorageFull("no space is left")
    secret, _, _ = sessions.begin(OPERATOR, "b")
    sessions.end(session.key)
    for _ in range(3):
        assert not await sessions.saved()
    assert sessions.find(secret) is not None
    assert sessions.find(ended) is None
    disk.error = None
    assert await sessions.saved()
    # What was ended meanwhile is gone for good.
    assert session.key not in disk.kept
    assert len(disk.kept) == 1
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "sessions cannot be saved, and are kept in memory",
        "sessions are saved again",
    ]


async def test_a_slow_disk_is_waited_for_a_moment_and_what_ended_is_not_called_saved() -> None:
    disk = Disk()
    sessions = Sessions(entrances(), disk, Clock(), patience_sec=0.01)
    _, session, _ = sessions.begin(OPERATOR, "b")
    assert await sessions.saved()
    disk.go.clear()
    sessions.end(session.key)
    assert not await sessions.saved()
    disk.go.set()
    assert await sessions.saved()
    assert disk.kept == {}


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStorage]:
    storage = SqliteStorage(path, None, lambda: "epoch")
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


async def test_the_records_file_keeps_sessions_and_no_secret_of_them(tmp_path: Path) -> None:
    path, clock = tmp_path / "g.db", Clock()
    async with opened(path) as storage:
        sessions = sessions_on(storage.sessions, clock)
        secret, session, _ = sessions.begin(ADA, "Firefox on Linux")
        gone, other, _ = sessions.begin(OPERATOR, "b")
        await sessions.save()
        sessions.end(other.key)
        await sessions.save()
    async with opened(path) as storage:
        sessions = sessions_on(storage.sessions, clock)
        await sessions.load()
        assert sessions.find(secret) == session
        assert sessions.find(gone) is None
    assert secret.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "values", ["'operator', x'00', 'yesterday', 'x', 'b'", "CAST(x'ff' AS TEXT), x'00', 'x', 'x', 'b'"]
)
async def test_sessions_that_cannot_be_read_are_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, values: str
) -> None:
    path = tmp_path / "g.db"
    async with opened(path):
        pass
    with sqlite3.connect(path) as file:
        file.execute(f"INSERT INTO sessions VALUES (x'00', {values})")
    file.close()
    async with opened(path) as storage:
        sessions = sessions_on(storage.sessions, Clock())
        await sessions.load()
    assert "everybody has to sign in again" in caplog.text


async def test_a_disk_that_failed_under_a_session_takes_no_events_either(tmp_path: Path, settings: Settings) -> None:
    guarded = replace(settings, operator_token=TOKEN)
    async with running(guarded) as console:
        headers = await sign_in(console)
        guarded.database_path.rename(tmp_path / "away.db")
        # Signing in needs no disk.
        assert (await console.get("/api/events", headers=await sign_in(console))).status == 200
        problem(await console.post("/api/events", LENIENT, headers=headers), 503)
        assert isinstance(console.app[JOURNAL].failure, StorageGone)  # of which one goes on reading
        # Who goes is out, and is told that a restart may undo it.
        for way in ("/api/session", "/api/sessions/{}"):
            headers = await sign_in(console)
            path = way.format(console.app[SESSIONS].of(OPERATOR)[0].key)
            answer = await console.request("DELETE", path, headers=headers)
            assert "could not be saved" in problem(answer, 503)["detail"], path
            assert ("Set-Cookie" in answer.headers) == (path == "/api/session")
            problem(await console.get("/api/events", headers=headers), 401)
        assert console.app[SESSIONS].of(OPERATOR) != []


async def test_who_appends_learns_that_a_session_could_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    async with opened(path) as storage:
        other = apsw.Connection(str(path))
        other.execute("DROP TABLE sessions")
        other.close()
        await storage.probe()
        with pytest.raises(StorageFailed):
            await storage.sessions.change([], ["00"])
        with pytest.raises(StorageFailed):
            await storage.probe()


class TestPending:
    """What is known of a sign-in between going and coming."""

    def test_it_is_worth_something_once_within_its_time(self) -> None:
        now = 0.0
        signins = PendingSignIns(lambda: now)
        pending, cookie = signins.begin("/log/7")
        assert signins.resume(cookie, pending.state) == pending
        with pytest.raises(SignInLost, match="used already"):
            signins.resume(cookie, pending.state)
        pending, cookie = signins.begin("/")
        now = PATIENCE_SEC
        with pytest.raises(SignInLost, match="10 minutes"):
            signins.resume(cookie, pending.state)

    def test_what_another_process_began_or_somebody_made_is_refused(self) -> None:
        signins = PendingSignIns(lambda: 0.0)
        pending, cookie = PendingSignIns(lambda: 0.0).begin("/")
        for made in (cookie, "", "x", "é", "A" * 5000):
            with pytest.raises(SignInLost, match="was altered"):
                signins.resume(made, pending.state)
        _, cookie = signins.begin("/")
        for state in (pending.state, "", None, "é", "\ud800"):
            with pytest.raises(SignInLost, match="another sign-in"):
                signins.resume(cookie, state)

    def test_what_is_remembered_is_bounded(self) -> None:
        signins = PendingSignIns(lambda: 0.0)
        for _ in range(MAX_USED_SIGNINS + 10):
            pending, cookie = signins.begin("/")
            signins.resume(cookie, pending.state)
        assert len(signins._used) == MAX_USED_SIGNINS


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.14.1", "curl"),
        ("", "a browser"),
        ("<script>alert(1)</script>", "a browser"),
    ],
)
def test_a_browser_has_a_name_that_its_owner_knows(header: str, name: str) -> None:
    assert browser_of(header) == name
