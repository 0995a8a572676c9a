"""The metrics, as a real Prometheus and its linter read them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from governance_console.categories import CATEGORIES
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import Client, Console, running, sample_batch, sample_lines
from tests.process import ROOT

SCRAPE_CONFIG = ROOT / "docs" / "prometheus.yml"
METRICS_TOKEN = "metrics-token-for-tests"
TOTAL = "sum(governance_events_total)"
INSTALL = "apt-get install prometheus"


@pytest.fixture
def prometheus_is_installed(require: Callable[[bool, str, str], None]) -> None:
    require(shutil.which("prometheus") is not None and shutil.which("promtool") is not None, "prometheus", INSTALL)


def scrape_config(file: Path, console: Console, token: str = "") -> Path:
    """The documented scrape config in this file, with only the target, the interval and the token changed."""
    target = console.url.removeprefix("http://")
    config, targets = re.subn(r"127\.0\.0\.1:8080", target, SCRAPE_CONFIG.read_text(encoding="utf-8"))
    config, intervals = re.subn(r"scrape_interval: \w+", "scrape_interval: 200ms", config)
    assert (targets, intervals) == (1, 1)
    if token:
        config, tokens = re.subn(
            r"# authorization:\n +#   credentials: the-token",
            f"authorization:\n      credentials: {token}",
            config,
        )
        assert tokens == 1
    file.write_text(config, encoding="utf-8")
    return file


@asynccontextmanager
async def prometheus(config: Path) -> AsyncIterator[str]:
    """A Prometheus with this configuration; its URL."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={config}.tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=subprocess.DEVNULL,
    )  # its log, on standard error, is shown with a test that fails
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answered(client: aiohttp.ClientSession, url: str, query: str, expected: float) -> None:
    """Ask Prometheus's own API until it answers so, within 20 s."""
    answer: Any = None
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    async with client.get(f"{url}/api/v1/query", params={"query": query}) as response:
                        answer = await response.json()
                    result = answer["data"]["result"]
                    if result and float(result[0]["value"][1]) == expected:
                        return
                except (aiohttp.ClientError, ValueError, KeyError):
                    pass  # it is not up yet
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{query} is not {expected}; the last answer was {answer}")


async def post_sample(console: Client, token: str = "") -> None:
    answer = await console.post(
        "/api/events", data=sample_batch(), headers={"Content-Type": "application/json"}, token=token
    )
    assert answer.status == 201, answer.text


async def samples(console: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample on /metrics, by its name and labels."""
    text = (await console.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


async def value(console: Client, name: str) -> float:
    """The sum of a metric over its labels."""
    return sum(value for (found, _), value in (await samples(console)).items() if found == name)


@pytest.mark.usefixtures("prometheus_is_installed")
async def test_a_prometheus_with_the_documented_config_counts_the_recorded_events(
    settings: Settings, tmp_path: Path
) -> None:
    guarded = replace(
        settings,
        database_url=f"sqlite:///{tmp_path}/guarded.db",
        log_key_file=f"{tmp_path}/guarded.key",
        operator_token=TOKEN,
        metrics_token=METRICS_TOKEN,
    )
    async with running(settings) as open_console, running(guarded) as guarded_console:
        async with (
            prometheus(scrape_config(tmp_path / "open.yml", open_console)) as open_url,
            prometheus(scrape_config(tmp_path / "guarded.yml", guarded_console, METRICS_TOKEN)) as guarded_url,
        ):
            await post_sample(open_console)
            await post_sample(guarded_console, TOKEN)
            await guarded_console.record({"agent": "a", "type": "t"}, token=TOKEN)
            expected = len(sample_lines())
            await answered(open_console.client, open_url, TOTAL, expected)
            await answered(guarded_console.client, guarded_url, TOTAL, expected + 1)
            # And it goes on counting: the first answer was no accident of the order of things.
            await open_console.record({"agent": "a", "type": "t"}, {"agent": "a", "type": "t"})
            await answered(open_console.client, open_url, TOTAL, expected + 2)
            await answered(open_console.client, open_url, 'up{job="governance-console"}', 1)


def test_the_readme_shows_the_scrape_config_that_is_tested() -> None:
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    tested = [line for line in SCRAPE_CONFIG.read_text(encoding="utf-8").splitlines() if not re.match(r" *#|$", line)]
    assert shown[1].splitlines() == tested


@pytest.mark.usefixtures("prometheus_is_installed")
async def test_promtool_has_nothing_to_say_about_the_metrics_and_the_config(console: Console) -> None:
    await post_sample(console)
    await console.post("/api/gpt/query", {"query": "hello"})
    await console.get("/nowhere.txt")
    await console.post("/api/events", data="not JSON", headers={"Content-Type": "application/json"})
    async with await console.watch("?from=0") as stream:
        await stream.entry()
        text = (await console.get("/metrics")).text
    lint = await promtool("check", "metrics", given=text)
    assert lint == (0, ""), lint
    status, output = await promtool("check", "config", str(SCRAPE_CONFIG))
    assert status == 0, output


async def promtool(*arguments: str, given: str = "") -> tuple[int | None, str]:
    """Its exit status, and all that it says."""
    process = await asyncio.create_subprocess_exec(
        "promtool", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await process.communicate(given.encode())
    return process.returncode, output.decode()


async def test_metrics_speak_openmetrics_or_prometheus_text_as_accept_says(console: Console) -> None:
    await post_sample(console)
    for accept, content_type in (
        (None, "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain;version=0.0.4", "text/plain"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text"),
        # What Prometheus itself sends.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text",
        ),
    ):
        answer = await console.get("/metrics", headers={} if accept is None else {"Accept": accept})
        assert answer.headers["Content-Type"].split(";")[0] == content_type, accept
        parse = parse_openmetrics if content_type == "application/openmetrics-text" else parse_text
        families = {family.name: family for family in parse(answer.text)}
        assert sum(sample.value for sample in families["governance_events"].samples) == len(sample_lines())
        assert answer.text.endswith("# EOF\n") == (parse is parse_openmetrics)


async def test_every_category_is_counted_from_zero(console: Console) -> None:
    found = await samples(console)
    for category in CATEGORIES:
        assert found["governance_events_total", frozenset({("category", category)})] == 0.0


async def test_unknown_paths_and_odd_methods_make_no_new_series(console: Console) -> None:
    odd = ("BREW", "PROPFIND", "get", "X-" + "A" * 50)

    async def visit(word: str) -> None:
        for path in (f"/{word}", f"/{word}.php", f"/api/{word}", f"/api/events/{word}", f"/assets/{word}", "/metrics"):
            for method in ("GET", "POST", "DELETE", *odd):
                await console.request(method, path)
        await console.get(f"/api/events?{word}=1")
        await console.get("/metrics", headers={"Host": f"{word}.example.net"})

    await visit("first")
    before = set(await samples(console))
    for word in ("second", "%00", "..%2f..%2fetc%2fpasswd", "a" * 500, "%ff%fe", "🦉"):
        await visit(word)
    after = set(await samples(console))
    assert after - before == set()
    labels = {value for _, labels in after for _, value in labels}
    assert not labels & {*odd, "/second"}
    assert "other" in labels


async def test_requests_are_timed_by_route_and_streams_are_not(console: Console) -> None:
    await console.record({"agent": "a", "type": "t"}, {"agent": "a", "type": "t"})
    await console.get("/api/events/0")
    await console.get("/api/events/1")
    async with await console.watch() as stream:
        await stream.message()
    found = await samples(console)
    seen = {labels for name, labels in found if name == "api_request_latency_seconds_count"}
    by_number = frozenset({("method", "GET"), ("route", r"/api/events/{seq}"), ("status", "200")})
    assert found["api_request_latency_seconds_count", by_number] == 2
    assert not [labels for labels in seen if ("route", "/api/ws/telemetry") in labels]
    assert await value(console, "governance_watchers") == 0


async def test_what_is_not_recorded_anew_is_not_counted(console: Console) -> None:
    json_type = {"Content-Type": "application/json"}
    for key in ("key", "key", "key"):
        answer = await console.post("/api/events", data=sample_batch(), headers={**json_type, "Idempotency-Key": key})
        assert answer.status in (200, 201)
    size = len(sample_lines())
    assert await value(console, "governance_events_total") == size
    strict = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    cloudevents = {"Content-Type": "application/cloudevents+json"}
    for body, headers, status in (
        (json.dumps(strict), cloudevents, 201),
        (json.dumps(strict), cloudevents, 200),
        (json.dumps({**strict, "type": "other"}), cloudevents, 409),
        (json.dumps([{"agent": "a", "type": "t"}, {"agent": "a"}]), json_type, 422),
        ("{", json_type, 400),
        ("{}", {"Content-Type": "text/html"}, 415),
    ):
        answer = await console.post("/api/events", data=body, headers=headers)
        assert answer.status == status, answer.text
    assert await value(console, "governance_events_total") == size + 1
    assert await value(console, "governance_log_size") == size + 1


async def test_an_event_is_counted_only_once_its_commit_is_done(settings: Settings, console: Console) -> None:
    """Another program holds SQLite's write lock, so that the commit has to wait."""
    other = apsw.Connection(str(settings.database_path))
    other.execute("BEGIN IMMEDIATE")
    try:
        posting = asyncio.create_task(console.record({"agent": "a", "type": "t"}))
        for _ in range(20):  # scrapes enough for the journal to reach the commit
            assert await value(console, "governance_events_total") == 0
        assert await value(console, "governance_queue_depth_events") == 1
        assert await value(console, "governance_log_size") == 0
        assert not posting.done()
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert await posting == [0]
    assert await value(console, "governance_events_total") == 1
