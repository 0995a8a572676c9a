"""The emitters of docs/emitters.md, as they stand there, against a real console."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance_console.settings import Settings
from tests.console import running
from tests.process import ROOT, clean_environment

TOKEN, AGENT_TOKEN = "operator-token", "agent-token"
EMITTERS: dict[str, tuple[str, tuple[str, ...], str, dict[str, Any]]] = {
    "python": (
        sys.executable,
        ("-",),
        "pip install python",
        {
            "source": "planner-7",
            "type": "log.warning",
            "severity": "warning",
            "data": {"message": "the tool http.get did not answer"},
        },
    ),
    "sh": (
        "sh",
        ("-s",),
        "apt-get install curl",
        {
            "source": "deploybot",
            "type": "deploy.log",
            "severity": "info",
            "data": {"status": "ok", "what": "applied in 38 s"},
        },
    ),
    "js": (
        "node",
        ("--input-type=module", "-"),
        "apt-get install nodejs",
        {
            "source": "researcher-2",
            "type": "agent.tool.call",
            "severity": "info",
            "data": {"tool": "http.get", "status": "ok"},
        },
    ),
}


def emitter(language: str) -> str:
    """The block of the documentation in this language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / "emitters.md").read_text(), re.M | re.S)
    assert len(blocks) == 1
    return str(blocks[0])


def emit(language: str, url: str, folder: Path, token: str = AGENT_TOKEN) -> subprocess.CompletedProcess[str]:
    program, arguments, _, _ = EMITTERS[language]
    return subprocess.run(
        [program, *arguments],
        input=emitter(language),
        cwd=folder,
        env=clean_environment(CONSOLE_URL=url, CONSOLE_TOKEN=token),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("language", EMITTERS)
async def test_an_emitter_as_documented_puts_its_event_on_the_record(
    settings: Settings, tmp_path: Path, require: Callable[[bool, str, str], None], language: str
) -> None:
    program, _, install, expected = EMITTERS[language]
    require(shutil.which("curl" if language == "sh" else program) is not None, program, install)
    guarded = replace(settings, operator_token=TOKEN, agent_tokens={"bot": AGENT_TOKEN})
    async with running(guarded) as console:
        for _ in range(2):
            ended = await asyncio.to_thread(emit, language, console.url, tmp_path)
            assert (ended.returncode, ended.stderr) == (0, "")
        found = (await console.get("/api/events?from=0", token=TOKEN)).json["items"]
    first, second = (item["entry"] for item in found)
    shown = {
        "source": first["event"]["source"],
        "type": first["event"]["type"],
        "severity": first["severity"],
        "data": found[0]["data"],
    }
    assert shown == expected
    assert first["principal"] == "agent:bot"
    assert first["event"]["id"] != second["event"]["id"]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("sh", r"curl: \(22\) The requested URL returned error: 401.*"),
        ("js", r"the console answers 401: this token is not valid here"),
    ],
)
async def test_an_emitter_says_in_one_line_why_it_was_refused(
    settings: Settings, tmp_path: Path, require: Callable[[bool, str, str], None], language: str, says: str
) -> None:
    program, _, install, _ = EMITTERS[language]
    require(shutil.which("curl" if language == "sh" else program) is not None, program, install)
    async with running(replace(settings, operator_token=TOKEN, agent_tokens={"bot": AGENT_TOKEN})) as console:
        ended = await asyncio.to_thread(emit, language, console.url, tmp_path, "wrong")
    assert ended.returncode != 0
    assert re.fullmatch(says + r"\n", ended.stderr), ended.stderr


def test_an_emitter_is_about_ten_lines() -> None:
    for language in EMITTERS:
        code = [line for line in emitter(language).splitlines() if line.strip()]
        assert len(code) <= 20, language
