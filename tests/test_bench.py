"""The benchmarks' own arithmetic and checks. Nothing is timed here, and no peer is needed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import apsw
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from governance_console.settings import Settings
from governance_console.storage.sqlite_file import WAL_PAGES, SqliteFile
from tests.bench import bars, contenders, machine, samples, table, wire
from tests.bench.__main__ import PARTS
from tests.bench.__main__ import main as bench
from tests.bench.asking import Asking
from tests.bench.errors import CannotMeasure, WrongResult
from tests.bench.explained import BOUNDED_BY
from tests.bench.pages import filled
from tests.bench.peers.intake import Publish, add_recording
from tests.bench.peers.publishing import Message
from tests.bench.peers.record import Table, create, drop_unique_index
from tests.bench.results import Results, Spread, percentile
from tests.bench.watching import Group, Watchers, join, trusting
from tests.certificates import Certificate, make_certificate
from tests.console import Client, Console, running
from tests.process import ROOT, ConsoleProcess

WELCOME = '{"type":"audit","message":"welcome"}'

linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="measured on Linux only")


def frame(text: str) -> bytes:
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return (
        b"\x81\x7e" + size.to_bytes(2, "big") + payload
        if size < 65536
        else b"\x81\x7f" + size.to_bytes(8, "big") + payload
    )


def entry(seq: int) -> bytes:
    return frame(samples.text(samples.event(seq), seq))


@contextmanager
def streaming(*to_each: bytes, behind: bytes = b"") -> Iterator[tuple[int, threading.Event]]:
    """A server that sends the first watcher these bytes, the next one those; its port, and what lets it begin."""
    door = socket.create_server(("127.0.0.1", 0))
    begun, done = threading.Event(), threading.Event()

    def serve() -> None:
        peers = []
        for sent in to_each:
            peer, _ = door.accept()
            peers.append((peer, sent))
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frame(WELCOME) + behind)
        begun.wait(10)
        for peer, sent in peers:
            peer.sendall(sent)
        done.wait(10)
        for peer, _ in peers:
            peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield door.getsockname()[1], begun
    finally:
        begun.set()
        done.set()
        thread.join()
        door.close()


def received(frames: int, *to_each: bytes, source: str = "", seconds: float = 10) -> Sequence[float]:
    """What watchers make of what they are sent, expecting so many frames each."""
    with (
        streaming(*to_each) as (port, begun),
        closing(Watchers(port, "", [Group("/", source, len(to_each))])) as watchers,
    ):
        watchers.expect([frames])
        begun.set()
        return watchers.receive(seconds)


@pytest.mark.parametrize("step", [1, 3, 7, 200, 100_000])
def test_frames_are_read_however_the_stream_is_cut(step: int) -> None:
    texts = ["", "a", "b" * 125, "c" * 126, *(["d" * 65535, "e" * 65536] if step > 100 else [])]
    stream = b"".join(map(frame, texts))
    reader = wire.FrameReader()
    found = [payload for place in range(0, len(stream), step) for payload in reader.feed(stream[place : place + step])]
    assert [payload.decode() for payload in found] == texts
    assert reader.is_between


@pytest.mark.parametrize("wrong", [b"\x01\x01a", b"\x82\x01a", b"\x89\x00", b"\x81\x81aaaaa", b"\xc1\x01a"])
def test_what_is_no_whole_unmasked_text_is_refused(wrong: bytes) -> None:
    with pytest.raises(WrongResult):
        wire.FrameReader().feed(wrong)


@linux
def test_watchers_that_got_everything_say_when() -> None:
    stream = b"".join(map(entry, range(3)))
    assert len(received(3, stream, stream, stream)) == 3


@linux
@pytest.mark.parametrize(
    ("frames", "streams", "why"),
    [
        (3, (entry(0) + entry(2) + entry(3),), "#2 .* came after #0"),
        (3, (entry(0) + entry(1) + entry(1),), "#1 .* came after #1"),
        (1, (entry(0) + entry(1),), "2 messages came where 1 were sent"),
        (2, (entry(0),), "did not get everything"),
        (2, (entry(0) + entry(1), entry(0)), "did not get everything"),
        (2, (entry(0) + entry(1), entry(0) + entry(1).replace(b"model", b"medal")), "different bytes"),
        (2, (entry(0) + entry(1), entry(0) + entry(1) + frame("")), "got more than the first"),
    ],
)
def test_a_frame_that_is_missing_repeated_altered_or_too_many_is_noticed(
    frames: int, streams: tuple[bytes, ...], why: str
) -> None:
    with pytest.raises(WrongResult, match=why):
        received(frames, *streams, seconds=0.2 if why == "did not get everything" else 10)


@linux
def test_a_frame_that_the_filter_keeps_out_is_noticed() -> None:
    received(2, entry(3) + entry(13), source="agent-3")
    with pytest.raises(WrongResult, match="agent-4 came to who watches agent-3"):
        received(2, entry(3) + entry(4), source="agent-3")


@linux
def test_a_heartbeat_may_come_right_behind_the_welcome_and_an_entry_may_not() -> None:
    with streaming(b"", behind=frame(WELCOME)) as (port, _):
        join(port, "", "/").close()
    with streaming(b"", behind=entry(0)) as (port, _), pytest.raises(WrongResult, match="welcome and heartbeats"):
        join(port, "", "/")


def at_the_samples_time(message: str) -> str:
    return re.sub(r'"recorded":"[^"]*"', f'"recorded":"{samples.RECORDED}"', message)


@linux
async def test_peers_send_the_texts_that_the_console_sends(console: Console) -> None:
    async with await console.watch() as stream:
        await stream.message()
        for number in range(3):
            await console.post("/api/events", samples.event(number))
            # The principal and the time are the only differences: this console has no token.
            sent = json.dumps(await stream.entry(), separators=(",", ":")).replace("anonymous", "operator")
            assert at_the_samples_time(sent) == samples.text(samples.event(number), number)
            assert len(sent) == len(samples.text(samples.event(number), number))


@asynccontextmanager
async def recording_peer(publish: Publish) -> AsyncIterator[Client]:
    """The half of a peer that takes events in and records them where the test stands."""
    app = web.Application()
    await add_recording(app, publish, contenders.TOKEN)
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        yield Client(str(server.make_url("/")), client)


async def test_a_peer_that_records_streams_what_the_console_would_once_it_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamed: list[str] = []
    durable: list[bool] = []

    async def publish(messages: Sequence[Message]) -> None:
        streamed.extend(at_the_samples_time(message.text) for message in messages)
        with closing(apsw.Connection("record.db")) as other:
            durable.extend(size >= len(streamed) for (size,) in other.execute("SELECT count(*) FROM entries"))

    async def posted(*numbers: int) -> list[int | None]:
        sent = [samples.event(number) for number in numbers]
        kind = "cloudevents" if len(sent) == 1 else "cloudevents-batch"
        body = json.dumps(sent[0] if len(sent) == 1 else sent).encode()
        headers = {"Content-Type": f"application/{kind}+json"}
        answer = await peer.post("/api/events", data=body, token=contenders.TOKEN, headers=headers)
        assert answer.status == 201
        assert [item["id"] for item in answer.json["items"]] == [event["id"] for event in sent]
        return [item["seq"] for item in answer.json["items"]]

    monkeypatch.chdir(tmp_path)
    async with recording_peer(publish) as peer:
        assert await posted(1) == [1]
        assert await posted(2, 3) == [2, 3]
        assert streamed == [samples.text(samples.event(number), number) for number in (1, 2, 3)]
        assert await posted(3, 4, 4, 1, 5) == [None, 4, None, None, 5], "what was there, or comes twice, gets no number"
        assert await posted(4) == [None]
        assert (await peer.post("/api/events", samples.event(6), token="another")).status == 401
        together = await asyncio.gather(*(posted(number, number + 1) for number in range(6, 46, 2)))
        assert sorted(seq or 0 for seqs in together for seq in seqs) == list(range(6, 46))
        assert [json.loads(text)["entry"]["seq"] for text in streamed] == list(range(1, 46))
        assert all(durable)
        assert (await peer.get("/api/events", token=contenders.TOKEN)).json == {"size": 45}


@linux
async def test_watchers_check_a_real_console(settings: Settings) -> None:
    def watch(console: Console) -> int:
        port = int(console.url.rpartition(":")[2])
        with closing(Watchers(port, "", [Group("/api/ws/telemetry", "", 3)])) as watchers:
            asyncio.run_coroutine_threadsafe(console.record(*map(samples.event, range(40))), loop).result(10)
            watchers.expect([40])
            return len(watchers.receive(10))

    loop = asyncio.get_running_loop()
    async with running(replace(settings, ws_interval_sec=3600)) as console:
        assert await asyncio.to_thread(watch, console) == 3


@linux
def test_watchers_check_a_real_console_over_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    events = contenders.events_request([samples.event(number) for number in range(300)])
    with (
        ConsoleProcess(tmp_path, {**certificate.settings, "OPERATOR_TOKEN": contenders.TOKEN}) as console,
        Asking(console.port, trust=trusting(certificate.cert)) as asking,
        closing(
            Watchers(console.port, contenders.TOKEN, [Group(contenders.stream_path(), "", 3)], certificate.cert)
        ) as watchers,
    ):
        watchers.expect([300])
        asking.ask(events)
        assert len(watchers.receive(10)) == 3


@contextmanager
def halving(certificate: Certificate, version: ssl.TLSVersion) -> Iterator[tuple[int, threading.Event]]:
    """A TLS server that sends its one watcher a welcome, and then half of the record that holds an entry."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.maximum_version = version
    context.load_cert_chain(certificate.cert, certificate.key)
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    door = socket.create_server(("127.0.0.1", 0))
    begun, done = threading.Event(), threading.Event()

    def serve() -> None:
        peer, _ = door.accept()
        secured = context.wrap_bio(received, to_send, server_side=True)

        def until_done(step: Callable[[], object]) -> None:
            while True:
                try:
                    step()
                    return
                except ssl.SSLWantReadError:
                    peer.sendall(to_send.read())
                    received.write(peer.recv(65536))

        with peer, suppress(ssl.SSLError, OSError):
            until_done(secured.do_handshake)
            until_done(lambda: secured.read(65536))
            secured.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frame(WELCOME))
            peer.sendall(to_send.read())
            begun.wait(10)
            secured.write(entry(0))
            record = to_send.read()
            peer.sendall(record[: len(record) // 2])
            done.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield door.getsockname()[1], begun
    finally:
        begun.set()
        done.set()
        thread.join()
        door.close()


@linux
def test_half_a_tls_record_keeps_nobody_waiting(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with (
        halving(certificate, ssl.TLSVersion.TLSv1_3) as (port, begun),
        closing(Watchers(port, "", [Group("/", "", 1)], certificate.cert)) as watchers,
    ):
        watchers.expect([1])
        begun.set()
        with pytest.raises(WrongResult, match="did not get everything"):
            watchers.receive(0.2)


def test_an_older_tls_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with halving(certificate, ssl.TLSVersion.TLSv1_2) as (port, _), pytest.raises(ssl.SSLError):
        join(port, "", "/", trusting(certificate.cert))


def test_an_answer_is_whole_when_its_length_says_so() -> None:
    answer = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nX: y\r\n\r\n{}"
    assert wire.answer_bytes(answer[:30]) is None
    assert wire.answer_bytes(answer) == len(answer)
    with pytest.raises(WrongResult):
        wire.answer_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    results = Results()
    for ours, theirs in ((10, 1), (4, 2), (9, 3)):
        results.add("speed", "console", ours)
        results.add("speed", "peer", theirs)
    assert results.ratio("speed", "console", "speed", "peer") == Spread(3, 2, 10)
    assert results.spread("speed", "console") == Spread(9, 4, 10)
    results.add("speed", "peer", 1)
    with pytest.raises(CannotMeasure):
        results.ratio("speed", "console", "speed", "peer")


@pytest.mark.parametrize(
    ("samples_", "share", "expected"),
    [([7.0], 0.99, 7.0), ([1.0, 2.0], 0.5, 1.0), (list(range(1, 101)), 0.99, 99), (list(range(1, 102)), 0.99, 100)],
)
def test_a_percentile_is_a_sample_of_the_nearest_rank(samples_: Sequence[float], share: float, expected: float) -> None:
    assert percentile(samples_, share) == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00"),
        (0.123, "0.12"),
        (1.5, "1.50"),
        (25, "25.0"),
        (138.4, "138"),
        (9999, "9999"),
        (21800, "21.8 k"),
        (3.1e6, "3.10 M"),
    ],
)
def test_numbers_are_shown_with_three_digits(value: float, shown: str) -> None:
    assert table.number(value) == shown


def test_verdicts_are_by_the_median_and_say_what_was_not_measured() -> None:
    results = Results()
    for figure, peer, ours in (
        ("burst", "broadcast", 25),
        ("single", "broadcast", 1.19),
        ("burst delivery", "joined", 0.9),
    ):
        results.add(figure, "console", ours)
        results.add(figure, peer, 1)
    results.add("idle watcher", "console", 24 * 1024 + 1)
    results.add("start", "10000000", 1.5)
    results.add("start", "100000", 1)
    lines = {bar.key: line for bar, line in zip(bars.BARS, bars.verdicts(results).splitlines()[2:], strict=True)}
    assert [key for key, line in lines.items() if line.split("|")[4].strip() == "met"] == ["burst", "start"]
    assert [key for key, line in lines.items() if "**not met**" in line] == ["joined-apart", "single", "memory"]
    assert all(
        "not measured" in line
        for key, line in lines.items()
        if key not in ("burst", "joined-apart", "start", "single", "memory")
    )


def test_every_explanation_is_of_a_bar() -> None:
    assert set(BOUNDED_BY) <= {bar.key for bar in bars.BARS}


def test_results_are_put_in_their_places_and_nowhere_else() -> None:
    page = "a\n<!-- bench bars -->\nold\n<!-- bench end -->\nb\n<!-- bench machine -->\n<!-- bench end -->\n"
    once = filled(page, {"bars": "new", "machine": "this"})
    assert once == (
        "a\n<!-- bench bars -->\n\nnew\n\n<!-- bench end -->\nb\n<!-- bench machine -->\n\nthis\n\n<!-- bench end -->\n"
    )
    assert filled(once, {"bars": "new", "machine": "this"}) == once
    with pytest.raises(CannotMeasure):
        filled(page, {"bars": "new"})
    with pytest.raises(CannotMeasure):
        filled("no place\n", {"bars": "new"})


def test_the_page_of_the_docs_has_its_places() -> None:
    everything = {"machine": "", "bars": "", "all": ""}
    assert filled((ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8"), everything)


def test_peers_that_record_have_the_consoles_table_and_keep_an_event_once(tmp_path: Path) -> None:
    rows = Table()
    with closing(create(str(tmp_path / "record.db"))) as connection:
        for number in (1, 2, 2):
            row = rows.row(samples.working_event(number))
            for statement, values in rows.new_names():
                connection.execute(statement, values)
            connection.execute(rows.insert, row)
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (2,)
        drop_unique_index(connection)
        connection.execute(rows.insert.partition(" ON CONFLICT")[0], rows.row(samples.working_event(2)))
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (3,)


def test_peers_that_record_set_what_the_consoles_writer_sets(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "governance.db", None, lambda: "0123456789abcdef", None, WAL_PAGES)
    with closing(file), closing(create(str(tmp_path / "record.db"))) as peer:
        console = file.open()
        for name in ("journal_mode", "synchronous", "cache_size"):
            assert peer.pragma(name) == console.pragma(name)
        assert peer.pragma("wal_autocheckpoint") == WAL_PAGES  # the console folds its WAL at that size itself
        tables = "SELECT sql FROM sqlite_schema ORDER BY name"
        assert peer.execute(tables).fetchall() == console.execute(tables).fetchall()


@linux
def test_a_folder_in_memory_is_refused() -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or machine.filesystem_of(shared) != "tmpfs":
        pytest.skip("this machine has no tmpfs at /dev/shm")
    with pytest.raises(CannotMeasure, match="nothing is durable"):
        machine.describe(shared)


@linux
def test_cpu_time_of_a_process_is_what_it_says_itself() -> None:
    from tests.bench.accounting import cpu_of, memory_of

    assert abs(cpu_of(os.getpid()).total - time.process_time()) < 0.1
    assert memory_of(os.getpid()) > 2**20


@pytest.mark.parametrize("arguments", [("--only", "nonsense"), ("--only", "fanout", "--write", "README.md")])
def test_the_command_refuses_what_makes_no_sense(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = bench(list(arguments))
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status != 0
    assert "nonsense" in (said := capsys.readouterr().err) or "leave --only away" in said


def test_help_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench(["--help"])
    said = capsys.readouterr().out
    assert all(f"  {name} " in said and part.what in said for name, part in PARTS.items())
