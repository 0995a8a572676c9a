"""Every command that README, docs/api.md and docs/cli.md show is run, against a real console."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from governance_console.categories import OWN_TYPES
from governance_console.settings import Settings
from tests.console import SAMPLE, connected, running
from tests.process import ROOT, ConsoleProcess, Ended, clean_environment, said

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PAGES = ("README.md", "docs/api.md")


def commands(page: str) -> list[str]:
    """The blocks that speak HTTP; what is watched with wscat or started is run by tests of its own."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [
        "\n".join(line for line in block.splitlines() if not re.match(r"wscat|OPERATOR_TOKEN=", line))
        for block in BLOCK.findall(text)
    ]
    return [block for block in lines if "curl" in block]


def test_there_are_commands_to_run() -> None:
    assert {page: len(commands(page)) for page in PAGES} == {"README.md": 3, "docs/api.md": 6}


def test_the_table_of_the_consoles_own_entries_has_all_of_them() -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8").partition("## What the console records of itself")[2]
    rows = re.findall(r"^\| `([a-z]+\.[a-z]+)` \| [^|]+ \| (\w+) \|", text, re.MULTILINE)
    assert dict(rows) == OWN_TYPES
    assert len(rows) == len(OWN_TYPES)


def typed(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a shell makes of it, each command shown on standard error before it runs."""
    return subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_docs_does_what_it_says(tmp_path: Path, page: str) -> None:
    token = "choose-your-own"
    for folder in ("open", "guarded"):
        (tmp_path / folder).mkdir()
    with (
        ConsoleProcess(tmp_path / "open") as unguarded,
        ConsoleProcess(tmp_path / "guarded", {"OPERATOR_TOKEN": token}) as guarded,
    ):
        for block in commands(page):
            console = guarded if token in block else unguarded
            # -f: an answer that is an error is one, also for the test.
            command = block.replace("http://127.0.0.1:8080", console.url).replace("curl ", "curl -sSf ")
            command = command.replace("tests/data/", f"{ROOT}/tests/data/")
            ended = typed(command, tmp_path)
            assert ended.returncode == 0, f"{block}\n{ended.stderr}{ended.stdout[:500]}"


def cli_commands() -> list[str]:
    """The lines of docs/cli.md's blocks."""
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    return [line for block in BLOCK.findall(text) for line in block.splitlines() if "run.py" in line]


def is_endless(command: str) -> bool:
    return " tail" in command or "--follow" in command


def as_typed(command: str, folder: Path, console: ConsoleProcess) -> str:
    """The command for a shell, but for where Python, the console and the log are."""
    command = command.replace("/var/log/agents/bus.jsonl", str(folder / "bus.jsonl"))
    return re.sub(r"python run\.py (\w+)", rf"{sys.executable} {ROOT}/run.py \1 --url {console.url}", command)


@contextlib.contextmanager
def running_on(folder: Path, console: ConsoleProcess, command: str, output: Path) -> Iterator[None]:
    """A command that ends when it is interrupted."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["bash", "-c", as_typed(command, folder, console)],
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield
        assert process.poll() is None, f"{command}\n{output.read_text()}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(10)


@pytest.mark.soak
async def test_every_command_of_the_command_lines_page_does_what_it_says(
    tmp_path: Path, require: Callable[[bool, str, str], None]
) -> None:
    require(shutil.which("jq") is not None, "jq", "apt-get install jq")
    (tmp_path / "events.jsonl").write_bytes(SAMPLE.read_bytes() * 5)  # above #1000, which a command begins at
    (tmp_path / "old.jsonl.gz").write_bytes(gzip.compress(b'{"agent":"old","type":"t"}\n'))
    (tmp_path / "jobs.jsonl").write_text('{"job":"backup"}\n')
    (tmp_path / "bus.jsonl").write_text('{"agent":"bus","type":"t"}\n')
    endless = [command for command in cli_commands() if is_endless(command)]
    others = [command for command in cli_commands() if not is_endless(command)]
    assert (len(endless), len(others)) == (5, 8)
    with ConsoleProcess(tmp_path) as console, contextlib.ExitStack() as stack:
        outputs = [tmp_path / f"{number}.out" for number in range(len(endless))]
        for command, output in zip(endless, outputs, strict=True):
            stack.enter_context(running_on(tmp_path, console, command, output))
        script = "\n".join(as_typed(command, tmp_path, console) for command in others)
        ended = await asyncio.to_thread(typed, script, tmp_path)
        assert ended.returncode == 0, ended.stderr
        async with connected(console.url) as client:
            shown = [output for command, output in zip(endless, outputs, strict=True) if " tail" in command]
            for _ in range(50):
                # Those that show what comes from now on may have begun just now.
                await client.record({"agent": "a", "type": "agent.tool.call", "severity": "warning"})
                if all(output.stat().st_size for output in shown):
                    break
                await asyncio.sleep(0.1)
            sources = {item["source"] for item in (await client.get("/api/sources")).json["sources"]}
        assert {"bus", "old", "cron"} <= sources
        assert all(output.stat().st_size for output in shown)
    assert len((tmp_path / "record.ndjson").read_text().splitlines()) >= 1000
    assert (tmp_path / "october.csv").read_text().startswith("seq,recorded,")
    assert json.loads(outputs[-1].read_text().partition("\n}\n")[0] + "}")["seq"] >= 0


def on_files(section: str) -> list[str]:
    """The commands of a section of docs/cli.md that work on files, as they are typed."""
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8").partition(f"\n## {section}\n")[2]
    block = text.partition("```\n")[2].partition("```")[0]
    return [line.partition("  #")[0].strip() for line in block.splitlines()]


async def test_the_commands_of_that_page_that_work_on_files_do_what_it_says(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def typed_here(command: str, url: str = "") -> Ended:
        command = command.replace("/run/keys", str(here)).replace("https://console.example.net", url)
        first, *words = shlex.split(command.removeprefix("python run.py "))
        return await said(capsys, first, *words)

    assert {name: len(on_files(name)) for name in ("keygen", "verify", "recover")} == {
        "keygen": 3,
        "verify": 4,
        "recover": 3,
    }
    made = [await typed_here(command) for command in on_files("keygen")]
    assert [ended.status for ended in made] == [0, 0, 0], made
    (here / "verifier-keys").write_text(made[-1].output, encoding="utf-8")
    settings = Settings(
        database_url="sqlite:///data/governance.db",
        log_origin="log.example.net/agents",
        checkpoint_interval_sec=0.05,
        ws_interval_sec=0.05,
    )
    async with running(settings) as console:
        await console.record({"agent": "a", "type": "t"})
        async with await console.watch() as stream:
            while "checkpoint" not in (message := await stream.message()):
                pass
        (here / "heartbeats.log").write_text(json.dumps(message), encoding="utf-8")
        (here / "last.txt").write_text((await console.get("/api/log/checkpoint")).text, encoding="utf-8")
        lines = await console.get("/api/events?from=0", headers={"Accept": "application/x-ndjson"})
        (here / "record.ndjson.gz").write_bytes(gzip.compress(lines.body))
        for command in on_files("verify")[:3]:
            ended = await typed_here(command, console.url)
            assert (ended.status, "WHOLE" in ended.output) == (0, True), f"{command}\n{ended}"
    piped = on_files("verify")[3].replace("python run.py", f"{sys.executable} {ROOT}/run.py")
    assert (await asyncio.to_thread(typed, piped, here)).returncode == 0
    statuses = [(await typed_here(command)).status for command in on_files("recover")]
    assert statuses == [2, 0, 0]


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
