from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from governance_console.cli.terminal import Progress
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import SAMPLE, Client, Console, connected, running, sample_lines
from tests.process import RUN, CommandProcess, ConsoleProcess, clean_environment, command, run_to_end, said
from tests.proxy import before, serving
from tests.waiting import until

_log = logging.getLogger(__name__)
LINE = '{"agent":"a","type":"t"}'


async def items(client: Client, query: str = "") -> list[dict[str, Any]]:
    """What senders put into the record, oldest first."""
    found = map(json.loads, await client.lines(query))
    return [item for item in found if item["entry"]["principal"] != "console"]


def written(folder: Path, *lines: str, name: str = "bus.jsonl", end: str = "\n") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


async def test_the_sample_is_imported_once_however_often_it_is_imported(console: Console, tmp_path: Path) -> None:
    first = await command(tmp_path, "import", str(SAMPLE), url=console.url)
    assert (first.status, first.output) == (0, "")
    assert first.errors.startswith("governance-console: recorded 231, already there 0, bad 0 (")
    assert len(first.errors.splitlines()) == 1
    second = await command(tmp_path, "import", str(SAMPLE), url=console.url)
    assert second.status == 0
    assert second.errors.startswith("governance-console: recorded 0, already there 231, bad 0 (")
    assert len(await items(console)) == 231


async def test_a_file_that_grew_adds_what_is_new_and_equal_lines_are_each_kept(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(here, LINE, LINE, end="")  # the last line is not ended yet
    assert "recorded 2," in (await said(capsys, "import", str(path), url=console.url)).errors
    with path.open("a") as file:
        file.write(f" \r\n{LINE}\n\n{LINE}")
    assert "recorded 2, already there 2," in (await said(capsys, "import", str(path), url=console.url)).errors
    assert len({item["entry"]["event"]["id"] for item in await items(console)}) == 4


async def test_a_lines_id_is_the_hash_of_the_file_up_to_it_and_its_own_id_stays_in_its_data(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = '{"agent":"a","type":"t","id":"mine","x":1.0,"x":[ 2 ], "trace_id":7,"ts":"2026-11-22 10:00:00"}'
    path = written(here, LINE, second)
    await said(capsys, "import", str(path), url=console.url)
    whole = path.read_bytes()
    answer = await console.get("/api/events?from=1")
    assert '"data":{"id":"mine","x":1.0,"x":[ 2 ]}' in answer.text  # verbatim, as what was posted would be
    event = answer.json["items"][0]["entry"]["event"]
    assert event.pop("id") == hashlib.sha256(whole.removesuffix(b"\n")).hexdigest()
    assert event == {
        "source": "a",
        "type": "t",
        "specversion": "1.0",
        "time": "2026-11-22T10:00:00Z",
        "traceid": "7",
    }


async def test_what_is_imported_is_what_the_api_would_have_made_of_it_but_for_the_id(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await console.post("/api/events", data="\n".join(sample_lines()), headers={"Content-Type": "application/x-ndjson"})
    await said(capsys, "import", str(SAMPLE), url=console.url)
    found = await items(console)
    for posted, imported in zip(found[:231], found[231:], strict=True):
        for item in (posted, imported):
            del item["salt"]
            for name in ("seq", "recorded", "data_hash"):
                del item["entry"][name]
            del item["entry"]["event"]["id"]
        assert imported == posted


async def test_a_cloudevents_line_keeps_its_own_id_so_it_is_not_recorded_beside_what_was_posted(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = '{"specversion":"1.0","id":"e-1","source":"s","type":"t","data":{"b":1,"b":2},"own":true}'
    await console.post("/api/events", data=event, headers={"Content-Type": "application/cloudevents+json"})
    other = event.replace("e-1", "e-2").replace('"data":{"b":1,"b":2}', '"data_base64":"AAEC"')
    ended = await said(
        capsys, "import", str(written(here, event, other, event)), "--default-source", "x", url=console.url
    )
    assert ended.status == 0
    assert "recorded 1, already there 2, bad 0" in ended.errors
    assert (await items(console))[1]["data_base64"] == "AAEC"


async def test_bad_lines_are_named_with_file_and_number_and_the_rest_goes_on(console: Console, tmp_path: Path) -> None:
    deep = "[" * 200 + "]" * 200
    path = written(
        tmp_path,
        LINE,
        "not json",
        '{"agent":"a"}',
        "[1]",
        "",
        '{"agent":"a","type":"t","x":1e999}',
        '{"agent":"a\\u001b[31m","type":"t"}',
        f'{{"agent":"a","type":"t","x":{deep}}}',
        '{"specversion":"1.0","source":"s","type":"t"}',
        '{"agent":"a","type":"t","x":"' + "x" * 1024 * 1024 + '"}',
        LINE,
        '{"agent":"a","type":"t","cut',
        end="",
    )
    path.write_bytes(path.read_bytes() + b"\n\xff\xfe{}\n" + b" " * 5_000_000 + b"\n" + LINE.encode())
    ended = await command(tmp_path, "import", path.name, url=console.url)
    assert ended.status == 1
    *reports, last = [line.removeprefix("governance-console: ") for line in ended.errors.splitlines()]
    assert reports == [
        "bus.jsonl:2: not JSON: a JSON value was expected at column 1",
        "bus.jsonl:3: type is missing: give it as one of type, event, action",
        "bus.jsonl:4: an event has to be a JSON object",
        "bus.jsonl:6: not JSON that others can read: a number is out of range",
        "bus.jsonl:7: source has a control character, such as NUL or a line break",
        "bus.jsonl:8: the JSON is nested deeper than 128 levels",
        "bus.jsonl:9: id is missing",
        "bus.jsonl:10: 1048584 bytes of data; at most 1048576 are taken",
        "bus.jsonl:12: not JSON: unterminated string starting at column 25",
        "bus.jsonl:13: not UTF-8: byte 0 cannot be decoded",
        "bus.jsonl:14: longer than 4194304 bytes",
    ]
    assert last.startswith("recorded 3, already there 0, bad 11 (")
    assert len(await items(console)) == 3


async def test_a_line_that_contradicts_the_record_is_named_and_the_rest_of_its_batch_goes_in(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def event(number: int, data: int) -> str:
        return json.dumps({"specversion": "1.0", "id": f"e{number}", "source": "s", "type": "t", "data": data})

    await said(capsys, "import", str(written(here, event(0, 0), event(2, 0))), url=console.url)
    path = written(here, *[event(number, number) for number in range(250)])
    ended = await said(capsys, "import", path.name, url=console.url)
    assert ended.status == 1
    assert "bus.jsonl:3: recorded before as #1 with other content" in ended.errors
    assert "recorded 248, already there 1, bad 1" in ended.errors


async def test_defaults_are_for_lines_that_name_none(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(here, "{}", '{"agent":"b","action":"u"}', '{"source":null,"type":"v"}')
    options = ("--default-source", "cron", "--default-type", "job.ended")
    ended = await said(capsys, "import", *options, str(path), url=console.url)
    assert ended.status == 0, ended.errors
    events = [item["entry"]["event"] for item in await items(console)]
    assert [(event["source"], event["type"]) for event in events] == [("cron", "job.ended"), ("b", "u"), ("cron", "v")]


async def test_standard_input_and_several_files_are_imported(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path, LINE, LINE, LINE)
    ended = await command(tmp_path, "import", path.name, "-", url=console.url, stdin=f"{LINE}\nbroken")
    assert ended.status == 1
    assert "standard input:2: not JSON" in ended.errors
    assert "recorded 3, already there 1, bad 1" in ended.errors


async def test_a_closed_standard_input_is_told_in_one_sentence(tmp_path: Path, console: Console) -> None:
    closed = ["sh", "-c", 'exec "$0" "$@" <&-', sys.executable]
    ended = await asyncio.to_thread(run_to_end, tmp_path, "import", "-", "--url", console.url, interpreter=closed)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors == "governance-console: standard input is closed: there is nothing to read\n"


async def test_refusals_of_the_moment_are_waited_out_and_told_once(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with before(console.url) as proxy:
        proxy.statuses = [503, 429]
        ended = await said(capsys, "import", str(SAMPLE), url=proxy.url)
    assert ended.status == 0
    told, going_on, last = ended.errors.splitlines()
    assert told == f"governance-console: {proxy.url} answers 503 Service Unavailable; trying again until it works"
    assert going_on == "governance-console: going on"
    assert "recorded 231, already there 0, bad 0" in last
    assert len(await items(console)) == 231


async def test_a_batch_that_a_proxy_finds_too_large_is_halved_until_it_passes(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*[LINE] * 300, '{"agent":"a","type":"t","x":"' + "x" * 20_000 + '"}']
    async with before(console.url) as proxy:
        proxy.max_body = 16_384
        ended = await said(capsys, "import", written(here, *lines).name, url=proxy.url)
    assert "bus.jsonl:301: refused with 413" in ended.errors
    assert "recorded 300, already there 0, bad 1" in ended.errors


@pytest.mark.parametrize(("options", "encoding"), [((), "identity"), (("--gzip",), "gzip")])
async def test_batches_are_compressed_when_asked_for(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], encoding: str
) -> None:
    async with before(console.url) as proxy:
        ended = await said(capsys, "import", *options, str(SAMPLE), url=proxy.url)
        assert "recorded 231" in ended.errors
        assert [sent for _, sent in proxy.posts] == [encoding]


@pytest.mark.soak
async def test_an_import_goes_on_over_a_restart_of_the_console(tmp_path: Path) -> None:
    """The console is killed while a batch is on its way: whether it was recorded, nobody knows."""
    path = written(tmp_path, *[LINE] * 12_000)
    with ConsoleProcess(tmp_path) as process:
        async with connected(process.url) as client:
            with CommandProcess(tmp_path, "import", path.name, "--url", process.url) as importing:
                size = 1  # the console's start
                while size == 1:
                    size = (await client.get("/api/events?limit=1")).json["size"]
                process.kill()
                await until(lambda: any("trying again" in line for line in importing.errors))
                process.start()
                status = await _ended(importing)
            assert status == 0, importing.errors
            assert (await client.get("/api/events?limit=1")).json["size"] == 12_002


async def _ended(process: CommandProcess, seconds: float = 20) -> int:
    await until(lambda: process.has_ended, seconds)
    return process.wait()


@pytest.mark.soak
async def test_an_agents_token_imports_and_the_record_says_so(tmp_path: Path, settings: Settings) -> None:
    guarded = replace(settings, operator_token=TOKEN, agent_tokens={"planner-7": "its-own"})
    async with running(guarded) as console:
        path = written(tmp_path, LINE)
        for options, environment in (
            (("--token", "its-own"), {}),
            ((), {"OPERATOR_TOKEN": TOKEN}),
        ):
            ended = await command(tmp_path, "import", *options, path.name, url=console.url, settings=environment)
            assert ended.status == 0, ended.errors
        (tmp_path / ".env").write_text(f"OPERATOR_TOKEN={TOKEN}\nLISTEN=nonsense\n")
        ended = await command(tmp_path, "import", path.name, url=console.url)
        assert "already there 1" in ended.errors
        answer = await console.get("/api/events?from=0", token=TOKEN)
        assert [item["entry"]["principal"] for item in answer.json["items"]] == ["agent:planner-7", "operator"]


@pytest.fixture
async def foreign() -> AsyncIterator[str]:
    """Another web server."""

    async def page(request: web.Request) -> web.Response:
        del request
        return web.Response(text="<html>It works!</html>", content_type="text/html")

    async with serving(page) as url:
        yield url


@pytest.mark.parametrize("arguments", [("import", "bus.jsonl"), ("tail",), ("export",)], ids=lambda one: one[0])
async def test_what_is_no_console_is_told_in_one_sentence(
    foreign: str, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    written(here, LINE)
    ended = await said(capsys, *arguments, url=foreign)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors == (
        f"governance-console: what answers at {foreign} is no governance console: is the URL right?\n"
    )


@pytest.mark.parametrize("status", [200, 422])
async def test_an_endless_answer_to_a_batch_is_not_kept(
    here: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"role": "operator", "version": "1"})
        return web.Response(status=status, body=b" " * 17_000_000)

    async with serving(answer) as url:
        ended = await said(capsys, "import", str(written(here, LINE)), url=url)
    assert ended.status == 2
    assert ended.errors == f"governance-console: what answers at {url} is no governance console: is the URL right?\n"


@pytest.mark.parametrize("arguments", [("import", "bus.jsonl"), ("tail",), ("export",)], ids=lambda one: one[0])
async def test_a_console_that_is_not_there_is_told_in_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    written(here, LINE)
    url = "http://127.0.0.1:9"
    ended = await said(capsys, *arguments, url=url)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors == f"governance-console: cannot reach {url}: nothing listens there\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "missing.jsonl"), "missing.jsonl cannot be read: there is no such file"),
        (("import", "good.jsonl", "missing.jsonl"), "missing.jsonl cannot be read: there is no such file"),
        (("import", "."), ". cannot be read: it is a directory"),
        (("import", "a\nb\x1b[31m"), "a\\x0ab\\x1b[31m cannot be read: there is no such file"),
        (("import", "binary"), "binary is not UTF-8 text"),
        (("import", "utf16.jsonl"), "utf16.jsonl is not UTF-8 text"),
        (("import", "old.jsonl.gz"), "old.jsonl.gz is compressed: zcat it into python run.py import -"),
        (("import", "--follow", "missing.jsonl"), "missing.jsonl cannot be read: there is no such file"),
        (("import", "--follow", "."), "cannot be read: it is a directory"),
        (("import", "--follow", "good.jsonl", "other.jsonl"), "--follow keeps up with one file: name one FILE"),
        (("import", "--follow", "-"), "--follow keeps up with one file: name one FILE"),
        (
            ("import", "--follow", "--state", "none/s", "good.jsonl"),
            "no such file or directory; --state keeps it elsewhere",
        ),
        (("import", "--follow", "--state", "binary", "good.jsonl"), "mend it, or remove it to begin anew"),
        (("import", "--default-type", "", "good.jsonl"), "--default-type has to be printable, and not empty"),
        (("tail", "--from", "5"), "the record ends before #5: begin with a smaller --from"),
        (("export", "--from", "5"), "from is 5; it has to be from 0 to 0"),
        (("export", "--since", "yesterday"), "since has to be an RFC 3339 time, such as 2026-11-22T10:00:00Z"),
        (("export", "-o", "."), ". cannot be written: it is a directory"),
        (("export", "-o", "none/x"), "none/x cannot be written: no such file or directory"),
        (("export", "--no-header"), "--no-header is for --csv: nothing else has one"),
        (("tail", "--source", ""), "source may not be empty"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
async def test_what_cannot_be_done_is_one_sentence_and_exit_status_2(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    written(here, LINE, name="good.jsonl")
    (here / "binary").write_bytes(b"\x7fELF\0\0\1")
    (here / "utf16.jsonl").write_text(LINE, encoding="utf-16")
    (here / "old.jsonl.gz").write_bytes(b"\x1f\x8b\x08")
    ended = await said(capsys, *arguments, url=console.url)
    assert (ended.status, ended.output) == (2, "")
    assert ended.errors.startswith("governance-console: ")
    assert len(ended.errors.splitlines()) == 1
    assert sentence in ended.errors
    assert (await console.get("/api/events")).json["size"] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--url", "ftp://x"), "--url has to be like http://127.0.0.1:8080"),
        (("--url", "http://[x"), "--url has to be like http://127.0.0.1:8080"),
        (("--url", "http://u:secret-secret@x"), "--url may not hold a name or a password"),
        (("--token", "secret-secret\u00e9"), "the token has to be printable ASCII"),
        (("--url", "http://no-such-host.invalid"), "there is no host of that name"),
    ],
    ids=lambda one: one[1] if isinstance(one, tuple) else "",
)
async def test_a_wrong_url_or_token_is_one_sentence_that_does_not_repeat_it(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    ended = await said(capsys, "export", *arguments)
    assert ended.status == 2
    assert len(ended.errors.splitlines()) == 1
    assert sentence in ended.errors
    assert "secret-secret" not in ended.errors


@pytest.mark.parametrize("arguments", [("import", "bus.jsonl"), ("tail",), ("export",)], ids=lambda one: one[0])
async def test_a_missing_or_wrong_token_is_told_and_never_shown(
    settings: Settings, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    written(here, LINE)
    async with running(replace(settings, operator_token=TOKEN, agent_tokens={"a": "agents-token"})) as console:
        ended = await said(capsys, *arguments, url=console.url)
        assert (ended.status, ended.output) == (2, "")
        assert ended.errors.endswith("wants a token: set OPERATOR_TOKEN, or give --token\n")
        ended = await said(capsys, *arguments, "--token", "wrong-token", url=console.url)
        assert (ended.status, ended.output) == (2, "")
        assert ended.errors.endswith("wants a token, and this one is not valid there\n")
        if arguments[0] != "import":
            ended = await said(capsys, *arguments, "--token", "agents-token", url=console.url)
            assert "may append and nothing else" in ended.errors


@pytest.mark.parametrize("name", ["import", "tail", "export"])
async def test_help_teaches_with_examples(capsys: pytest.CaptureFixture[str], name: str) -> None:
    ended = await said(capsys, name, "--help")
    assert ended.status == 0
    assert f"  python run.py {name}" in ended.output
    assert "exit status: 0" in ended.output


@pytest.mark.soak
async def test_progress_shows_lines_and_rate_on_a_terminal(tmp_path: Path, console: Console) -> None:
    path = written(tmp_path, *[LINE] * 15_000)
    ours, theirs = pty.openpty()
    async with before(console.url) as proxy:
        proxy.statuses = [503] * 4  # nearly two seconds at least: how long it takes is told after the first
        process = subprocess.Popen(
            [sys.executable, str(RUN), "import", path.name, "--url", proxy.url],
            cwd=tmp_path,
            env=clean_environment(TERM="xterm"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        await until(lambda: process.poll() is not None, 30)
    shown = os.read(ours, 1 << 20).decode()
    os.close(ours)
    assert "\x1b[Kbus.jsonl: 5,000 lines, " in shown
    assert "/s" in shown
    assert shown.splitlines()[-1].startswith("\r\x1b[Kgovernance-console: recorded 15,000, already there 0, bad 0") or (
        "governance-console: recorded 15,000" in shown
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_was_waited_for_does_not_count_into_the_time_left() -> None:
    now = [0.0]
    shown = _Terminal()
    progress = Progress(shown, clock=lambda: now[0])

    def drawn(seconds: float, lines: int) -> str:
        now[0] = seconds
        progress.draw("bus.jsonl", lines, lines / 10_000)
        return shown.getvalue().rpartition("\x1b[K")[2]

    assert drawn(2, 1000) == "bus.jsonl: 1,000 lines, 500/s, 0:18 left"
    drawn(602, 1200)  # the console was away
    assert drawn(604, 2200) == "bus.jsonl: 2,200 lines, 500/s, 0:16 left"


async def test_ctrl_c_ends_an_import_with_what_was_done(tmp_path: Path, console: Console) -> None:
    process = subprocess.Popen(
        [sys.executable, str(RUN), "import", "-", "--url", console.url],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write(LINE + "\n")
    process.stdin.flush()
    while not await items(console):
        pass
    process.send_signal(signal.SIGINT)
    await until(lambda: process.poll() is not None)
    assert process.returncode == 130
    errors = process.stderr.read()
    process.stderr.close()
    process.stdin.close()
    # The answer may still have been on its way when it was ended.
    told = r"governance-console: recorded [01], already there 0, bad 0, and then it was ended\n"
    assert re.fullmatch(told, errors)


@pytest.mark.soak
async def test_a_million_lines_are_imported(tmp_path: Path) -> None:
    lines = sample_lines()
    path = tmp_path / "million.jsonl"
    with path.open("w") as file:
        file.writelines(lines[number % len(lines)] + "\n" for number in range(1_000_000))
    with ConsoleProcess(tmp_path) as process:
        started = time.monotonic()
        ended = await command(tmp_path, "import", path.name, url=process.url, seconds=240)
        _log.info("%s in %.0f s", ended.errors.strip(), time.monotonic() - started)
        assert ended.status == 0, ended.errors
        async with connected(process.url) as client:
            assert (await client.get("/api/events?limit=1")).json["size"] == 1_000_001
