"""``python run.py verify URL``: a console is held to what it shows everybody, and to what was signed before."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from governance_console.api import SIGNER
from governance_console.settings import Settings
from tests.console import Console, running
from tests.process import said
from tests.waiting import until

EVENTS = [{"source": "planner", "type": "agent.step", "n": number, "text": "a\nb"} for number in range(300)]


@pytest.fixture
async def signed(settings: Settings, here: Path) -> AsyncIterator[Console]:
    async with running(replace(settings, checkpoint_interval_sec=0.05, log_origin="log.example/1")) as console:
        await console.record(*EVENTS)
        signer = console.app[SIGNER]
        await until(lambda: signer.head is not None and signer.head.size == 300)
        yield console


async def test_a_running_console_is_verified_by_what_it_shows(
    signed: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = (await signed.get("/api/log")).json["verifier_key"]
    ended = await said(capsys, "verify", signed.url, "--key", key)
    assert (ended.status, ended.errors) == (0, ""), ended.output
    # That it was exported is on the record since, and not signed yet.
    assert ended.output.splitlines()[0] == f"{signed.url}: 300 entries of log.example/1"
    assert ended.output.splitlines()[-2:] == ["data: 300 as recorded, 0 altered, 0 erased, 0 missing", "WHOLE"]
    ended = await said(capsys, "verify", signed.url)
    assert ended.status == 2
    assert f"it says that its key is {key}, to be compared with what you noted" in ended.output


async def test_a_running_console_whose_file_was_altered_is_caught(
    signed: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "last").write_bytes((await signed.get("/api/log/checkpoint")).body)
    with closing(apsw.Connection(str(here / "governance.db"))) as file:
        file.execute(
            "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'planner', 'plunder') AS BLOB) WHERE seq = 17"
        )
    key = (await signed.get("/api/log")).json["verifier_key"]
    ended = await said(capsys, "verify", signed.url, "--key", key, "--checkpoint", "last")
    assert (ended.status, ended.output.splitlines()[0]) == (1, "entry 17: altered"), ended.errors


async def test_what_was_erased_since_the_last_checkpoint_is_borne_out_by_what_came_after_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(settings) as console:
        await console.record(*EVENTS[:3])
    async with running(replace(settings, checkpoint_interval_sec=3600)) as console:
        key = (await console.get("/api/log")).json["verifier_key"]
        await console.request("DELETE", "/api/events/1/data", json={"reason": "r"})
        ended = await said(capsys, "verify", console.url, "--key", key)
        assert (ended.status, "data: 2 as recorded, 0 altered, 1 erased, 0 missing" in ended.output) == (0, True), ended
        with closing(apsw.Connection(str(settings.database_path))) as file:
            file.set_busy_timeout(5000)
            file.execute("UPDATE entries SET data = NULL, salt = NULL, erased = 3 WHERE seq = 2")
        ended = await said(capsys, "verify", console.url, "--key", key)
        false = "entry 2: marked as erased, which the record does not bear out"
        assert (ended.status, ended.output.splitlines()[0]) == (1, false)


async def test_what_is_no_console_or_wants_a_token_is_a_sentence(
    settings: Settings, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(replace(settings, operator_token="secret-of-the-operator")) as console:
        ended = await said(capsys, "verify", console.url)
        assert (ended.status, ended.output) == (2, "")
        assert "wants a token: set OPERATOR_TOKEN, or give --token" in ended.errors
        ended = await said(capsys, "verify", console.url, "--token", "secret-of-the-operator")
        assert (ended.status, ended.output.splitlines()[0][:32]) == (2, "no checkpoint was given that is ")
    ended = await said(capsys, "verify", console.url)
    assert (ended.status, ended.errors) == (
        2,
        f"governance-console: cannot reach {console.url}: nothing listens there{os.linesep}",
    )
