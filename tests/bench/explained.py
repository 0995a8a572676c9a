"""What bounds each figure that is to be reached, from profiles of the console under the loads of this bed.

Shares are of the console's CPU time: ``perf`` for the kernel and libraries, ``py-spy`` for what held the interpreter.
A profile says what work there was. It does not say how fast a machine does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BURST: Final = "one `write` a watcher: 47 % of CPU, a fifth of it copying; Python 32 %, SQLite 5 %, `fdatasync` 1 %"
_REQUEST: Final = (
    "the interpreter's work for each request, flat: 61 % of CPU in Python, 5 % in aiohttp's C, 4 % in libc; "
    "kernel 19 %; SQLite 6 %; SHA-256 2 %"
)
_QUESTION: Final = "as a POST: 63 % of CPU in Python; kernel 18 %; SQLite 6 %; aiohttp's C 5 %; libc 4 %"
_PAGE: Final = "a request and 100 items: 68 % of CPU in Python, SQLite 10 %, kernel 8 % (with 50 thousand entries)"

BOUNDED_BY: Final[Mapping[str, str]] = {
    "burst": _BURST,
    "joined": _BURST,
    "joined-apart": "the same `write` a watcher on both sides",
    "single": "one `write` a watcher: 51 % of CPU; Python 28 %, uvloop 7 %, `fdatasync` 2 %",
    "latency": "Python 58 % of CPU, `write` 11 %, `fdatasync` 4 %; the figure has the wait for the disk in it too",
    "post-each": _REQUEST,
    "post-group": _REQUEST,
    "post-bare": _REQUEST,
    "batch": "the writer's thread: 50 % of CPU (SQLite 24 %, kernel 15 %, of it `write` 7 %, `fdatasync` 2 %); "
    "parsing, settling and answering in threads 41 %, flat (msgspec 6 %, SHA-256 6 %); the event loop 9 %",
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
