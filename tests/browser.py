"""A real Chromium, pages that notice what must not happen while they are looked at, and what tests find on them."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, ViewportSize, async_playwright, expect

from tests.console import connected
from tests.process import ConsoleProcess

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
GONE: Final = ["net::ERR", "WebSocket connection", "Failed to load resource"]
"""What Chromium itself says of a server that is away, or of a 401."""

INSTALL: Final = "apt-get install chromium"
AXE: Final = Path(__file__).parent / "tools" / "node_modules" / "axe-core" / "axe.min.js"
INSTALL_AXE: Final = "npm ci --prefix tests/tools"

_WATCH_CSP: Final = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Watched:
    """A page, and everything it complained about. ``expected`` are complaints that a test provokes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.expected: list[str] = []
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    async def check(self) -> None:
        """Nothing was complained of that was not expected, and the content security policy was kept."""
        assert await self.page.evaluate("window.violations") == []
        unexpected = [one for one in self.complaints if not any(known in one for known in self.expected)]
        assert unexpected == []

    async def accessible(self) -> None:
        """axe finds nothing on the page as it is now."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [
            (violation["id"], [node["target"] for node in violation["nodes"]]) for violation in found["violations"]
        ] == []


@asynccontextmanager
async def watched_page(browser: Browser, **options: Any) -> AsyncIterator[Watched]:
    """A page in a context of its own, checked when it is left."""
    context = await browser.new_context(**{"viewport": WIDE, **options})
    await context.add_init_script(_WATCH_CSP)
    try:
        watched = Watched(await context.new_page())
        yield watched
        await watched.check()
    finally:
        await context.close()


def live(page: Page) -> Locator:
    return page.get_by_role("table", name="Live messages")


def row(page: Page, text: str | re.Pattern[str]) -> Locator:
    return live(page).get_by_role("row").filter(has_text=text)


async def is_live(page: Page) -> None:
    await expect(page.get_by_role("region", name="Status").get_by_role("status")).to_have_text("Live", timeout=15_000)


class Box(NamedTuple):
    """Where something is drawn, in whole pixels of the viewport."""

    left: int
    top: int
    right: int
    bottom: int


async def box(locator: Locator) -> Box:
    found = await locator.bounding_box()
    assert found is not None
    left, top, width, height = (found[name] for name in ("x", "y", "width", "height"))
    return Box(*(round(edge) for edge in (left, top, left + width, top + height)))


async def post(console: ConsoleProcess, *events: dict[str, Any], token: str = "") -> None:
    async with connected(console.url) as client:
        await client.record(*events, token=token)


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"agent": "planner-7", "type": "agent.tool.call", "tool": f"tool-{number}", **more}
