"""What bounds each figure that is to be reached, from a profile of the run in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BOUNDED_BY: Final[Mapping[str, str]] = {}
"""By the key of a bar in ``bars.BARS``; one line each: system calls, fsync, JSON, and how much of the time."""
