"""Who is at the other end: what counts of X-Forwarded-*, and from whom."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp import web

from governance_console.api import SETTINGS
from governance_console.api.clients import client_of
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import running
from tests.raw import RawConnection

LOOPBACK = (ip_network("127.0.0.0/8"),)
CHAIN = (*LOOPBACK, ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

FOR = "X-Forwarded-For"
ADDRESSES = [
    ((), [(FOR, "203.0.113.9")], "127.0.0.1"),  # nobody is trusted unless named
    ((ip_network("10.0.0.0/8"),), [(FOR, "203.0.113.9")], "127.0.0.1"),
    (LOOPBACK, [], "127.0.0.1"),
    (LOOPBACK, [(FOR, "203.0.113.9")], "203.0.113.9"),
    (LOOPBACK, [(FOR, "198.51.100.1, 203.0.113.9")], "203.0.113.9"),  # what the client claimed stands on the left
    (LOOPBACK, [(FOR, "127.0.0.1, 203.0.113.9")], "203.0.113.9"),
    (LOOPBACK, [(FOR, "198.51.100.1"), (FOR, "203.0.113.9")], "203.0.113.9"),  # two headers are one list
    (CHAIN, [(FOR, "203.0.113.9, 10.1.2.3")], "203.0.113.9"),
    (CHAIN, [(FOR, "6.6.6.6,203.0.113.9,10.1.2.3 , fd00::1")], "203.0.113.9"),
    (CHAIN, [(FOR, "10.9.9.9, 10.1.2.3")], "10.9.9.9"),  # a client inside the trusted network
    (LOOPBACK, [(FOR, "203.0.113.9:4711")], "203.0.113.9"),
    (LOOPBACK, [(FOR, "[2001:db8::1]:4711")], "2001:db8::1"),
    (LOOPBACK, [(FOR, "[2001:db8::1]")], "2001:db8::1"),
    (LOOPBACK, [(FOR, "2001:DB8:0::1")], "2001:db8::1"),
    (LOOPBACK, [(FOR, "fe80::1%eth0")], "fe80::1"),
    (LOOPBACK, [(FOR, "::ffff:203.0.113.9")], "203.0.113.9"),
    (LOOPBACK, [(FOR, "")], "127.0.0.1"),
    (LOOPBACK, [(FOR, "unknown")], "127.0.0.1"),
    (LOOPBACK, [(FOR, "203.0.113.9, _hidden")], "127.0.0.1"),  # nonsense is not looked behind
    (LOOPBACK, [(FOR, "203.0.113.9,")], "127.0.0.1"),
    (LOOPBACK, [(FOR, "203.0.113.999")], "127.0.0.1"),
    (LOOPBACK, [(FOR, "<script>")], "127.0.0.1"),
    (CHAIN, [(FOR, "203.0.113.9, nonsense, 10.1.2.3")], "10.1.2.3"),
    (LOOPBACK, [(FOR, ",".join(["127.0.0.1"] * 5000))], "127.0.0.1"),
    (LOOPBACK, [("Forwarded", "for=203.0.113.9;proto=https")], "127.0.0.1"),
    (LOOPBACK, [("X-Real-IP", "203.0.113.9")], "127.0.0.1"),
]
SEEN = [
    ((), [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example")], ["http", "here:1"]),
    (LOOPBACK, [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example")], ["https", "a.example"]),
    (LOOPBACK, [("X-Forwarded-Proto", "http, HTTPS")], ["https", "here:1"]),
    (LOOPBACK, [("X-Forwarded-Proto", "https, http")], ["http", "here:1"]),
    (LOOPBACK, [("X-Forwarded-Proto", "gopher")], ["http", "here:1"]),
    (LOOPBACK, [("X-Forwarded-Host", "forged.example, a.example:8443")], ["http", "a.example:8443"]),
    (LOOPBACK, [("X-Forwarded-Host", "")], ["http", "here:1"]),
]


async def _tell(request: web.Request) -> web.Response:
    return web.Response(text=json.dumps(client_of(request)))


async def test_only_trusted_proxies_say_for_whom_they_speak() -> None:
    app = web.Application()
    app.router.add_get("/", _tell)
    app[SETTINGS] = Settings()
    runner = web.AppRunner(app, max_field_size=100_000)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wrong = []
    for trusted, headers, told in [*ADDRESSES, *SEEN]:
        app._state[SETTINGS] = replace(Settings(), trusted_proxies=trusted)
        connection = RawConnection(f"http://127.0.0.1:{runner.addresses[0][1]}")
        answer = await connection.ask("GET", "/", [("Host", "here:1"), *headers])
        connection.close()
        address, *seen = json.loads(answer.body)
        if (address if isinstance(told, str) else seen) != told:
            wrong.append((trusted, headers, told, address, seen))
    await runner.cleanup()
    assert not wrong


async def test_a_trusted_proxy_says_that_there_is_tls_and_nobody_else_does(settings: Settings) -> None:
    """No PUBLIC_URL is needed for that: the cookie is Secure, HSTS is sent, and the Origin is the console's own."""
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "console.example.net", FOR: "203.0.113.9"}
    origin = {"Origin": "https://console.example.net"}
    behind = replace(settings, operator_token=TOKEN, allowed_hosts=("console.example.net",))
    async with running(replace(behind, trusted_proxies=LOOPBACK)) as console:
        answer = await console.post("/api/session", {"token": TOKEN}, headers={**forwarded, **origin})
        assert answer.status == 200, answer.text
        assert answer.headers["Set-Cookie"].startswith("__Host-session=")
        assert "Secure" in answer.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in answer.headers
        direct = await console.post("/api/session", {"token": TOKEN})
        assert direct.headers["Set-Cookie"].startswith("session_")
        assert "Strict-Transport-Security" not in direct.headers
        for host in ("evil.example", "a b", "x" * 400):
            assert (await console.get("/healthz", headers={**forwarded, "X-Forwarded-Host": host})).status == 403, host
    async with running(behind) as console:
        assert (await console.post("/api/session", {"token": TOKEN}, headers={**forwarded, **origin})).status == 403
        answer = await console.post("/api/session", {"token": TOKEN}, headers=forwarded)
        assert answer.headers["Set-Cookie"].startswith("session_")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
async def test_a_forwarded_host_does_not_stand_in_for_a_foreign_one(settings: Settings, host: str) -> None:
    """A proxy may pass on what a page sent: DNS rebinding does not get in that way."""
    behind = replace(settings, operator_token=TOKEN, trusted_proxies=LOOPBACK)
    async with running(behind) as console:
        answer = await console.get("/healthz", headers={"Host": host, "X-Forwarded-Host": "127.0.0.1"})
        assert answer.status == 403
