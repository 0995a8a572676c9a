"""Who is asking, and who may use what. Pure: no HTTP, no clock.

Default deny: a route that does not say which ``Access`` it wants cannot be added.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from governance_console.values import is_person


class Role(enum.Enum):
    """What a principal may do, from least to most."""

    NOBODY = "nobody"
    AGENT = "agent"
    VIEWER = "viewer"
    OPERATOR = "operator"


class Access(enum.Enum):
    """What a route wants of who asks. ``METRICS`` is open unless a metrics token is set; ``WITNESS``, which says
    nothing of any entry, is ``READ`` unless the console opens it to everybody.
    """

    PUBLIC = "public"
    METRICS = "metrics"
    APPEND = "append"
    READ = "read"
    OPERATE = "operate"
    WITNESS = "witness"


_ALLOWED: Final[Mapping[Access, frozenset[Role]]] = {
    Access.PUBLIC: frozenset(Role),
    Access.METRICS: frozenset((Role.NOBODY,)),
    Access.APPEND: frozenset((Role.AGENT, Role.OPERATOR)),
    Access.WITNESS: frozenset((Role.VIEWER, Role.OPERATOR)),
    Access.READ: frozenset((Role.VIEWER, Role.OPERATOR)),
    Access.OPERATE: frozenset((Role.OPERATOR,)),
}
_LACKING: Final[Mapping[Role, str]] = {
    Role.AGENT: "may only append events",
    Role.VIEWER: "is a viewer, who may read, watch and ask; this is for operators",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who was authenticated. ``name`` is what the record says of who sent an event."""

    name: str
    role: Role

    def may(self, access: Access) -> bool:
        """Whether this principal may use a route of that access (``METRICS`` has its own token)."""
        return self.role in _ALLOWED[access]

    @property
    def lacking(self) -> str:
        """Who one is and what one lacks, for who may not."""
        return f"{self.name} {_LACKING.get(self.role, 'may not do this')}"


NOBODY: Final = Principal("nobody", Role.NOBODY)
ANONYMOUS: Final = Principal("anonymous", Role.OPERATOR)
"""Everybody, on a console without tokens; it listens on loopback only."""

OPERATOR: Final = Principal("operator", Role.OPERATOR)


class Tokens:
    """The bearer tokens, kept as SHA-256 only and compared in constant time.

    ``signin`` says that one can also come in another way, so that a console without tokens is not open to all.
    """

    def __init__(self, operator: str, agents: Mapping[str, str], metrics: str, *, signin: bool = False) -> None:
        self._signin = signin
        self._metrics = digest_of(metrics) if metrics else None
        self._principals: list[tuple[bytes, Principal]] = []
        if operator:
            self._principals.append((digest_of(operator), OPERATOR))
        for name, token in agents.items():
            self._principals.append((digest_of(token), Principal(f"agent:{name}", Role.AGENT)))

    @property
    def open_to_all(self) -> bool:
        """Whether nothing guards the console."""
        return not self._principals and not self._signin

    @property
    def sign_in(self) -> bool:
        """Whether there is a token that people can sign in with."""
        return self.held_by(OPERATOR) is not None

    def held_by(self, principal: Principal) -> bytes | None:
        """The digest of this principal's token."""
        return next((held for held, one in self._principals if one == principal), None)

    @property
    def guard_metrics(self) -> bool:
        """Whether ``/metrics`` wants its own token."""
        return self._metrics is not None

    def principal(self, token: str) -> Principal | None:
        """Whose token this is. Takes the same time whichever it is, and for none."""
        digest = digest_of(token)
        found: Principal | None = None
        for held, principal in self._principals:
            if compare_digest(held, digest):
                found = principal
        return found

    def opens_metrics(self, token: str) -> bool:
        """Whether this is the metrics token."""
        return self._metrics is not None and compare_digest(self._metrics, digest_of(token))


class People:
    """Who may come in by a verified e-mail address: ``name@domain`` or ``*@domain``, in either case of ASCII letters.

    Who is on both lists is an operator.
    """

    def __init__(self, operators: Iterable[str], viewers: Iterable[str]) -> None:
        self._roles = {Role.OPERATOR: frozenset(operators), Role.VIEWER: frozenset(viewers)}

    def principal(self, email: str) -> Principal | None:
        """Who this is here. None for who is on no list, and for what is no plain ASCII address: letters of other
        alphabets look like, and some fold to, those of somebody else.
        """
        if not is_person(email) or email.startswith("*"):
            return None
        name = email.lower()
        everybody = f"*@{name.rpartition('@')[2]}"
        for role, listed in self._roles.items():
            if name in listed or everybody in listed:
                return Principal(f"{role.value}:{name}", role)
        return None


class Entrances:
    """What people can be signed in with at present: the operator token, or a provider that vouches for an address.

    ``provider`` is the secret that the console shares with it, and its name.
    """

    def __init__(self, tokens: Tokens, people: People, provider: str) -> None:
        self._tokens = tokens
        self._people = people
        self._provider = digest_of(provider)

    def principal(self, name: str) -> Principal | None:
        """Who has this name, if that one may be signed in."""
        if name == OPERATOR.name:
            return OPERATOR if self._tokens.sign_in else None
        found = self._people.principal(name.partition(":")[2])
        return found if found is not None and found.name == name else None

    def held_by(self, principal: Principal) -> bytes:
        """The digest of what such a principal was let in for: another one once that has changed."""
        return self._tokens.held_by(principal) or self._provider


def digest_of(secret: str) -> bytes:
    """SHA-256 of a secret, whatever text it is, with the halves of surrogate pairs that odd bytes become."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
