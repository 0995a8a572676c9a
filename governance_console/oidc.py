"""The relying party of OpenID Connect: discovery, the way to the provider, and who came back from it.

Nothing is asked of the provider before somebody signs in, so the console starts without it. What it answers is bounded
in time and size, redirects are not followed, and what it says of itself is kept for a while.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeGuard, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import msgspec

from governance_console import idtoken
from governance_console.errors import ProviderAway, ProviderFailed, SignInLost, UnknownKey
from governance_console.idtoken import Expected, Identity, Key
from governance_console.limits import MAX_PROVIDER_ANSWER_BYTES
from governance_console.pending import Pending
from governance_console.values import is_private_way

GOOGLE: Final = "https://accounts.google.com"

FRESH_SEC: Final = 900.0
"""How long its metadata and keys are believed without asking again: so long a key that it takes back still counts."""

RETRY_SEC: Final = 3.0
"""Who comes so soon after it failed is told the same at once: a provider that is down does not hold people up."""

REFETCH_SEC: Final = 30.0
"""Keys are fetched anew for an unknown one, and not again for so long: tokens that name any key cost one request."""

_ERROR: Final = re.compile(r"[a-z_]{1,40}")
_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Metadata(msgspec.Struct, frozen=True):
    """What of its metadata is used (OpenID Connect Discovery 1.0, section 3; RP-Initiated Logout 1.0; RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What this console is to the provider."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


class RelyingParty:
    """One provider. Owns what it said of itself, and when. ``clock`` is in seconds and never goes back.

    ``answer_sec`` is what it may take for an answer.
    """

    def __init__(
        self,
        client: Client,
        http: aiohttp.ClientSession,
        clock: Callable[[], float],
        answer_sec: float,
    ) -> None:
        self._client = client
        self._http = http
        self._answer_sec = answer_sec
        self._metadata = _Kept(self._fetch_metadata, clock)
        self._keys = _Kept(self._fetch_keys, clock)

    @property
    def name(self) -> str:
        """What people know the provider as."""
        return "Google" if self._client.issuer == GOOGLE else urlsplit(self._client.issuer).netloc

    async def way_in(self, pending: Pending, *, another: bool) -> str:
        """Where the browser signs in; with ``another`` it is asked which account. Raises ProviderFailed."""
        metadata = await self._metadata.get()
        wanted = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": "openid email",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
        }
        if another:
            # Every provider has to know login; Google does not, and has this instead.
            wanted["prompt"] = "select_account" if self._client.issuer == GOOGLE else "login"
        return _with_query(metadata.authorization_endpoint, wanted)

    async def who_came(self, code: str, issuer: str | None, pending: Pending) -> Identity:
        """Who came back with this code. ``issuer`` is what the answer says of who sent it (RFC 9207).

        Raises SignInLost, NotVouched or ProviderFailed.
        """
        metadata = await self._metadata.get()
        if issuer != self._client.issuer and (
            issuer is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise ProviderFailed("the answer came from another provider than the one that was asked")
        token = await self._redeem(metadata, code, pending)
        expected = Expected(self._client.issuer, self._client.client_id, pending.nonce)
        try:
            return idtoken.check(token, await self._keys.get(), expected, int(time.time()))
        except UnknownKey:
            keys = await self._keys.anew(REFETCH_SEC)
            if keys is None:
                raise
            return idtoken.check(token, keys, expected, int(time.time()))

    async def way_out(self) -> str | None:
        """Where the browser ends its session at the provider, if the provider has that. Raises ProviderFailed."""
        metadata = await self._metadata.get()
        if metadata.end_session_endpoint is None:
            return None
        return _with_query(metadata.end_session_endpoint, {"client_id": self._client.client_id})

    async def _redeem(self, metadata: Metadata, code: str, pending: Pending) -> str:
        """The ID token for a code (OpenID Connect Core 1.0, section 3.1.3)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": pending.verifier,
        }
        headers: dict[str, str] = {}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749, section 2.3.1: each half is form-encoded first.
            own, secret = quote_plus(self._client.client_id), quote_plus(self._client.client_secret)
            headers["Authorization"] = aiohttp.encode_basic_auth(own, secret)
        else:
            form |= {"client_id": self._client.client_id, "client_secret": self._client.client_secret}
        status, body = await self._ask("POST", metadata.token_endpoint, headers, form)
        answer = _object(body, "its answer to the code")
        if status != 200:
            error = answer.get("error")
            said = error if is_error_code(error) else f"HTTP {status}"
            if said == "invalid_grant":
                raise SignInLost("the provider says that its answer was used already, or is too old (invalid_grant)")
            if said == "invalid_client":
                raise ProviderFailed(
                    "the provider does not take this console's OAUTH_CLIENT_ID or OAUTH_CLIENT_SECRET (invalid_client)"
                )
            raise ProviderFailed(f"the provider did not take its own answer ({said})")
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed("the provider sent no ID token")
        return token

    async def _fetch_metadata(self) -> Metadata:
        what = "its metadata"
        document = await self._get(f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration", what)
        try:
            metadata = msgspec.convert(document, Metadata)
        except msgspec.ValidationError:
            raise ProviderFailed(f"the provider sent {what} without something that is needed") from None
        if metadata.issuer != self._client.issuer:
            raise ProviderFailed(
                f"the provider calls itself {metadata.issuer!r:.200}, and OAUTH_ISSUER is {self._client.issuer!r}"
            )
        urls = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        optional = (metadata.end_session_endpoint,) if metadata.end_session_endpoint is not None else ()
        for url in (*urls, *optional):
            # Plain http is for a provider on this machine, and for it alone.
            if not is_private_way(url) or (url.startswith("http:") and not self._client.issuer.startswith("http:")):
                raise ProviderFailed(f"the provider sent {what} with an address that is not https")
        return metadata

    async def _fetch_keys(self) -> Sequence[Key]:
        metadata = await self._metadata.get()
        return idtoken.read_keys(await self._get(metadata.jwks_uri, "its keys"))

    async def _get(self, url: str, what: str) -> Mapping[str, Any]:
        status, body = await self._ask("GET", url)
        if status != 200:
            raise ProviderFailed(f"the provider answered HTTP {status} instead of {what}")
        return _object(body, what)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """An answer, of a status that is no failure of the provider's server."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._answer_sec),
                self._http.request(method, url, headers=headers, data=form, allow_redirects=False) as response,
            ):
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > MAX_PROVIDER_ANSWER_BYTES:
                        raise ProviderFailed(f"the provider sent more than {MAX_PROVIDER_ANSWER_BYTES} bytes")
        except TimeoutError:
            raise ProviderAway(f"the provider did not answer within {self._answer_sec:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderAway(f"the provider cannot be reached ({_unreached(error)})") from None
        if response.status >= 500 or response.status == 429:
            raise ProviderAway(f"the provider answered HTTP {response.status}")
        return response.status, bytes(body)


class _Kept(Generic[_T]):
    """Something that is fetched once for all who want it, believed for a while, and not asked for again at once."""

    def __init__(self, fetch: Callable[[], Awaitable[_T]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._value: _T | None = None
        self._fetched = 0.0
        self._failure: tuple[type[ProviderFailed], str] | None = None
        self._failed = 0.0
        self._renewed: float | None = None

    async def get(self) -> _T:
        """The value. Raises what fetching it raises."""
        async with self._one_at_a_time:
            now = self._clock()
            if self._value is not None and now - self._fetched < FRESH_SEC:
                return self._value
            if self._failure is not None and now - self._failed < RETRY_SEC:
                kind, why = self._failure
                raise kind(why)
            return await self._fetched_now()

    async def anew(self, rest: float) -> _T | None:
        """The value fetched again, or None where that was done less than ``rest`` seconds ago."""
        async with self._one_at_a_time:
            if self._renewed is not None and self._clock() - self._renewed < rest:
                return None
            self._renewed = self._clock()
            return await self._fetched_now()

    async def _fetched_now(self) -> _T:
        try:
            value = await self._fetch()
        except ProviderFailed as error:
            # Here and not where it is asked for, for strangers may ask as often as they like.
            _log.warning("signing in is not possible: %s", error)
            self._failure, self._failed = (type(error), str(error)), self._clock()
            raise
        self._value, self._fetched, self._failure = value, self._clock(), None
        return value


def is_error_code(said: object) -> TypeGuard[str]:
    """Whether it is an error code as RFC 6749 has them, short enough to be repeated to people and in the log."""
    return isinstance(said, str) and _ERROR.fullmatch(said) is not None


def http_client(answer_sec: float) -> aiohttp.ClientSession:
    """A client for the provider: no cookies, few connections, and nothing inflated, so that what is read is bounded."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=8),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "governance-console"},
        timeout=aiohttp.ClientTimeout(total=answer_sec),
        auto_decompress=False,
    )


def _with_query(url: str, wanted: Mapping[str, str]) -> str:
    """The address with more in its query; what is there already stays (RFC 6749, section 3.1)."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(wanted)}"


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ProviderFailed(f"the provider sent {what} in a form that cannot be read") from None


def _unreached(error: Exception) -> str:
    """Why, in words; the names of libraries' errors mean nothing to who signs in."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not trusted, or it speaks no TLS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "nobody answers there"
    return "the connection broke off"
