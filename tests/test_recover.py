"""``python run.py recover``: a new log in the place of one that cannot be signed any more, with nothing of it lost."""

from __future__ import annotations

import asyncio
import base64
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from governance_console.api import SIGNER
from governance_console.checkpoint import Checkpoint, parse_checkpoint
from governance_console.errors import CannotStart
from governance_console.notes import Signer, new_private_key, parse_note, parse_private_key
from governance_console.settings import Settings
from tests.console import Console, running
from tests.process import ROOT, RUN, clean_environment, said
from tests.test_inject import may_trace as may_trace

EVENT = {"source": "a", "type": "t", "data": {"n": 1}}
ORIGIN = "log.example/1"
SETTINGS = Settings(
    database_url="sqlite:///data/governance.db",
    log_key_file="data/log.key",
    log_origin=ORIGIN,
    checkpoint_interval_sec=3600,  # it signs when it stops
)
RECORD, KEY, BESIDE = Path("data/governance.db"), Path("data/log.key"), Path("data/log.key.checkpoint")


@pytest.fixture
def place(here: Path) -> Path:
    """Where a console runs, with its settings."""
    (here / ".env").write_text(f"LOG_ORIGIN={ORIGIN}\n", encoding="utf-8")
    return here


async def record(*counts: int) -> str:
    """Run the console, record so many events, and stop it, for each; the epoch."""
    epoch = ""
    for count in counts:
        async with running(SETTINGS) as console:
            await console.record(*[EVENT] * count)
            epoch = (await console.get("/api/events")).json["epoch"]
    return epoch


def sizes(checkpoints: Sequence[str]) -> list[int]:
    return [parse_checkpoint(parse_note(note.encode()).text).size for note in checkpoints]


async def first_entry(console: Console) -> dict[str, Any]:
    item: dict[str, Any] = (await console.get("/api/events/0")).json
    return item


async def test_a_restored_backup_is_refused_recovered_and_signed_on(
    place: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    epoch = await record(3)
    shutil.copy(RECORD, "backup.db")
    await record(4)
    note = BESIDE.read_bytes()
    shutil.copy("backup.db", RECORD)

    async with running(SETTINGS) as console:
        refused = (
            "the record is older than what was signed: it has 3 entries, and the checkpoint beside the key is of 7"
        )
        assert refused in console.app[SIGNER].refusing
        ready = await console.get("/readyz")
        assert (ready.status, refused in ready.json["detail"]) == (503, True)
        assert "python run.py recover" in ready.json["detail"]
        assert await console.sample("governance_signing_refused") == 1
        async with await console.watch() as stream:
            assert refused in (await stream.message())["signing"]
        await console.record(EVENT)  # which is recorded all the same
        ended = await said(capsys, "recover", "--why", "w", "--yes")
        assert (ended.status, "stop it first" in ended.errors) == (2, True)

    ended = await said(capsys, "recover", "--why", "the disk died, and Monday's backup was restored", "--yes")
    assert (ended.status, ended.output) == (0, "")
    kept = RECORD.with_name(f"governance-{epoch}.db")
    assert "entries 4 to 6: missing" in ended.errors
    assert f"data/governance.db is kept as {kept.name}" in ended.errors

    caplog.clear()
    async with running(SETTINGS) as console:
        assert caplog.text == ""  # LOG_ORIGIN is no contradiction
        assert (await console.get("/readyz")).status == 200
        assert console.app[SIGNER].verifier.name.startswith(f"{ORIGIN}/")
        assert str(console.app[SIGNER].verifier) in ended.errors
        entry = await first_entry(console)
        shown = entry["entry"]
        assert (shown["principal"], shown["category"]) == ("console", "audit")
        assert (shown["event"]["source"], shown["event"]["type"]) == ("console", "log.begun")
        data = entry["data"]
        assert data["why"] == "the disk died, and Monday's backup was restored"
        assert "entries 4 to 6: missing" in data["found"]
        assert data["found"][0] == "what was signed from #3 on, up to #6, is gone or other"
        before = data["before"]
        assert (before["origin"], before["epoch"], before["size"]) == (ORIGIN, epoch, 4)
        assert sizes(before["checkpoints"]) == [7, 3]
        assert before["checkpoints"][0].encode() == note
        assert (before["record"], before["checkpoint_file"]) == (kept.name, f"log.key.{epoch}.checkpoint")
        assert BESIDE.with_name(before["checkpoint_file"]).read_bytes() == note
        async with await console.watch(f"?from=2&epoch={epoch}") as stream:
            assert await stream.close_code() == (4510, "epoch")
        await console.record(EVENT)
        new_epoch = console.app[SIGNER].verifier.name.rpartition("/")[2]
    assert sizes([BESIDE.read_text(encoding="utf-8")]) == [2]
    async with running(replace(SETTINGS, log_origin="other.example")):
        assert f"this log is named {ORIGIN}/{new_epoch} for good; LOG_ORIGIN names new ones" in caplog.text
    assert new_epoch != epoch

    whole = await said(capsys, "verify", str(RECORD), "--key", str(KEY), "--checkpoint", str(BESIDE))
    assert (whole.status, "WHOLE" in whole.output) == (0, True)
    whole = await said(capsys, "verify", str(kept), "--key", str(KEY))
    assert (whole.status, "signed: entries 0 to 2" in whole.output) == (0, True)
    # What was kept of the old log stays beside what is kept of the new one, and is held against what entry 0 says.
    old = Signer(ORIGIN, parse_private_key(KEY.read_bytes()))
    at_end = old.sign(Checkpoint(ORIGIN, 4, base64.b64decode(before["root"])).text())
    Path("all.log").write_bytes(note + at_end + BESIDE.read_bytes())
    whole = await said(capsys, "verify", str(RECORD), "--key", str(KEY), "--checkpoint", "all.log")
    assert (whole.status, f"not compared: 2 checkpoints of {ORIGIN}\n" in whole.output) == (0, True)
    assert f"the log before this one, {ORIGIN}: a checkpoint of its 4 entries has the same root as" in whole.output
    # The new log's first entry holds what the old one lacks.
    Path("linked.txt").write_text(before["checkpoints"][0], encoding="utf-8")
    cut = await said(capsys, "verify", str(kept), "--key", str(KEY), "--checkpoint", "linked.txt")
    assert (cut.status, "entries 4 to 6: missing" in cut.output) == (1, True)


async def test_another_key_begins_another_log_and_a_second_time_overwrites_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = await record(2)
    files = {RECORD.read_bytes(), BESIDE.read_bytes()}
    shutil.copy(RECORD, "backup.db")
    ended = await said(capsys, "recover", "--why", "the key was copied", "--yes", "--key-file", "data/2027.key")
    assert (ended.status, "set LOG_KEY_FILE to data/2027.key" in ended.errors) == (0, True)
    async with running(SETTINGS) as console:  # with the old key still
        assert "is not signed by this console's key" in console.app[SIGNER].refusing
        assert "LOG_KEY_FILE names the key to sign with" in console.app[SIGNER].refusing
    assert "RETENTION_DAYS" not in ended.errors
    changed = f"LOG_ORIGIN={ORIGIN}\nLOG_KEY_FILE=data/2027.key\nRETENTION_DAYS=90\n"
    (place / ".env").write_text(changed, encoding="utf-8")
    shutil.copy("backup.db", RECORD)  # the same log again
    ended = await said(capsys, "recover", "--why", "tried it", "--yes")
    assert ended.status == 0
    assert f"RETENTION_DAYS erases nothing in governance-{epoch}-2.db" in ended.errors
    names = {path.name for path in Path("data").iterdir() if not path.name.endswith(".lock")}
    assert names - {"log.key", "2027.key", "governance.db", "2027.key.checkpoint"} == {
        *(f"governance-{epoch}.db", f"log.key.{epoch}.checkpoint"),
        *(f"governance-{epoch}-2.db", f"2027.key.{epoch}-2.checkpoint"),
    }
    kept = {Path(f"data/governance-{epoch}.db").read_bytes(), Path(f"data/log.key.{epoch}.checkpoint").read_bytes()}
    assert kept == files


async def test_of_what_an_old_file_says_of_itself_so_much_goes_on_the_new_record_as_one_reads(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await record(1)
    with closing(apsw.Connection(str(RECORD))) as file:
        file.execute("UPDATE log SET value = printf('%.*c', 3000000, 'x') WHERE name IN ('origin', 'epoch')")
    ended = await said(capsys, "recover", "--why", "w", "--yes")
    assert ended.status == 0
    async with running(SETTINGS) as console:
        data = (await first_entry(console))["data"]
    assert {data["before"][name] for name in ("origin", "epoch")} == {"x" * 999 + "…"}
    assert max(map(len, data["found"])) == 1000


def spoil(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)


@pytest.mark.parametrize(
    ("spoiled", "found"),
    [
        (RECORD.unlink, "data/governance.db: there is no record"),
        (lambda: spoil(RECORD), "data/governance.db cannot be read: file is not a database"),
        (
            BESIDE.unlink,
            "data/log.key.checkpoint: there is no checkpoint, so an older copy of the record would not show",
        ),
        (lambda: spoil(BESIDE), "not a checkpoint"),
    ],
)
async def test_what_is_gone_or_damaged_is_said_and_what_is_left_of_it_is_kept(
    place: Path, capsys: pytest.CaptureFixture[str], spoiled: Callable[[], None], found: str
) -> None:
    await record(1)
    spoiled()
    left = {path.read_bytes() for path in (RECORD, BESIDE) if path.exists()}
    ended = await said(capsys, "recover", "--why", "w", "--yes")
    assert (ended.status, found in ended.errors) == (0, True)
    async with running(SETTINGS) as console:
        assert console.app[SIGNER].refusing == ""
        assert any(found in sentence for sentence in (await first_entry(console))["data"]["found"])
    assert left <= {path.read_bytes() for path in Path("data").iterdir()}


@contextmanager
def on_a_terminal(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody sits there and types this."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    with monkeypatch.context() as patched, open(theirs, encoding="utf-8") as terminal:
        patched.setattr(sys, "stdin", terminal)
        yield
    os.close(ours)


async def test_it_says_what_it_would_do_and_does_it_only_when_told_to(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def files() -> Mapping[str, bytes]:
        return {path.name: path.read_bytes() for path in Path("data").iterdir() if not path.name.endswith(".lock")}

    nothing = await said(capsys, "recover", "--why", "w", "--yes")
    assert (nothing.status, "there is no record at data/governance.db" in nothing.errors) == (2, True)
    await record(2)
    before = files()
    cases: Sequence[tuple[Sequence[str], str]] = (
        ((), "nothing was changed; to do it, say --why"),
        (("--why", " "), "say in 1 to 4000 characters what happened"),
        (("--why", "Stra\udcdfe"), "--why: that is not UTF-8"),
        (("--why", "w"), "nothing was changed; to do it without being asked, say --yes"),
        (("--why", "w", "--yes", "--key-file", ".env"), "this is not an unencrypted private key"),
    )
    Path(".env").chmod(0o600)
    for arguments, sentence in cases:
        ended = await said(capsys, "recover", *arguments)
        assert (ended.status, sentence in ended.errors) == (2, True), ended.errors
        assert files() == before
    other = Path("data/other.key.checkpoint")
    other.write_bytes(b"x")
    shutil.copy(KEY, "data/other.key")
    ended = await said(capsys, "recover", "--why", "w", "--yes", "--key-file", "data/other.key")
    assert (ended.status, "is the checkpoint of another log" in ended.errors) == (2, True)
    for answer, status in ((b"n\n", 1), (b"y\n", 0)):
        with on_a_terminal(answer, monkeypatch):
            ended = await said(capsys, "recover", "--why", "w")
        assert ended.status == status, ended
        assert ("WHOLE" in ended.errors, "Begin a new log?" in ended.errors) == (True, True)
    assert before["governance.db"] in files().values()


async def old_state(folder: Path) -> None:
    """A record of which the newest entries are in its -wal only, and its key."""
    await record(2)
    shutil.copytree("data", folder / "data")
    with closing(apsw.Connection(str(RECORD))) as file:
        file.execute(
            "PRAGMA wal_autocheckpoint = 0; INSERT OR REPLACE INTO log VALUES ('probe', 'in the wal')"
        ).fetchall()
        for ending in ("", "-wal"):
            shutil.copy(f"{RECORD}{ending}", folder / "data")
    (folder / ".env").write_text(f"LOG_ORIGIN={ORIGIN}\n", encoding="utf-8")


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in (folder / "data").iterdir() if not path.name.endswith((".lock", "-shm"))}


async def check_recovered(folder: Path, old: set[bytes]) -> None:
    """The new log is there and signed, all of the old one is kept, under names that belong together, and no more."""
    data = folder / "data"
    (kept,) = data.glob("governance-*.db")
    assert old <= contents(folder)
    assert (data / f"{kept.name}-wal").exists()
    left = {path.name for path in data.iterdir()} - {f"{kept.name}-shm"}
    (note,) = data.glob("log.key.*.checkpoint")
    assert left == {
        *("governance.db", "governance.db.lock", "log.key", "log.key.lock", "log.key.checkpoint"),
        *(kept.name, f"{kept.name}-wal", note.name),
    }
    settings = Settings(
        database_url=f"sqlite:///{data}/governance.db", log_key_file=f"{data}/log.key", log_origin=ORIGIN
    )
    async with running(settings) as console:
        assert console.app[SIGNER].refusing == ""
        assert (await first_entry(console))["data"]["before"]["record"] == kept.name


async def check_killed(folder: Path, old: set[bytes]) -> None:
    """What a death leaves is the old state, or the new one, or one in which no console starts."""
    data = folder / "data"
    if (data / "governance.db.next").exists():
        assert old <= contents(folder)
        with pytest.raises(CannotStart, match=r"finish that with python run\.py recover"):
            async with running(
                Settings(database_url=f"sqlite:///{data}/governance.db", log_key_file=f"{data}/log.key")
            ):
                pass
    elif not [*data.glob("governance-*.db")]:
        names = ("governance.db", "governance.db-wal", "log.key", "log.key.checkpoint")
        assert {(data / name).read_bytes() for name in names} == old


@pytest.mark.soak
@pytest.mark.parametrize(("events", "deaths_at_least"), [("os.rename", 6), ("os.rename,os.remove,open", 20)])
async def test_a_recovery_that_dies_at_any_of_its_steps_is_finished_by_the_next(
    place: Path, events: str, deaths_at_least: int
) -> None:
    deaths = place / "deaths"
    (deaths / "0").mkdir(parents=True)
    await old_state(deaths / "0")
    old = contents(deaths / "0")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.killed", events, str(deaths), "recover", "--why", "w", "--yes"),
        env=clean_environment(PYTHONPATH=str(ROOT)),
        stderr=subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    runs = sorted((int(path.name) for path in deaths.iterdir() if path.name.isdigit()), reverse=True)
    assert runs[0] > deaths_at_least
    begun = 0
    for number in runs[:-1]:
        await check_recovered(deaths / str(number), old)
        if number < runs[0]:
            await check_killed(deaths / f"{number}.killed", old)
            begun += (deaths / f"{number}.killed" / "data" / "governance.db.next").exists()
    assert begun >= 5


STEPS: Sequence[tuple[str, Sequence[int]]] = (
    ("rename,renameat,renameat2", range(1, 8)),
    ("unlink,unlinkat", range(1, 12, 3)),
    ("fsync", range(1, 16, 3)),
    ("fdatasync", range(1, 8, 3)),
    ("pwrite64", range(1, 60, 12)),
)


@pytest.mark.soak
@pytest.mark.parametrize("call", [call for call, _ in STEPS])
async def test_a_recovery_that_is_killed_at_any_system_call_is_finished_by_the_next(
    place: Path, may_trace: None, call: str
) -> None:
    begin = place / "begin"
    begin.mkdir()
    await old_state(begin)
    old = contents(begin)
    for when in dict(STEPS)[call]:
        folder = place / str(when)
        shutil.copytree(begin, folder)
        strace = ("strace", "-D", "-f", "-o", "/dev/null", "-e", f"trace={call}")
        tampering = ("-e", f"inject={call}:signal=KILL:when={when}")
        command = [sys.executable, str(RUN), "recover", "--why", "w", "--yes"]
        first = await asyncio.to_thread(ended, folder, [*strace, *tampering, *command])
        if first == -signal.SIGKILL:
            shutil.copytree(folder, place / f"{when}.killed")
            await check_killed(place / f"{when}.killed", old)
            assert await asyncio.to_thread(ended, folder, command) == 0
        else:
            assert first == 0
        await check_recovered(folder, old)


def ended(folder: Path, command: Sequence[str]) -> int:
    return subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, timeout=60, check=False
    ).returncode


async def test_a_recovery_is_finished_only_with_the_key_and_files_it_was_begun_with(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await record(1)
    key, note = KEY.read_bytes(), BESIDE.read_bytes()
    assert (await said(capsys, "recover", "--why", "w", "--yes")).status == 0
    made = RECORD.read_bytes()
    again = await said(capsys, "recover", "--why", "w", "--yes")
    assert (again.status, "nothing to do" in again.errors, RECORD.read_bytes()) == (0, True, made)
    RECORD.rename("data/governance.db.next")
    BESIDE.write_bytes(note)
    (kept,) = Path("data").glob("governance-*.db")
    cases: Sequence[tuple[Callable[[], object], str]] = (
        (lambda: KEY.write_bytes(b"-----BEGIN"), "this is not an unencrypted private key"),
        (lambda: KEY.write_bytes(new_private_key()), "run this command with the --key-file with which it was begun"),
        (lambda: Path("data/governance.db.next").write_bytes(b"\0" * 900), "file is not a database"),
        (lambda: shutil.copy(kept, RECORD), f"{kept.name} exists: move it away"),
    )
    whole = Path("data/governance.db.next").read_bytes()
    for tamper, sentence in cases:
        tamper()
        ended = await said(capsys, "recover")
        assert (ended.status, sentence in ended.errors.lower()) == (2, True), ended.errors
        KEY.write_bytes(key)
        Path("data/governance.db.next").write_bytes(whole)
