"""The tree of RFC 6962, section 2.1, written down as its text defines it: a second opinion on our own.

Recursive, slow and without a thought for tiles. ``MTH``, ``PATH``, ``PROOF`` and ``SUBPROOF`` are the RFC's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256


class Tree:
    """The functions of section 2.1 over the entries D[0:n], with each subtree's hash worked out once."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._entries = entries
        self.mth = cache(self._mth)

    def _mth(self, start: int, stop: int) -> bytes:
        n = stop - start
        if n == 0:
            return sha256().digest()
        if n == 1:
            return sha256(b"\x00" + self._entries[start]).digest()
        k = largest_power_of_two_smaller_than(n)
        return sha256(b"\x01" + self.mth(start, start + k) + self.mth(start + k, stop)).digest()

    def path(self, m: int, start: int, stop: int) -> list[bytes]:
        n = stop - start
        if n == 1:
            return []
        k = largest_power_of_two_smaller_than(n)
        if m < k:
            return [*self.path(m, start, start + k), self.mth(start + k, stop)]
        return [*self.path(m - k, start + k, stop), self.mth(start, start + k)]

    def proof(self, m: int, n: int) -> list[bytes]:
        return self._subproof(m, 0, n, True)

    def _subproof(self, m: int, start: int, stop: int, b: bool) -> list[bytes]:
        n = stop - start
        if m == n:
            return [] if b else [self.mth(start, stop)]
        k = largest_power_of_two_smaller_than(n)
        if m <= k:
            return [*self._subproof(m, start, start + k, b), self.mth(start + k, stop)]
        return [*self._subproof(m - k, start + k, stop, False), self.mth(start, start + k)]


def largest_power_of_two_smaller_than(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
