"""What agents send is text, wherever it is shown: in the browser, in a terminal, in the log."""

from __future__ import annotations

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, Request, expect

from governance_console.api import SIGNER
from governance_console.logs import LogfmtFormatter
from governance_console.settings import Settings
from tests.browser import is_live, live, watched_page
from tests.console import Client, Console, connected, running
from tests.hostile import HOSTILE
from tests.process import CommandProcess, ConsoleProcess, said
from tests.test_ingest import problem
from tests.waiting import until

UNSEEN: Final = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""What people do not see, or see as something else. (Line breaks and tabs are the page's own.)"""


def forms(payload: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """As data, in names and values; and as everything that an attribute may say."""
    inside = {"agent": "hostile", "type": "hostile.data", "message": payload, "url": payload, "n": {payload: [payload]}}
    return {payload: payload, **inside}, {"source": payload, "type": payload, "subject": payload, "ok": False}


async def send(client: Client, hostile: Sequence[str]) -> list[int]:
    """Record them in every form that is taken; what is not, is told in a line that shows as what it is."""
    seqs: list[int] = []
    for payload in hostile:
        for form, event in enumerate(forms(payload)):
            answer = await client.post("/api/events", event)
            if answer.status == 201:
                seqs.append(answer.json["items"][0]["seq"])
            else:
                problem(answer, answer.status)
                assert form == 1 or payload in ("agent", "type"), answer.text
                assert answer.status in (413, 422)
                assert answer.json["detail"].isprintable()
    return seqs


def test_there_are_two_hundred_and_each_is_another() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) == 200


async def test_a_terminal_is_shown_nothing_that_it_would_obey(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path) as process:
        async with connected(process.url) as client:
            size = 1 + len(await send(client, HOSTILE))
        for options in ((), ("--json",)):
            arguments = ("tail", "--url", process.url, "--from", "0", *options)
            with CommandProcess(tmp_path, *arguments, terminal=True, settings={"NO_COLOR": "1"}) as watching:
                await until(lambda shown=watching.output: len(shown) >= size)  # type: ignore[misc]
            assert len(watching.output) == size
            assert [line for line in watching.output if not line.isprintable()] == []
        # Sent to whom it pleases, nothing of it is in the console's own log.
        assert [line for line in process.log if not line.isprintable() or "hostile" in line] == []


async def test_half_a_character_keeps_nobody_from_the_record(
    settings: Settings, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON lets one escape half of a surrogate pair, as a text cut in two does; readers of JSON may refuse it."""
    halves = {"text": "cut \ud83d", "\udc00": [1]}
    async with running(replace(settings, checkpoint_interval_sec=0.05)) as console:
        await console.record(*[{"agent": "a", "type": "t", **halves}] * 3)
        exported = await said(capsys, "export", url=console.url)
        assert [json.loads(line)["data"] for line in exported.output.splitlines()] == [halves] * 3
        table = await said(capsys, "export", "--csv", "--before", "3", url=console.url)
        assert table.output.count(r"cut \ud83d") == 3
        (here / "record.ndjson").write_text(exported.output)
        await until(lambda: console.app[SIGNER].head is not None)
        (here / "note").write_bytes((await console.get("/api/log/checkpoint")).body)
        for source in ("record.ndjson", console.url):
            verified = await said(capsys, "verify", source, "--checkpoint", "note")
            assert "as recorded, 0 altered, 0 erased, 0 missing" in verified.output, verified


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """The log as an operator reads it, at its most talkative."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogfmtFormatter("%(name)s: %(message)s"))
    root = logging.getLogger()
    others, before = root.handlers, root.level
    root.handlers, root.level = [handler], logging.DEBUG
    try:
        yield stream
    finally:
        root.handlers, root.level = others, before


LOG_LINE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error|critical) [\w.]+: .*")


async def test_one_line_of_the_log_stays_one_line(console: Console) -> None:
    with logged() as stream:
        for payload in HOSTILE[:-5]:
            raw = payload.encode("utf-8", "surrogatepass")
            await console.get(f"/api/{quote(raw, safe='')}?{quote(raw, safe='')}={quote(raw, safe='')}")
            await console.get("/api/events", params={"q": quote(raw)})
            await console.post("/api/events", data=raw, headers={"Content-Type": "application/json"})
            if payload.isprintable() and payload.isascii():
                headers = {"Origin": payload, "User-Agent": payload, "X-Request-Id": payload, "Referer": payload}
                await console.post("/api/events", {"query": payload}, headers=headers)
            logging.getLogger("governance_console").error("%s", payload, extra={"what": payload})
            try:
                raise ValueError(payload)
            except ValueError:
                logging.getLogger("governance_console").exception("it failed")
    lines = stream.getvalue().split("\n")[:-1]
    # What is not a line of the log is indented: how something failed.
    assert [line for line in lines if not LOG_LINE.fullmatch(line) and not line.startswith("    ")] == []
    assert [line for line in lines if not line.isprintable()] == []
    kinds = Counter(line.split(" ")[2] for line in lines if not line.startswith("    "))
    assert kinds["governance_console:"] == 2 * len(HOSTILE[:-5])


class Guarded:
    """A page in which no dialog opens, and from which no request leaves for elsewhere."""

    def __init__(self, page: Page, origin: str) -> None:
        self._origin = origin
        self._page = page
        self.seen: list[str] = []
        page.on("request", self._ask)
        page.on("dialog", lambda dialog: self.seen.append(f"dialog: {dialog.message}"))
        page.on("popup", lambda popup: self.seen.append(f"popup: {popup.url}"))

    def _ask(self, request: Request) -> None:
        if not request.url.startswith((self._origin, "data:", "blob:" + self._origin)):
            self.seen.append(request.url)

    async def is_inert(self) -> None:
        """No script ran, nothing was asked for, no element is made of what was sent, and no text deceives."""
        found = await self._page.evaluate(
            """() => ({
              hacked: window.hacked ?? null,
              polluted: Object.keys(Object.prototype).concat(Object.keys(Array.prototype)),
              made: document.querySelectorAll("[data-hostile], iframe, object, embed, base, form[action]").length,
              links: [...document.querySelectorAll("[href], [src]")]
                .map((one) => one.href ?? one.src).filter((one) => !one.startsWith(location.origin + "/")),
              text: document.body.innerText + document.title,
              wide: document.documentElement.scrollWidth > innerWidth,
            })"""
        )
        assert self.seen == []
        unseen = UNSEEN.findall(found.pop("text"))
        assert (found, unseen) == ({"hacked": None, "polluted": [], "made": 0, "links": [], "wide": False}, [])


async def visit(browser: Browser, process: ConsoleProcess, hostile: Sequence[str]) -> None:
    """Look at all of it, on every page that shows any."""
    async with watched_page(browser) as watched, connected(process.url) as client:
        page = watched.page
        guarded = Guarded(page, process.url)
        await page.goto(process.url)
        await is_live(page)
        seqs = await send(client, hostile)
        await expect(live(page).get_by_role("link", name=f"#{seqs[-1]}", exact=True)).to_be_visible()
        for handle in await live(page).get_by_role("button", name="Details of #").all():
            await handle.click()
        await guarded.is_inert()
        await page.goto(f"{process.url}/log/{seqs[-1]}")
        for seq in reversed(seqs):
            await expect(page.get_by_role("complementary", name=f"Entry #{seq}", exact=True)).to_be_visible()
            await guarded.is_inert()
            await page.keyboard.press("ArrowDown")
        for seq in seqs[::8]:
            await page.goto(f"{process.url}/log/{seq}/receipt")
            await expect(page.get_by_role("article")).to_be_visible()
            await guarded.is_inert()
        await page.goto(f"{process.url}/agents")
        await expect(page.get_by_role("table", name="Agents")).to_be_visible()
        await guarded.is_inert()
        await page.goto(f"{process.url}/junie")
        for payload in hostile:
            if payload.strip() and len(payload) < 1000:
                field = page.get_by_role("textbox")
                await field.fill(payload)
                await field.press("Enter")
        await guarded.is_inert()


@pytest.mark.soak
@pytest.mark.asyncio(loop_scope="module")
async def test_what_agents_send_is_text_in_the_page(browser: Browser, process: ConsoleProcess) -> None:
    await visit(browser, process, HOSTILE)
