"""A real OpenID provider, in a process of its own: ``tests/tools/provider.mjs`` says which, and whom it knows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiohttp
from yarl import URL

from governance_console.settings import Settings
from tests.console import Answer

TOOLS: Final = Path(__file__).parent / "tools"
INSTALL: Final = "npm ci --prefix tests/tools"
CLIENT_ID: Final = "console of the tests"
CLIENT_SECRET: Final = "s3cret: of 100% the provider & the console"
"""What has to be encoded on its way, so that it is seen to be."""


def require_provider(require: Callable[[bool, str, str], None]) -> None:
    is_there = shutil.which("node") is not None and (TOOLS / "node_modules" / "oidc-provider").exists()
    require(is_there, "oidc-provider", INSTALL)


@contextmanager
def provider_for(redirect_uri: str) -> Iterator[str]:
    """It serves; its issuer. It ends with its standard input."""
    command = ["node", str(TOOLS / "provider.mjs"), CLIENT_ID, CLIENT_SECRET, redirect_uri]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)


def with_signin(settings: Settings, issuer: str, port: int, **changed: Any) -> Settings:
    """A console where people of example.net sign in: Ada is an operator, everybody a viewer."""
    return replace(
        settings,
        **{
            "public_url": f"http://127.0.0.1:{port}",
            "oauth_client_id": CLIENT_ID,
            "oauth_client_secret": CLIENT_SECRET,
            "oauth_issuer": issuer,
            "oauth_operators": ("ada@example.net",),
            "oauth_viewers": ("*@example.net",),
            **changed,
        },
    )


class Browser:
    """What a browser does between the console and the provider, without its pages: it keeps cookies, of every port
    apart, and follows where it is sent, as ``email``.
    """

    def __init__(self, client: aiohttp.ClientSession, console: str) -> None:
        self._client = client
        self.console = URL(console)
        self._cookies: dict[str, dict[str, str]] = {}
        self.went: list[URL] = []

    async def ask(self, method: str, url: URL | str, **options: Any) -> Answer:
        where = self.console.join(URL(str(url), encoded=True))
        jar = self._cookies.setdefault(str(where.origin()), {})
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            "Origin": str(self.console.origin()),
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
            **options.pop("headers", {}),
        }
        if not headers["Cookie"]:
            del headers["Cookie"]
        async with self._client.request(
            method, where, headers=headers, allow_redirects=False, cookies={}, **options
        ) as response:
            for name, morsel in response.cookies.items():
                jar[name] = morsel.value
                if morsel["max-age"] == "0" or morsel["expires"].startswith("Thu, 01 Jan 1970"):
                    del jar[name]
            return Answer(response.status, response.headers.copy(), await response.read())

    async def go(self, url: URL | str, email: str = "") -> Answer:
        """Ask, and follow to the end; at the provider one is ``email``."""
        where = self.console.join(URL(str(url), encoded=True))
        while True:
            self.went.append(where)
            answer = await self.ask("GET", where)
            if answer.status not in (302, 303):
                return answer
            where = where.join(URL(answer.headers["Location"], encoded=True))
            if email and where.path == "/auth":
                where = where.update_query(login_hint=email)

    async def sign_in(self, email: str, path: str = "/healthz") -> Answer:
        return await self.go(URL("/auth/login").with_query(next=path), email)

    def forget(self, site: str) -> None:
        """Sign out there, by forgetting its cookies."""
        self._cookies.pop(str(URL(site).origin()), None)

    def cookies(self) -> dict[str, str]:
        """The console's."""
        return self._cookies.get(str(self.console.origin()), {})
