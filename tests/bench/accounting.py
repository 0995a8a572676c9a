"""What a process has cost, and what it holds. Linux only."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCHED: Final = 2
"""The kernel's ``CPUCLOCK_SCHED`` (include/linux/posix-timers.h): all the time a process has run, in both modes."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds of a process with all its threads, ended ones too. ``kernel`` counts in ticks of 10 ms."""

    total: float
    kernel: float

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu(self.total - earlier.total, self.kernel - earlier.kernel)


def cpu_of(pid: int) -> Cpu:
    """What the process has used up to now.

    The total is its CPU clock, in nanoseconds, and not the sum of ``utime`` and ``stime``: a burst may take 10 ms.
    The clock's number is made as ``clock_getcpuclockid`` makes it.
    """
    total = time.clock_gettime((~pid << 3) | _SCHED)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Cpu(total, int(fields[12]) / os.sysconf("SC_CLK_TCK"))


def memory_of(pid: int) -> int:
    """Bytes that are this process's own: its proportional set size."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None, "every Linux since 4.14 says Pss"
    return int(found[1]) * 1024
