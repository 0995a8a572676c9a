"""What the browser itself proves: receipts, and a history that does not continue the one it saw. In a real Chromium.

The small sibling of these, in the first tier, is with the tests of the Log.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import AXE, GONE, INSTALL_AXE, NARROW, WIDE, event, is_live, post, row, watched_page
from tests.notary import entry_in, notarised
from tests.process import ConsoleProcess
from tests.signedlog import signer
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.soak]
"""One browser for all: starting one takes longer than most of these tests."""


def proof(page: Page) -> Locator:
    return page.get_by_role("status", name="Proof")


def alarm(page: Page) -> Locator:
    return page.get_by_role("alert", name="The record does not hold")


def said(page: Page) -> Locator:
    return page.get_by_role("region", name="Proof")


async def test_an_alarm_stays_until_a_person_has_read_it(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        notary = await notarised(watched.page, process)
        await page.goto(process.url)
        await expect(said(page)).to_contain_text("Verified by this browser")
        await post(process, event(5))
        notary.forged = lambda entry: entry.replace(b"planner-7", b"planner-8")
        await notary.read()
        await expect(alarm(page)).to_be_visible()
        # It stays, whatever comes after it, also for a page that is opened anew: what was kept is not overwritten.
        notary.forged = bytes
        await notary.read()
        await page.reload()
        await expect(alarm(page)).to_contain_text("a checkpoint of 5 entries; the one of 6 entries")
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("Not proved.")
        await page.get_by_role("link", name="read what this browser found").click()
        await page.get_by_role("button", name="I have read this").click()
        await expect(said(page)).to_contain_text("Verified by this browser")
        await expect(alarm(page)).to_have_count(0)


async def test_an_entry_that_is_not_signed_yet_says_so_and_is_proved_by_itself_once_it_is(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        notary = await notarised(watched.page, process)
        notary.size = 3
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("Not signed yet.")
        await expect(page.get_by_role("link", name="Proof file")).to_have_count(0)
        notary.size = 5
        await expect(proof(page)).to_contain_text("Proved by this browser")
        notary.size = 0
        await page.goto(process.url)
        await expect(said(page)).to_contain_text(
            "The console shows no checkpoint, though this browser saw one of 5 entries"
        )


async def fetched(link: Locator) -> bytes:
    """What the link leads to. (What a browser downloads by itself never passes the notary.)"""
    content: str = await link.evaluate(
        """async (link) => {
          const bytes = new Uint8Array(await (await fetch(link.href)).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
    )
    return base64.b64decode(content)


async def test_the_files_and_the_commands_of_a_receipt_lead_to_the_signed_root(
    browser: Browser, process: ConsoleProcess, tmp_path: Path
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await notarised(watched.page, process, 7)
        await page.goto(f"{process.url}/log/4/receipt")
        await expect(proof(page)).to_contain_text("Proved by this browser")
        for name in ("Entry file", "Proof file"):
            link = page.get_by_role("link", name=name)
            (tmp_path / (await link.get_attribute("download") or "")).write_bytes(await fetched(link))
        item = await page.request.get(f"{process.url}/api/events/4")
        (entry,) = tmp_path.glob("*.json")
        assert entry.read_bytes() == entry_in(await item.text())
        (proved,) = tmp_path.glob("*.tlog-proof")
        root = proved.read_text().split("\n\n")[1].splitlines()[2]
        commands = await page.get_by_role("region", name="Commands").inner_text()
        ended = subprocess.run(
            ["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True
        )
        assert ended.stdout == f"{root}\n"


async def test_a_receipt_does_not_call_proved_what_is_not(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        notary = await notarised(watched.page, process)
        # The page would show what the console serves; what is signed is something else from the beginning.
        notary.forged = lambda entry: entry.replace(b"planner-7", b"planner-8")
        await notary.read()
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("the entry that is shown is not the one that was signed")


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ("delete Crypto.prototype.subtle", "plain http"),
        (
            "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'))",
            "Ed25519",
        ),
    ],
)
async def test_a_browser_that_cannot_check_says_that_and_nothing_else(
    browser: Browser, process: ConsoleProcess, missing: str, why: str
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await page.add_init_script(missing)
        await notarised(watched.page, process)
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("This browser could not check. Neither proved nor disproved")
        await expect(proof(page)).to_contain_text(why)
        await page.goto(process.url)
        await expect(said(page)).to_contain_text("Not checked")
        await expect(alarm(page)).to_have_count(0)
        assert await page.get_by_text("verified by this browser").count() == 0


async def test_another_key_and_a_shorter_record_are_alarms_and_no_answer_is_none(
    browser: Browser, process: ConsoleProcess
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        notary = await notarised(watched.page, process)
        await page.goto(process.url)
        await expect(said(page)).to_contain_text("Checkpoint of 5 entries, first seen here")
        await expect(said(page)).to_contain_text("Verified by this browser")
        await post(process, event(5))
        notary.is_away = True
        await notary.read()
        await expect(said(page)).to_contain_text("Not checked: The console does not answer.")
        await expect(alarm(page)).to_have_count(0)
        notary.is_away = False
        await expect(said(page)).to_contain_text("Verified by this browser")
        notary.size = 4
        await expect(alarm(page)).to_contain_text("The record is shorter than what was signed before.")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Save both checkpoints").click()
        saved = Path(await (await download.value).path()).read_text(encoding="utf-8")
        assert notary.note().decode() in saved
        notary.size = 6
        assert notary.note().decode() in saved
        await page.get_by_role("button", name="I have read this").click()
        await expect(said(page)).to_contain_text("Verified by this browser")
        before, notary.signer = notary.signer, signer(2)
        await expect(alarm(page)).to_contain_text("The console signs with another key than before.")
        for one in (before, notary.signer):
            await expect(alarm(page)).to_contain_text(f"{one.verifier.name}+{one.verifier.key_id.hex()}")


async def test_a_seam_is_verified_once_what_was_recovered_is_signed(browser: Browser, process: ConsoleProcess) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        notary = await notarised(watched.page, process)
        await page.goto(process.url)
        await expect(said(page)).to_contain_text("Verified by this browser")
        process.terminate()
        assert process.wait() == 0
        process.start()
        await post(process, event(5), event(6))
        await is_live(page)
        await expect(row(page, "none missing")).to_be_visible(timeout=15_000)
        await expect(row(page, "none missing")).not_to_contain_text("verified")
        await notary.read()
        await expect(row(page, "none missing")).to_contain_text("verified by this browser")


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"])
async def test_axe_finds_nothing_on_receipt_and_alarm_and_what_is_printed_is_the_sheet(
    browser: Browser,
    process: ConsoleProcess,
    require: Callable[[bool, str, str], None],
    scheme: str,
    size: dict[str, int],
) -> None:
    require(AXE.is_file(), "axe-core", INSTALL_AXE)
    async with watched_page(browser, color_scheme=scheme, viewport=size) as watched:
        page = watched.page
        notary = await notarised(watched.page, process)
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("Proved by this browser")
        await watched.accessible()
        await page.goto(f"{process.url}/log/3/receipt")
        await expect(proof(page)).to_contain_text("Proved by this browser")
        await watched.accessible()
        await page.emulate_media(media="print")
        await expect(page.get_by_role("region", name="Status")).to_have_count(0)
        await expect(page.get_by_role("button", name="Print")).to_have_count(0)
        await expect(page.get_by_role("region", name="The proof")).to_be_visible()
        sheet = page.get_by_role("article")
        assert await sheet.evaluate("(sheet) => getComputedStyle(sheet).color") == "rgb(26, 26, 25)"
        await page.goto(f"{process.url}/log/3")
        await expect(proof(page)).to_contain_text("Proved by this browser")
        await expect(page.get_by_role("table", name="Entries")).to_have_count(0)
        await page.emulate_media(media="screen")
        notary.forged = lambda entry: entry.replace(b"planner-7", b"planner-8")
        await notary.read()
        await page.goto(process.url)
        await expect(alarm(page)).to_be_visible()
        await watched.accessible()


@pytest.fixture
def named(tmp_path: Path) -> Iterator[ConsoleProcess]:
    """A console whose log keeps its name whatever becomes of the file."""
    settings = {"WS_INTERVAL_SEC": "0.5", "CHECKPOINT_INTERVAL_SEC": "0.2", "LOG_ORIGIN": "log.example/1"}
    with ConsoleProcess(tmp_path, settings) as one:
        yield one


async def test_what_the_console_itself_signed_is_proved_and_its_files_are_downloaded(
    browser: Browser, named: ConsoleProcess, tmp_path: Path
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        await post(named, *(event(n) for n in range(7)))
        await page.goto(f"{named.url}/log/4/receipt")
        await expect(proof(page)).to_contain_text("Proved by this browser")
        for name in ("Entry file", "Proof file"):
            async with page.expect_download() as download:
                await page.get_by_role("link", name=name).click()
            file = await download.value
            await file.save_as(tmp_path / file.suggested_filename)
        (proved,) = tmp_path.glob("*.tlog-proof")
        root = proved.read_text(encoding="utf-8").split("\n\n")[1].splitlines()[2]
        commands = await page.get_by_role("region", name="Commands").inner_text()
        ended = subprocess.run(
            ["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True
        )
        assert ended.stdout == f"{root}\n"


async def test_a_log_that_was_begun_anew_under_its_old_name_and_key_is_an_alarm(
    browser: Browser, named: ConsoleProcess, tmp_path: Path
) -> None:
    async with watched_page(browser) as watched:
        page = watched.page
        watched.expected = GONE
        await post(named, *(event(n) for n in range(1, 3)))
        await page.goto(named.url)
        await expect(said(page)).to_contain_text("Checkpoint of 3 entries")
        await expect(said(page)).to_contain_text("Verified by this browser")
        named.terminate()
        assert named.wait() == 0
        for file in (tmp_path / "data").iterdir():
            if file.name != "log.key":
                file.unlink()
        named.start()
        await post(named, *(event(n) for n in range(10, 15)))
        await expect(alarm(page)).to_contain_text("The record is not the one that was signed before.", timeout=20_000)


async def test_a_console_that_refuses_to_sign_does_not_look_healthy(
    browser: Browser, named: ConsoleProcess, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    await until((data / "log.key.checkpoint").exists)
    named.terminate()
    assert named.wait() == 0
    for file in data.glob("governance.db*"):
        file.unlink()
    named.start()
    async with watched_page(browser, viewport=NARROW) as watched:
        page = watched.page
        await page.goto(named.url)
        await expect(page.get_by_role("alert", name="Nothing is signed")).to_contain_text("run.py recover")
        await expect(page.get_by_role("region", name="Status")).to_contain_text("not signed: the console refuses to")
        await page.get_by_text("1 thing wants attention").click()
        attention = page.get_by_role("region", name="Wants attention")
        await expect(attention).to_contain_text("Nothing is signed: the console refuses to sign")
        await expect(said(page)).to_contain_text("It shows no checkpoint.")
        await page.goto(f"{named.url}/log/0")
        await expect(proof(page)).to_contain_text("Not signed: the console refuses to sign.")
        await expect(proof(page)).to_contain_text("run.py recover")
