"""Who is asking, and who may use what. Pure: no HTTP, no clock.

Default deny: a route that does not say which ``Access`` it wants cannot be added.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final


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


@dataclass(frozen=True, slots=True)
class Principal:
    """Who was authenticated. ``name`` is what the record says of who sent an event."""

    name: str
    role: Role

    def may(self, access: Access) -> bool:
        """Whether this principal may use a route of that access (``METRICS`` has its own token)."""
        return self.role in _ALLOWED[access]


NOBODY: Final = Principal("nobody", Role.NOBODY)
ANONYMOUS: Final = Principal("anonymous", Role.OPERATOR)
"""Everybody, on a console without tokens; it listens on loopback only."""

OPERATOR: Final = Principal("operator", Role.OPERATOR)


class Tokens:
    """The bearer tokens, kept as SHA-256 only and compared in constant time."""

    def __init__(self, operator: str, agents: Mapping[str, str], metrics: str) -> None:
        self._metrics = digest_of(metrics) if metrics else None
        self._principals: list[tuple[bytes, Principal]] = []
        if operator:
            self._principals.append((digest_of(operator), OPERATOR))
        for name, token in agents.items():
            self._principals.append((digest_of(token), Principal(f"agent:{name}", Role.AGENT)))

    @property
    def are_set(self) -> bool:
        """Whether anything guards the console."""
        return bool(self._principals)

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


def digest_of(secret: str) -> bytes:
    """SHA-256 of a secret, whatever text it is, with the halves of surrogate pairs that odd bytes become."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
