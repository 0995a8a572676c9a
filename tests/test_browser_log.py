"""Log and Agents in a real Chromium, and what a laptop that was closed finds when it is opened again."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from tests.browser import AXE, GONE, INSTALL_AXE, NARROW, WIDE, box, event, is_live, live, post, row, watched_page
from tests.console import connected, sample_batch
from tests.notary import notarised
from tests.process import ConsoleProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
"""One browser for all: starting one takes longer than most of these tests."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sampled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ConsoleProcess]:
    """A console that has recorded the sample, for tests that only read."""
    with ConsoleProcess(tmp_path_factory.mktemp("sampled"), {"WS_INTERVAL_SEC": "0.5"}) as one:
        async with connected(one.url) as client:
            headers = {"Content-Type": "application/json"}
            assert (await client.post("/api/events", data=sample_batch(), headers=headers)).status == 201
        yield one


async def recorded(process: ConsoleProcess, query: str = "") -> list[int]:
    """The numbers of what is recorded, newest first."""
    async with connected(process.url) as client:
        items = (await client.get(f"/api/events?limit=1000{query}")).json["items"]
        return [item["entry"]["seq"] for item in items]


def entries(page: Page) -> Locator:
    return page.get_by_role("table", name="Entries")


def entry_link(page: Page, seq: int) -> Locator:
    return entries(page).get_by_role("link", name=f"#{seq}", exact=True)


def panel(page: Page, seq: int | str) -> Locator:
    return page.get_by_role("complementary", name=f"Entry #{seq}")


def heading(page: Page, seq: int) -> Locator:
    return page.get_by_role("heading", name=f"#{seq}", exact=True)


async def listed(page: Page) -> list[int]:
    """Every number that the Log shows from here down to its end, gathered as a reader would: screen by screen."""
    seen: list[int] = []
    links = entries(page).get_by_role("link", name=re.compile(r"^#[\d,]+$"))
    await links.first.focus()
    await page.keyboard.press("Home")
    while True:
        drawn = [int(text[1:].replace(",", "")) for text in await links.all_text_contents()]
        assert drawn == sorted(drawn, reverse=True)
        new = [seq for seq in drawn if not seen or seq < seen[-1]]
        if not new:
            return seen
        seen += new
        await page.keyboard.press("PageDown")
        await page.keyboard.press("PageDown")
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


class Lid:
    """Of a laptop. Chromium's offline mode leaves a WebSocket be that is open; a laptop that sleeps does not."""

    def __init__(self) -> None:
        self._closed = False
        self._closing = False
        self._sockets: list[WebSocketRoute] = []

    def opened(self, socket: WebSocketRoute) -> None:
        if self._closed:
            return  # nobody answers

        def heard(message: str | bytes) -> None:
            if not self._closing:
                socket.send(message)

        socket.connect_to_server().on_message(heard)
        self._sockets.append(socket)

    def begin_to_close(self) -> None:
        """Nothing comes any more, and nothing says so."""
        self._closing = True

    async def close(self) -> None:
        self._closed = True
        for socket in self._sockets:
            await socket.close(code=1006)

    def open(self) -> None:
        self._closed = self._closing = False


@pytest.mark.soak
async def test_a_laptop_closed_for_500_events_shows_the_seam_and_misses_nothing(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        lid = Lid()
        await page.route_web_socket("**/api/ws/telemetry**", lid.opened)
        await post(process, *(event(n) for n in range(1, 30)))  # after the console's start
        await page.goto(process.url)
        await is_live(page)
        unbroken = page.get_by_role("region", name="Status").get_by_text("unbroken since")
        await expect(unbroken).to_contain_text("#30")
        lid.begin_to_close()
        await page.context.set_offline(True)
        status = page.get_by_role("region", name="Status").get_by_role("status")
        await expect(status).to_have_text("Offline", timeout=2_500)
        await lid.close()
        await expect(page.get_by_role("button", name="Retry now")).to_be_visible()
        await expect(status).to_have_text("Offline")
        for first in range(30, 530, 100):
            await post(
                process, *(event(n, status="error" if n % 100 == 0 else "ok") for n in range(first, first + 100))
            )
        lid.open()
        await page.context.set_offline(False)
        await is_live(page)
        await expect(row(page, "none missing")).to_contain_text("500 entries recovered · none missing")
        await expect(unbroken).to_contain_text("#30")
        # Until someone says to have seen it, it is told beside a list that may have moved on.
        interruption = page.get_by_role("region", name="Interruption")
        await expect(interruption).to_contain_text("500 entries recovered · none missing")
        await expect(interruption.get_by_role("link")).to_have_attribute("href", "/log/29")
        await interruption.get_by_role("button", name="Seen").click()
        await expect(interruption).to_have_count(0)
        links = live(page).get_by_role("link", name=re.compile(r"^#\d+$"))
        assert await links.all_text_contents() == [f"#{seq}" for seq in (await recorded(process))[:50]]
        await expect(page.get_by_role("complementary").get_by_text("530 events")).to_be_visible()
        await page.keyboard.press("g")
        await page.keyboard.press("l")
        await expect(entry_link(page, 529)).to_be_visible()
        assert await listed(page) == await recorded(process)
        await expect(page.get_by_text("530 entries. Nothing that matches is older.")).to_be_visible()
        await page.reload()
        await expect(unbroken).to_contain_text("#30")


@pytest.mark.soak
async def test_unseen_errors_are_in_the_title_and_where_one_last_looked_is_marked(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await post(process, event(1))
        await page.goto(process.url)
        await is_live(page)
        await page.get_by_role("link", name="Agents").click()
        await expect(page).to_have_title("Agents · Governance Console")
        await post(process, event(2, status="error"), event(3), event(4, status="error"))
        await expect(page).to_have_title("(2) Agents · Governance Console")
        await page.reload()
        await expect(page).to_have_title("(2) Agents · Governance Console")
        await page.get_by_role("link", name=re.compile("Dashboard")).click()
        await expect(page).to_have_title("Dashboard · Governance Console")
        await expect(row(page, "new since you last looked")).to_be_visible()
        order = await live(page).get_by_role("row").all_text_contents()
        mark = next(at for at, text in enumerate(order) if "last looked" in text)
        assert "tool-2" in order[mark - 1]
        assert "tool-1" in order[mark + 1]


async def test_the_log_by_keyboard_only(browser: Browser, sampled: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(sampled.url)
        await is_live(page)
        keys = page.keyboard
        await keys.press("g")
        await keys.press("l")
        await expect(entry_link(page, 231)).to_be_visible()
        await keys.press("/")
        await keys.type("model_fallback")
        await expect(entry_link(page, 231)).to_have_count(0)
        await expect(entry_link(page, 230)).to_be_visible()
        await keys.press("Escape")
        await expect(entry_link(page, 230)).to_be_focused()
        await keys.press("ArrowDown")
        await expect(entry_link(page, 227)).to_be_focused()
        await keys.press("Enter")
        await expect(heading(page, 227)).to_be_focused()
        await expect(panel(page, 227).get_by_role("region", name="JSON of #227")).to_contain_text('"seq": 227')
        await keys.press("ArrowDown")
        await expect(panel(page, 225)).to_be_visible()
        await keys.press("ArrowUp")
        await keys.press("ArrowUp")
        await expect(panel(page, 230)).to_be_visible()
        await expect(page).to_have_url(re.compile(r"/log/230\?q=model_fallback$"))
        await keys.press("Escape")
        await expect(panel(page, 230)).to_have_count(0)
        await expect(entry_link(page, 230)).to_be_focused()
        await keys.press("End")
        oldest = (await recorded(sampled, "&q=model_fallback"))[-1]
        await expect(entry_link(page, oldest)).to_be_focused()
        await keys.press("Home")
        await keys.press("Enter")
        # A button that has led to the end of the list keeps the focus; a link that went with its entry hands it on.
        await expect(panel(page, 230)).to_contain_text('"seq": 230')
        await keys.press("ArrowDown")
        newer = panel(page, 227).get_by_role("button", name="Newer")
        await newer.press("Enter")
        newer = panel(page, 230).get_by_role("button", name="Newer")
        await expect(newer).to_be_disabled()
        await expect(newer).to_be_focused()
        await panel(page, 230).get_by_role("list").get_by_role("link", name="#231").press("Enter")
        await expect(heading(page, 231)).to_be_focused()
        # It is not in the list: the nearest gets the focus, and it does not take it back once it is.
        await keys.press("Escape")
        await expect(entry_link(page, 230)).to_be_focused()
        await keys.press("/")
        search = page.get_by_role("searchbox", name="Filter by text")
        await search.fill("")
        await expect(entry_link(page, 231)).to_be_visible()
        await expect(search).to_be_focused()
        await keys.press("Escape")
        await keys.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("go to the Log")


@pytest.mark.soak
async def test_filters_in_the_address_survive_a_reload_and_back(browser: Browser, sampled: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(f"{sampled.url}/log")
        await expect(entry_link(page, 230)).to_be_visible()
        top = (await box(entries(page))).top
        filters = page.get_by_role("group", name="Filters")
        await filters.locator("summary").filter(has_text="severity").click()
        await page.get_by_role("radio", name="warning").check()
        await page.keyboard.press("Escape")
        await page.get_by_role("searchbox", name="Filter by text").fill("temperature")
        await expect(page).to_have_url(re.compile(r"/log\?severity=warning&q=temperature$"))
        wanted = await recorded(sampled, "&severity=warning&q=temperature")
        await expect(entry_link(page, wanted[0])).to_be_visible()

        async def as_it_was() -> None:
            await expect(page).to_have_url(re.compile(r"/log\?severity=warning&q=temperature$"))
            await expect(filters.locator("summary").filter(has_text="≥ warning")).to_be_visible()
            await expect(page.get_by_role("searchbox", name="Filter by text")).to_have_value("temperature")
            await expect(page.get_by_text(f"{len(wanted)} entries. Nothing that matches is older.")).to_be_visible()

        await as_it_was()
        assert (await box(entries(page))).top == top
        assert await listed(page) == wanted
        await page.reload()
        await as_it_was()
        # From entry to entry is no step to come back from.
        for seq in (wanted[2], wanted[0], wanted[1]):
            await entry_link(page, seq).click()
            await expect(panel(page, seq)).to_be_visible()
        await panel(page, wanted[1]).get_by_role("link", name="Only this source").click()
        await expect(page).to_have_url(re.compile(rf"/log/{wanted[1]}\?severity=warning&source=\w+&q=temperature$"))
        await page.go_back()
        await page.go_back()
        await as_it_was()
        await page.get_by_role("link", name="Dashboard").click()
        await is_live(page)
        await page.go_back()
        await as_it_was()
        # However many are set, the list stays where it is; on a phone too.
        named = "severity=debug&type=*&category=model&category=health&source=Librarius&source=Junie"
        many = f"{named}&since=2020-01-01T00:00:00Z&q=e"
        for viewport in (WIDE, NARROW):
            await page.set_viewport_size(viewport)
            await page.goto(f"{sampled.url}/log?{many}")
            await expect(entry_link(page, 230)).to_be_visible()
            top = (await box(entry_link(page, 230))).top
            await filters.get_by_role("button", name="Clear").click()
            await expect(page).to_have_url(f"{sampled.url}/log")
            await expect(entry_link(page, 229)).to_be_visible()
            assert (await box(entry_link(page, 230))).top == top


@pytest.mark.soak
async def test_what_an_address_says_that_is_no_filter_is_told(browser: Browser, sampled: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        for path in ("/log", "/"):
            await page.goto(f"{sampled.url}{path}?severity=loud&category=zz&category=model&foo=1&since=x")
            told = page.get_by_role("alert")
            await expect(told).to_contain_text("left out: severity=loud, category=zz, foo=1, since=x.")
            await told.get_by_role("button", name="Drop them").click()
            await expect(page).to_have_url(f"{sampled.url}{path}?category=model")
            await expect(told).to_have_count(0)
        await page.keyboard.press("/")
        await page.keyboard.press("Escape")
        await expect(page.locator("#list")).to_be_focused()


@pytest.mark.soak
async def test_a_shared_address_of_an_entry_opens_it_in_its_place(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await post(process, *(event(n, trace_id=f"run-{n // 4}") for n in range(1, 600)))
        await page.goto(f"{process.url}/log/20")
        await expect(heading(page, 20)).to_be_focused()
        await expect(panel(page, 20).get_by_role("region", name="Data of #20")).to_be_in_viewport(ratio=1)
        await expect(panel(page, 20).get_by_role("region", name="Data of #20")).to_contain_text('"tool": "tool-20"')
        await expect(entry_link(page, 20)).to_be_in_viewport()
        await expect(entry_link(page, 20)).to_have_attribute("aria-current", "true")
        around = panel(page, 20).get_by_role("list").get_by_role("link")
        assert [text[-3:] for text in await around.all_text_contents()] == [f"#{n}" for n in range(30, 9, -1)]
        # Where it was opened there is newer, and the list reads on in that sense too.
        await expect(page.get_by_role("button", name=re.compile(r"^\d+\+? newer"))).to_be_visible()
        await page.get_by_role("link", name="All with its trace").click()
        await expect(page.get_by_text("4 entries. Nothing that matches is older.")).to_be_visible()
        assert await listed(page) == [23, 22, 21, 20]
        await page.goto(f"{process.url}/log/600")
        await expect(page.get_by_role("alert")).to_contain_text(
            "There is no entry #600. The record has 600: the newest is #599."
        )
        await page.goto(f"{process.url}/log/nonsense")
        await expect(page.get_by_role("alert")).to_contain_text("There is no entry “nonsense”")
        await expect(entry_link(page, 599)).to_be_visible()


@pytest.mark.soak
async def test_newer_entries_wait_until_they_are_wanted_and_the_list_keeps_its_place(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await post(process, *(event(n) for n in range(300)))
        await page.goto(f"{process.url}/log")
        await expect(entry_link(page, 299)).to_be_visible()
        await entry_link(page, 299).focus()
        for _ in range(3):
            await page.keyboard.press("PageDown")
        middle = page.locator("[data-seq]:focus")
        before = await middle.bounding_box()
        name = await middle.text_content()
        await post(process, *(event(n) for n in range(300, 307)))
        pill = page.get_by_role("button", name="7 newer")
        await expect(pill).to_be_visible()
        assert await middle.bounding_box() == before
        assert await middle.text_content() == name
        await pill.click()
        await expect(entry_link(page, 306)).to_be_in_viewport()
        await expect(pill).to_have_count(0)
        assert await listed(page) == await recorded(process)
        # Whoever looks something up elsewhere comes back to where the list was, however far down.
        await entry_link(page, 0).focus()
        await page.keyboard.press("PageUp")
        middle = page.locator("[data-seq]:focus")
        name, before = await middle.text_content(), await middle.bounding_box()
        assert name is not None
        await page.get_by_role("link", name="Dashboard").click()
        await is_live(page)
        await page.go_back()
        again = entry_link(page, int(name[1:]))
        await expect(again).to_be_in_viewport()
        assert await again.bounding_box() == before
        # Opened anew it begins at its top.
        await page.get_by_role("link", name="Dashboard").click()
        await page.get_by_role("link", name="Log", exact=True).click()
        await expect(entry_link(page, 306)).to_be_in_viewport()
        # Left at its top, it is there that one comes back to.
        await page.get_by_role("link", name="Dashboard").click()
        await post(process, *(event(n) for n in range(307, 310)))
        await page.go_back()
        await expect(entry_link(page, 309)).to_be_in_viewport()


@pytest.mark.soak
async def test_the_selection_is_exported_oldest_first(browser: Browser, sampled: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.goto(f"{sampled.url}/log?category=model&severity=warning")
        await expect(page.get_by_text("Nothing that matches is older.")).to_be_visible()
        async with page.expect_download() as told:
            await page.get_by_role("link", name="Export").click()
        download = await told.value
        assert download.suggested_filename.endswith("-events.ndjson")
        lines = Path(await download.path()).read_text(encoding="utf-8").splitlines()
        wanted = await recorded(sampled, "&category=model&severity=warning")
        assert [json.loads(line)["entry"]["seq"] for line in lines] == wanted[::-1]


@pytest.mark.soak
async def test_the_dashboard_fills_a_filter_from_history_and_goes_on_live(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        rare = [event(n, agent="rare") for n in range(1, 60)]
        await post(process, *rare)
        for _ in range(3):
            await post(process, *(event(n) for n in range(1000)))
        await page.goto(f"{process.url}/?source=rare")
        links = live(page).get_by_role("link", name=re.compile(r"^#[\d,]+$"))
        await expect(links).to_have_count(50)
        assert await links.all_text_contents() == [f"#{seq}" for seq in range(59, 9, -1)]
        await post(process, event(99, agent="rare"), event(100))
        await expect(row(page, "tool-99")).to_be_visible()
        await expect(row(page, "tool-100")).to_have_count(0)
        await expect(links).to_have_count(50)
        # The status line stays that of the whole record.
        await expect(page.get_by_role("region", name="Status")).to_contain_text("3,062 entries")
        # Whoever is not among those listed can be named.
        filters = page.get_by_role("group", name="Filters")
        await filters.locator("summary").filter(has_text="source").click()
        await filters.get_by_role("searchbox", name="Source").fill("not-heard-yet")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"source=rare&source=not-heard-yet$"))
        await expect(filters.get_by_role("checkbox", name="not-heard-yet")).to_be_checked()


@pytest.mark.soak
async def test_agents_shows_a_quiet_one_by_its_own_rhythm_and_leads_to_its_log(
    browser: Browser, process: ConsoleProcess
) -> None:
    async def silence(route: Route) -> None:
        """As if time had passed: to learn a rhythm and to miss it takes longer than a test may."""
        answer = await route.fetch()
        document: dict[str, Any] = await answer.json()
        for source in document["sources"]:
            if source["source"] == "curator":
                source.update(silent_sec=850.2, usual_gap_sec=118.5, quiet=True)
                source["hour"]["events"] = source["events"] = 123_456
        await route.fulfill(response=answer, json=document)

    async with watched_page(browser) as watched:
        page = watched.page
        await post(process, event(1, agent="curator"), event(2), event(3, status="error"))
        await page.route("**/api/sources*", silence)
        await page.goto(process.url)
        await is_live(page)
        attention = page.get_by_role("region", name="Wants attention")
        quiet = attention.get_by_role("link", name="curator is quiet")
        await expect(quiet).to_contain_text("silent 14 min, usually within 2 min")
        assert await attention.get_by_role("listitem").count() == 2  # and the error
        await quiet.click()
        await expect(page).to_have_url(re.compile(r"/log\?source=curator$"))
        await page.keyboard.press("g")
        await page.keyboard.press("a")
        agents = page.get_by_role("table", name="Agents")
        rows = agents.get_by_role("row")
        await expect(rows.nth(1)).to_contain_text("curator")
        await expect(rows.nth(1)).to_contain_text("silent 14 min, usually within 2 min")
        await expect(rows.nth(2)).to_contain_text("no rhythm yet")
        await expect(page.get_by_text("3 sources · 1 is quieter than usual")).to_be_visible()
        for viewport in (NARROW, WIDE):
            await page.set_viewport_size(viewport)
            for at in (1, 2):
                cut = "(row) => [...row.children].filter((cell) => cell.scrollWidth > cell.clientWidth).length"
                assert await rows.nth(at).evaluate(cut) == 0
        await agents.get_by_role("button", name="errors").click()
        await expect(rows.nth(1)).to_contain_text("planner-7")
        await expect(agents.get_by_role("columnheader", name="errors")).to_have_attribute("aria-sort", "descending")
        await rows.nth(1).get_by_role("link", name="1", exact=True).click()
        await expect(entry_link(page, 3)).to_be_visible()
        await expect(entries(page).get_by_role("link")).to_have_count(1)
        await page.go_back()
        await agents.get_by_role("link", name="curator").click()
        await expect(page).to_have_url(re.compile(r"/log\?source=curator$"))
        await expect(entry_link(page, 1)).to_be_visible()


async def test_an_entry_is_proved_by_the_browser_until_history_changes(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        notary = await notarised(page, process)
        proof = page.get_by_role("status", name="Proof")
        await page.goto(f"{process.url}/log/3")
        await expect(proof).to_contain_text("Proved by this browser")
        await expect(proof).to_contain_text("the checkpoint of 5 entries. The data is what was recorded with it.")
        await expect(page.get_by_role("region", name="Status").get_by_text("verified by this browser")).to_be_visible()
        await post(process, event(5))
        notary.forged = lambda entry: entry.replace(b"planner-7", b"planner-8")
        await notary.read()
        await expect(proof).to_contain_text("Not proved.")
        await page.get_by_role("link", name="read what this browser found").click()
        await expect(page.get_by_role("alert")).to_contain_text("The record is not the one that was signed before.")


@pytest.mark.parametrize(
    ("scheme", "viewport", "every"),
    [
        pytest.param("light", WIDE, False, id="light-wide", marks=pytest.mark.soak),
        pytest.param("dark", NARROW, False, id="dark-narrow", marks=pytest.mark.soak),
        pytest.param("dark", WIDE, True, id="dark-wide", marks=pytest.mark.soak),
        pytest.param("light", NARROW, True, id="light-narrow", marks=pytest.mark.soak),
    ],
)
async def test_axe_finds_nothing_on_log_and_agents(
    browser: Browser,
    process: ConsoleProcess,
    require: Callable[[bool, str, str], None],
    scheme: str,
    viewport: dict[str, int],
    every: bool,
) -> None:
    """``every`` state, or those of which the others are parts."""
    require(AXE.is_file(), "axe-core", INSTALL_AXE)
    async with watched_page(browser, color_scheme=scheme, viewport=viewport) as watched:
        page = watched.page
        watched.expected = GONE
        if every:
            for path in ("/log", "/agents"):
                await page.goto(process.url + path)
                await expect(page.get_by_text("Nothing is recorded yet")).to_be_visible()
                await watched.accessible()  # empty
        failures = (event(n, type="model.call", status="error", trace_id="run-1") for n in range(6))
        await post(process, *failures, {**event(6), "type": "task.done"})
        await page.goto(f"{process.url}/agents")
        await expect(page.get_by_role("table", name="Agents")).to_be_visible()
        await watched.accessible()  # agents
        await page.goto(f"{process.url}/log?category=model&type=model*")
        await expect(entry_link(page, 5)).to_be_visible()
        for chip in ("source", "type", "time") if every else ("type",):
            await page.get_by_role("group", name="Filters").locator("summary").filter(has_text=chip).click()
            await watched.accessible()  # a filter is open over a filtered log
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await page.keyboard.press("Escape")
        await page.goto(f"{process.url}/log/5?severity=warning")
        await expect(panel(page, 5).get_by_role("list").get_by_role("link").first).to_be_visible()
        await watched.accessible()  # an entry is open
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.goto(f"{process.url}/log/999?source=nobody&category=task")
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.get_by_text("Clear the source filter")).to_have_count(1)
        await watched.accessible()  # no such entry; on a wide page beside a list that nothing matches
        if every:
            await page.goto(f"{process.url}/log?source=nobody&category=task")
            await expect(page.get_by_role("button", name="Clear the source filter")).to_be_visible()
            await watched.accessible()  # nothing matches
