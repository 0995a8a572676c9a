"""``POST /api/events`` over a real socket: statuses, documents, atomicity, repeats."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import zlib
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from governance_console.events import parse_json
from tests.console import Console, sample_batch, sample_lines
from tests.raw import RawConnection
from tests.test_events import bodies

LENIENT = {"source": "planner-7", "type": "agent.tool.call"}
STRICT = {"specversion": "1.0", "id": "e-1", "source": "planner-7", "type": "agent.tool.call"}
JSON = {"Content-Type": "application/json"}


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The answer's problem document, once it is one (RFC 9457)."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    document = answer.json
    assert document["status"] == status
    assert document["detail"] and document["title"] and document["type"] == "about:blank"
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert "Traceback" not in answer.text
    assert isinstance(document, dict)
    return document


async def size(console: Console) -> int:
    return int((await console.get("/api/events?limit=1")).json["size"])


async def test_a_receipt_tells_where_everything_stands(console: Console) -> None:
    first = await console.post("/api/events", [STRICT, {**LENIENT, "data": {"n": 1}}])
    assert first.status == 201
    assert first.json["accepted"] == 2
    assert first.json["duplicates"] == 0
    assert first.json["size"] == 2
    assert [item["seq"] for item in first.json["items"]] == [0, 1]
    assert first.json["items"][0]["id"] == "e-1"
    again = await console.post("/api/events", [STRICT])
    assert again.status == 200
    assert again.json == {
        "epoch": first.json["epoch"],
        "size": 2,
        "accepted": 0,
        "duplicates": 1,
        "items": [{"id": "e-1", "seq": 0}],
    }


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", LENIENT),
        ("application/json; charset=UTF-8", [LENIENT]),
        ("application/cloudevents+json", STRICT),
        ("application/cloudevents+json; charset=utf-8", STRICT),
        ("application/cloudevents-batch+json", [STRICT]),
    ],
)
async def test_each_media_type_is_taken(console: Console, content_type: str, body: Any) -> None:
    answer = await console.post("/api/events", data=json.dumps(body), headers={"Content-Type": content_type})
    assert answer.status == 201, answer.text


async def test_binary_mode_is_taken_with_any_content_type(console: Console) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "s", "ce-type": "t.%C3%BC"}
    cases = [("application/json", b'{"a":1}'), ("text/plain", b"hi \xff"), ("application/x-ndjson", b"{}\n{}")]
    for number, (content_type, body) in enumerate(cases):
        sent = {**headers, "ce-id": f"b-{number}", "Content-Type": content_type}
        assert (await console.post("/api/events", data=body, headers=sent)).status == 201
    first, second, _ = reversed((await console.get("/api/events")).json["items"])
    assert first["entry"]["event"] == {
        "id": "b-0",
        "source": "s",
        "type": "t.ü",
        "specversion": "1.0",
        "datacontenttype": "application/json",
    }
    assert first["data"] == {"a": 1}
    assert second["data_base64"] == "aGkg/w=="


async def test_an_idempotency_key_makes_a_repeat_of_nameless_events_harmless(console: Console) -> None:
    key = {"Idempotency-Key": "upload-1"}
    first = await console.post("/api/events", [LENIENT, LENIENT], headers=key)
    assert (first.status, first.json["accepted"]) == (201, 2)  # two places, two events
    again = await console.post("/api/events", [LENIENT, LENIENT], headers=key)
    assert (again.status, again.json["items"]) == (200, first.json["items"])
    other = await console.post("/api/events", [LENIENT, LENIENT], headers={"Idempotency-Key": "upload-2"})
    assert other.json["accepted"] == 2
    problem(await console.post("/api/events", [{**LENIENT, "x": 1}], headers=key), 409)
    for bad in ("", "x" * 256, "ü"):
        problem(await console.post("/api/events", [LENIENT], headers={"Idempotency-Key": bad}), 422)


async def test_without_a_key_a_nameless_event_is_recorded_again(console: Console) -> None:
    assert await console.record(LENIENT) == [0]
    assert await console.record(LENIENT) == [1]


async def test_an_empty_batch_records_nothing_and_is_no_error(console: Console) -> None:
    answer = await console.post("/api/events", [])
    assert (answer.status, answer.json["items"]) == (200, [])


async def test_a_conflict_names_the_item_and_the_number(console: Console) -> None:
    await console.post("/api/events", [STRICT])
    answer = await console.post("/api/events", [LENIENT, {**STRICT, "data": 1}])
    document = problem(answer, 409)
    assert document["errors"] == [{"item": 1, "pointer": "/id", "detail": "recorded before as #0 with other content"}]
    assert await size(console) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"nul", JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b'{"source":"s","type":"t","x":NaN}', JSON, 400),
        (b"[" * 10_000 + b"]" * 10_000, JSON, 400),
        (b'{"source":"s","type":"t"}{"source":"s","type":"t"}', JSON, 400),
        (b"5", JSON, 422),
        (b'"event"', JSON, 422),
        (b"[5]", JSON, 422),
        (b'{"type":"t"}', JSON, 422),
        (b'{"source":"s","source":"s","type":"t"}', JSON, 422),
        (b'{"source":"a\\u0000b","type":"t"}', JSON, 422),
        (b'{"source":"a\\r\\nb","type":"t"}', JSON, 422),
        (b'{"source":["s"],"type":"t"}', JSON, 422),
        (b'{"source":"s","type":"t"}', {}, 415),
        (b'{"source":"s","type":"t"}', {"Content-Type": "text/plain"}, 415),
        (b'{"source":"s","type":"t"}', {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"source":"s","type":"t"}', {"Content-Type": "application/json; charset=latin-1"}, 415),
        (b'{"source":"s","type":"t"}\n{"source"', {"Content-Type": "application/x-ndjson"}, 400),
        (b'{"source":"s","type":"t"}\n{}', {"Content-Type": "application/x-ndjson"}, 422),
        (gzip.compress(b'{"source":"s","type":"t"}', mtime=0)[:-4], {**JSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b'{"source":"s","type":"t"}', mtime=0) + b"x", {**JSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"x" * 9_000_000, mtime=0), {**JSON, "Content-Encoding": "gzip"}, 413),
        (b"not gzip", {**JSON, "Content-Encoding": "gzip"}, 400),
        (b"", {**JSON, "Content-Encoding": "gzip"}, 400),
        (zlib.compress(b"[]") + b"x", {**JSON, "Content-Encoding": "deflate"}, 400),
        (b'{"source":"s","type":"t"}', {**JSON, "Content-Encoding": "gzip, gzip"}, 415),
        (b'{"source":"s","type":"t"}', {**JSON, "Content-Encoding": "br"}, 415),
        (b'{"source":"s","type":"t"}', {**JSON, "Content-Encoding": "rot13"}, 415),
        (b'{"source":"s","type":"t"}', {"Content-Type": "application/cloudevents+json"}, 422),
        (b"x" * (8 * 1024 * 1024 + 1), JSON, 413),
        (b'{"source":"s","type":"t","data":"' + b"x" * 1024 * 1024 + b'"}', JSON, 413),
    ],
    ids=lambda value: repr(value)[:48],
)
async def test_bad_input_gets_its_status_and_document_and_is_not_recorded(
    console: Console, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"Content-Type": "", **headers} if not headers else headers
    problem(await console.post("/api/events", data=body, headers=sent), status)
    assert await size(console) == 0
    assert await console.record(LENIENT) == [0]


@pytest.mark.parametrize(
    ("line", "status", "pointer", "detail"),
    [
        ('{"source"', 400, "", "not JSON: a colon was expected at column 10"),
        ('{"source":"s","type":NaN}', 400, "", "not JSON: NaN is not a JSON value"),
        ('{"source":"s"}', 422, "/type", "type is missing: give it as one of type, event, action"),
        ("5", 422, "", "an event has to be a JSON object"),
        ("[{}]", 422, "", "one object a line is taken, and this is an array"),
    ],
)
async def test_a_line_at_fault_is_named_once_by_its_own_number(
    console: Console, line: str, status: int, pointer: str, detail: str
) -> None:
    body = f'{{"source":"s","type":"t"}}\n \n{line}\n'
    answer = await console.post("/api/events", data=body, headers={"Content-Type": "application/x-ndjson"})
    document = problem(answer, status)
    assert document["detail"] == f"item 1 (line 3): {detail}"
    assert document["errors"] == [{"item": 1, "pointer": pointer, "detail": detail}]


async def test_a_chunked_body_is_measured_too(console: Console) -> None:
    async def chunks() -> Any:
        for _ in range(9):
            yield b"x" * 1024 * 1024

    problem(await console.post("/api/events", data=chunks(), headers=JSON), 413)


async def test_a_sender_that_asks_first_is_told_before_it_sends(console: Console) -> None:
    """RFC 9110 section 10.1.1: refused bodies are never sent, others are waited for."""
    host, port = console.url.removeprefix("http://").split(":")
    for length, first_line in ((25, b"HTTP/1.1 100 Continue\r\n"), (9_000_000, b"HTTP/1.1 413 ")):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /api/events HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            f"Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(first_line)
        if length == 25:
            writer.write(b'{"source":"s","type":"t"}')
            await reader.readline()
            assert await reader.readline() == b"HTTP/1.1 201 Created\r\n"
        writer.close()
        await writer.wait_closed()
    assert await size(console) == 1


async def test_one_bad_item_refuses_the_whole_request(console: Console) -> None:
    sent = [json.loads(line) for line in sample_lines()]
    del sent[100]["agent"]
    document = problem(await console.post("/api/events", sent), 422)
    assert document["errors"] == [
        {"item": 100, "pointer": "/source", "detail": "source is missing: give it as one of source, agent, origin"}
    ]
    assert await size(console) == 0


async def test_the_sample_is_recorded_as_it_came(console: Console) -> None:
    answer = await console.post("/api/events", data=sample_batch(), headers=JSON)
    assert (answer.status, answer.json["accepted"]) == (201, 231)
    items = (await console.get("/api/events?limit=1000")).json["items"]
    for item, line in zip(reversed(items), sample_lines(), strict=True):
        sent = json.loads(line)
        event = item["entry"]["event"]
        assert (event["source"], event["type"]) == (sent["agent"], sent["type"])
        named = ("agent", "type", "trace_id", *(() if sent["ts"] == "" else ("ts",)))
        assert item["data"] == {key: value for key, value in sent.items() if key not in named}


async def test_rejections_are_counted_by_reason(console: Console) -> None:
    await console.post("/api/events", data=b"{", headers=JSON)
    await console.post("/api/events", [{}])
    metrics = (await console.get("/metrics")).text
    assert 'governance_rejected_requests_total{reason="malformed"} 1.0' in metrics
    assert 'governance_rejected_requests_total{reason="unacceptable"} 1.0' in metrics
    assert 'governance_rejected_requests_total{reason="conflict"} 0.0' in metrics


async def test_many_senders_at_once_get_each_number_once(console: Console) -> None:
    numbers = await asyncio.gather(*(console.record(LENIENT, {**LENIENT, "n": n}) for n in range(60)))
    assert sorted(seq for pair in numbers for seq in pair) == list(range(120))
    assert all(second == first + 1 for first, second in numbers)


async def test_whatever_bytes_are_posted_the_answer_is_documented(console: Console) -> None:
    """The parser's property, once more through the whole server: never a 500."""
    loop = asyncio.get_running_loop()

    @given(bodies)
    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def check(body: bytes) -> None:
        posting = console.post("/api/events", data=body, headers=JSON)
        answer = asyncio.run_coroutine_threadsafe(posting, loop).result(20)
        if answer.status not in (200, 201):
            assert answer.status in (400, 413, 422), answer.text
            problem(answer, answer.status)

    await asyncio.to_thread(check)


async def test_large_bodies_are_parsed_one_after_the_other(console: Console) -> None:
    # Broken at its very end, so that parsing is all that is done with it.
    broken = ",".join(['{"agent":"a","type":"t","n":1}'] * 3_000).join("[}")
    posting = {asyncio.create_task(console.post("/api/events", data=broken, headers=JSON)) for _ in range(2)}
    most = 0
    while posting:
        _, posting = await asyncio.wait(posting, timeout=0.001)
        most = max(most, sum(map(is_parsing, sys._current_frames().values())))
    assert most == 1


def is_parsing(frame: FrameType | None) -> bool:
    """Whether this thread is inside the parser."""
    while frame is not None and frame.f_code is not parse_json.__code__:
        frame = frame.f_back
    return frame is not None


async def test_a_body_in_more_pieces_than_are_read_at_once_arrives_whole(console: Console) -> None:
    """aiohttp stops reading then, and has to be told to go on."""
    body = b'{"agent":"a","type":"t","text":"%s"}' % (b"x" * 20_000)
    head = b"POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    pieces = b"".join([b"1\r\n%c\r\n" % byte for byte in body])
    at = RawConnection(console.url)
    answer = await at.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
    at.close()
    assert answer.status == 201, answer
