"""What is signed is durable first and contradicts nothing that was signed before; else nothing is, and all say so."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from governance_console.api import FEED, JOURNAL, SIGNER, STORAGE
from governance_console.checkpoint import Checkpoint
from governance_console.continuity import newest, own
from governance_console.errors import CannotStart, SigningRefused, StorageFailed, StorageFull
from governance_console.keyfile import KeyFile
from governance_console.merkle import leaf_hashes
from governance_console.notes import Signer, new_private_key, parse_private_key
from governance_console.settings import Settings
from tests.console import Console, running
from tests.faults import FaultyStorage
from tests.rfc6962 import Tree
from tests.signedlog import ORIGIN, signer
from tests.waiting import until

EVENT = {"source": "a", "type": "t"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, checkpoint_interval_sec=0.05)


def signed(console: Console) -> int:
    head = console.app[SIGNER].head
    return head.size if head else 0


async def beat(console: Console) -> dict[str, Any]:
    """A heartbeat after the welcome."""
    async with await console.watch() as stream:
        assert (await stream.message())["message"].endswith("(welcome)")
        return await stream.message()


async def root_of(console: Console, size: int) -> bytes:
    page = await console.app[STORAGE].ascending(0, size, size)
    return Tree([item.entry for item in page.items]).mth(0, size)


async def test_what_is_recorded_is_signed_within_the_interval_and_at_the_end(settings: Settings) -> None:
    async with running(settings) as console:
        assert "checkpoint" not in await beat(console)
        await console.record(EVENT)
        await until(lambda: signed(console) == 1)
        head = console.app[SIGNER].head
        assert head is not None
        assert head.checkpoint.root == await root_of(console, 1)
        assert settings.key_path.with_name("log.key.checkpoint").read_bytes() == head.note
        told = await beat(console)
        assert (told["checkpoint"], "signing" in told) == (head.note.decode(), False)
        assert await console.sample("governance_checkpoint_size") == 1
        assert await console.sample("governance_signing_refused") == 0
        assert 0 <= await console.sample("governance_checkpoint_age_seconds") < 60
    slow = replace(settings, checkpoint_interval_sec=3600)
    async with running(slow) as console:
        assert signed(console) == 1  # found again
        assert console.app[FEED].head.signature
        await console.record(*[EVENT] * 300)
        assert signed(console) == 1
    async with running(slow) as console:
        assert signed(console) == 301  # signed when it was stopped
        head = console.app[SIGNER].head
        assert head is not None
        assert head.checkpoint.root == await root_of(console, 301)
    assert settings.key_path.stat().st_mode & 0o777 == 0o600


class Files:
    """The files of a console that is not running, and copies of them."""

    def __init__(self, settings: Settings) -> None:
        self.key, self.record = settings.key_path, settings.database_path
        self.note = self.key.with_name("log.key.checkpoint")

    def back_up(self) -> None:
        for path in (self.record, self.note):
            shutil.copy(path, path.with_name(path.name + ".old"))

    def restore(self, path: Path) -> None:
        shutil.copy(path.with_name(path.name + ".old"), path)

    def execute(self, statement: str, *bindings: bytes) -> list[Any]:
        file = apsw.Connection(str(self.record))
        found = [row[0] for row in file.execute(statement, bindings)]
        file.close()
        return found

    def rewrite(self) -> None:
        """Another first entry, with every hash above it recomputed."""
        entries = self.execute("SELECT entry FROM entries ORDER BY seq")
        entries[0] = entries[0].replace(b'"source":"a"', b'"source":"b"')
        self.execute("UPDATE entries SET entry = ? WHERE seq = 0", entries[0])
        self.execute("UPDATE tiles SET hashes = ? WHERE id = 0", b"".join(leaf_hashes(entries)))

    def sign_another(self) -> None:
        """Another root of the same size, truly signed, among the record's checkpoints."""
        key = parse_private_key(self.key.read_bytes())
        (origin,) = self.execute("SELECT value FROM log WHERE name = 'origin'")
        note = Signer(origin, key).sign(Checkpoint(origin, 2, bytes(32)).text())
        self.execute("UPDATE checkpoints SET note = ? WHERE size = 2", note)

    def exchange_the_key(self) -> None:
        self.key.write_bytes(new_private_key())


async def two_runs(settings: Settings) -> Files:
    """One entry each, with copies of the files from between them."""
    files = Files(settings)
    for number in range(2):
        async with running(settings) as console:
            await console.record(EVENT)
        if number == 0:
            files.back_up()
    return files


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (lambda files: files.restore(files.record), "older than what was signed: it has 1 entries, and the checkpoint"),
        (Files.rewrite, "another history than the first 2 entries"),
        (lambda files: files.note.unlink(), "no checkpoint is beside the key"),
        (Files.sign_another, "two different records of 2 entries were signed"),
        (Files.exchange_the_key, "not signed by this console's key"),
        (lambda files: files.note.write_bytes(b"x"), "beside the key is damaged"),
        (lambda files: files.execute("UPDATE checkpoints SET note = x'00'"), "in the record is damaged"),
        (lambda files: files.execute("UPDATE log SET value = 'b' WHERE name = 'origin'"), "is of another log"),
    ],
)
async def test_what_contradicts_the_record_is_refused_and_events_are_recorded_all_the_same(
    settings: Settings, tamper: Callable[[Files], object], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = await two_runs(settings)
    tamper(files)
    before = files.note.read_bytes() if files.note.exists() else b""
    async with running(settings) as console:
        refusing = console.app[SIGNER].refusing
        assert says in refusing
        await console.record(EVENT)
        told = await beat(console)
        assert (told["signing"], "checkpoint" in told) == (f"refused: {refusing}", False)
        assert await console.sample("governance_signing_refused") == 1
        ready = await console.get("/readyz")
        assert ready.status == 503
        assert refusing in ready.json["detail"]
    assert f"no checkpoint is signed: {refusing}" in caplog.text
    assert (files.note.read_bytes() if files.note.exists() else b"") == before  # not signed at the end either


async def test_a_note_that_is_missing_in_one_place_or_older_there_is_put_back(settings: Settings) -> None:
    """What a crash between the two leaves, and what a restored folder of the key does."""
    files = await two_runs(settings)
    note = files.note.read_bytes()
    for tamper in (lambda: files.execute("DELETE FROM checkpoints WHERE size = 2"), lambda: files.restore(files.note)):
        tamper()
        async with running(settings) as console:
            assert (signed(console), console.app[SIGNER].refusing) == (2, "")
        assert files.note.read_bytes() == note
        assert files.execute("SELECT note FROM checkpoints ORDER BY size DESC")[0] == note


async def test_a_key_that_is_gone_or_is_none_keeps_the_console_from_starting(settings: Settings) -> None:
    files = await two_runs(settings)
    for content, says in ((b"s3cret", "not an unencrypted private key"), (None, "put the key back")):
        if content is None:
            files.key.unlink()
        else:
            files.key.write_bytes(content)
        with pytest.raises(CannotStart, match=says) as caught:
            async with running(settings):
                pass
        assert "s3cret" not in str(caught.value)
        assert not list(files.key.parent.glob("log.key.new"))
    assert not files.key.exists()


async def test_one_key_signs_for_one_console(settings: Settings) -> None:
    """Two records under one key, and with LOG_ORIGIN under one name, would be two histories."""
    other = replace(settings, database_url=f"{settings.database_url}.other")
    async with running(settings) as console:
        with pytest.raises(CannotStart, match=r"another console \(process \d+\) signs with the key .*log.key: stop it"):
            async with running(other):
                pass
        assert (await console.get("/readyz")).status == 200
    async with running(other):
        pass


async def test_a_key_that_others_can_read_is_refused_as_ssh_does(settings: Settings) -> None:
    key = settings.key_path
    KeyFile(key).private_key()
    for mode in (0o640, 0o604, 0o620):
        key.chmod(mode)
        with pytest.raises(CannotStart, match=f"open to other users of this machine .mode {mode:04o}.*chmod 600"):
            async with running(settings):
                pass
    for mode in (0o600, 0o400):
        key.chmod(mode)
        async with running(settings) as console:
            assert console.app[SIGNER].refusing == ""


@asynccontextmanager
async def on_faulty(settings: Settings) -> AsyncIterator[tuple[Console, FaultyStorage]]:
    storage = FaultyStorage(settings.database_path)
    async with running(settings, storage) as console:
        await console.record(EVENT)
        await until(lambda: signed(console) == 1)
        yield console, storage
        storage.error = None


@pytest.mark.parametrize("saved", [False, True])
async def test_a_checkpoint_that_cannot_be_kept_is_not_shown_and_tried_again(settings: Settings, saved: bool) -> None:
    async with on_faulty(settings) as (console, storage):
        storage.error, storage.saves_before_failing = StorageFull("full"), saved
        storage.fails_at = ("save_checkpoint",)
        await console.record(EVENT)
        await until(lambda: "full" in console.app[SIGNER].refusing)
        assert signed(console) == 1
        assert b"\\n1\\n" in console.app[FEED].head.signature
        storage.error = None
        await until(lambda: signed(console) == 2)
        assert (console.app[SIGNER].refusing, b"signing" in console.app[FEED].head.signature) == ("", False)
        assert await console.sample("governance_signing_refused") == 0


async def test_after_a_failed_store_nothing_is_signed_any_more(settings: Settings) -> None:
    async with on_faulty(settings) as (console, storage):
        storage.error, storage.fails_at = StorageFailed("sync failed"), ("save_checkpoint",)
        await console.record(EVENT)
        await until(lambda: console.app[JOURNAL].failure is not None)
        storage.error = None
        assert (await console.post("/api/events", EVENT)).status == 503
        assert signed(console) == 1
    assert signed(console) == 1  # nor at the end


async def test_a_file_exchanged_under_the_running_console_is_noticed_before_it_is_signed(settings: Settings) -> None:
    async with running(settings) as console:
        await console.record(*[EVENT] * 300)
        await until(lambda: signed(console) == 300)
        file = apsw.Connection(str(settings.database_path))
        file.execute("UPDATE tiles SET hashes = zeroblob(32) WHERE id = 1 << 48")
        file.close()
        await console.record(EVENT)
        await until(lambda: console.app[SIGNER].refusing != "")
        assert "does not begin with the 300 that were signed" in console.app[SIGNER].refusing
    assert signed(console) == 300


def test_of_two_notes_the_newer_counts_and_two_of_one_size_are_the_same() -> None:
    def of(size: int, root: int) -> Any:
        return own(signer().sign(Checkpoint(ORIGIN, size, bytes([root]) * 32).text()), signer().verifier, "there")

    assert newest(None, None) is None
    assert newest(of(1, 1), None) == newest(of(1, 1), of(1, 1)) == of(1, 1)
    assert newest(of(2, 2), of(1, 1)) == newest(of(1, 1), of(2, 2)) == of(2, 2)
    with pytest.raises(SigningRefused, match="two different records of 1 entries"):
        newest(of(1, 1), of(1, 2))


def test_a_kept_note_is_replaced_whole(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "made" / "log.key")
    file.private_key()
    assert file.checkpoint() is None
    file.keep(b"one, long")
    (tmp_path / "made" / "log.key.checkpoint.new").write_bytes(b"left by a crash in the middle")
    file.keep(b"two")
    assert file.checkpoint() == b"two"
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["log.key", "log.key.checkpoint"]


async def test_what_was_recorded_before_the_store_failed_is_left_unsigned(settings: Settings) -> None:
    """The file may no longer be what the edge says; the next start reads it anew, and signs that."""
    storage = FaultyStorage(settings.database_path)
    async with running(replace(settings, checkpoint_interval_sec=3600), storage) as console:
        await console.record(EVENT)
        storage.error, storage.fails_at = StorageFailed("sync failed"), ("append",)
        assert (await console.post("/api/events", EVENT)).status == 503
        storage.error = None
    assert not Files(settings).note.exists()
