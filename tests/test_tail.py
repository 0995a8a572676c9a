from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from governance_console.cli import main
from governance_console.cli.terminal import wants_colour
from governance_console.closes import CREDENTIAL_ENDED, POSITION_LOST
from governance_console.display import entry_row, json_line, printable
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Console, connected, running
from tests.process import RUN, CommandProcess, ConsoleProcess, clean_environment, said
from tests.proxy import serving
from tests.waiting import until

EVENT = {"agent": "planner-7", "type": "agent.tool.call", "tool": "http.get", "status": "ok"}
EVIL = "\x1b]0;owned\x07\x9b31m\u202egnp.exe\u200b\r\n\u2028\U000e0041"


def tail(folder: Path, url: str, *options: str, **settings: str) -> CommandProcess:
    return CommandProcess(folder, "tail", "--url", url, *options, settings=settings)


async def test_history_and_what_comes_are_one_readable_line_each(console: Console, tmp_path: Path) -> None:
    await console.record(EVENT)
    with tail(tmp_path, console.url, "--from", "0") as watching:
        await until(lambda: len(watching.output) == 1)
        await console.record({"source": "deploybot", "type": "deploy.failed", "subject": "web", "data": [1, None]})
        await until(lambda: len(watching.output) == 2)
        watching.interrupt()
        await until(lambda: watching.has_ended)
        assert watching.wait() == 0
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
    assert re.fullmatch(
        rf"{time} #0 tool     info     planner-7 agent\.tool\.call tool=http\.get status=ok", watching.output[0]
    )
    assert re.fullmatch(rf"{time} #1 audit    error    deploybot deploy\.failed web \[1, null\]", watching.output[1])
    assert watching.errors == []
    arguments = ("tail", "--from", "0", "--url", console.url)
    with CommandProcess(tmp_path, *arguments, terminal=True, settings={"TERM": "xterm"}) as watching:
        await until(lambda: len(watching.output) == 2)
    assert "\x1b[31merror   \x1b[0m deploybot \x1b[1mdeploy.failed\x1b[0m" in watching.output[1]


async def test_without_from_only_what_comes_is_shown_and_filters_are_the_streams(
    console: Console, tmp_path: Path
) -> None:
    await console.record(EVENT)
    options = ("--severity", "warning", "--category", "tool", "--category", "model", "--type", "agent.*", "--json")
    with tail(tmp_path, console.url, *options, "--heartbeats") as watching:
        await until(lambda: len(watching.output) >= 1)  # the welcome
        await console.record(EVENT, {**EVENT, "severity": "error"}, {**EVENT, "type": "x", "severity": "error"})
        await until(lambda: any('"entry"' in line for line in watching.output))
        await console.record({**EVENT, "severity": "critical", "agent": "b"})
        await until(lambda: sum('"type":"entry"' in line for line in watching.output) == 2)
        watching.terminate()
        assert await asyncio.to_thread(watching.wait) == 0
    messages = [json.loads(line) for line in watching.output]
    assert [one["entry"]["seq"] for one in messages if one["type"] == "entry"] == [2, 4]
    assert messages[0]["message"] == "[AUDIT] governance heartbeat (welcome)"


async def record(process: ConsoleProcess, count: int) -> None:
    async with connected(process.url) as client:
        await client.record(*[EVENT] * count)


@pytest.mark.soak
async def test_a_restart_of_the_console_leaves_no_gap_and_repeats_nothing(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path) as process:
        await record(process, 3)
        with tail(tmp_path, process.url, "--from", "1", "--json") as watching:
            await until(lambda: len(watching.output) == 3)
            process.kill()
            process.start()  # each start and stop is an entry too
            await record(process, 300)
            await until(lambda: len(watching.output) == 304)
            process.terminate()
            await asyncio.to_thread(process.wait)
            process.start()
            await record(process, 1)
            await until(lambda: len(watching.output) >= 307)
            watching.interrupt()
            await until(lambda: watching.has_ended)
    assert [json.loads(line)["entry"]["seq"] for line in watching.output] == list(range(1, 308))
    assert sum("connecting again until it works" in line for line in watching.errors) == 2
    assert sum("connected again; going on with #" in line for line in watching.errors) == 2


async def test_a_witness_says_that_the_record_was_set_back_and_goes_on(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []
    beat = {"type": "audit", "epoch": "e", "interval_sec": 9}

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/session":
            return web.json_response({"role": "operator", "version": "1"})
        asked.append(dict(request.query))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(asked) in (2, 4):
            await socket.close(code=POSITION_LOST, message=b"ahead" if len(asked) == 2 else b"epoch")
            return socket
        await socket.send_json({**beat, "next": 346 if len(asked) == 1 else 100, "message": "m", "size": 1})
        if len(asked) < 5:
            await socket.close()
        else:
            await socket.receive()
        return socket

    async with serving(answer) as url:
        with tail(tmp_path, url, "--json", "--heartbeats") as watching:
            await until(lambda: len(watching.output) == 3)
            watching.interrupt()
            await until(lambda: watching.has_ended)
            assert watching.wait() == 0
    assert [one.get("from") for one in asked] == [None, "346", None, "100", None]
    assert "THE RECORD WAS SET BACK: it ends before #346" in "\n".join(watching.errors)
    assert "ANOTHER RECORD IS HERE NOW" in "\n".join(watching.errors)


@pytest.mark.soak
async def test_a_console_with_another_record_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path) as process:
        with tail(tmp_path, process.url, "--from", "0") as watching:
            await until(lambda: bool(watching.output))
            process.kill()
            for file in (tmp_path / "data").iterdir():
                file.unlink()
            process.start()
            await until(lambda: watching.has_ended)
            assert watching.wait() == 2
    assert watching.errors[-1] == (
        "governance-console: the console has another record now: begin again, with --from 0 for all of it"
    )


async def test_a_credential_that_has_ended_ends_it_with_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if asked == ["/api/session"]:
            return web.json_response({"role": "operator", "version": "1"})
        if len(asked) > 2:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=CREDENTIAL_ENDED)
        return socket

    async with serving(answer) as url:
        ended = await said(capsys, "tail", url=url)
    assert ended.status == 2
    assert ended.errors == (
        "governance-console: the console has ended this session: the token is not valid there any more\n"
    )


@pytest.mark.soak
async def test_a_console_that_stands_still_is_left_however_open_its_connection_looks(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path, {"WS_INTERVAL_SEC": "0.1"}) as process:
        with tail(tmp_path, process.url, "--heartbeats") as watching:
            await until(lambda: len(watching.output) >= 2)
            os.kill(process.pid, signal.SIGSTOP)
            await until(lambda: bool(watching.errors), 15)
            os.kill(process.pid, signal.SIGCONT)
            await until(lambda: any("connected again" in line for line in watching.errors))
    assert watching.errors[0].endswith("it does not answer in time; connecting again until it works")


async def test_what_a_terminal_would_obey_is_shown_as_escapes(console: Console, tmp_path: Path) -> None:
    await console.record({"agent": "a\u202eb", "type": "t\u200b", EVIL: EVIL, "n": {"deep": EVIL}})
    for options in ((), ("--json",)):
        arguments = ("tail", "--url", console.url, "--from", "0", *options)
        with CommandProcess(tmp_path, *arguments, terminal=True, settings={"NO_COLOR": "1"}) as watching:
            await until(lambda shown=watching.output: len(shown) == 1)  # type: ignore[misc]
        assert watching.output[0].isprintable()
        assert "owned" in watching.output[0]
        if options:
            assert json.loads(watching.output[0])["data"][EVIL] == EVIL
        else:
            assert "a\\u202eb t\\u200b \\x1b]0;owned\\x07" in watching.output[0]


@given(st.text())
def test_nothing_that_does_not_print_is_shown(text: str) -> None:
    assert printable(text).isprintable()
    assert json.loads(json_line(json.dumps(text, ensure_ascii=False), for_terminal=True)) == text
    entry = {"seq": text, "recorded": text, "category": text, "severity": text}
    message = {"entry": {**entry, "event": {"source": text, "type": text, "subject": text}}, "data": {text: text}}
    assert entry_row(message, colour=False).isprintable()


def test_a_message_of_several_lines_is_one_line() -> None:
    text = '{"data":{\r\n\t"a":\t"b\\n"}}'
    assert json_line(text, for_terminal=False) == json_line(text, for_terminal=True) == '{"data":{   "a": "b\\n"}}'


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with os.fdopen(ours, "rb", buffering=0), os.fdopen(theirs, "w") as stream:
        assert wants_colour(stream) is coloured


async def test_a_reader_that_has_enough_ends_it_quietly(console: Console, tmp_path: Path) -> None:
    await console.record(*[EVENT] * 2000)
    for arguments in (("tail", "--from", "0"), ("export",)):
        process = subprocess.Popen(
            [sys.executable, str(RUN), *arguments, "--url", console.url],
            cwd=tmp_path,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stderr is not None
        await asyncio.to_thread(process.stdout.readline)
        process.stdout.close()
        await until(lambda ended=process: ended.poll() is not None)  # type: ignore[misc]
        assert process.returncode == 0
        assert process.stderr.read() == b""
        process.stderr.close()


NO_ROOM = "governance-console: standard output cannot be written: no space left on device\n"


async def test_a_full_disk_under_standard_output_ends_it_with_a_sentence(console: Console, tmp_path: Path) -> None:
    await console.record(*[EVENT] * 20)
    with open("/dev/full", "wb") as full:
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, str(RUN), "tail", "--from", "0", "--url", console.url],
            cwd=tmp_path,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20,
        )
    assert (ended.returncode, ended.stderr.decode()) == (2, NO_ROOM)


@pytest.mark.parametrize("arguments", [("export",), ("export", "--csv"), ("tail", "--from", "0", "--json")])
async def test_nothing_is_left_to_be_written_where_there_is_no_room(
    console: Console,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    await console.record(*[EVENT] * 20)
    with open("/dev/full", "w") as full:  # closing it writes what is left, as the end of a process does
        monkeypatch.setattr(sys, "stdout", full)
        status = await asyncio.to_thread(main, [*arguments, "--url", console.url])
        monkeypatch.undo()
    assert (status, capsys.readouterr().err) == (2, NO_ROOM)


@pytest.mark.parametrize("arguments", [("export",), ("tail",), ("tail", "--json")], ids=" ".join)
async def test_a_closed_standard_output_ends_it_with_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # what Python makes of >&-
    status = await asyncio.to_thread(main, arguments)
    monkeypatch.undo()
    told = "governance-console: standard output is closed: there is nowhere to write to\n"
    assert (status, capsys.readouterr().err) == (2, told)


async def test_an_export_to_a_file_needs_neither_standard_output_nor_standard_error(
    console: Console, tmp_path: Path
) -> None:
    await console.record(EVENT)
    closed = 'exec "$0" "$@" >&- 2>&-'
    ended = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-c", closed, sys.executable, str(RUN), "export", "-o", "record.ndjson", "--url", console.url],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    assert ended.returncode == 0
    assert json.loads((tmp_path / "record.ndjson").read_text())["entry"]["seq"] == 0


async def test_a_guarded_stream_is_watched_with_the_token(tmp_path: Path, settings: Settings) -> None:
    async with running(replace(settings, operator_token=TOKEN)) as console:
        await console.record(EVENT, token=TOKEN)
        with tail(tmp_path, console.url, "--from", "0", OPERATOR_TOKEN=TOKEN) as watching:
            await until(lambda: len(watching.output) == 1)
        assert not any(TOKEN in line for line in (*watching.output, *watching.errors))
