"""A sign-in provider that lies: it serves whatever token, keys and metadata a test wants, under keys of its own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

RSA_KEY = "rsa"
EC_KEY = "ec"
SEALING = "sealing"
"""A key that is published for another use."""


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def signed(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: Any) -> str:
    """A compact JWS by whatever ``key`` is: RSA, EC P-256, the bytes of a MAC's key, or None for no signature."""
    parts = [b64(one if isinstance(one, bytes) else json.dumps(one).encode()) for one in (header, payload)]
    said = ".".join(parts).encode()
    match key:
        case rsa.RSAPrivateKey():
            signature = key.sign(said, padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(said, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        case bytes():
            signature = hmac.digest(key, said, hashlib.sha256)
        case _:
            signature = b""
    return ".".join((*parts, b64(signature)))


def jwk(key: Any, name: str, **more: Any) -> dict[str, Any]:
    """The public half, as RFC 7517 has it."""
    public = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "kid": name, "n": number(public.n), "e": number(public.e), **more}
    x, y = (b64(one.to_bytes(32, "big")) for one in (public.x, public.y))
    return {"kty": "EC", "crv": "P-256", "kid": name, "x": x, "y": y, **more}


def pem(key: Any) -> bytes:
    found: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


class Forger:
    """What it answers next is in its attributes; ``asked`` counts what it was asked for, by path."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.other = rsa.generate_private_key(65537, 2048)
        self.issuer = ""
        self.keys: Any = [
            jwk(self.rsa, RSA_KEY, use="sig"),
            jwk(self.ec, EC_KEY, alg="ES256"),
            jwk(self.ec, SEALING, use="enc"),
        ]
        self.metadata: dict[str, Any] = {}
        self.answer: Any = None
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.form: dict[str, str] = {}
        self.nonce = ""
        self.over = asyncio.Event()

    @property
    def whole(self) -> dict[str, Any]:
        """Its metadata as they ought to be."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    @property
    def claims(self) -> dict[str, Any]:
        """What a true ID token says for the sign-in under way."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "console of the tests",
            "sub": "248289761001",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
            "email": "ada@example.net",
            "email_verified": True,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        match request.path:
            case "/.well-known/openid-configuration":
                return web.json_response(self.metadata or self.whole)
            case "/keys":
                return web.json_response({"keys": self.keys})
            case "/token":
                self.headers = dict(request.headers)
                self.form = {name: str(value) for name, value in (await request.post()).items()}
                if isinstance(self.answer, web.Response):
                    return self.answer
                if self.answer == "silence":
                    await self.over.wait()
                return web.json_response({"id_token": self.answer, "access_token": "x", "token_type": "Bearer"})
        return web.Response(status=404)


@asynccontextmanager
async def forging() -> AsyncIterator[Forger]:
    forger = Forger()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forger.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        forger.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield forger
    finally:
        forger.over.set()
        await runner.cleanup()
