"""No secret comes out anywhere: not in the log, the record, a metric, an answer or the frontend.

One console is put through everything, with secrets that stand nowhere else, and then all it wrote is searched.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict
from yarl import URL

from tests.console import Client, connected
from tests.forger import RSA_KEY, Forger, forging, signed
from tests.process import ConsoleProcess
from tests.provider import CLIENT_ID
from tests.test_session import cookie_of

OPERATOR = "canary-operator-4f9ac1e07b"
AGENT = "canary-agent-77c19d2e45"
METRICS = "canary-metrics-d2e8a07c13"
OAUTH = "canary-oauth-9b1f60e8d4"
TOKENS = (OPERATOR, AGENT, METRICS)
SETTINGS = {
    "OPERATOR_TOKEN": OPERATOR,
    "AGENT_TOKENS": f"planner={AGENT}",
    "METRICS_TOKEN": METRICS,
    "PUBLIC_URL": "http://127.0.0.1:1",
    "OAUTH_CLIENT_ID": CLIENT_ID,
    "OAUTH_CLIENT_SECRET": OAUTH,
    "OAUTH_OPERATORS": "ada@example.net",
    "LOG_LEVEL": "debug",
}
TOLD = "canary-that-has-to-be-found"
"""What an agent tells openly: it is in the record and in answers, and found there, or the search is worth nothing."""


def raw_nonsense(secret: str) -> list[tuple[bytes, bool]]:
    """Requests that are none, or hardly, each with a secret where it might be quoted, and whether they end."""
    host = b"Host: 127.0.0.1\r\n"
    token = secret.encode()
    bearer = b"Authorization: Bearer " + token + b"\r\n"
    upgrade = b"GET /api/ws/telemetry HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + host
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    whole = [
        token + b"\r\n\r\n",
        b"GET /" + token + b"\r\n\r\n",
        b"GET / HTTP/9.9" + token + b"\r\n\r\n",
        token + b" / HTTP/1.1\r\n" + host + b"\r\n",
        b"GET http://operator:" + token + b"@127.0.0.1/api/events HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization: Bearer " + token + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization Bearer " + token + b"\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization : Bearer " + token + b"\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization: Bearer " + token + b"\0\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization: Bearer " + token + b"\xff\xfe\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\nHost: " + token + b"[\r\n\r\n",
        b"GET /" + b"a" * 200_000 + token + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"POST /api/events HTTP/1.1\r\n" + host + b"Content-Length: " + token + b"\r\n\r\n",
        b"POST /api/session HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" + token + b"\r\n",
        b"POST /api/session HTTP/1.1\r\n" + host + b"Transfer-Encoding: " + token + b"\r\n\r\n",
        upgrade + bearer + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + token + b"\r\n\r\n",
        upgrade + bearer + b"Sec-WebSocket-Version: " + token + b"\r\n\r\n",
        upgrade + bearer + key + b"Sec-WebSocket-Protocol: " + token + b"\r\n\r\n",
        upgrade + bearer + key + b"\r\n" + b"\xff\x7f" + token,  # a frame that is none
        upgrade + bearer + key + b"\r\n" + b"\x81\x04" + token,  # one that is not masked
    ]
    cut_short = [
        b"GET /api/events HTTP/1.1\r\n" + host + b"Authorization: Bearer " + token,
        b"POST /api/session HTTP/1.1\r\n" + host + b'Content-Length: 99\r\n\r\n{"token":"' + token,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + token,  # TLS
    ]
    return [(request, True) for request in whole] + [(request, False) for request in cut_short]


async def send_raw(port: int, request: bytes, waits: bool) -> None:
    """Send this, and wait for an answer to begin, or leave at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        writer.write(request)
        if not waits:
            writer.write_eof()
        async with asyncio.timeout(10):
            await reader.read(65_536)
    writer.close()


@dataclass(slots=True)
class Wrote:
    """All that the console let out, by where it did."""

    answers: list[bytes] = field(default_factory=list)
    log: bytes = b""
    files: bytes = b""
    metrics: bytes = b""

    def holds(self, secret: bytes) -> list[str]:
        """Where this stands, as it is or in Base64, wherever that begins."""
        forms = [secret, *(base64.b64encode(b" " * by + secret)[4 if by else 0 : -4] for by in range(3))]
        places = {"answers": b"\n".join(self.answers), "log": self.log, "files": self.files, "metrics": self.metrics}
        return [name for name, content in places.items() if any(form in content for form in forms)]


class Tried:
    """A client that keeps every answer, header and all, but for the cookie that is given."""

    def __init__(self, client: Client, wrote: Wrote) -> None:
        self._client = client
        self._wrote = wrote

    async def __call__(self, method: str, path: str, headers: list[tuple[str, str]], **options: Any) -> int:
        async with self._client.client.request(
            method, self._client.url + path, headers=CIMultiDict(headers), allow_redirects=False, **options
        ) as answer:
            kept = [f"{name}: {value}" for name, value in answer.headers.items() if name != "Set-Cookie"]
            self._wrote.answers += ["\n".join(kept).encode("utf-8", "surrogateescape"), await answer.read()]
        self._client.client.cookie_jar.clear()
        return answer.status


def odd_headers(secret: str, cookie: str) -> Iterator[list[tuple[str, str]]]:
    """A secret wherever a header may have it, wrongly."""
    yield [("Authorization", f"Bearer {secret}x")]
    yield [("Authorization", f"Bearer {secret} {secret}")]
    yield [("Authorization", f"Bearer {secret}"), ("Authorization", f"Bearer {secret}")]
    yield [("Authorization", f"Basic {secret}")]
    yield [("Authorization", secret)]
    yield [("Cookie", f"{cookie}={secret}"), ("Origin", f"http://{secret}")]
    yield [("Cookie", f'{cookie}="{secret}; {secret}')]
    yield [("X-Forwarded-For", secret), ("Referer", f"http://{secret}/"), ("User-Agent", secret)]


async def sign_in(client: Client, wrote: Wrote, forger: Forger) -> list[str]:
    """Sign in with the provider, after a few ways in which that fails; returns all that was secret of it."""
    secrets: list[str] = []
    session = ""
    for failing in ("the state", "the signature", "the e-mail address", ""):
        went = await client.get("/auth/login?moved=true")
        cookie = cookie_of(went)
        wanted = URL(went.headers["Location"], encoded=True).query
        forger.nonce = wanted["nonce"]
        verified = failing != "the e-mail address"
        key = forger.other if failing == "the signature" else forger.rsa
        token = signed({"alg": "RS256", "kid": RSA_KEY}, {**forger.claims, "email_verified": verified}, key)
        forger.answer = token
        code = f"canary-code-{len(secrets)}-5c0d7be1"
        state = "x" if failing == "the state" else wanted["state"]
        back = await client.get(
            str(URL("/auth/callback").with_query(code=code, state=state)),
            headers={"Cookie": f"{cookie.key}={cookie.value}"},
        )
        assert back.status == {"the state": 400, "the signature": 502, "the e-mail address": 403}.get(failing, 303)
        secrets += [code, token, cookie.value]
        session = back.headers["Set-Cookie"].partition(";")[0]
        for answer in (went, back):
            kept = [f"{name}: {value}" for name, value in answer.headers.items() if name != "Set-Cookie"]
            wrote.answers += ["\n".join(kept).encode(), answer.body]
    assert base64.b64decode(forger.headers["Authorization"].removeprefix("Basic ")).endswith(OAUTH.encode())
    assert session.startswith("session_")
    return [*secrets, forger.form["code_verifier"], session.partition("=")[2]]


async def try_everything(client: Client, wrote: Wrote, port: int) -> str:
    """Every route with every credential, rightly and wrongly; returns a session's secret, which was used too."""
    tried = Tried(client, wrote)
    own = {"Origin": client.url}
    morsel = cookie_of(await client.post("/api/session", {"token": OPERATOR}, headers=own))
    client.client.cookie_jar.clear()
    # The first wrong ones are recorded; what follows is more than a minute may have.
    assert await tried("POST", "/api/session", [*own.items()], json={"token": f"{OPERATOR}x"}) == 401
    by_cookie = [("Cookie", f"{morsel.key}={morsel.value}"), ("Origin", client.url)]
    described = (await client.get("/api/openapi.json")).json["paths"]
    paths = {re.sub(r"\{\w+\}", "0", path): [name.upper() for name in methods] for path, methods in described.items()}
    paths["/"] = paths["/log/0"] = ["GET"]
    asset = re.search(r'src="(/assets/[^"]+)"', (await client.get("/")).text)
    assert asset is not None
    paths[asset[1]] = ["GET"]
    for path, methods in paths.items():
        for method in methods:
            if (method, path) != ("DELETE", "/api/session"):
                await tried(method, path, by_cookie, **({"json": {"a": 1}} if method == "POST" else {}))
            for secret in TOKENS:
                await tried(method, path, [("Authorization", f"Bearer {secret}")])
                await tried(method, f"{path}?token={secret}", [])
    for secret in (*TOKENS, OAUTH, morsel.value):
        for path in ("/api/events", "/api/events/0", "/api/ws/telemetry", "/metrics", "/api/session", f"/api/{secret}"):
            for headers in odd_headers(secret, morsel.key):
                await tried("GET", path, headers)
        for body in ({"token": f"{secret}x"}, {"token": [secret]}, [secret], {secret: ""}):
            await tried("POST", "/api/session", [*own.items()], json=body)
        for content in (f'{{"agent":"{secret}', f'["{secret}"]', f'{{"agent":{{"{secret}":1}}}}'):
            for path in ("/api/events", "/api/gpt/query"):
                as_json = [("Content-Type", "application/json"), ("Authorization", f"Bearer {OPERATOR}")]
                assert await tried("POST", path, as_json, data=content) >= 400
        for request, ends in raw_nonsense(secret):
            # aiohttp itself answers what is not HTTP, and quotes it to who sent it; never to the log.
            for waits in (False, True)[: 1 + ends]:
                await send_raw(port, request, waits)
    await client.record({"agent": "a", "type": "t", "text": TOLD}, token=AGENT)
    # All this did no harm; and what is shown of the record, and exported, is searched too.
    bearer = [("Authorization", f"Bearer {OPERATOR}")]
    for path in ("/api/events?limit=1000", "/api/events?format=ndjson", "/api/sources"):
        assert await tried("GET", path, bearer) == 200
    async with await client.watch("?from=0", token=OPERATOR) as stream:
        while TOLD not in (frame := (await stream.socket.receive(timeout=10)).data):
            wrote.answers.append(frame.encode())
    wrote.metrics = (await client.get("/metrics", token=METRICS)).body
    await tried("DELETE", "/api/session", by_cookie)
    return str(morsel.value)


async def test_no_secret_comes_out_anywhere_whatever_is_done(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wrote = Wrote()
    async with forging() as forger, AsyncExitStack() as ending:
        process = ending.enter_context(ConsoleProcess(tmp_path, {**SETTINGS, "OAUTH_ISSUER": forger.issuer}))
        async with connected(process.url) as client:
            of_signin = await sign_in(client, wrote, forger)  # first, for what follows makes this address wait
            session = await try_everything(client, wrote, process.port)
        process.terminate()
        assert process.wait() == 0
    log = "\n".join(process.log)
    assert capfd.readouterr().out == ""
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]
    key = tmp_path / "data" / "log.key"
    wrote.log = log.encode()
    wrote.files = b"\n".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path != key)
    # The search finds what has to be there.
    assert wrote.holds(TOLD.encode()) == ["answers", "files"]
    assert wrote.holds(b"console.started") == ["answers", "files"]
    assert wrote.holds(b"session.refused") == ["answers", "files"]
    assert log.count("status=401") + log.count("status=429") > 50
    assert "a request was refused before it was read" in log
    assert b"governance_failed_signins_total" in wrote.metrics
    private = base64.b64decode("".join(key.read_text().splitlines()[1:-1]))[-32:]
    for secret in (*(text.encode() for text in (*TOKENS, OAUTH, session, *of_signin)), private):
        assert wrote.holds(secret) == []
