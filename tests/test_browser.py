"""The frontend in a real Chromium, against a real console: found by role and label, as a person finds things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import AXE, GONE, INSTALL_AXE, NARROW, WIDE, box, event, is_live, live, post, row, watched_page
from tests.conftest import TOKEN
from tests.console import Client, connected, sample_lines
from tests.process import ConsoleProcess

AGENT_TOKEN = "agent-token-for-tests"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


pytestmark = pytest.mark.asyncio(loop_scope="module")
"""One browser for all: starting one takes longer than most of these tests."""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[ConsoleProcess]:
    settings = {"WS_INTERVAL_SEC": "0.5", "OPERATOR_TOKEN": TOKEN, "AGENT_TOKENS": f"planner-7={AGENT_TOKEN}"}
    with ConsoleProcess(tmp_path, settings) as one:
        yield one


async def test_an_empty_console_says_what_to_do_and_a_posted_event_appears(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(process.url)
        await expect(page.get_by_text("Nothing is recorded yet")).to_be_visible()
        await expect(page.get_by_text(f"{process.url}/api/events")).to_be_visible()
        await expect(row(page, "governance heartbeat")).to_be_visible()
        await post(process, event(1, status="error"))
        await expect(row(page, "tool-1")).to_contain_text("planner-7")
        await expect(row(page, "tool-1")).to_contain_text("error")
        await expect(row(page, "tool-1")).to_contain_text("#1")
        await expect(page.get_by_text("Nothing is recorded yet")).to_have_count(0)


async def test_the_last_50_of_the_sample_are_shown_newest_first_and_a_row_opens(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched, connected(process.url) as client:
        page = watched.page
        await page.goto(process.url)
        await is_live(page)
        for line in sample_lines():
            answer = await client.post("/api/events", data=line, headers={"Content-Type": "application/json"})
            assert answer.status == 201
        links = live(page).get_by_role("link", name=re.compile(r"^#\d+$"))
        await expect(links).to_have_count(50)
        assert await links.all_text_contents() == [f"#{seq}" for seq in range(231, 181, -1)]
        handles = live(page).get_by_role("button", name="Details of #")
        await handles.first.click()
        await expect(handles.first).to_have_attribute("aria-expanded", "true")
        await expect(page.get_by_text('"source": "Librarius"').first).to_be_visible()
        # An open row holds the list still; what came meanwhile is told, and one press away.
        await post(process, event(7))
        pill = page.get_by_role("button", name=re.compile("1 new"))
        await expect(pill).to_be_visible()
        await expect(row(page, "tool-7")).to_have_count(0)
        await pill.click()
        await expect(row(page, "tool-7")).to_be_visible()
        # On a phone: what it was goes before what it said, and nothing touches what is beside it.
        await page.set_viewport_size(NARROW)
        await post(process, event(8, severity="critical"))
        cells = row(page, "tool-8").get_by_role("cell")
        await expect(cells.filter(has_text="agent.tool.call")).to_be_in_viewport()
        time, severity, source, kind, what = [
            await box(cells.filter(has_text=text).locator(part))
            for text, part in (
                (re.compile(r"^\d\d:\d\d:\d\d$"), "time"),
                ("critical", "span"),
                ("planner-7", "xpath=."),
                ("agent.tool.call", "xpath=."),
                ("tool-8", "xpath=."),
            )
        ]
        assert time.right + 4 <= severity.left
        assert severity.right + 4 <= source.left
        assert (kind.left, kind.top) == (time.left - 16, source.bottom)
        assert (what.left, what.top) == (kind.right, kind.top)
        # The page does not move with the numbers that tick.
        top = (await box(live(page))).top
        await post(process, *(event(n) for n in range(100, 1300)))
        status = page.get_by_role("region", name="Status")
        await expect(status).to_contain_text(re.compile(r"1,\d\d\d a minute"))
        assert (await box(live(page))).top == top
        assert (await box(status)).bottom == 40  # one line, the largest numbers too


@pytest.mark.soak
async def test_pause_and_filters(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(process.url)
        await post(process, event(1), event(2, agent="other-agent"), event(3, status="error"))
        await expect(row(page, "tool-3")).to_be_visible()
        await page.get_by_role("button", name="Pause").click()
        await post(process, event(4))
        await expect(page.get_by_role("button", name=re.compile("1 new"))).to_be_visible()
        await page.get_by_role("button", name="Resume").click()
        await expect(row(page, "tool-4")).to_be_visible()
        await page.keyboard.press("/")
        await page.keyboard.type("other-agent")
        await expect(row(page, "tool-2")).to_be_visible()
        await expect(row(page, "tool-4")).to_have_count(0)
        await expect(page).to_have_url(re.compile("other-agent"))
        # What comes is asked about too, and one text is one text: not its words, anywhere.
        await post(process, event(5), event(6, agent="Other-Agent"))
        await expect(row(page, "tool-6")).to_be_visible()
        await expect(row(page, "tool-5")).to_have_count(0)
        await page.get_by_role("searchbox", name="Filter by text").fill("other-agent tool-2")
        await expect(row(page, "tool-2")).to_have_count(0)
        await expect(page.get_by_text("Nothing recorded so far matches")).to_be_visible()
        await page.goto(f"{process.url}/?until=2020-01-01T00:00:00Z")
        await expect(page.get_by_text("Nothing recorded so far matches")).to_be_visible()
        times = page.get_by_role("group", name="Filters").locator("summary").filter(has_text="until 2020-01-01")
        await expect(times).to_be_visible()
        await page.get_by_role("searchbox", name="Filter by text").fill("matches nothing at all")
        await expect(row(page, "tool-")).to_have_count(0)
        await page.get_by_role("group", name="Filters").get_by_role("button", name="Clear").click()
        await expect(row(page, "tool-4")).to_be_visible()


async def test_junie_answers_and_shows_the_json_response(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(process.url)
        await page.get_by_role("link", name="Junie Console").click()
        question = page.get_by_role("textbox", name="Ask a question")
        await question.fill("hello")
        await question.press("Enter")
        await expect(page.get_by_text("[GPT-5] received query: hello", exact=True)).to_be_visible()
        await expect(page.get_by_text('"response": "[GPT-5] received query: hello"')).to_be_visible()
        await question.fill("two")
        await question.press("Shift+Enter")
        await question.press_sequentially("lines")
        await page.get_by_role("button", name="Ask", exact=True).click()
        await expect(page.get_by_role("article")).to_have_count(2)
        await page.get_by_role("link", name="Dashboard").click()
        await expect(row(page, "model.query")).to_have_count(2)
        await page.get_by_role("link", name="Junie Console").click()
        await expect(page.get_by_role("article")).to_have_count(2)


@pytest.mark.soak
async def test_a_question_that_fails_can_be_sent_again_without_typing_it_again(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(f"{process.url}/junie")
        await is_live(page)
        process.terminate()
        assert process.wait() == 0
        question = page.get_by_role("textbox", name="Ask a question")
        await question.fill("are you there?")
        await question.press("Enter")
        again = page.get_by_role("button", name="Send again")
        await expect(again).to_be_visible()
        process.start()
        await again.click()
        await expect(page.get_by_text("[GPT-5] received query: are you there?", exact=True)).to_be_visible()


async def test_signing_in_and_out(browser: Browser, guarded: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(f"{guarded.url}/junie")
        token = page.get_by_label("Operator token")
        await expect(token).to_be_focused()
        await token.fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("Wrong token")
        await expect(token).to_be_focused()
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("textbox", name="Ask a question")).to_be_visible()
        await page.get_by_role("link", name="Dashboard").click()
        await is_live(page)
        await post(guarded, event(1), token=TOKEN)
        await expect(row(page, "tool-1")).to_be_visible()
        # Who came in is told in the row; and an agent that gives itself out for the console is, too.
        await expect(row(page, "session.began")).to_contain_text("by operator: signed in by token from 127.0.0.1")
        await post(guarded, event(2, agent="console", type="session.ended", severity="error"), token=AGENT_TOKEN)
        await expect(row(page, "session.ended")).to_contain_text("by agent:planner-7")
        await expect(page.get_by_role("region", name="Wants attention")).to_contain_text("console · by agent:planner-7")
        assert TOKEN not in await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        await page.get_by_role("button", name="Sign out").click()
        await expect(token).to_be_visible()
        assert (await page.request.get(f"{guarded.url}/api/events")).status == 401
        # Somebody who is known and may not read is told who they are, and what for these pages are.
        await page.set_extra_http_headers({"Authorization": f"Bearer {AGENT_TOKEN}"})
        await page.goto(f"{guarded.url}/log")
        await expect(page.get_by_role("heading", name="You may not read this record")).to_be_visible()
        await expect(page.get_by_text("planner-7, an agent")).to_be_visible()


@pytest.mark.soak
async def test_whoever_guesses_tokens_is_told_how_long_to_wait_and_whoever_knows_one_comes_in(
    browser: Browser, guarded: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched, connected(guarded.url) as client:
        page = watched.page
        watched.expected = GONE
        guesses = [(await client.post("/api/session", {"token": f"guess {n}"})).status for n in range(30)]
        assert guesses[-1] == 429
        await page.goto(guarded.url)
        token = page.get_by_label("Operator token")
        await token.fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text(
            re.compile(r"Too many wrong tokens\. Wait [\w ]+, until \d\d:\d\d:\d\d, then try again\.")
        )
        await expect(token).to_be_focused()
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        await is_live(page)


async def test_the_page_survives_a_restart_of_the_console_and_shows_the_seam(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(process.url)
        await post(process, event(1))
        await expect(row(page, "tool-1")).to_be_visible()
        process.terminate()
        assert process.wait() == 0
        await expect(page.get_by_role("button", name="Retry now")).to_be_visible()
        process.start()
        await post(process, event(2), event(3))
        await is_live(page)
        await expect(row(page, "tool-3")).to_be_visible()
        await expect(row(page, "none missing")).to_contain_text(re.compile(r"4 entries recovered"))
        await post(process, event(4))
        await expect(row(page, "tool-4")).to_be_visible()


async def test_a_session_that_ended_elsewhere_leads_to_sign_in_and_back_to_what_was_typed(
    browser: Browser, guarded: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await page.goto(f"{guarded.url}/sign-in?next=/junie")
        token = page.get_by_label("Operator token")
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        question = page.get_by_role("textbox", name="Ask a question")
        await question.fill("half a quest")
        await is_live(page)
        # The browser's own cookie: what another tab would do.
        ended = await page.request.delete(f"{guarded.url}/api/session", headers={"Origin": guarded.url})
        assert ended.ok
        await expect(page.get_by_text("Your session ended")).to_be_visible(timeout=3_000)
        await expect(token).to_be_focused()
        # Also over a page of the provider's: then this one is left, and loaded anew.
        await page.reload()
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(question).to_have_value("half a quest")
        await expect(page).to_have_url(f"{guarded.url}/junie")
        await is_live(page)
        # A request that is refused tells it too, whatever it was for; and who signs out leaves nothing behind.
        await page.context.clear_cookies()
        await question.press("Enter")
        await expect(page.get_by_text("Your session ended")).to_be_visible()
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("article")).to_contain_text("half a quest")
        await question.fill("something private")
        await page.get_by_role("button", name="Sign out").click()
        await token.fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(question).to_have_value("")
        await expect(page.get_by_role("article")).to_have_count(0)


async def test_event_content_is_text_whatever_it_says(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await post(
            process,
            {"agent": HOSTILE, "type": "x.y", "message": HOSTILE, HOSTILE: 1},
            {"agent": "a\u202eevil", "type": "javascript:alert(1)", "url": "https://evil.example/", "n": "x" * 50_000},
        )
        await page.goto(process.url)
        await expect(row(page, "#1")).to_contain_text("<img src=x")
        for handle in await live(page).get_by_role("button", name="Details of #").all():
            await handle.click()
        assert await page.evaluate("window.hacked") is None
        assert await live(page).locator("img, a:not([href^='/log/']), script, iframe").count() == 0
        assert "\u202e" not in await page.locator("body").inner_text()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await expect(page.get_by_role("region", name="JSON of #")).to_have_count(3)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("region", name="JSON of #")).to_have_count(0)


@pytest.mark.parametrize(
    ("scheme", "viewport"),
    [
        pytest.param("light", WIDE, id="light-wide", marks=pytest.mark.soak),
        pytest.param("dark", NARROW, id="dark-narrow", marks=pytest.mark.soak),
        pytest.param("dark", WIDE, id="dark-wide", marks=pytest.mark.soak),
        pytest.param("light", NARROW, id="light-narrow", marks=pytest.mark.soak),
    ],
)
async def test_axe_finds_nothing_on_any_page_and_state(
    browser: Browser,
    guarded: ConsoleProcess,
    require: Callable[[bool, str, str], None],
    scheme: str,
    viewport: dict[str, int],
) -> None:
    require(AXE.is_file(), "axe-core", INSTALL_AXE)
    async with (
        watched_page(browser, color_scheme=scheme, viewport=viewport) as watched,
        connected(guarded.url) as client,
    ):
        page = watched.page
        watched.expected = GONE
        await page.goto(guarded.url)
        await page.get_by_label("Operator token").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Wrong token")
        await watched.accessible()  # sign-in with an error
        await page.get_by_label("Operator token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Nothing is recorded yet")).to_be_visible()
        await watched.accessible()  # empty
        await fill_with_the_sample(client)
        await expect(row(page, "#230")).to_be_visible()
        await watched.accessible()  # busy
        await live(page).get_by_role("button", name="Details of #230").click()
        await expect(page.get_by_text('"model": "gpt-5-mini"').first).to_be_visible()
        await watched.accessible()  # a row is open
        await page.goto(f"{guarded.url}/?q=matches-nothing")
        await expect(page.get_by_text("Nothing recorded so far matches")).to_be_visible()
        await watched.accessible()  # nothing matches
        await page.goto(f"{guarded.url}/junie")
        await expect(page.get_by_role("textbox", name="Ask a question")).to_be_visible()
        await watched.accessible()  # no question yet
        await page.get_by_role("textbox", name="Ask a question").fill("hello")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("article")).to_have_count(1)
        await watched.accessible()  # an answer
        await page.goto(f"{guarded.url}/nowhere")
        await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        await watched.accessible()  # not found
        await page.goto(guarded.url)
        await expect(row(page, "#230")).to_be_visible()
        guarded.terminate()
        assert guarded.wait() == 0
        await expect(page.get_by_role("button", name="Retry now")).to_be_visible()
        await watched.accessible()  # disconnected


async def fill_with_the_sample(client: Client) -> None:
    body = "[" + ",".join(sample_lines()) + "]"
    headers = {"Content-Type": "application/json"}
    assert (await client.post("/api/events", data=body, headers=headers, token=TOKEN)).status == 201
