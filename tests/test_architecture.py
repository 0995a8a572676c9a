"""The house's rules, held against its sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "governance_console"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE = """
access attempts attributes backoff browsers categories checkpoint closes columns continuity crowd display edge
entries erasure errors events evidence exported findings frames idtoken inflate jsontext lenient limits lines
merkle notes pending prooffile proving recording rhythm ring selection settling storedtree tiles times typed
verify verifyblock verifytree vouching
""".split()
IO = {"asyncio", "threading", "socket", "pathlib", "io", "apsw", "aiohttp", "logging", "concurrent", "subprocess"}

LAYERS = (
    # What stands in a row may import what stands in the rows below it, and its own row.
    ("cli",),
    ("app",),
    ("api",),
    ("lifetime",),
    ("ticker", "signer", "retention"),
    ("audit", "erasing"),
    ("journal", "assistant", "logs", "background", "oidc"),
    ("recording", "gathering", "idtoken", "pending"),
    ("settling", "feed", "watching", "storage", "sessions", "metrics", "settings", "tls", "openapi", "keyfile"),
    ("exported",),
    ("verify",),
    ("verifytree", "verifyblock", "storedtree"),
    ("vouching",),
    ("continuity",),
    ("evidence", "edge", "prooffile"),
    ("checkpoint", "proving"),
    ("notes", "tiles"),
    ("findings",),
    ("erasure",),
    ("entries", "ring", "access", "rhythm", "inflate", "lines", "attempts", "crowd"),
    ("events",),
    ("typed", "lenient"),
    ("attributes", "jsontext"),
    ("selection",),
    ("categories", "times"),
    (
        "errors",
        "browsers",
        "latencies",
        "limits",
        "closes",
        "backoff",
        "columns",
        "display",
        "lock",
        "frames",
        "values",
        "merkle",
        "durable",
        "parcel",
    ),
    ("openfiles",),
)


def name_of(module: Path) -> str:
    """``api.events`` for ``governance_console/api/events.py``."""
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(module: Path) -> Iterator[str]:
    """Everything that a module imports, as dotted names."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide where one is"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def ours(module: Path) -> set[str]:
    """The rooms of this package that a module imports, without the package's name."""
    prefix = "governance_console."
    return {name.removeprefix(prefix) for name in imports(module) if name.startswith(prefix)} - {"__version__"}


def layer_of(room: str) -> int:
    top = room.split(".")[0]
    return next(rank for rank, rooms in enumerate(LAYERS) if top in rooms)


@pytest.mark.parametrize("module", [one for one in MODULES if name_of(one)], ids=name_of)
def test_imports_point_down(module: Path) -> None:
    for room in ours(module):
        assert layer_of(name_of(module)) <= layer_of(room), f"{name_of(module)} imports {room}"


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_imports_nothing_that_does_io(room: str) -> None:
    found = {name.split(".")[0] for name in imports(PACKAGE / f"{room}.py")}
    assert not found & IO


def test_only_the_application_and_its_handlers_import_aiohttp_web() -> None:
    allowed = {"app", "cli.serve"}  # the command line runs the application's server
    found = {name_of(module) for module in MODULES if any(name.startswith("aiohttp.web") for name in imports(module))}
    assert not {name for name in found - allowed if name.split(".")[0] != "api"}


def test_nobody_but_the_application_knows_a_storage_backend() -> None:
    for module in MODULES:
        if name_of(module).startswith("storage.sqlite") or name_of(module) == "app":
            continue
        rooms = {room for room in ours(module) if room.startswith("storage.sqlite")}
        assert not {room for room in rooms if not is_audit(module, room)}, module


def is_audit(module: Path, room: str) -> bool:
    """``verify`` reads a record's file without the console, through a room that knows the file and nothing else;
    ``recover`` puts another one in its place."""
    own = {"cli.material": "storage.sqlite_audit.", "cli.recovering": "storage.sqlite_succession."}
    return room.startswith(own.get(name_of(module), "no room"))


def test_the_auditors_room_knows_nothing_of_the_door_to_storage() -> None:
    rooms = {room.rpartition(".")[0] for room in ours(PACKAGE / "storage" / "sqlite_audit.py")}
    assert {room for room in rooms if room.startswith("storage")} == {"storage.sqlite_file", "storage.sqlite_schema"}


def test_feed_and_storage_do_not_know_each_other() -> None:
    for room in ("feed", "ring", "watching", "parcel"):
        assert not {other for other in ours(PACKAGE / f"{room}.py") if other.startswith("storage")}
    for module in (PACKAGE / "storage").glob("*.py"):
        assert not {room for room in ours(module) if room.startswith("feed")}


def test_handler_modules_do_not_import_each_other() -> None:
    handlers = {
        "erasing",
        "events",
        "gpt",
        "history",
        "log",
        "session",
        "signin",
        "site",
        "sources",
        "status",
        "telemetry",
    }
    for handler in handlers:
        rooms = {room.split(".")[1] for room in ours(PACKAGE / "api" / f"{handler}.py") if room.startswith("api.")}
        assert not rooms & (handlers - {handler}), handler


def test_the_assistant_never_appends() -> None:
    for module in (PACKAGE / "assistant").glob("*.py"):
        assert not {room for room in ours(module) if room.startswith(("journal", "feed"))}


def test_nobody_imports_the_application_but_the_command_line() -> None:
    users = {name_of(module) for module in MODULES if any(room.startswith("app") for room in ours(module))}
    assert users <= {"cli.serve"}


def test_only_the_command_line_reads_the_environment_and_hands_it_to_settings() -> None:
    users = {name_of(module) for module in MODULES if re.search(r"os\.environ|os\.getenv", module.read_text())}
    assert users == {"cli.serve", "cli.remote", "cli.terminal"}


def test_the_commands_beside_the_console_know_it_only_by_what_it_says() -> None:
    """They run on other machines than it: nothing of the server, its record or its handlers is in them."""
    server = (
        "app",
        "api",
        "journal",
        "feed",
        "storage",
        "assistant",
        "sessions",
        "ticker",
        "metrics",
        "settling",
        "logs",
    )
    for module in (PACKAGE / "cli").glob("*.py"):
        # recover is the console's own hand, where it is and while it rests.
        if module.stem not in ("__init__", "serve", "recovering", "predecessor"):
            rooms = {room for room in ours(module) if room.split(".")[0] in server}
            assert not {room for room in rooms if not is_audit(module, room)}, module


@pytest.mark.parametrize("module", MODULES, ids=lambda module: name_of(module) or "package")
def test_no_module_keeps_state(module: Path) -> None:
    """At module level stand definitions, Final constants, loggers and dunder names, nothing that changes."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            is_alias = isinstance(node.value, ast.Subscript | ast.BinOp)
            is_typevar = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in (
                "TypeVar",
                "logging.getLogger",
            )
            assert names <= {"__version__"} or is_alias or is_typevar or all(name.isupper() for name in names), names
        elif isinstance(node, ast.AnnAssign):
            assert "Final" in ast.unparse(node.annotation), ast.unparse(node)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: name_of(module) or "package")
def test_a_module_is_one_room(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 300
