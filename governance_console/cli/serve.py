"""``python run.py serve``: the console itself, until a signal ends it."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from governance_console import __version__
from governance_console.api import AUDIT, JOURNAL, SERVES, STORAGE
from governance_console.api.connections import Runner, SecureSite
from governance_console.app import create_app
from governance_console.errors import CannotStart, StorageGone, reason
from governance_console.journal import Journal
from governance_console.lifetime import tell_start, tell_stop
from governance_console.limits import DEFAULT_BOUNDS, Bounds
from governance_console.logs import configure, guard_server_log
from governance_console.openfiles import room_for
from governance_console.settings import Settings, load
from governance_console.storage import Storage
from governance_console.tls import server_context
from governance_console.values import Listen

SHUTDOWN_SEC: Final = 1.5
"""aiohttp spends it twice when a stream will not end; the whole shutdown has to fit in 5 s."""

FAILED: Final = 1
"""The exit status when the record failed while serving."""

FAILED_SEC: Final = 15.0
"""How long a failed record is still read and streamed, and said to be failed, before the console stops itself:
time for three heartbeats and a scrape."""

MAX_HEADER_BYTES: Final = 96 * 1024
"""Room for 48,000 bytes of attributes as percent-encoded ce- headers, and no more."""

MAX_LINE_BYTES: Final = 64 * 1024
"""A request line: room for a selection with many alternatives."""

SWITCH_SEC: Final = 0.0005
"""How long a thread that parses may keep the event loop waiting for the interpreter; Python's own default is 0.005."""

COLLECT_AFTER: Final = 10_000
"""New objects before the garbage collector looks for cycles: a few dozen requests' worth."""

_log = logging.getLogger(__name__)


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "serve",
        help="run the console (what is done without a command)",
        description="Run the console until SIGINT or SIGTERM. Settings come from the environment and from .env.",
    )
    parser.add_argument("--listen", metavar="HOST:PORT", help="where to listen, over LISTEN (default 127.0.0.1:8080)")
    parser.set_defaults(run=_run)


def settings_here(listen: str | None = None) -> Settings:
    """The settings of the console that is run here. Raises SettingsError."""
    return load(os.environ, Path(".env"), listen)


def _run(chosen: argparse.Namespace) -> int:
    settings = settings_here(chosen.listen)
    configure(settings.log_level)
    for warning in settings.warnings:
        _log.warning("%s", warning)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings))


def make_runner(
    settings: Settings,
    storage: Storage | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    clock: Callable[[], float] = time.monotonic,
) -> web.AppRunner:
    """The application with the server settings that its promises rest on."""
    return Runner(
        create_app(settings, storage, bounds, clock),
        access_log=None,
        auto_decompress=False,  # aiohttp's takes half a gzip stream for a whole one
        handle_signals=False,
        keepalive_timeout=bounds.idle_sec,
        logger=guard_server_log(),
        shutdown_timeout=SHUTDOWN_SEC,
        max_field_size=MAX_HEADER_BYTES,
        max_line_size=MAX_LINE_BYTES,
    )


async def listen(runner: web.AppRunner, where: Listen, tls: ssl.SSLContext | None = None) -> str:
    """Open the port; returns the console's URL. Raises CannotStart."""
    # Never reuse_port: a second console could then start on this one's port unnoticed.
    try:
        if tls is None:
            await web.TCPSite(runner, where.host, where.port, reuse_port=False).start()
        else:
            await SecureSite(runner, where.host, where.port, tls).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "another program listens there; stop it, or choose another port with --listen"
        else:
            why = reason(error)
        raise CannotStart(f"cannot listen on {where}: {why}") from None
    except UnicodeError:
        raise CannotStart(f"cannot listen on {where}: that is no host name") from None
    return f"{'https' if tls else 'http'}://{Listen(where.host, runner.addresses[0][1])}/"


async def _serve(settings: Settings) -> int:
    end = _End()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":  # there Ctrl-C raises KeyboardInterrupt instead
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, end.by, one.name)
    tls = server_context(Path(settings.tls_cert), Path(settings.tls_key)) if settings.has_tls else None
    bounds = replace(DEFAULT_BOUNDS, connections=room_for(DEFAULT_BOUNDS.connections))
    runner = make_runner(settings, bounds=bounds)
    app = runner.app
    app.cleanup_ctx.append(end.told)
    try:
        await runner.setup()
        _favour_the_loop()
        url = await listen(runner, settings.listen, tls)
        journal = app[JOURNAL]
        await tell_start(app[AUDIT], app[STORAGE], journal.size, settings, url)
        app[SERVES].set()
        end.served = True
        _log.info("version %s serves %s", __version__, url, extra={"loop": type(loop).__module__.partition(".")[0]})
        await until_over(end.asked, journal)
        _log.info("stopping")
    finally:
        await runner.cleanup()
    if journal.failure is not None:
        _log.error("stopped, with exit status %d, because the record cannot be written: %s", FAILED, journal.failure)
        return FAILED
    _log.info("stopped")
    return 0


class _End:
    """That the console is to end, and why. ``served`` once its start is on the record: then its stop has to be."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.served = False
        self._why = "interrupted"

    def by(self, name: str) -> None:
        """A signal asks for it; an impatient second one changes nothing."""
        if not self.asked.is_set():
            self._why = name
        self.asked.set()

    async def told(self, app: web.Application) -> AsyncIterator[None]:
        """Once no request is left, and before the record closes: so the stop is the last that is recorded."""
        yield
        if self.served:
            tell_stop(app[AUDIT], self._why)


def _favour_the_loop() -> None:
    """Set the interpreter so that the event loop is never kept waiting for long."""
    sys.setswitchinterval(SWITCH_SEC)
    # What start-up made stays for good: the garbage collector need not look through it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


async def until_over(stop: asyncio.Event, journal: Journal, failed_sec: float = FAILED_SEC) -> None:
    """Until it is to stop, or has said for ``failed_sec`` that its record failed, where a restart may mend that."""
    stopping = asyncio.create_task(stop.wait())
    failing = asyncio.create_task(journal.failed())
    await asyncio.wait((stopping, failing), return_when=asyncio.FIRST_COMPLETED)
    if failing.done():
        gone = isinstance(failing.result(), StorageGone)
        # What was deleted under a running console is only in its hands: then it is a person who ends it.
        await asyncio.wait((stopping,), timeout=None if gone else failed_sec)
    for task in (stopping, failing):
        task.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (extra ``speed``)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
