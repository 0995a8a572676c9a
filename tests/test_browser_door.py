"""The door in a real Chromium: sessions, and signing in with a real OpenID provider, there and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import AXE, GONE, INSTALL_AXE, NARROW, WIDE, event, is_live, post, watched_page
from tests.conftest import TOKEN
from tests.process import ConsoleProcess
from tests.provider import CLIENT_ID, CLIENT_SECRET, provider_for, require_provider
from tests.test_prometheus import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")
"""One browser for all: starting one takes longer than most of these tests."""

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"


class Door(NamedTuple):
    """A console where people of example.net sign in: Ada is an operator, everybody a viewer."""

    console: ConsoleProcess
    issuer: str


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    settings = {"WS_INTERVAL_SEC": "0.5", "OPERATOR_TOKEN": TOKEN}
    with ConsoleProcess(tmp_path_factory.mktemp("guarded"), settings) as one:
        yield one


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, require: Callable[[bool, str, str], None]) -> Iterator[Door]:
    require_provider(require)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with provider_for(f"{url}/auth/callback") as issuer:
        settings = {
            "WS_INTERVAL_SEC": "0.5",
            "OPERATOR_TOKEN": TOKEN,
            "PUBLIC_URL": url,
            "OAUTH_CLIENT_ID": CLIENT_ID,
            "OAUTH_CLIENT_SECRET": CLIENT_SECRET,
            "OAUTH_ISSUER": issuer,
            "OAUTH_OPERATORS": "ada@example.net",
            "OAUTH_VIEWERS": "*@example.net",
        }
        with ConsoleProcess(tmp_path_factory.mktemp("door"), settings, port=port) as console:
            yield Door(console, issuer)


async def sign_in_with_the_token(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_label("Operator token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await is_live(page)


async def sign_in_at_the_provider(page: Page, door: Door, email: str) -> None:
    await page.get_by_role("link", name=f"Continue with {door.issuer.removeprefix('http://')}").click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("button", name="Sign in").click()


@pytest.mark.soak
async def test_a_session_is_ended_from_another_browser_and_ones_own_with_a_question_before(
    browser: Browser, guarded: ConsoleProcess
) -> None:
    async with (
        watched_page(browser) as watched,
        watched_page(browser, user_agent=PHONE, viewport=NARROW) as phone,
    ):
        page = watched.page
        watched.expected = phone.expected = GONE
        await sign_in_with_the_token(phone.page, guarded.url)
        await sign_in_with_the_token(page, guarded.url)
        await page.get_by_role("link", name="Sessions").click()
        listed = page.get_by_role("list", name="Sessions").get_by_role("listitem")
        await expect(listed).to_have_count(2)
        await expect(listed.filter(has_text="this browser")).to_have_count(1)
        await expect(listed.filter(has_text="this browser")).to_contain_text("Linux")
        await expect(listed.filter(has_text="iPhone")).to_contain_text(
            re.compile(r"began\d\d \w+ [\d:]+last seennowexpiresin \d+ \w+")
        )
        await page.get_by_role("button", name=re.compile("End.*iPhone")).press("Enter")
        await expect(phone.page.get_by_text("Your session ended")).to_be_visible(timeout=2_000)
        await expect(listed).to_have_count(1)
        await expect(page.get_by_role("status").filter(has_text="Ended:")).to_contain_text("iPhone")
        await expect(page.get_by_role("heading", name="Sessions")).to_be_focused()
        own = page.get_by_role("button", name="Sign out of this browser")
        await own.press("Enter")
        question = page.get_by_role("dialog", name="Sign out here?")
        await expect(question.get_by_role("button", name="Stay signed in")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(question).to_have_count(0)
        await expect(own).to_be_focused()
        await own.press("Enter")
        await question.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Operator token")).to_be_visible()
        await expect(page.get_by_text("Your session ended")).to_have_count(0)


@pytest.mark.soak
async def test_with_a_real_provider_one_comes_in_comes_back_and_goes(browser: Browser, door: Door) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        console = door.console
        await post(console, event(1), token=TOKEN)
        await page.goto(f"{console.url}/log?source=planner-7")
        await sign_in_at_the_provider(page, door, "bob@example.net")
        await expect(page).to_have_url(f"{console.url}/log?source=planner-7")
        account = page.get_by_role("banner")
        await expect(account).to_contain_text("bob@example.netviewer")
        # A viewer reads and asks, and is offered nothing that he may not do.
        await page.get_by_role("table", name="Entries").get_by_role("link").first.click()
        await expect(page.get_by_role("complementary").get_by_role("link", name="Receipt")).to_be_visible()
        await expect(page.get_by_role("button", name="Erase data")).to_have_count(0)
        await page.get_by_role("link", name="Junie Console").click()
        question = page.get_by_role("textbox", name="Ask a question")
        await question.fill("half a quest")
        await is_live(page)
        # The session ends elsewhere: over the provider, which still knows Bob, and back to what was typed.
        ended = await page.request.delete(f"{console.url}/api/session", headers={"Origin": console.url})
        assert ended.ok
        await expect(page.get_by_text("Your session ended")).to_be_visible(timeout=3_000)
        await page.get_by_role("link", name="Continue with").click()
        await expect(question).to_have_value("half a quest")
        await expect(page).to_have_url(f"{console.url}/junie")
        await is_live(page)
        assert "half a quest" not in await page.evaluate("JSON.stringify([sessionStorage, localStorage])")
        # Signing out goes on at the provider, or it would let one in again without a question.
        await account.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(re.compile(re.escape(door.issuer)))
        await page.goto(console.url)
        await expect(page.get_by_role("link", name="Continue with")).to_be_visible()
        assert "half a quest" not in await page.evaluate("JSON.stringify([sessionStorage, localStorage])")


@pytest.mark.soak
async def test_who_is_on_no_list_is_told_who_they_are_and_may_use_a_token(browser: Browser, door: Door) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(door.console.url)
        await sign_in_at_the_provider(page, door, "eve@elsewhere.example")
        await expect(page.get_by_role("main")).to_contain_text("eve@elsewhere.example")
        # In the console's colours.
        paper = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')")
        assert paper.strip()
        await watched.check()
        await page.get_by_role("link", name="Use a token").click()
        await sign_in_with_the_token(page, page.url)
        await expect(page).to_have_url(f"{door.console.url}/")


@pytest.mark.soak
@pytest.mark.parametrize(("scheme", "viewport"), [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"])
async def test_axe_finds_nothing_at_the_door(
    browser: Browser, door: Door, require: Callable[[bool, str, str], None], scheme: str, viewport: dict[str, int]
) -> None:
    require(AXE.is_file(), "axe-core", INSTALL_AXE)
    async with watched_page(browser, color_scheme=scheme, viewport=viewport) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(door.console.url)
        await expect(page.get_by_role("link", name="Continue with")).to_be_visible()
        await watched.accessible()  # both ways in
        await sign_in_at_the_provider(page, door, "eve@elsewhere.example")
        await expect(page.get_by_role("main")).to_contain_text("eve@elsewhere.example")
        await watched.accessible()  # not let in
        await sign_in_with_the_token(page, f"{door.console.url}/sign-in?next=/sessions")
        own = page.get_by_role("button", name="Sign out of this browser")
        await expect(own).to_be_visible()
        await watched.accessible()  # sessions
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await own.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await watched.accessible()  # a question before signing out
        await page.keyboard.press("Escape")
        await page.route("**/api/sessions", lambda route: route.abort())
        await page.reload()
        await expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        await watched.accessible()  # sessions that could not be read
