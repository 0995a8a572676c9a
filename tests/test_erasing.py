"""Data erased for good: no file holds any of it, everybody is shown that it was, and every proof still holds."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from governance_console.api import ERASER, JOURNAL
from governance_console.cli import main
from governance_console.columns import header, row_of
from governance_console.errors import StorageFailed, StorageFull
from governance_console.limits import MAX_REASON_CHARS
from governance_console.settings import Settings
from governance_console.storage.sqlite import SqliteStorage
from tests.conftest import TOKEN
from tests.console import Answer, Client, Console, running
from tests.faults import FaultyStorage
from tests.test_ingest import problem
from tests.waiting import until

SIZES = (40, 90, 2_000, 6_000, 20_000, 1024 * 1024 - 100)
"""Data within a page, with the beginning of it there and the rest on other pages, and as much as there can be."""


async def erase(client: Client, seq: int, reason: str = "a leaked key", **options: Any) -> Answer:
    return await client.request("DELETE", f"/api/events/{seq}/data", json={"reason": reason}, **options)


async def item(client: Client, seq: int) -> dict[str, Any]:
    shown = (await client.get(f"/api/events/{seq}")).json
    assert isinstance(shown, dict)
    return shown


def left_in(folder: Path, canaries: list[bytes]) -> list[int]:
    """Which of these stand anywhere in the record's files."""
    files = [path.read_bytes() for path in folder.glob("governance.db*")]
    return [number for number, canary in enumerate(canaries) if any(canary in content for content in files)]


class Keeping(SqliteStorage):
    """The real one, without the one or the other that makes an erasure final."""

    def __init__(self, path: Path, secure: bool, folds: bool) -> None:
        super().__init__(path, None, lambda: "epoch")
        self.secure, self.folds = secure, folds

    async def fold(self) -> bool:
        return await super().fold() if self.folds else True


async def erased_with(settings: Settings, secure: bool, folds: bool) -> list[int]:
    """Record and erase data of every size among other data; which of it the files still hold, salts included."""
    storage = Keeping(settings.database_path, secure, folds)
    async with running(settings, storage) as console:
        assert storage._writer is not None
        if not secure:
            storage._writer.pragma("secure_delete", 0)
        secret = [secrets.token_hex(6) for _ in SIZES]
        for size, text in zip(SIZES, secret, strict=True):
            await console.record({"source": "a", "type": "t", "key": (text * (size // 12))[: size - 20]})
            await console.record(*[{"source": "b", "type": "t", "n": "x" * 90}] * 7)
        # Folded, so that what is erased stands in the file, and again in the WAL.
        await storage.fold()
        seqs = [8 * number for number in range(len(SIZES))]
        shown = [(await item(console, seq)) for seq in seqs]
        canaries = [text.encode() for text in secret] + [base64.b64decode(one["salt"]) for one in shown]
        assert left_in(settings.database_path.parent, canaries) == list(range(len(canaries)))
        for seq in seqs:
            assert (await erase(console, seq)).json["overwritten"]
        others = await console.get("/api/events?from=0&source=b&limit=1000")
        assert [one["data"] for one in others.json["items"]] == [{"n": "x" * 90}] * 7 * len(SIZES)
        return left_in(settings.database_path.parent, canaries)


async def test_nothing_of_what_was_erased_is_left_in_the_files_of_the_running_console(settings: Settings) -> None:
    assert await erased_with(settings, secure=True, folds=True) == []


@pytest.mark.parametrize(("secure", "folds"), [(False, True), (True, False)], ids=["overwritten", "folded"])
async def test_what_is_not_overwritten_and_folded_is_left_there(settings: Settings, secure: bool, folds: bool) -> None:
    """The control: the test above can fail, for each of the two reasons."""
    left = await erased_with(settings, secure, folds)
    # What small data leaves may lie under what was written to the page since; that of large data does not.
    assert {len(SIZES) - 2, len(SIZES) - 1} & set(left)


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Console]:
    """Who may do what is asked here, and a signed record in which nothing is signed meanwhile."""
    settings = replace(settings, operator_token=TOKEN, agent_tokens={"planner": "agent-token"})
    async with running(settings) as console:
        events = [{"id": f"id-{n}", "source": "a", "type": "t", "secret": n} for n in range(8)]
        await console.record(*events, token=TOKEN)
        await console.record({"source": "console", "type": "data.erased", "secret": "s"}, token="agent-token")
        await console.record({"source": "a", "type": "bare", "id": "bare"}, token=TOKEN)
    async with running(replace(settings, checkpoint_interval_sec=3600)) as console:
        yield console


async def test_everybody_is_shown_who_erased_it_when_and_why_and_no_proof_changes(
    guarded: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs = ("/api/events/2/entry", "/api/events/2/proof", "/api/log/checkpoint", "/api/log/tile/0/000.p/10")
    before = [(await guarded.get(path, token=TOKEN)).body for path in (*proofs, "/api/log/tile/entries/000.p/10")]
    watcher = await guarded.watch("?from=0", token=TOKEN)
    seen = [await watcher.entry() for _ in range(10)]
    assert seen[2]["data"] == {"secret": 2}

    answer = await erase(guarded, 2, "  a person's data  ", token=TOKEN)
    told = (await guarded.get("/api/events/10", token=TOKEN)).json
    said = told["entry"]
    assert (answer.status, answer.json) == (
        200,
        {
            "seq": 10,
            "erased": {"seq": 2, "by": "operator", "at": said["recorded"], "reason": "a person's data"},
            "overwritten": True,
        },
    )
    assert (said["principal"], said["category"], said["event"]["source"], said["event"]["type"]) == (
        "operator",
        "audit",
        "console",
        "data.erased",
    )
    assert told["data"] == {"first": 2, "last": 2, "reason": "a person's data"}
    assert (await watcher.entry())["data"] == told["data"]  # live, as every entry

    erased = {"by": "operator", "at": said["recorded"], "reason": "a person's data"}
    one = (await guarded.get("/api/events/2", token=TOKEN)).json
    assert one == {"entry": seen[2]["entry"], "erased": erased}
    page = (await guarded.get("/api/events?from=0", token=TOKEN)).json["items"]
    assert ([*page[2]], page[2], page[3]["data"]) == (["entry", "erased"], one, {"secret": 3})
    lines = (await guarded.get("/api/events?from=0&format=ndjson", token=TOKEN)).body.splitlines()
    assert json.loads(lines[2]) == one
    later = await guarded.watch("?from=1", token=TOKEN)
    resumed = [await later.entry() for _ in range(2)]
    assert ({name: resumed[1][name] for name in resumed[1] if name in ("entry", "data", "salt", "erased")}) == one
    for stream in (watcher, later):
        await stream.socket.close()
    assert (await guarded.get("/api/events?q=secret", token=TOKEN)).json["items"][-1]["entry"]["seq"] == 0

    after = [(await guarded.get(path, token=TOKEN)).body for path in (*proofs, "/api/log/tile/entries/000.p/10")]
    assert after == before
    await guarded.stop()
    database = tmp_path / "governance.db"
    assert main(["verify", str(database), "--key", str(tmp_path / "log.key")]) == 0
    assert "data: 10 as recorded, 0 altered, 1 erased, 0 missing" in capsys.readouterr().out
    export = tmp_path / "record.ndjson"
    export.write_bytes(b"\n".join(lines) + b"\n")
    checkpoint = tmp_path / "checkpoint-of-before"  # the one beside the key signs the entry of the export, too
    checkpoint.write_bytes(before[2])
    assert main(["verify", str(export), "--key", str(tmp_path / "log.key"), "--checkpoint", str(checkpoint)]) == 0
    assert "1 erased, 0 missing" in capsys.readouterr().out


async def test_who_may_erase_what(guarded: Console) -> None:
    for token, status in (("", 401), ("agent-token", 403)):
        problem(await erase(guarded, 1, token=token), status)
    assert (await item_of(guarded, 1))["data"] == {"secret": 1}
    reasons = (None, 5, " \t ", "a\nb", "\ud800")
    for sent in ({}, [], *({"reason": reason} for reason in reasons)):
        answer = await guarded.request(
            "DELETE",
            "/api/events/1/data",
            data=json.dumps(sent).encode(),
            headers={"Content-Type": "application/json"},
            token=TOKEN,
        )
        problem(answer, 422)
    assert (await erase(guarded, 1, "x" * (MAX_REASON_CHARS + 1), token=TOKEN)).status == 413
    assert (await guarded.request("DELETE", "/api/events/1/data", data=b"why", token=TOKEN)).status == 415
    asked = {"reason": "r"}
    assert (await guarded.request("DELETE", "/api/events/1/data?now=1", json=asked, token=TOKEN)).status == 422
    missing = await erase(guarded, 10, token=TOKEN)
    assert problem(missing, 404)["detail"] == "nothing is recorded under #10 yet; the next number is #10"
    assert (await erase(guarded, 10**30, token=TOKEN)).status == 404
    bare = await erase(guarded, 9, token=TOKEN)
    assert (bare.status, bare.json["detail"]) == (404, "#9 has no data")
    assert guarded.app[JOURNAL].size == 10

    told = ("x" * MAX_REASON_CHARS, "another reason", "a third")
    first, *others = await asyncio.gather(*(erase(guarded, 1, reason, token=TOKEN) for reason in told))
    assert first.json["erased"]["reason"] in told
    for again in others:
        assert (again.status, again.json["seq"], again.json["erased"]) == (200, 10, first.json["erased"])
    assert guarded.app[JOURNAL].size == 11
    kept = await erase(guarded, 10, token=TOKEN)
    assert (kept.status, kept.json["detail"]) == (403, "#10 says what became of the record, and is kept")
    # What an agent calls so is data as any other.
    assert (await erase(guarded, 8, token=TOKEN)).status == 200
    assert "erased" in await item_of(guarded, 8)


async def item_of(console: Console, seq: int) -> dict[str, Any]:
    shown = (await console.get(f"/api/events/{seq}", token=TOKEN)).json
    assert isinstance(shown, dict)
    return shown


async def test_an_event_that_is_sent_again_is_known_by_its_attributes_once_its_data_is_gone(console: Console) -> None:
    sent = {"id": "one", "source": "a", "type": "t", "secret": "s"}
    assert await console.record(sent) == [0]
    assert (await console.post("/api/events", {**sent, "secret": "other"})).status == 409
    assert (await erase(console, 0)).status == 200
    for again in (sent, {**sent, "secret": "other"}):
        answer = await console.post("/api/events", again)
        assert (answer.status, answer.json["items"][0]["seq"]) == (200, 0)
    for other in ({**sent, "subject": "x"}, {"id": "one", "source": "a", "type": "t"}):
        assert (await console.post("/api/events", other)).status == 409
    assert (await item(console, 0)).keys() == {"entry", "erased"}


def test_a_table_of_the_record_tells_what_was_erased() -> None:
    entry = {"seq": 1, "event": {"source": "a", "type": "t", "id": "i"}, "data_hash": "h"}
    erased = {"by": "operator", "at": "2026-11-22T10:00:00.000000Z", "reason": "a, b"}
    rows = [*csv.DictReader(io.StringIO((header() + row_of({"entry": entry, "erased": erased}, "")).decode()))]
    assert (rows[0]["data"], rows[0]["data_hash"], json.loads(rows[0]["erased"])) == ("", "h", erased)


async def test_an_export_under_way_sends_of_what_is_erased_meanwhile_no_more_than_the_page_it_has_read(
    console: Console,
) -> None:
    for _ in range(24):  # more than lies on its way, and than a page has
        await console.record({"source": "a", "type": "t", "key": "x" * 900_000})
    lines: list[bytes] = []
    async with console.client.get(f"{console.url}/api/events?from=0&format=ndjson", read_bufsize=2**16) as answer:
        await answer.content.readexactly(1)
        for seq in (22, 23):
            assert (await erase(console, seq)).json["overwritten"]
        lines = (await answer.content.read()).splitlines()
    assert [seq for seq, line in enumerate(lines) if b'"erased":{' in line] == [22, 23]


async def test_a_reader_in_the_way_is_told_and_the_rest_is_done_when_it_is_gone(settings: Settings) -> None:
    async with running(settings) as console:
        canary = secrets.token_hex(8)
        await console.record({"source": "a", "type": "t", "key": canary})
        with closing(apsw.Connection(str(settings.database_path))) as reader:
            reader.execute("BEGIN; SELECT * FROM entries").fetchall()
            answer = await erase(console, 0)
            assert (answer.status, answer.json["overwritten"]) == (200, False)
            assert "erased" in await item(console, 0)
            # Nobody else waits for it.
            assert await console.record({"source": "a", "type": "t"}) == [2]
            assert (await erase(console, 0)).json["overwritten"] is False
        await until(lambda: console.app[ERASER].is_done)
        assert left_in(settings.database_path.parent, [canary.encode()]) == []
        assert (await erase(console, 0)).json["overwritten"] is True
        # Cut on purpose: that is no reason to take the record for replaced.
        assert await console.record({"source": "a", "type": "t"}) == [3]


@pytest.mark.parametrize(
    ("error", "saves"),
    [(StorageFull("no space"), False), (StorageFailed("a sync failed"), False), (StorageFailed("a sync failed"), True)],
    ids=["full", "failed", "failed but erased"],
)
async def test_no_record_no_erasure_and_asking_again_finds_out(
    settings: Settings, error: Exception, saves: bool
) -> None:
    storage = FaultyStorage(settings.database_path)
    async with running(settings, storage) as console:
        await console.record({"source": "a", "type": "t", "key": "k"})
        storage.error, storage.saves_before_failing, storage.fails_at = error, saves, ["append"]
        answer = await erase(console, 0)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        stream = await console.watch("?from=0")
        shown = await stream.entry()
        await stream.socket.close()
        assert ("erased" in shown, "data" in shown) == (saves, not saves)
    async with running(settings) as console:
        assert (await erase(console, 0)).json["seq"] == 1
        assert console.app[JOURNAL].size == 2


async def test_a_fold_that_fails_stops_the_record_and_what_was_erased_is_told(settings: Settings) -> None:
    storage = FaultyStorage(settings.database_path)
    async with running(settings, storage) as console:
        await console.record({"source": "a", "type": "t", "key": "k"})
        storage.error, storage.fails_at = StorageFailed("a sync failed"), ["fold"]
        answer = await erase(console, 0)
        assert (answer.status, answer.json["seq"], answer.json["overwritten"]) == (200, 1, False)
        assert console.app[JOURNAL].failure is not None
        again = await erase(console, 0)
        assert (again.status, again.json) == (200, answer.json)
        assert not console.app[ERASER].is_done
