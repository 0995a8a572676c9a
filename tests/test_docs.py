"""Every command that README and docs/api.md show is run, against a real console."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.process import ROOT, ConsoleProcess, clean_environment

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
    assert {page: len(commands(page)) for page in PAGES} == {"README.md": 3, "docs/api.md": 5}


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
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=tmp_path,
                env=clean_environment(),
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert ended.returncode == 0, f"{block}\n{ended.stderr}{ended.stdout[:500]}"


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
