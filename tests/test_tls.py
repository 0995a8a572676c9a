"""The console's own TLS: with a real certificate, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from governance_console.limits import DEFAULT_BOUNDS
from governance_console.logs import AcceptErrors
from governance_console.parcel import LEAST_WATCHERS
from governance_console.settings import Settings
from governance_console.tls import server_context
from tests.certificates import Certificate, make_certificate
from tests.console import SAMPLE, connected, running
from tests.process import ConsoleProcess, command, run_to_end
from tests.test_ingest import LENIENT

TOKEN = "a-token-for-tls"


async def test_everything_goes_over_tls_and_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    with ConsoleProcess(tmp_path, {**files.settings, "OPERATOR_TOKEN": TOKEN}) as process:
        assert process.url.startswith("https://")
        async with connected(process.url, tls=files.client_context()) as client:
            async with await client.watch(token=TOKEN) as stream, await client.watch(token=TOKEN) as vanishing:
                vanishing.socket._response.connection.transport.abort()  # type: ignore[union-attr]
                many = [await client.watch(token=TOKEN) for _ in range(LEAST_WATCHERS)]
                for number in range(20):
                    await client.record(*[{**LENIENT, "data": "x" * 1000}] * 50, token=TOKEN)
                    for place in range(50):
                        assert (await stream.entry())["entry"]["seq"] == 1 + 50 * number + place
                assert [(await one.entry())["entry"]["seq"] for one in many] == [1] * LEAST_WATCHERS
            answer = await client.post("/api/events", LENIENT, token=TOKEN)
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            answer = await client.post("/api/session", {"token": TOKEN}, headers={"Origin": process.url})
            assert answer.status == 200, answer.text
            assert answer.headers["Set-Cookie"].startswith("__Host-session=")
            assert "Secure" in answer.headers["Set-Cookie"]
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            foreign = {"Origin": process.url.replace("https", "http")}
            assert (await client.post("/api/session", {"token": TOKEN}, headers=foreign)).status == 403
        ended = await command(
            tmp_path,
            "import",
            str(SAMPLE),
            url=process.url,
            settings={"OPERATOR_TOKEN": TOKEN, "SSL_CERT_FILE": str(files.cert)},
        )
        assert (ended.status, "recorded 231" in ended.errors) == (0, True), ended
        with pytest.raises(aiohttp.ClientError):
            async with connected(process.url) as stranger:
                await stranger.get("/healthz")


def loops() -> list[Callable[[], asyncio.AbstractEventLoop]]:
    """Those that a console may run on here."""
    try:
        import uvloop
    except ImportError:
        return [asyncio.new_event_loop]
    return [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("loop", loops(), ids=lambda loop: loop.__module__.partition(".")[0])
def test_who_says_nothing_before_the_handshake_is_counted_and_cut(
    loop: Callable[[], asyncio.AbstractEventLoop], settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_certificate(tmp_path)
    tls = server_context(files.cert, files.key), files.client_context()

    async def ended(reader: asyncio.StreamReader) -> bool:
        try:
            return await asyncio.wait_for(reader.read(), 5) == b""
        except ConnectionError:
            return True

    async def story() -> None:
        bounds = replace(DEFAULT_BOUNDS, connections=4, first_request_sec=0.5)
        async with running(settings, bounds=bounds, tls=tls) as console:
            address = urlsplit(console.url)
            silent = [await asyncio.open_connection(address.hostname, address.port) for _ in range(10)]
            # Six have made room for those after them; the others have as long as a first request.
            assert (await console.get("/healthz")).status == 200
            assert [await ended(reader) for reader, _ in silent] == [True] * 10
            text = (await console.get("/metrics")).text
            assert 'governance_limited_total{limit="connections"} 7.0' in text
            assert 'governance_limited_total{limit="slow"} 3.0' in text
            noise = await asyncio.open_connection(address.hostname, address.port)
            noise[1].write(b"GET / HTTP/1.1\r\n\r\n")
            await ended(noise[0])
            for size in (100, 100_000):  # what comes right after a handshake is not lost
                body = b'{"agent":"a","type":"t"}'.ljust(size)
                connection = await asyncio.open_connection(address.hostname, address.port, ssl=tls[1])
                connection[1].write(
                    b"POST /api/events HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                )
                connection[1].write(b"Content-Length: %d\r\n\r\n" % size + body)
                assert (await connection[0].readline()).startswith(b"HTTP/1.0 201 ")
                connection[1].close()
            last = await asyncio.open_connection(address.hostname, address.port)
        assert await ended(last[0])
        for _, writer in (*silent, noise, last):
            writer.transport.abort()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())
    assert not [one for one in caplog.records if one.levelname in ("ERROR", "WARNING")]


MODERN, OLD = "ECDHE-ECDSA-AES128-GCM-SHA256", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
HELLOS = [
    (ssl.TLSVersion.TLSv1_3, OLD, "TLSv1.3"),
    (ssl.TLSVersion.TLSv1_2, MODERN, "TLSv1.2"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2"),
    (ssl.TLSVersion.TLSv1_1, OLD, None),
    (ssl.TLSVersion.TLSv1, OLD, None),
    *(
        (ssl.TLSVersion.TLSv1_2, f"{weak}:@SECLEVEL=0", None)
        for weak in ("ECDHE-ECDSA-AES128-SHA", "aNULL", "eNULL", "kRSA")
    ),
]


def spoken(client: ssl.SSLContext, server: ssl.SSLContext) -> str | None:
    """The version on which the two agree, if they do; without sockets."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for turn in (ours, theirs, ours, theirs, ours):
        try:
            turn.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return None
    return ours.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # they are what is to be refused
def test_old_versions_and_weak_ciphers_are_refused(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    server = server_context(files.cert, files.key)
    for version, ciphers, answer in HELLOS:
        client = files.client_context()
        client.set_ciphers(ciphers)
        client.minimum_version = client.maximum_version = version
        assert spoken(client, server) == answer, (version, ciphers)


def encrypted(files: Certificate) -> Certificate:
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    how = serialization.BestAvailableEncryption(b"password")
    files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    return files


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda made, other: Certificate(Path("nowhere.pem"), made.key), "nowhere.pem cannot be read: no such file"),
        (lambda made, other: Certificate(made.cert, Path("nowhere.key")), "nowhere.key cannot be read: no such file"),
        (lambda made, other: Certificate(made.cert, other.key), "is not the key of"),
        (lambda made, other: Certificate(made.key, made.cert), "have to be a certificate and its unencrypted key"),
        (lambda made, other: encrypted(made), "have to be a certificate and its unencrypted key"),
    ],
    ids=["no-cert", "no-key", "another-key", "swapped", "encrypted"],
)
async def test_files_that_cannot_serve_are_told_in_a_sentence(tmp_path: Path, make: object, says: str) -> None:
    assert callable(make)
    files: Certificate = make(make_certificate(tmp_path), make_certificate(tmp_path, "other"))
    ended = await asyncio.to_thread(run_to_end, tmp_path, "--listen", "127.0.0.1:0", settings=files.settings)
    assert (ended.status, ended.output) == (2, "")
    (line,) = ended.errors.splitlines()
    assert line.startswith("governance-console: TLS_")
    assert says in line


def test_that_no_connection_is_accepted_is_said_once_a_minute() -> None:
    now = 0.0
    told = AcceptErrors(lambda: now)

    def said(text: str) -> list[logging.LogRecord]:
        error = OSError(24, "Too many open files")
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, text, (), (OSError, error, None))
        return [record] if told.filter(record) else []

    (first,) = said("socket.accept() out of system resource\nsocket: <socket.TransportSocket fd=7>")
    assert (first.exc_info, "\n" in first.getMessage()) == (None, False)
    now = 59.0
    assert not said("socket.accept() out of system resource\nsocket: x")
    assert said("Task exception was never retrieved")
    now = 60.0
    assert said("socket.accept() out of system resource\nsocket: x")
