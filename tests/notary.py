"""Between a browser and its console: signs the console's record, or what a forger would have of it.

A console that lies cannot be had from a console that does not. Entries, stream and pages stay the console's own; what
is signed, and every proof, is made here by the rooms that the console itself uses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route, WebSocketRoute

from governance_console.checkpoint import Checkpoint
from governance_console.edge import Edge
from governance_console.merkle import leaf_hashes
from governance_console.notes import Signer, encode_base64
from governance_console.prooffile import ProofFile
from governance_console.proving import consistency_proof, inclusion_proof, root_at
from governance_console.tiles import Tile
from tests.browser import event, post
from tests.console import connected
from tests.process import ConsoleProcess
from tests.signedlog import signer

_HEAD: Final = '{"entry":'


class Notary:
    """Signs up to ``size`` entries, where that is set; ``forged`` is what it makes of each entry."""

    def __init__(self, process: ConsoleProcess, signer: Signer) -> None:
        self._process = process
        self.signer = signer
        self.size: int | None = None
        self.forged: Callable[[bytes], bytes] = bytes
        self.is_away = False
        self._entries: list[bytes] = []
        self._tiles: dict[Tile, bytes] = {}

    async def stand_in(self, page: Page) -> None:
        """Answer this page where the console would."""
        await page.route_web_socket("**/api/ws/telemetry**", self._opened)
        await page.route("**/api/log", self._log)
        await page.route("**/api/log/consistency?**", self._consistency)
        await page.route("**/api/events/*/proof", self._proof)
        await page.route("**/api/events/*/entry", self._entry)

    async def read(self) -> None:
        """Take what the console has recorded so far."""
        async with connected(self._process.url) as client:
            page = (await client.get("/api/events?from=0&limit=1000")).json
            texts = [(await client.get(f"/api/events/{item['entry']['seq']}")).text for item in page["items"]]
        self._entries = [self.forged(entry_in(text)) for text in texts]
        self._tiles = dict(Edge().grown(leaf_hashes(self._entries)).tiles)

    def note(self) -> bytes:
        """The newest checkpoint."""
        size = len(self._entries) if self.size is None else self.size
        return self._note(size)

    def _note(self, size: int) -> bytes:
        name = self.signer.verifier.name
        return self.signer.sign(Checkpoint(name, size, root_at(size, self._tiles.__getitem__)).text())

    def _opened(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def told(message: str | bytes) -> None:
            said = json.loads(message)
            said.pop("checkpoint", None)
            if said["type"] == "audit" and self._entries and self.size != 0:
                said["checkpoint"] = self.note().decode()
            socket.send(json.dumps(said))

        server.on_message(told)

    async def _log(self, route: Route) -> None:
        await route.fulfill(json={"verifier_key": str(self.signer.verifier)})

    async def _consistency(self, route: Route) -> None:
        if self.is_away:
            return await route.abort()
        query = parse_qs(urlsplit(route.request.url).query)
        old, new = int(query["from"][0]), int(query["to"][0])
        if new > (len(self._entries) if self.size is None else self.size):
            return await route.fulfill(status=422, json={"detail": "not signed"})
        hashes = consistency_proof(old, new, self._tiles.__getitem__)
        return await route.fulfill(json={"from": old, "to": new, "hashes": [encode_base64(one) for one in hashes]})

    async def _proof(self, route: Route) -> None:
        size = len(self._entries) if self.size is None else self.size
        seq = int(route.request.url.split("/")[-2])
        path = tuple(inclusion_proof(seq, size, self._tiles.__getitem__))
        await route.fulfill(body=ProofFile(seq, path, self._note(size)).content(), content_type="text/plain")

    async def _entry(self, route: Route) -> None:
        await route.fulfill(body=self._entries[int(route.request.url.split("/")[-2])])


async def notarised(page: Page, process: ConsoleProcess, size: int = 5) -> Notary:
    """A record of this many entries, the console's start first, all signed, before the page is opened."""
    await post(process, *(event(n) for n in range(1, size)))
    notary = Notary(process, signer())
    await notary.read()
    await notary.stand_in(page)
    return notary


def entry_in(item: str) -> bytes:
    """The entry's exact bytes out of an item's JSON."""
    _, end = json.JSONDecoder().raw_decode(item, len(_HEAD))
    return item[len(_HEAD) : end].encode()
