"""Whether an ID token says that somebody signed in here just now (OpenID Connect Core 1.0, section 3.1.3.7). Pure.

Keys are those that the provider publishes and nothing else: what a token's own header says of keys (``jku``, ``jwk``,
``x5u``, ``x5c``) is not looked at.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, MissingClaimError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from governance_console.errors import NotVouched, ProviderFailed, UnknownKey
from governance_console.limits import (
    MAX_ID_TOKEN_CHARS,
    MAX_ID_TOKEN_HEADER_BYTES,
    MAX_PROVIDER_KEYS,
    MAX_SUBJECT_CHARS,
)
from governance_console.values import is_person

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with the provider's private key. Never ``none``, nor a MAC, whose key could be something public."""

LEEWAY_SEC: Final = 60
"""How far the provider's clock may be from ours."""

MOST_AGE_SEC: Final = 600
"""How old a token may be, by its ``iat``: it was asked for a moment ago."""

Key = RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in: the provider's own name for the person, and a verified e-mail address."""

    subject: str
    email: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say."""

    issuer: str
    client_id: str
    nonce: str


def read_keys(document: object) -> Sequence[Key]:
    """The keys of a JWK Set (RFC 7517, section 5) that ID tokens are signed with. What is of another kind is left out.

    Raises ProviderFailed where it is no such set.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_PROVIDER_KEYS:
        raise ProviderFailed("its keys are no JWK Set")
    return [key for one in listed if isinstance(one, dict) and (key := _key(one)) is not None]


def check(token: str, keys: Sequence[Key], expected: Expected, now: int) -> Identity:
    """Who signed in. ``now`` is in seconds since 1970.

    Raises UnknownKey where newer keys might help, NotVouched where the provider does not vouch for the e-mail
    address, else ProviderFailed with what is wrong.
    """
    if len(token) > MAX_ID_TOKEN_CHARS:
        raise _wrong(f"is longer than {MAX_ID_TOKEN_CHARS} characters")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise _wrong("is no signed JWT")
    claims = _object(_signed(token, _object(_decoded(parts[0]), "header"), keys), "claims")
    _check_claims(claims, expected, now)
    return _identity(claims)


def _key(one: dict[str, Any]) -> Key | None:
    try:
        if one.get("kty") == "RSA":
            return RSAKey.import_key(one)
        if one.get("kty") == "EC":
            return ECKey.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        pass  # not of use to us, and no reason to do without the others
    return None


def _signed(token: str, header: Mapping[str, Any], keys: Sequence[Key]) -> bytes:
    """The payload, if the signature is one of the provider's."""
    algorithm, name = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _wrong(f"is signed by {algorithm!r:.20}, which is not taken here")
    if "crit" in header or "b64" in header:
        raise _wrong("wants extensions that are not known here")
    if name is not None and not isinstance(name, str):
        raise _wrong("names its key by something that is no text")
    named = [key for key in keys if name is None or key.kid == name]
    if not named:
        raise UnknownKey("the ID token is signed with a key that the provider has not published")
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = MAX_ID_TOKEN_HEADER_BYTES
    for key in named:
        try:
            return jws.deserialize_compact(token, key, registry=registry).payload or b""
        except (JoseError, ValueError, TypeError):
            continue  # another's signature, or a key of another kind, curve, algorithm or use
    raise _wrong("has a signature that is not the provider's")


def _check_claims(claims: dict[str, Any], expected: Expected, now: int) -> None:
    registry = JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SEC,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        nonce={"essential": True, "value": expected.nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except MissingClaimError as error:
        raise _wrong(f"lacks {error.claim}") from None
    except ExpiredTokenError:
        raise _wrong("has expired") from None
    except ClaimError as error:
        raise _wrong(f"has another {error.claim} than it has to have") from None
    if not isinstance(claims["nonce"], str):
        raise _wrong("has another nonce than it has to have")
    if claims["iat"] < now - LEEWAY_SEC - MOST_AGE_SEC:
        raise _wrong("was issued too long ago")
    audience = claims["aud"]
    if "azp" in claims or (isinstance(audience, list) and len(audience) > 1):
        # Issued to several, it has to have been given to us.
        if claims.get("azp") != expected.client_id:
            raise _wrong("was given to somebody else (azp)")


def _identity(claims: Mapping[str, Any]) -> Identity:
    email, subject = claims.get("email"), claims["sub"]
    if not 0 < len(subject) <= MAX_SUBJECT_CHARS:
        raise _wrong("has another sub than it has to have")
    if not isinstance(email, str):
        raise NotVouched("the provider did not say which e-mail address you have")
    shown = email if is_person(email) else "the e-mail address"
    if claims.get("email_verified") is not True:
        raise NotVouched(f"the provider does not vouch for {shown}: it has to be verified there")
    return Identity(subject, email)


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise _wrong("is no signed JWT") from None


def _object(text: bytes, what: str) -> dict[str, Any]:
    """A JSON object that says nothing twice (RFC 7519, section 4): another reader might believe the other value."""
    try:
        value = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except _Twice as error:
        raise _wrong(f"says {str(error)!r:.40} twice in its {what}") from None
    except (ValueError, RecursionError):
        raise _wrong("is no signed JWT") from None
    if not isinstance(value, dict):
        raise _wrong("is no signed JWT")
    return value


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice(next(name for at, (name, _) in enumerate(pairs) if any(name == one for one, _ in pairs[:at])))
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _wrong(why: str) -> ProviderFailed:
    return ProviderFailed(f"the ID token {why}")
