"""What was measured on: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import apsw

from governance_console import __version__
from tests.bench.errors import CannotMeasure
from tests.bench.results import percentile

LIBRARIES: Final = ("aiohttp", "uvloop", "msgspec", "websockets", "fastapi", "uvicorn", "httptools", "aiosqlite")
SYNCS: Final = 200


def describe(folder: Path) -> tuple[str, ...]:
    """The machine as far as it matters, in a few lines.

    Raises CannotMeasure where ``folder`` is memory, or a library is missing.
    """
    kind = filesystem_of(folder)
    if kind in ("tmpfs", "ramfs"):
        raise CannotMeasure(f"{folder} is on {kind}, where nothing is durable: name a folder on a disk with --dir")
    try:
        versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    except metadata.PackageNotFoundError as error:
        raise CannotMeasure(f"{error.name} is not installed: pip install -e '.[test,speed,bench]'") from None
    syncs = sync_times(folder)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, governance-console {__version__}{_commit()}",
        f"{_cpu()}, {os.cpu_count()} cores; {_memory()} of memory; Linux {platform.release()}",
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()} (apsw); {versions}",
        f"{kind}; write and fsync of 4 KiB: p50 {percentile(syncs, 0.5) * 1e3:.2f} ms, "
        f"p99 {percentile(syncs, 0.99) * 1e3:.2f} ms",
    )


def filesystem_of(folder: Path) -> str:
    """The type of the file system that a folder is on: that of the longest mount point above it."""
    where = folder.resolve()
    found = ("/", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if where.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]


def sync_times(folder: Path) -> list[float]:
    """Seconds that appending 4 KiB and making them durable took, in ascending order."""
    path = folder / "fsync"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        times = []
        for _ in range(SYNCS):
            os.write(handle, bytes(4096))
            began = time.perf_counter()
            os.fsync(handle)
            times.append(time.perf_counter() - began)
        return sorted(times)
    finally:
        os.close(handle)
        path.unlink()


def _cpu() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return f"{int(found[1]) / 1024**2:.0f} GiB" if found else "?"


def _commit() -> str:
    """Which commit, where this is a clone; with a plus where files differ from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return f" ({asked.stdout.strip()})" if asked.returncode == 0 else ""
