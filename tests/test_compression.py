"""NDJSON and compressed bodies: whole, bounded, or refused."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_console.errors import InputError, Malformed, TooLarge
from governance_console.inflate import MAX_MEMBERS, inflater
from tests.console import SAMPLE, Console
from tests.test_ingest import problem, size

NDJSON = {"Content-Type": "application/x-ndjson"}


def inflated(encoding: str, body: bytes, limit: int = 10_000, step: int = 7) -> bytes:
    stream = inflater(encoding, limit)
    out = b"".join(stream.feed(body[at : at + step]) for at in range(0, len(body), step))
    stream.finish()
    return out


@given(st.binary(max_size=5000), st.integers(1, 600))
def test_what_was_compressed_comes_back_however_it_is_cut(content: bytes, step: int) -> None:
    assert inflated("gzip", gzip.compress(content), step=step) == content
    assert inflated("deflate", zlib.compress(content), step=step) == content
    assert inflated("identity", content, step=step) == content
    assert inflated("GZIP ", gzip.compress(content) + gzip.compress(b"more"), step=step) == content + b"more"


@given(st.binary(max_size=300), st.data())
def test_a_cut_or_broken_stream_is_refused(content: bytes, data: st.DataObject) -> None:
    whole = gzip.compress(content)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Malformed):
        inflated("gzip", whole[:cut])
    with pytest.raises(InputError):
        inflated("deflate", zlib.compress(content) + b"x")


@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=300))
def test_any_bytes_are_inflated_or_refused(encoding: str, body: bytes) -> None:
    try:
        inflated(encoding, body)
    except InputError:
        return


def test_a_thousand_members_are_taken_and_more_are_refused_before_they_cost() -> None:
    empty = gzip.compress(b"", mtime=0)
    assert inflated("gzip", empty * MAX_MEMBERS, step=1000) == b""
    stream = inflater("gzip", 8 * 1024 * 1024)
    with pytest.raises(TooLarge, match="compress it as one"):
        stream.feed(empty * (MAX_MEMBERS + 1))


def test_a_bomb_is_noticed_at_the_limit_and_not_inflated_further() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, 6)
    stream = inflater("gzip", 8 * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        stream.feed(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
async def test_the_sample_as_it_lies_on_disk_is_recorded(console: Console, encoding: str) -> None:
    body = SAMPLE.read_bytes()
    sent = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "identity": body}[encoding]
    answer = await console.post("/api/events", data=sent, headers={**NDJSON, "Content-Encoding": encoding})
    assert (answer.status, answer.json["accepted"]) == (201, 231)


async def test_empty_lines_count_for_nothing(console: Console) -> None:
    body = b'\n{"source":"s","type":"t"}\r\n   \n{"source":"s","type":"u"}'
    assert (await console.post("/api/events", data=body, headers=NDJSON)).json["accepted"] == 2
    assert (await console.post("/api/events", data=b"", headers=NDJSON)).json["accepted"] == 0


async def test_a_bad_line_is_named_and_nothing_is_recorded(console: Console) -> None:
    body = b'{"source":"s","type":"t"}\n\n{"source":\n{"source":"s","type":"t"}\n'
    document = problem(await console.post("/api/events", data=body, headers=NDJSON), 400)
    assert document["detail"].startswith("item 1 (line 3): ")
    assert document["errors"][0]["item"] == 1
    problem(await console.post("/api/events", data=b"{}\n" * 10_001, headers=NDJSON), 413)
    assert await size(console) == 0


async def test_a_bomb_over_http_is_refused_in_bounded_memory(console: Console) -> None:
    bomb = gzip.compress(b'{"source":"s","type":"t"}\n' * 4_000_000, 9)
    tracemalloc.start()
    answer = await console.post("/api/events", data=bomb, headers={**NDJSON, "Content-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    problem(answer, 413)
    assert peak < 30 * 1024 * 1024
    assert await size(console) == 0
