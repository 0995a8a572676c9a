"""The console behind real proxies, each with the very configuration that docs/operations.md shows."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from governance_console.limits import MAX_REQUEST_BYTES
from tests.certificates import Certificate, make_certificate
from tests.console import Client
from tests.process import ROOT, ConsoleProcess
from tests.test_ingest import JSON, LENIENT, problem

NAME = "console.example.net"
TOKEN = "a-token-behind-a-proxy"
SEARCHED = "/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin"
INSTALL = {"nginx": "apt-get install nginx-light", "caddy": "apt-get install caddy"}


def program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SEARCHED)


def shown(language: str) -> str:
    """The first block of this language in docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return str(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[0])


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        assert before in text, before
        text = text.replace(before, after)
    return text


def nginx(folder: Path, port: int, console: int, files: Certificate) -> list[str]:
    """The command that runs it, with what a packaged nginx.conf has around such a file."""
    block = replaced(
        shown("nginx"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("127.0.0.1:8080", f"127.0.0.1:{console}"),
        ("/etc/ssl/console.example.net.pem", str(files.cert)),
        ("/etc/ssl/console.example.net.key", str(files.key)),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid; daemon off; master_process off; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{block}}}\n"
    )
    return [str(program("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy(folder: Path, port: int, console: int, files: Certificate) -> list[str]:
    """The same for Caddy, which gets its certificate from the files here and not from the internet."""
    block = replaced(
        shown("caddyfile"),
        (
            f"{NAME} {{",
            f"{{\nadmin off\nauto_https off\n}}\n{NAME}:{port} {{\nbind 127.0.0.1\ntls {files.cert} {files.key}",
        ),
        ("127.0.0.1:8080", f"127.0.0.1:{console}"),
    )
    (folder / "Caddyfile").write_text(block)
    return [str(program("caddy")), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS = {"nginx": nginx, "caddy": caddy}


@contextmanager
def served(name: str, folder: Path, port: int, console: int, files: Certificate) -> Iterator[None]:
    """The proxy, for as long as this lasts."""
    command = COMMANDS[name](folder, port, console, files)
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                break
            time.sleep(0.01)
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Loopback(AbstractResolver):
    """The name that the docs use, on this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        assert host == NAME
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def client_at(address: str, port: int, files: Certificate) -> AsyncIterator[Client]:
    """A client with an address of its own, to whom the proxy's certificate is the only one."""
    connector = aiohttp.TCPConnector(
        resolver=_Loopback(), ssl=files.client_context(), local_addr=(address, 0), use_dns_cache=False
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(f"https://{NAME}:{port}", session)


@pytest.mark.parametrize("name", COMMANDS)
async def test_behind_a_real_proxy_everything_works_and_each_client_is_told_apart(
    tmp_path: Path, require: Callable[[bool, str, str], None], name: str
) -> None:
    require(program(name) is not None, name, INSTALL[name])
    files, port = make_certificate(tmp_path), free_port()
    own = f"https://{NAME}:{port}"
    settings = {"OPERATOR_TOKEN": TOKEN, "PUBLIC_URL": own, "TRUSTED_PROXIES": "127.0.0.1", "WS_INTERVAL_SEC": "0.2"}
    with ConsoleProcess(tmp_path, settings) as process, served(name, tmp_path, port, process.port, files):
        async with client_at("127.0.0.2", port, files) as client:
            page = await client.get("/")
            assert '<div id="root">' in page.text
            assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")

            signed = await client.post("/api/session", {"token": TOKEN}, headers={"Origin": own})
            assert signed.status == 200, signed.text
            assert signed.headers["Set-Cookie"].startswith("__Host-session=")
            assert "Secure" in signed.headers["Set-Cookie"]
            async with await client.watch(headers={"Origin": own}) as stream:  # by the cookie alone
                assert (await stream.message())["type"] == "audit"
                (recorded,) = await client.record(LENIENT, token=TOKEN)
                while (await stream.entry())["entry"]["seq"] != recorded:  # those of the start and of the sign-in
                    pass
            foreign = {"Origin": "https://evil.example"}
            problem(await client.post("/api/events", LENIENT, headers=foreign, token=TOKEN), 403)
            largest = b'{"agent":"a","type":"t"}'.ljust(MAX_REQUEST_BYTES)
            assert (await client.request("POST", "/api/events", data=largest, headers=JSON, token=TOKEN)).status == 201
            client.client.cookie_jar.clear()

            statuses = []
            for number in range(22):  # whoever it claims to be, it is one guesser
                forged = {"X-Forwarded-For": f"198.51.100.{number}", "X-Forwarded-Proto": "http"}
                statuses.append((await client.get("/api/events", token="wrong", headers=forged)).status)
            assert statuses[:20] == [401] * 20
            assert statuses[-1] == 429
            assert (await client.get("/api/events", token=TOKEN)).status == 200
        async with client_at("127.0.0.3", port, files) as other:
            problem(await other.get("/api/events", token="wrong"), 401)
        assert [line for line in process.log if "too many wrong tokens" in line and "client=127.0.0.2" in line]


def test_the_unit_in_the_docs_is_one(tmp_path: Path, require: Callable[[bool, str, str], None]) -> None:
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze", "apt-get install systemd")
    unit = tmp_path / "governance-console.service"
    unit.write_text(replaced(shown("ini"), ("/opt/governance-console/.venv/bin/python", "/bin/true")))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not told, done.stderr
