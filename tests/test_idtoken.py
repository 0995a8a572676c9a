"""ID tokens that are forged, altered, stale or meant for others, from a provider that lies: each refused, and why."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any, Final

import pytest
from aiohttp import web
from yarl import URL

from governance_console import oidc
from governance_console.limits import MAX_PROVIDER_ANSWER_BYTES, Bounds
from governance_console.settings import Settings
from tests.console import Answer, Console, running
from tests.forger import EC_KEY, RSA_KEY, SEALING, Forger, forging, jwk, pem, signed
from tests.provider import CLIENT_ID, CLIENT_SECRET, Browser, with_signin
from tests.test_prometheus import free_port

UNBOUNDED: Final = Bounds(failed_signins=10**6, all_failed_signins=10**6, provider_sec=0.5)
"""As many sign-ins as fail here are answered 429 else; and no answer is waited for as long as a console does."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Forge = Callable[[Forger], Any]


def with_claims(**changed: Any) -> Forge:
    """A well-signed token in which something is another; what is None is left out."""

    def forge(forger: Forger) -> str:
        claims = {name: value for name, value in {**forger.claims, **changed}.items() if value is not None}
        return signed({"alg": "RS256", "kid": RSA_KEY}, claims, forger.rsa)

    return forge


def later(**seconds: int) -> Forge:
    """One in which times are so far from now."""
    return lambda forger: with_claims(**{name: forger.claims["iat"] + far for name, far in seconds.items()})(forger)


def with_header(key: str = "rsa", **header: Any) -> Forge:
    """A true payload under this header, signed with one of the forger's keys."""
    return lambda forger: signed(header, forger.claims, getattr(forger, key))


def twice(name: str, value: Any) -> Forge:
    """A well-signed payload that says something twice: first as it has to be, then otherwise."""

    def forge(forger: Forger) -> str:
        text = json.dumps(forger.claims)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}" + "}"
        return signed({"alg": "RS256", "kid": RSA_KEY}, text.encode(), forger.rsa)

    return forge


def raw(payload: bytes) -> Forge:
    return lambda forger: signed({"alg": "RS256", "kid": RSA_KEY}, payload, forger.rsa)


def cut(forge: Forge, change: Callable[[str], str]) -> Forge:
    return lambda forger: change(forge(forger))


TRUE: Final = with_claims()
UNSIGNED, KEY, SIGNATURE = "which is not taken here", "has not published", "not the provider's"
NOT_A_JWT = "is no signed JWT"

REFUSED: Final[Mapping[str, tuple[Forge, str]]] = {
    # Who signed it.
    "no algorithm": (with_header("other", kid=RSA_KEY), UNSIGNED),
    "none": (lambda forger: signed({"alg": "none", "kid": RSA_KEY}, forger.claims, None), UNSIGNED),
    "None": (lambda forger: signed({"alg": "None"}, forger.claims, None), UNSIGNED),
    "a MAC by the public key": (
        lambda forger: signed({"alg": "HS256", "kid": RSA_KEY}, forger.claims, pem(forger.rsa)),
        UNSIGNED,
    ),
    "a MAC by the client secret": (
        lambda forger: signed({"alg": "HS256"}, forger.claims, CLIENT_SECRET.encode()),
        UNSIGNED,
    ),
    "a MAC that says it is RSA": (
        lambda forger: signed({"alg": "RS256", "kid": RSA_KEY}, forger.claims, pem(forger.rsa)),
        SIGNATURE,
    ),
    "an algorithm that is a list": (with_header(alg=["RS256"], kid=RSA_KEY), UNSIGNED),
    "encrypted": (with_header(alg="RSA-OAEP", enc="A256GCM", kid=RSA_KEY), UNSIGNED),
    "another key": (with_header("other", alg="RS256", kid="other"), KEY),
    "another key under the same id": (with_header("other", alg="RS256", kid=RSA_KEY), SIGNATURE),
    "another key under no id": (with_header("other", alg="RS256"), SIGNATURE),
    "its own key": (
        lambda forger: signed(
            {"alg": "RS256", "kid": RSA_KEY, "jwk": jwk(forger.other, RSA_KEY)}, forger.claims, forger.other
        ),
        SIGNATURE,
    ),
    "its own address of keys": (
        lambda forger: signed(
            {"alg": "RS256", "kid": "evil", "jku": f"{forger.issuer}/evil"}, forger.claims, forger.other
        ),
        KEY,
    ),
    "its own address of a certificate": (
        lambda forger: signed(
            {"alg": "RS256", "kid": RSA_KEY, "x5u": f"{forger.issuer}/evil"}, forger.claims, forger.other
        ),
        SIGNATURE,
    ),
    "its own certificate": (with_header("other", alg="RS256", kid=RSA_KEY, x5c=["MIIB"]), SIGNATURE),
    "RSA by the id of an EC key": (with_header(alg="RS256", kid=EC_KEY), SIGNATURE),
    "EC by the id of an RSA key": (with_header("ec", alg="ES256", kid=RSA_KEY), SIGNATURE),
    "a curve that the key is not on": (with_header("ec", alg="ES512", kid=EC_KEY), SIGNATURE),
    "a key that is not for signing": (with_header("ec", alg="ES256", kid=SEALING), SIGNATURE),
    "another hash than it says": (with_header(alg="RS512", kid=RSA_KEY), SIGNATURE),
    "a key id that is a number": (with_header(alg="RS256", kid=7), "something that is no text"),
    "an extension": (with_header(alg="RS256", kid=RSA_KEY, crit=["b64"], b64=False), "extensions"),
    "an altered payload": (
        cut(TRUE, lambda token: ".".join((token.split(".")[0], b64_of({"iss": "x"}), token.split(".")[2]))),
        SIGNATURE,
    ),
    "no signature": (cut(TRUE, lambda token: token.rpartition(".")[0] + "."), SIGNATURE),
    "a header that says something twice": (
        lambda forger: signed(
            b'{"alg":"none","alg":"RS256","kid":"' + RSA_KEY.encode() + b'"}', forger.claims, forger.rsa
        ),
        "twice in its header",
    ),
    # What it says.
    "another issuer": (with_claims(iss="https://accounts.google.com"), "another iss"),
    "the issuer with a slash": (lambda forger: with_claims(iss=forger.issuer + "/")(forger), "another iss"),
    "a list of issuers": (lambda forger: with_claims(iss=[forger.issuer])(forger), "another iss"),
    "no issuer": (with_claims(iss=None), "lacks iss"),
    "another audience": (with_claims(aud="another"), "another aud"),
    "other audiences": (with_claims(aud=["another", "third"]), "another aud"),
    "an audience that is a number": (with_claims(aud=7), "another aud"),
    "no audience": (with_claims(aud=None), "lacks aud"),
    "an empty audience": (with_claims(aud=[]), "another aud"),
    "several audiences and no azp": (with_claims(aud=[CLIENT_ID, "another"]), "(azp)"),
    "several audiences and another's azp": (with_claims(aud=[CLIENT_ID, "another"], azp="another"), "(azp)"),
    "another's azp": (with_claims(azp="another"), "(azp)"),
    "expired": (later(exp=-61), "has expired"),
    "no expiry": (with_claims(exp=None), "lacks exp"),
    "an expiry that is text": (with_claims(exp="9999999999"), "another exp"),
    "an expiry that is true": (with_claims(exp=True), "another exp"),
    "an expiry that is not a number": (
        lambda forger: raw(json.dumps({**forger.claims, "exp": float("nan")}).encode())(forger),
        NOT_A_JWT,
    ),
    "issued in the future": (later(iat=120), "another iat"),
    "issued yesterday": (later(iat=-86_400), "too long ago"),
    "no time of issue": (with_claims(iat=None), "lacks iat"),
    "not valid yet": (later(nbf=120), "another nbf"),
    "another nonce": (with_claims(nonce="another"), "another nonce"),
    "no nonce": (with_claims(nonce=None), "lacks nonce"),
    "a list of nonces": (lambda forger: with_claims(nonce=[forger.nonce, "x"])(forger), "another nonce"),
    "no subject": (with_claims(sub=None), "lacks sub"),
    "a subject that is a number": (with_claims(sub=7), "another sub"),
    "a subject without end": (with_claims(sub="x" * 256), "another sub"),
    "an issuer twice": (twice("iss", "https://accounts.google.com"), "says 'iss' twice"),
    "an address twice": (twice("email", "root@example.net"), "says 'email' twice"),
    # What is none.
    "no token": (lambda forger: None, "sent no ID token"),
    "a token that is a number": (lambda forger: 7, "sent no ID token"),
    "text": (lambda forger: "hello", NOT_A_JWT),
    "an empty one": (lambda forger: "", NOT_A_JWT),
    "dots": (lambda forger: "..", NOT_A_JWT),
    "other letters": (lambda forger: "é.é.é", NOT_A_JWT),
    "five parts": (lambda forger: "a.b.c.d.e", NOT_A_JWT),
    "a payload that is a list": (raw(b"[]"), NOT_A_JWT),
    "a payload that is no JSON": (raw(b"\xff\xfe"), NOT_A_JWT),
    "a payload without a bottom": (raw(b'{"a":' * 8_000), NOT_A_JWT),
    "a huge one": (with_claims(padding="x" * 70_000), "longer than"),
    "a huge header": (with_header(alg="RS256", kid=RSA_KEY, x="x" * 9_000), SIGNATURE),
    "an answer without end": (lambda forger: "x" * (MAX_PROVIDER_ANSWER_BYTES + 1), "sent more than"),
}

NOT_VOUCHED: Final[Mapping[str, tuple[Forge, str]]] = {
    "an address that is not verified": (with_claims(email_verified=False), "does not vouch for ada@example.net"),
    "one of which that is not said": (with_claims(email_verified=None), "does not vouch for ada@example.net"),
    "one that is verified as text": (with_claims(email_verified="true"), "does not vouch for ada@example.net"),
    "no address": (with_claims(email=None), "which e-mail address"),
    "a list of addresses": (with_claims(email=["ada@example.net"]), "which e-mail address"),
    "a letter that folds to another's": (with_claims(email="ad\u00aa@example.net"), "may not use this console"),
    "a sign that is a K": (with_claims(email="\u212aay@example.net"), "may not use this console"),
    "two addresses in one": (with_claims(email='"ada@example.net"@evil.example'), "may not use this console"),
    "an address before a domain": (with_claims(email="x@evil.example@example.net"), "may not use this console"),
    "the list's own sign": (with_claims(email="*@example.net"), "may not use this console"),
    "a domain that ends alike": (with_claims(email="ada@notexample.net"), "may not use this console"),
    "a domain below": (with_claims(email="ada@sub.example.net"), "may not use this console"),
    "a space": (with_claims(email="ada@example.net "), "may not use this console"),
}

TAKEN: Final[Mapping[str, Forge]] = {
    "as it should be": TRUE,
    "on a curve": with_header("ec", alg="ES256", kid=EC_KEY),
    "with headers that are nobody's business": with_header(
        alg="RS256", kid=RSA_KEY, jku="https://evil.example", x5t="x", typ="JWT", tenant="7"
    ),
    "for several, given to us": with_claims(aud=["another", CLIENT_ID], azp=CLIENT_ID),
    "by a clock that is a little fast": later(iat=50, exp=350, nbf=50),
    "by a clock that is a little slow": later(iat=-110, exp=-50),
    "in capitals": with_claims(email="ADA@Example.Net"),
}


def b64_of(claims: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def facing(
    settings: Settings, clock: Callable[[], float] = monotonic, **changed: Any
) -> AsyncIterator[tuple[Forger, Console]]:
    async with forging() as forger:
        port = free_port()
        known = with_signin(settings, forger.issuer, port, **changed)
        async with running(known, bounds=UNBOUNDED, port=port, clock=clock) as console:
            yield forger, console


async def sign_in(forger: Forger, console: Console, forge: Forge, **answer: str) -> tuple[Answer, Browser]:
    """A browser's way to the forger and back, where the code is worth what ``forge`` makes."""
    browser = Browser(console.client, console.url)
    went = await browser.ask("GET", "/auth/login")
    assert went.status == 303, went.text
    wanted = URL(went.headers["Location"], encoded=True).query
    forger.nonce = wanted["nonce"]
    forger.answer = forge(forger)
    back = URL("/auth/callback").with_query({"code": "x", "state": wanted["state"], **answer})
    return await browser.ask("GET", back), browser


def says(answer: Answer) -> str:
    return answer.text.replace("&#x27;", "'").replace("&quot;", '"')


async def test_every_forged_token_is_refused_for_its_own_reason(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(REFUSED) >= 35
    async with facing(settings, operator_token="o") as (forger, console):
        for table, status in ((REFUSED, 502), (NOT_VOUCHED, 403)):
            for name, (forge, why) in table.items():
                answer, browser = await sign_in(forger, console, forge)
                assert (answer.status, why in says(answer)) == (status, True), f"{name}: {answer.text}"
                assert browser.cookies() == {}, name
        for name, forge in TAKEN.items():
            answer, browser = await sign_in(forger, console, forge)
            assert (answer.status, answer.headers.get("Location")) == (303, "/"), f"{name}: {answer.text}"
            session = (await browser.ask("GET", "/api/session")).json
            assert session["principal"] == "operator:ada@example.net", name
        assert forger.asked["/evil"] == 0  # a token's own keys are nobody's
        assert forger.asked["/.well-known/openid-configuration"] == 1
        # Once, and once more for the first key that was not known: not for each.
        assert forger.asked["/keys"] == 2
        own, secret = forger.headers["Authorization"].removeprefix("Basic "), CLIENT_SECRET
        assert base64.b64decode(own) == b"console+of+the+tests:s3cret%3A+of+100%25+the+provider+%26+the+console"
        assert forger.form["redirect_uri"] == f"{console.url}/auth/callback"
        assert len(forger.form["code_verifier"]) >= 43
    assert secret not in caplog.text


async def test_a_key_that_was_exchanged_is_fetched_and_the_old_one_counts_no_more(settings: Settings) -> None:
    clock = Clock()
    async with facing(settings, clock) as (forger, console):
        assert (await sign_in(forger, console, TRUE))[0].status == 303
        forger.keys = [jwk(forger.other, "new"), {"kty": "new-kind"}, {"kty": "RSA", "kid": "broken"}, 7]
        exchanged = with_header("other", alg="RS256", kid="new")
        assert (await sign_in(forger, console, exchanged))[0].status == 303
        answer, _ = await sign_in(forger, console, TRUE)
        assert (answer.status, KEY in answer.text) == (502, True)
        # Within REFETCH_SEC nothing is fetched anew for keys that nobody knows; afterwards it is, once.
        forger.keys = [jwk(forger.rsa, RSA_KEY)]
        assert (await sign_in(forger, console, TRUE))[0].status == 502
        clock.now += oidc.REFETCH_SEC
        assert (await sign_in(forger, console, TRUE))[0].status == 303
        assert forger.asked["/keys"] == 3


async def test_who_came_by_another_address_signs_in_at_the_one_that_the_provider_leads_back_to(
    settings: Settings,
) -> None:
    async with facing(settings, oauth_viewers=()) as (forger, console):
        elsewhere = {"Host": f"localhost:{URL(console.url).port}"}
        went = await console.get("/auth/login?next=/log/17&account=another", headers=elsewhere)
        assert (went.status, "Set-Cookie" in went.headers) == (303, False)
        home = URL(went.headers["Location"])
        assert str(home.origin()) == console.url
        assert home.query == {"next": "/log/17", "account": "another", "moved": "true"}
        # Once: a proxy that does not pass on how it is reached would be sent round and round.
        for headers in ({}, elsewhere):
            there = await console.get(home.path_qs, headers=headers)
            assert there.headers["Location"].startswith(f"{forger.issuer}/authorize?")
            assert "Set-Cookie" in there.headers


METADATA: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"issuer": "https://accounts.google.com"}, "calls itself 'https://accounts.google.com'"),
    ({"token_endpoint": None}, "without something that is needed"),
    ({"jwks_uri": 7}, "without something that is needed"),
    ({"token_endpoint": "http://elsewhere.example/token"}, "not https"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "not https"),
    ({"end_session_endpoint": "ftp://elsewhere.example"}, "not https"),
)


async def test_metadata_that_cannot_be_right_are_told_as_that(settings: Settings) -> None:
    clock = Clock()
    async with facing(settings, clock) as (forger, console):
        for changed, why in METADATA:
            forger.metadata = {name: value for name, value in {**forger.whole, **changed}.items() if value is not None}
            answer = await console.get("/auth/login")
            assert (answer.status, why in says(answer)) == (502, True), says(answer)
            # Who comes right after is told the same, and the provider is left alone.
            asked = forger.asked.total()
            assert (await console.get("/auth/login")).status == 502
            assert forger.asked.total() == asked
            clock.now += oidc.RETRY_SEC


ANSWERS: Final[tuple[tuple[web.Response | None, dict[str, str], int, str], ...]] = (
    (web.Response(status=503), {}, 503, "HTTP 503"),
    (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), {}, 502, "in a form that cannot be read"),
    (web.json_response([]), {}, 502, "in a form that cannot be read"),
    (web.Response(body=b"{" * 100_000), {}, 502, "in a form that cannot be read"),
    (web.json_response({"error": "invalid_client"}, status=401), {}, 502, "OAUTH_CLIENT_SECRET"),
    (web.json_response({"error": "<script>"}, status=400), {}, 502, "(HTTP 400)"),
    (web.json_response({"error": "invalid_grant"}, status=400), {}, 400, "(invalid_grant)"),
    (None, {"iss": "https://elsewhere.example"}, 502, "another provider"),
    (None, {"code": ""}, 400, "sent no code"),
    (None, {"code": "x" * 5000}, 400, "sent no code"),
    (None, {"error": "temporarily_unavailable"}, 503, "(temporarily_unavailable)"),
    (None, {"error": "invalid_request"}, 502, "(invalid_request)"),
    (None, {"error": "<script>"}, 502, "no error code"),
)


def answering(response: web.Response | None, forger: Forger) -> web.Response | None:
    del forger
    return response


async def test_whatever_else_the_provider_answers_is_a_page_and_never_a_failure_of_ours(
    settings: Settings,
) -> None:
    async with facing(settings) as (forger, console):
        for response, sent, status, why in ANSWERS:
            answer, _ = await sign_in(forger, console, partial(answering, response), **sent)
            assert (answer.status, why in says(answer)) == (status, True), says(answer)
            assert "<script" not in answer.text
        answer, _ = await sign_in(forger, console, lambda _: "silence")
        assert (answer.status, "did not answer" in answer.text) == (503, True)
