"""What bounds each figure that is to be reached, from profiles of the console under the loads of this bed.

Shares are of the console's CPU time: ``perf`` for the kernel and libraries, ``py-spy`` for what held the interpreter.
A profile says what work there was. It does not say how fast a machine does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BURST: Final = "one `sendfile` a watcher: 45 % of CPU; Python 20 %, SQLite 12 %, `pwrite` 4 %, `fdatasync` 2 %"
_REQUEST: Final = (
    "the interpreter's work for each request, flat: 58 % of CPU in Python, 5 % in aiohttp's C and uvloop, 4 % in libc; "
    "kernel 23 %; SQLite 7 %; SHA-256 2 %"
)
_QUESTION: Final = "as a POST: the interpreter's work for each request, flat"
_PAGE: Final = "a request and 100 items: 68 % of CPU in Python, SQLite 10 %, kernel 8 % (with 50 thousand entries)"

BOUNDED_BY: Final[Mapping[str, str]] = {
    "burst": _BURST,
    "joined": _BURST,
    "joined-apart": "the kernel's work for a watcher on both sides, which with `sendfile` does not copy",
    "single": "one `write` a watcher: 63 % of CPU; Python 18 %, uvloop 5 %, SQLite 2 %, `fdatasync` 2 %",
    "latency": "Python 58 % of CPU, `write` 11 %, `fdatasync` 4 %; the figure has the wait for the disk in it too",
    "post-each": _REQUEST,
    "post-group": _REQUEST,
    "post-bare": f"{_REQUEST}. Of 114 µs 46 are what the bare handler has, and 30 the writer's thread's, before "
    "anything is parsed, let in or answered: 76 would be 0.6x",
    "batch": "SQLite 26 % of CPU, and for it `pwrite` 16 %, `fdatasync` 3 %; Python 31 %, flat; libc 7 %, msgspec 5 %, "
    "SHA-256 5 %",
    "query": _QUESTION,
    "query-nothing": _QUESTION,
    "memory": "Python's allocations, 19.5 kB: 13.7 kB in aiohttp, 4.4 kB ours, 1.4 kB asyncio's; beside it C's",
    "start": "importing modules, about 0.3 s of CPU; 50 kB are read from the disk",
    "page": _PAGE,
    "page-cold": "the same, and 78 kB from the disk",
    "verify": "a row out of SQLite 1.0 µs, its JSON 0.6, the hashes of entry, data and nodes 2.0 (each timed alone)",
    "pair": "as the first page: 54 % of CPU in Python, kernel 20 %, SQLite 10 % (with 50 thousand entries)",
}
"""By the key of a bar in ``bars.BARS``, a line each. What was not profiled is not here."""
