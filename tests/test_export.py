from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from governance_console.cli.output import output
from governance_console.cli.remote import connected
from governance_console.columns import COLUMNS, guarded
from governance_console.errors import CommandFailed, NotReached
from governance_console.settings import Settings
from tests.console import Console, running, sample_batch
from tests.process import RUN, CommandProcess, Ended, clean_environment, command, said
from tests.proxy import before, serving
from tests.waiting import until

NDJSON = {"Accept": "application/x-ndjson"}


async def recorded(console: Console) -> None:
    await console.post("/api/events", data=sample_batch(), headers={"Content-Type": "application/json"})


def bare(ended: Ended) -> list[str]:
    assert ended.status == 0, ended.errors
    return ended.output.splitlines(keepends=True)


def theirs(ended: Ended) -> list[str]:
    """What was exported, without the entries that tell of exports."""
    return [line for line in bare(ended) if '"record.exported"' not in line]


async def test_an_export_of_everything_is_the_history_byte_for_byte(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    history = b"".join(await console.lines()).decode()
    ended = await command(tmp_path, "export", url=console.url)
    assert ended.output == history
    assert len(ended.output.splitlines()) == 231
    assert ended.errors == "governance-console: exported 231 entries; what comes later: --from 231\n"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (("--from", "200"), "?from=200"),
        (("--from", "231"), "?from=231"),
        (("--before", "20"), "?before=20"),
        (
            ("--category", "model", "--category", "task", "--severity", "warning"),
            "?from=0&category=model&category=task&severity=warning",
        ),
        (("--source", "pytest", "--type", "benchmark_*"), "?from=0&source=pytest&type=benchmark_*"),
        (("--q", "temperature", "--since", "2026-01-01T00:00:00Z"), "?from=0&q=temperature&since=2026-01-01T00:00:00Z"),
        (("--until", "2026-01-01T00:00:00Z"), "?from=0&until=2026-01-01T00:00:00Z"),
        (("--traceid", "lib-test-001"), "?from=0&traceid=lib-test-001"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
async def test_any_selection_is_what_the_history_has_for_it(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], query: str
) -> None:
    await recorded(console)
    history = (await console.get("/api/events" + query, headers=NDJSON)).text
    ended = await said(capsys, "export", *options, url=console.url)
    assert theirs(ended) == history.splitlines(keepends=True)


@pytest.mark.parametrize("edge", [(), ("--before", "231")], ids=["up", "down"])
async def test_an_export_goes_on_where_the_connection_broke_off(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], edge: tuple[str, ...]
) -> None:
    await recorded(console)
    whole = await said(capsys, "export", *edge, url=console.url)
    async with before(console.url) as proxy:
        proxy.cut_after = 50_000
        ended = await said(capsys, "export", *edge, url=proxy.url)
        assert proxy.cuts >= 2
    assert theirs(ended) == theirs(whole)
    assert "the connection was lost; trying again until it works" in ended.errors


async def test_an_export_goes_on_where_an_answer_ended_in_the_middle_of_a_line(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(console)
    async with before(console.url) as proxy:
        proxy.cut_after, proxy.cuts_cleanly = 80_000, True
        ended = await said(capsys, "export", url=proxy.url)
        assert proxy.cuts >= 1
    assert theirs(ended) == [line.decode() for line in await console.lines() if b"record.exported" not in line]
    assert f"{proxy.url} ended its answer in the middle of a line; trying again until it works" in ended.errors


async def test_refusals_of_the_moment_are_waited_out(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(console)
    async with before(console.url) as proxy:
        proxy.statuses = [503]
        ended = await said(capsys, "export", url=proxy.url)
    assert len(bare(ended)) == 231
    assert f"{proxy.url} answers 503 Service Unavailable; trying again until it works" in ended.errors


async def test_two_records_are_never_exported_as_one(
    console: Console, settings: Settings, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(console)
    elsewhere = replace(settings, database_url=f"sqlite:///{here}/other.db", log_key_file=f"{here}/other.key")
    async with running(elsewhere) as other:
        await recorded(other)
        async with before(console.url) as proxy:
            proxy.cut_after, proxy.then = 50_000, other.url
            ended = await said(capsys, "export", url=proxy.url)
    assert ended.status == 2
    assert ended.errors.endswith("governance-console: the console has another record now: begin again\n")
    assert 0 < len(ended.output.splitlines()) < 231


PAGE = b'{"epoch":"e","size":2}'
LINE = b'{"entry":{"seq":0,"event":{}}}\n'


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        (b"<html>", LINE),
        (PAGE, b"<html>\n"),
        (PAGE, LINE + b"[]\n"),
        (PAGE, LINE + b'{"entry":{"seq":"1","event":{}}}\n'),
        (PAGE, LINE + b'{"entry":{"seq":1}}\n'),
        (PAGE, LINE + b'{"entry":{"seq":1,"event":{"id":"\xff"}}}\n'),
        (PAGE, LINE + b'{"entry":{"seq":1,"event":{}},"data":"\xff"}\n'),
        (PAGE, LINE + b'{"entry":{"seq":1,"event":{}},"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
        (PAGE, LINE + b"x" * 17_000_000),
    ],
    ids=("page", "first", "array", "text", "no event", "no UTF-8", "no UTF-8 in data", "deep", "endless"),
)
async def test_what_no_console_answers_is_told_in_one_sentence_and_leaves_no_file(
    here: Path, capsys: pytest.CaptureFixture[str], page: bytes, lines: bytes
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/api/session":
            return web.json_response({"role": "operator", "version": "1"})
        asked.append(request.headers["Accept"])
        if len(asked) > 2:
            return web.Response(status=403)
        return web.Response(body=lines if request.headers["Accept"] == NDJSON["Accept"] else page)

    async with serving(answer) as url:
        ended = await said(capsys, "export", "--csv", "-o", "record.csv", url=url)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors == f"governance-console: what answers at {url} is no governance console: is the URL right?\n"
    assert list(here.iterdir()) == []


async def test_an_answer_is_read_to_its_end_however_it_comes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        greets = request.path == "/api/session"
        response = web.StreamResponse(status=200 if greets else 422)
        await response.prepare(request)
        whole = b'{"role":"operator","version":"1"}' if greets else b'{"detail":"not so"}'
        for part in (whole[:9], whole[9:]):
            await response.write(part)
            await asyncio.sleep(0.02)  # so that the first is read before the second comes
        return response

    async with serving(answer) as url:
        ended = await said(capsys, "export", url=url)
    assert ended.errors == f"governance-console: {url} refuses this (422): not so\n"


async def test_a_console_that_asks_for_patience_gets_at_most_a_minute_of_it() -> None:
    async def busy(request: web.Request) -> web.Response:
        del request
        return web.Response(status=503, headers={"Retry-After": "90000"})

    async with serving(busy) as url, connected(Namespace(url=url, token="t")) as remote:
        with pytest.raises(NotReached) as caught:
            await remote.greet(to_read=True)
    assert caught.value.after == 60


async def test_an_export_to_a_file_is_whole_or_as_it_was(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(console)
    target = here / "record.ndjson"
    target.write_text("as it was")
    refused = await said(capsys, "export", "-o", "record.ndjson", "--since", "never", url=console.url)
    assert refused.status == 2
    assert target.read_text() == "as it was"
    ended = await said(capsys, "export", "-o", "record.ndjson", url=console.url)
    assert (ended.status, ended.output) == (0, "")
    assert target.read_bytes() == b"".join((await console.lines())[:231])
    assert [path.name for path in here.glob("*record*")] == ["record.ndjson"]


async def test_an_interrupted_export_to_a_file_keeps_what_it_has_and_says_how_to_go_on(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(console)
    target = here / "all of it.csv"
    target.write_text("as it was")
    whole = await said(capsys, "export", "--csv", url=console.url)
    assert whole.errors.endswith("; what comes later: --no-header --from 231\n")
    async with before(console.url) as proxy:
        proxy.cut_after, proxy.stalls = 100_000, True
        with CommandProcess(here, "export", "--csv", "-o", target.name, "--url", proxy.url) as exporting:
            await until(lambda: any(one.stat().st_size for one in here.glob("*.part") if one.exists()))
            exporting.interrupt()
            assert await asyncio.to_thread(exporting.wait) == 130
    (sentence,) = exporting.errors
    told = re.fullmatch(
        r"governance-console: exported (\d+) entries into all of it\.csv\.part, and then it was ended;"
        r" go on with --no-header --from (\d+) >> 'all of it\.csv\.part'",
        sentence,
    )
    assert told and told[1] == told[2], sentence
    rest = await said(capsys, "export", "--csv", "--no-header", "--from", told[2], url=console.url)
    rows = (here / "all of it.csv.part").read_bytes().decode() + rest.output
    assert rows.startswith(whole.output)
    assert {line.split(",")[5] for line in rows.removeprefix(whole.output).splitlines()} <= {"console"}
    assert target.read_text() == "as it was"
    assert {one.name for one in here.glob("*all*")} == {"all of it.csv", "all of it.csv.part"}


async def test_an_export_that_is_terminated_says_how_to_go_on(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    async with before(console.url) as proxy:
        proxy.cut_after, proxy.stalls = 50_000, True
        with CommandProcess(tmp_path, "export", "--before", "200", "--url", proxy.url) as exporting:
            await until(lambda: len(exporting.output) > 10)
            exporting.terminate()
            assert await asyncio.to_thread(exporting.wait) == 143
    last = json.loads(exporting.output[-1])["entry"]["seq"]
    assert exporting.errors == [
        f"governance-console: exported {200 - last} entries, and then it was ended; go on with --before {last}"
    ]


@pytest.mark.soak
async def test_an_export_that_is_ended_before_its_first_row_keeps_nothing(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    async with before(console.url) as proxy:
        proxy.cut_after, proxy.stalls = 10, True
        with CommandProcess(tmp_path, "export", "-o", "record.ndjson", "--url", proxy.url) as exporting:
            await until(lambda: proxy.cuts == 1)
            exporting.interrupt()
            assert await asyncio.to_thread(exporting.wait) == 130
    assert exporting.errors == ["governance-console: it was ended before anything was exported"]
    assert list(tmp_path.glob("*record*")) == []


@pytest.mark.soak
async def test_an_export_that_nobody_reads_can_be_terminated_all_the_same(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    with subprocess.Popen(
        [sys.executable, str(RUN), "export", "--url", console.url],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.read, 1)
        await asyncio.sleep(0.5)  # until the pipe is full
        try:
            for _ in range(2):
                process.terminate()
                await asyncio.sleep(0.5)
            assert process.poll() == -signal.SIGTERM
        finally:
            process.kill()


def test_what_an_interrupted_export_kept_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "record.ndjson"
    for row, name in ((b"1", "record.ndjson.part"), (b"2", "record.ndjson.part2"), (b"3", "record.ndjson.part3")):
        with pytest.raises(asyncio.CancelledError), output(path) as out:
            out.write(row)
            assert out.keep() == tmp_path / name
            raise asyncio.CancelledError
        assert (tmp_path / name).read_bytes() == row
    assert len(list(tmp_path.iterdir())) == 3


def test_what_finds_no_room_any_more_is_not_told_as_kept(tmp_path: Path) -> None:
    path = tmp_path / "record.ndjson"
    before_it = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(CommandFailed, match="cannot be written: file too large"), output(path) as out:
        out.write(b"x" * 3000)  # less than is written at once
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before_it[1]))
        try:
            out.keep()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before_it)
    assert list(tmp_path.glob("*.part*")) == []


async def test_an_export_to_what_is_no_file_leaves_it_alone(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(here / "pipe")
    (here / "folder").mkdir()
    for name, why in (("pipe", "no ordinary file"), ("folder", "a directory")):
        ended = await said(capsys, "export", "-o", name, url=console.url)
        assert ended.status == 2
        assert f"{name} cannot be written: it is {why}" in ended.errors
    assert (here / "pipe").is_fifo()


async def test_an_export_that_finds_no_room_for_its_file_says_so_below_its_progress(
    console: Console, tmp_path: Path
) -> None:
    await recorded(console)
    ours, theirs = pty.openpty()
    # A bound on the size of files stands for a full disk. Under it Python would cut its own caches off, too.
    shell = ["sh", "-c", 'ulimit -f 16; exec "$0" "$@"', sys.executable, str(RUN)]
    ended = await asyncio.to_thread(
        subprocess.run,
        [*shell, "export", "-o", "record.ndjson", "--url", console.url],
        cwd=tmp_path,
        env=clean_environment(TERM="xterm", PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        stderr=theirs,
        timeout=20,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert ended.returncode == 2
    drawn, _, sentence = shown.rpartition("\r\x1b[K")
    assert drawn.startswith("\r\x1b[Kexport: 1 lines")
    assert sentence == "governance-console: record.ndjson cannot be written: file too large\r\n"
    assert list(tmp_path.glob("*record*")) == list(tmp_path.glob(".*record*")) == []


async def test_on_a_terminal_there_are_rows_and_no_progress_between_them(console: Console, tmp_path: Path) -> None:
    await console.record({"source": "a", "type": "t"})
    ours, theirs = pty.openpty()
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(RUN), "export", "--url", console.url],
        cwd=tmp_path,
        env=clean_environment(TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        timeout=20,
    )
    os.close(theirs)
    row, last = os.read(ours, 1 << 16).decode().splitlines()
    os.close(ours)
    assert ended.returncode == 0
    assert json.loads(row)["entry"]["seq"] == 0
    assert last == "governance-console: exported 1 entries; what comes later: --from 1"


async def test_a_table_has_every_entry_under_its_columns_and_computes_nothing(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = '{"n": 1.50, "n": "two\\nlines, \\"quoted\\""}'
    events = [
        f'{{"agent":"=HYPERLINK(1)","type":"+t","subject":"@s","trace_id":"-1","id":"\u00e9","data":{data}}}',
        '{"specversion":"1.0","id":"b","source":"s","type":"t","own":true,"data_base64":"AAEC"}',
        '{"specversion":"1.0","id":"c","source":"s","type":"t","data":-5}',
    ]
    await console.post("/api/events", data="\n".join(events), headers={"Content-Type": "application/x-ndjson"})
    ended = await said(capsys, "export", "--csv", url=console.url)
    assert ended.status == 0, ended.errors
    head, *rows = csv.reader(io.StringIO(ended.output, newline=""))
    assert tuple(head) == COLUMNS
    first, second, third = (dict(zip(head, row, strict=True)) for row in rows)
    assert (first["source"], first["type"], first["subject"]) == ("'=HYPERLINK(1)", "'+t", "'@s")
    assert (first["seq"], first["traceid"], first["id"], first["data"]) == ("0", "'-1", "\u00e9", data)
    assert json.loads(second["attributes"]) == {"own": True}
    assert base64.b64decode(second["data_base64"]) == b"\0\1\2"
    assert third["data"] == "'-5"
    assert third["data_hash"]


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(value: str) -> None:
    assert guarded(value) == "'" + value


@pytest.mark.parametrize("value", ["", "a=1", "1", "'=1"])
def test_any_other_cell_is_as_it_was(value: str) -> None:
    assert guarded(value) == value


def test_a_negative_number_is_no_formula() -> None:
    assert (guarded(-5), guarded(-1.5)) == ("-5", "-1.5")
