from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from governance_console.settings import Settings
from tests.browser import INSTALL, chromium, launched
from tests.console import Console, running
from tests.process import ConsoleProcess

TOKEN = "operator-token-for-tests"


def pytest_configure() -> None:
    """What a shell starts in the background ignores SIGINT, and would hand that on to what tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, with a record and a heartbeat of the test's own."""
    return Settings(
        database_url=f"sqlite:///{tmp_path}/governance.db", log_key_file=f"{tmp_path}/log.key", ws_interval_sec=0.05
    )


@pytest.fixture
async def console(settings: Settings) -> AsyncIterator[Console]:
    """A console that nothing guards, on loopback."""
    async with running(settings) as one:
        yield one


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ConsoleProcess]:
    """The same as a process of its own, started as an operator starts it."""
    with ConsoleProcess(tmp_path, {"WS_INTERVAL_SEC": "0.5"}) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(require: Callable[[bool, str, str], None]) -> AsyncIterator[Browser]:
    """A real Chromium, one for all tests of a module: starting it takes longer than most of them."""
    require(chromium() is not None, "Chromium", INSTALL)
    async with launched() as one:
        yield one


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of commands that run inside the test, and no setting from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPERATOR_TOKEN", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def require() -> Callable[[bool, str, str], None]:
    """``require(found, what, install)``: skip, naming the command; with CI=true that is a failure."""

    def check(found: bool, what: str, install: str) -> None:
        if found:
            return
        reason = f"{what} is not installed; install it with: {install}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return check
