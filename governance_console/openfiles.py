"""How many files the process may have open, which is how many connections it may take."""

from __future__ import annotations

import sys
from typing import Final

RESERVED: Final = 100
"""For the record, its readers, the frontend's files and the log: a connection too many must not cost the record one."""


def room_for(connections: int) -> int:
    """How many connections there is room for, at most so many; the system's bound is raised as far as it may be."""
    if sys.platform == "win32":
        return min(connections, 400)  # select takes 512 sockets there
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - RESERVED))
