"""Another program writes other bytes over pages of the file that the console has open: same file, same size.

Nobody looks for that at each commit. What is promised: whoever comes to what is no longer legible is told so in a
sentence, nobody else is; nothing is acknowledged that is not on the record; and ``verify`` finds what was altered.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from governance_console.api import JOURNAL
from governance_console.settings import Settings
from tests.console import Console, running
from tests.process import command, said
from tests.waiting import until

PAGE = 4096
ENTRIES = 60


def event(number: int) -> dict[str, Any]:
    length = 3000 if number % 4 else 30
    return {"agent": f"a-{number % 7}", "type": f"t{number % 3}", "id": str(number), "text": f"{number} {'x' * length}"}


async def make_record(settings: Settings) -> None:
    """Closed once, so that all of it is in the file and not in its WAL."""
    async with running(settings) as console:
        await console.record(*(event(number) for number in range(ENTRIES)))


@pytest.fixture
def tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """That there are none in the log."""
    yield
    for phase in ("setup", "call"):
        assert not [one for one in caplog.get_records(phase) if one.exc_info]


async def verified(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    ended = await said(capsys, "verify", str(settings.database_path), "--key", settings.log_key_file)
    return ended.status, ended.output + ended.errors


def overwrite(path: Path, old: bytes, new: bytes) -> None:
    """In place, as ``dd conv=notrunc`` does."""
    with path.open("r+b") as file:
        at = file.read().index(old)
        file.seek(at)
        file.write(new)


async def test_what_was_written_over_is_told_as_damaged_and_what_is_altered_is_found(
    settings: Settings, capsys: pytest.CaptureFixture[str], tracebacks: None
) -> None:
    await make_record(settings)
    path = settings.database_path
    async with running(settings) as console:
        content = path.read_bytes()
        page = content.index(b'"21 xxx') // PAGE * PAGE
        overwrite(path, content[page : page + PAGE], b"\xff" * PAGE)
        overwrite(path, b'{"seq":31,', b'{"seq":31;')
        overwrite(path, b'{"text":"42 x', b'{"text"\0"42 x')
        overwrite(path, b'{"text":"53 x', b'{"text":"35 x')
        overwrite(path, b'"category":"other","severity":"info","event":{"id":"57"', b'"categorY"')
        damaged = "this part of the record cannot be read ("
        for seq, why in (
            (21, "database disk image is malformed"),
            (31, "it is damaged: #31 is not what was written there"),
            (42, "it is damaged: the data of #42 is not what was written there"),
        ):
            for query in (f"/{seq}", f"?from={seq}&limit=1", f"?before={seq + 1}&limit=1"):
                answer = await console.get(f"/api/events{query}")
                assert answer.status == 500, (seq, query)
                assert answer.json["detail"].startswith(f"{damaged}{why}")
            async with await console.watch(f"?from={seq}") as stream:
                assert await stream.close_code() == (1011, "the record cannot be read here")
        assert (await console.get("/api/events/57")).json["entry"]["categorY"] == "other"
        async with await console.watch("?from=57") as stream:
            assert await stream.close_code() == (1011, "the record cannot be read here")
        assert (await console.get("/api/events/53")).json["data"]["text"].startswith("35 x")
        assert (await console.get("/api/events?from=54")).status == 200
        assert (await console.get("/api/sources")).status in (200, 500)
        # What is new is recorded, and a repeat is known by its hash, which was not altered.
        assert await console.record(event(ENTRIES)) == [ENTRIES]
        assert (await console.post("/api/events", event(53))).json["items"] == [{"id": "53", "seq": 53}]
        # Whether this is the same event cannot be told any more: that is a record that nothing may be built upon.
        answer = await console.post("/api/events", event(31))
        assert answer.status == 503
        assert "the record's storage failed (what was looked up is damaged: " in answer.json["detail"]
        assert not console.app[JOURNAL].writable
        await until(lambda: console.app[JOURNAL].failure is not None)
    status, report = await verified(settings, capsys)
    assert status == 1
    for seq, says in ((21, "not an entry"), (31, "not an entry"), (42, "the data is not"), (53, "the data is not")):
        assert f"entry {seq}: {says}" in report


async def test_an_entry_that_is_not_there_any_more_is_missed(settings: Settings) -> None:
    """And does not look as if nothing had been recorded, or be passed over."""
    async with running(settings) as console:
        await console.record(*(event(number) for number in range(5)))
        other = apsw.Connection(str(settings.database_path))
        other.execute("DELETE FROM entries WHERE seq = 2")
        other.close()
        assert (await console.get("/api/events/2")).json["detail"] == "#2 cannot be read from the record"
        for query in ("?from=0", "?before=4", "?from=2"):
            answer = await console.get(f"/api/events{query}")
            assert answer.status == 500
            assert "(it is damaged: #2 is not there any more)" in answer.json["detail"]
        assert (await console.get("/api/events?from=3")).status == 200
        assert (await console.get("/api/events/5")).status == 404
        other = apsw.Connection(str(settings.database_path))
        other.execute("DELETE FROM entries WHERE seq IN (0, 4)")
        other.close()
        for query, lost in (("?from=3", 4), ("?before=2", 0), ("?before=5", 4), ("?from=3&format=ndjson", 4)):
            answer = await console.get(f"/api/events{query}")
            assert (answer.status, f"#{lost} is not there any more" in answer.json["detail"]) == (500, True), query


async def test_tail_ends_where_the_record_cannot_be_read(settings: Settings, tmp_path: Path) -> None:
    async with running(settings) as console:
        await console.record(*(event(number) for number in range(5)))
    other = apsw.Connection(str(settings.database_path))
    other.execute("DELETE FROM entries WHERE seq = 2")
    other.close()
    async with running(settings) as console:  # which remembers nothing of them
        ended = await command(tmp_path, "tail", "--from", "0", url=console.url)
    assert ended.status == 2
    assert ended.errors.count("connecting again") == 3
    assert "cannot be read from #0 on: python run.py verify tells what is damaged" in ended.errors


async def test_a_damaged_page_that_is_needed_for_writing_ends_the_recording_and_not_the_reading(
    settings: Settings, tracebacks: None
) -> None:
    await make_record(settings)
    async with running(settings) as console:
        file = apsw.Connection(str(settings.database_path), flags=apsw.SQLITE_OPEN_READONLY)
        root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entries_by_identity'").get
        file.close()
        with settings.database_path.open("r+b") as content:
            content.seek((root - 1) * PAGE)
            content.write(b"\xff" * PAGE)
        for says in ("whether this was recorded is unknown", "nothing of this was recorded"):
            answer = await console.post("/api/events", event(ENTRIES))
            assert answer.status == 503
            assert "storage failed (database disk image is malformed; or the disk fails); " in answer.json["detail"]
            assert says in answer.json["detail"]
        assert (await console.get("/readyz")).status == 503
        assert await console.sample("governance_log_size") == ENTRIES
        page = (await console.get("/api/events?from=0&limit=1000")).json
        assert [item["entry"]["seq"] for item in page["items"]] == list(range(ENTRIES))


def ones(chance: random.Random, page: bytes, other: bytes) -> bytes:
    return b"\xff" * PAGE


def another_page(chance: random.Random, page: bytes, other: bytes) -> bytes:
    return other


def some_bytes(chance: random.Random, page: bytes, other: bytes) -> bytes:
    changed = bytearray(page)
    for _ in range(200):
        changed[chance.randrange(PAGE)] = chance.randrange(256)
    return bytes(changed)


def other_words(chance: random.Random, page: bytes, other: bytes) -> bytes:
    """The page's shape stays, and SQLite finds no fault with it."""
    return page.replace(b'"seq":', b'"seQ":').replace(b"xx", b'\xff"').replace(b"a-1", b"a-\xff")


READS = ("", "?limit=1000&from=0", "?source=a-1", "?type=t1&traceid=2", "?q=x", "?since=2026-01-01T00:00:00Z", "/58")


async def ask_for_everything(console: Console) -> int:
    """Whatever is answered is an answer or a sentence; how many entries the console says that it recorded."""
    paths = [*(f"/api/events{query}" for query in READS), "/api/sources", *(f"/api/events/{n}" for n in range(ENTRIES))]
    for path in paths:
        answer = await console.get(path)
        assert answer.status == 200 or "cannot be read" in answer.json["detail"], path
    async with await console.watch("?from=0") as stream:
        await stream.message()
        while (frame := await stream.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            if f'"next":{ENTRIES},' in frame.data:
                break
        else:
            assert stream.socket.close_code == 1011
    accepted = 0
    for number in (1000, 3, 30, 58, 1001, 31):
        answer = await console.post("/api/events", event(number))
        if answer.status in (200, 201):
            accepted += answer.json["accepted"]
            assert answer.json["items"][0]["seq"] == (number if number < ENTRIES else ENTRIES + number - 1000)
        else:
            # 409: what is read back is another event, and may have been one.
            assert answer.status == 409 or "cannot be written" in answer.json["detail"]
    return accepted


@pytest.mark.soak
@pytest.mark.parametrize("change", [ones, another_page, some_bytes, other_words])
async def test_whichever_page_is_written_over_nothing_is_acknowledged_that_verify_does_not_find(
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tracebacks: None,
    change: Callable[[random.Random, bytes, bytes], bytes],
) -> None:
    await make_record(settings)
    made = settings.database_path
    content = made.read_bytes()
    pages = len(content) // PAGE
    chance = random.Random(1)
    for number in range(pages):
        path = tmp_path / str(number) / made.name
        shutil.copytree(tmp_path, path.parent, ignore=shutil.ignore_patterns("[0-9]*"))
        here = replace(settings, database_url=f"sqlite:///{path}", log_key_file=f"{path.parent}/log.key")
        async with running(here) as console:
            at, other = number * PAGE, (number + pages // 2) % pages * PAGE
            changed = change(chance, content[at : at + PAGE], content[other : other + PAGE])
            with path.open("r+b") as file:
                file.seek(at)
                file.write(changed)
            accepted = await ask_for_everything(console)
        status, report = await verified(here, capsys)
        assert status in (0, 1, 2)
        assert status != 0 or f": {ENTRIES + accepted} entries of " in report, number
