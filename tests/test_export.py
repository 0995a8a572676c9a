from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import pytest

from governance_console.columns import COLUMNS, guarded
from tests.console import Console, sample_batch
from tests.process import Ended, command, said
from tests.proxy import before

NDJSON = {"Accept": "application/x-ndjson"}


async def recorded(console: Console) -> None:
    await console.post("/api/events", data=sample_batch(), headers={"Content-Type": "application/json"})


def bare(ended: Ended) -> list[str]:
    assert ended.status == 0, ended.errors
    return ended.output.splitlines(keepends=True)


async def test_an_export_of_everything_is_the_history_byte_for_byte(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    ended = await command(tmp_path, "export", url=console.url)
    assert ended.output == (await console.get("/api/events?from=0", headers=NDJSON)).text
    assert len(ended.output.splitlines()) == 231
    assert ended.errors == "governance-console: exported 231 entries; what comes later: --from 231\n"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (("--from", "200"), "?from=200"),
        (("--from", "231"), "?from=231"),
        (("--before", "20"), "?before=20"),
        (
            ("--category", "model", "--category", "task", "--severity", "warning"),
            "?from=0&category=model&category=task&severity=warning",
        ),
        (("--source", "pytest", "--type", "benchmark_*"), "?from=0&source=pytest&type=benchmark_*"),
        (("--q", "temperature", "--since", "2026-01-01T00:00:00Z"), "?from=0&q=temperature&since=2026-01-01T00:00:00Z"),
        (("--until", "2026-01-01T00:00:00Z"), "?from=0&until=2026-01-01T00:00:00Z"),
        (("--traceid", "lib-test-001"), "?from=0&traceid=lib-test-001"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
async def test_any_selection_is_what_the_history_has_for_it(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], query: str
) -> None:
    await recorded(console)
    ended = await said(capsys, "export", *options, url=console.url)
    assert ended.status == 0, ended.errors
    assert ended.output == (await console.get("/api/events" + query, headers=NDJSON)).text


@pytest.mark.parametrize("edge", [(), ("--before", "231")], ids=["up", "down"])
async def test_an_export_goes_on_where_the_connection_broke_off(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str], edge: tuple[str, ...]
) -> None:
    await recorded(console)
    whole = await said(capsys, "export", *edge, url=console.url)
    async with before(console.url) as proxy:
        proxy.cut_after = 50_000
        ended = await said(capsys, "export", *edge, url=proxy.url)
        assert proxy.cuts >= 2
    assert bare(ended) == bare(whole)
    assert "the connection was lost; trying again until it works" in ended.errors


async def test_an_export_to_a_file_is_whole_or_as_it_was(console: Console, tmp_path: Path) -> None:
    await recorded(console)
    target = tmp_path / "record.ndjson"
    target.write_text("as it was")
    refused = await command(tmp_path, "export", "-o", "record.ndjson", "--since", "never", url=console.url)
    assert refused.status == 2
    assert target.read_text() == "as it was"
    ended = await command(tmp_path, "export", "-o", "record.ndjson", url=console.url)
    assert (ended.status, ended.output) == (0, "")
    assert target.read_text() == (await console.get("/api/events?from=0", headers=NDJSON)).text
    assert [path.name for path in tmp_path.glob("*record*")] == ["record.ndjson"]


async def test_a_table_has_every_entry_under_its_columns_and_computes_nothing(
    console: Console, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = '{"n": 1.50, "n": "two\\nlines, \\"quoted\\""}'
    events = [
        f'{{"agent":"=HYPERLINK(1)","type":"+t","subject":"@s","trace_id":"-1","id":"\u00e9","data":{data}}}',
        '{"specversion":"1.0","id":"b","source":"s","type":"t","own":true,"data_base64":"AAEC"}',
        '{"specversion":"1.0","id":"c","source":"s","type":"t","data":-5}',
    ]
    await console.post("/api/events", data="\n".join(events), headers={"Content-Type": "application/x-ndjson"})
    ended = await said(capsys, "export", "--csv", url=console.url)
    assert ended.status == 0, ended.errors
    head, *rows = csv.reader(io.StringIO(ended.output, newline=""))
    assert tuple(head) == COLUMNS
    first, second, third = (dict(zip(head, row, strict=True)) for row in rows)
    assert (first["source"], first["type"], first["subject"]) == ("'=HYPERLINK(1)", "'+t", "'@s")
    assert (first["seq"], first["traceid"], first["id"], first["data"]) == ("0", "'-1", "\u00e9", data)
    assert json.loads(second["attributes"]) == {"own": True}
    assert base64.b64decode(second["data_base64"]) == b"\0\1\2"
    assert third["data"] == "'-5"
    assert third["data_hash"]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(value: str) -> None:
    assert guarded(value) == "'" + value


@pytest.mark.parametrize("value", ["", "a=1", "1", "'=1"])
def test_any_other_cell_is_as_it_was(value: str) -> None:
    assert guarded(value) == value


async def test_from_and_before_together_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = await said(capsys, "export", "--from", "1", "--before", "2")
    assert ended.status == 2
    assert "not allowed with argument" in ended.errors
