"""Erasing in a real Chromium: what an operator is told and asked, and that no page shows any more what is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import AXE, GONE, INSTALL_AXE, NARROW, WIDE, event, is_live, live, row, watched_page
from tests.console import connected
from tests.process import ConsoleProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
"""One browser for all: starting one takes longer than most of these tests."""

HOSTILE = "it held <img src=x onerror='window.hacked=1'>"


async def recorded(process: ConsoleProcess) -> int:
    """The number of an event whose data has to go, with one before it and one after."""
    async with connected(process.url) as client:
        before, _, _ = await client.record(event(1), event(2, note="sesame"), event(3))
    return before + 1


def dialog(page: Page, seq: int) -> Locator:
    return page.get_by_role("dialog", name=f"Erase the data of #{seq}?")


async def asked(page: Page, process: ConsoleProcess, seq: int) -> Locator:
    """The field for the reason, in the dialog that the Log opened."""
    await page.goto(f"{process.url}/log/{seq}")
    await page.get_by_role("button", name="Erase data").click()
    reason = dialog(page, seq).get_by_label("Reason")
    await expect(reason).to_be_focused()
    return reason


@pytest.mark.soak
async def test_what_an_operator_erases_is_on_no_page_any_more_and_its_entry_is_still_proved(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        seq = await recorded(process)
        other = await page.context.new_page()
        await other.goto(process.url)
        await is_live(other)
        # It holds still, for a row is open: all the same it must not go on showing what is gone.
        await live(other).get_by_role("button", name=f"Details of #{seq}", exact=True).click()
        await expect(other.get_by_role("region", name=f"JSON of #{seq}")).to_contain_text("sesame")
        reason = await asked(page, process, seq)
        await reason.press("Enter")
        await expect(dialog(page, seq).get_by_role("alert")).to_contain_text("Say why")
        await expect(reason).to_be_focused()
        await reason.fill(HOSTILE)
        await reason.press("Enter")
        panel = page.get_by_role("complementary", name=f"Entry #{seq}")
        note = panel.get_by_text("Data erased by anonymous")
        await expect(note).to_be_focused()
        await expect(note).to_contain_text(f"because: {HOSTILE}")
        await expect(dialog(page, seq)).to_have_count(0)
        await expect(page.get_by_role("button", name="Erase data")).to_have_count(0)
        proof = page.get_by_role("status", name="Proof")
        await expect(proof).to_contain_text("Proved by this browser", timeout=15_000)
        await expect(proof).to_contain_text("Who erased it, when and why is what the console says")
        # The row, and what is open under it.
        await expect(row(other, "data erased by anonymous")).to_have_count(2)
        await page.get_by_role("link", name="Receipt").click()
        await expect(page.get_by_role("heading", name=f"Receipt for entry #{seq}")).to_be_visible()
        await expect(page.get_by_text("Data erased by anonymous")).to_contain_text("UTC because: it held")
        for each in (page, other):
            assert "sesame" not in await each.content()
            assert await each.evaluate("window.hacked") is None
        # What became of the record is kept.
        await page.goto(f"{process.url}/log/{seq + 2}")
        await expect(page.get_by_role("heading", name=f"#{seq + 2}", exact=True)).to_be_visible()
        await expect(proof).to_contain_text("Proved by this browser", timeout=15_000)
        await expect(page.get_by_role("complementary").get_by_text("data.erased")).not_to_have_count(0)
        await expect(page.get_by_role("button", name="Erase data")).to_have_count(0)


@pytest.mark.soak
@pytest.mark.parametrize(("scheme", "viewport"), [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"])
async def test_axe_finds_nothing_where_data_is_erased_and_what_failed_is_said_beside_the_reason(
    browser: Browser,
    process: ConsoleProcess,
    require: Callable[[bool, str, str], None],
    scheme: str,
    viewport: dict[str, int],
) -> None:
    require(AXE.is_file(), "axe-core", INSTALL_AXE)
    async with watched_page(browser, color_scheme=scheme, viewport=viewport) as watched:
        page = watched.page
        watched.expected = GONE
        seq = await recorded(process)
        reason = await asked(page, process, seq)
        await watched.accessible()  # asked for a reason
        await page.keyboard.press("Escape")
        await expect(dialog(page, seq)).to_have_count(0)
        await expect(page.get_by_role("complementary")).to_be_visible()
        await expect(page.get_by_role("button", name="Erase data")).to_be_focused()
        await page.keyboard.press("Enter")
        await reason.fill("a leaked key")
        process.terminate()
        assert process.wait() == 0
        await reason.press("Enter")
        await expect(dialog(page, seq).get_by_role("alert")).to_contain_text("The console does not answer")
        await expect(reason).to_be_focused()
        await expect(reason).to_have_value("a leaked key")
        await watched.accessible()  # not erased
        process.start()
        await is_live(page)
        await reason.press("Enter")
        await expect(page.get_by_role("complementary").get_by_text("Data erased by anonymous")).to_be_focused()
        await watched.accessible()  # erased, in the Log
        await page.get_by_role("link", name="Receipt").click()
        await expect(page.get_by_role("status", name="Proof")).to_contain_text("Proved", timeout=15_000)
        await watched.accessible()  # its receipt
        await page.goto(process.url)
        await live(page).get_by_role("button", name=f"Details of #{seq}", exact=True).click()
        await expect(page.get_by_text("Data erased by anonymous").last).to_be_visible()
        await watched.accessible()  # on the Dashboard
