"""What keeps the console from starting is told in a sentence, and what it writes never holds a secret."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from governance_console import __version__
from governance_console.errors import SettingsError
from governance_console.settings import PLANNED, load
from governance_console.storage.sqlite_schema import VERSION
from tests.process import RUN, ConsoleProcess, Ended, clean_environment, run_to_end, said

OR = ", or OAUTH_CLIENT_ID for sign-in"
OPERATOR = "operator-secret-4f9a"
AGENT = "agent-secret-77c1"
METRICS = "metrics-secret-d2e8"
FREE = ("--listen", "127.0.0.1:0")

SOAK = pytest.mark.soak


def sentences(ended: Ended) -> list[str]:
    """What it said, having refused to start."""
    assert ended.status == 2, ended
    assert ended.output == ""
    lines = ended.errors.splitlines()
    for line in lines:
        assert line.startswith("governance-console: "), ended.errors
    return [line.removeprefix("governance-console: ") for line in lines]


def sentence(ended: Ended) -> str:
    """The one thing it said."""
    said = sentences(ended)
    assert len(said) == 1, said
    return said[0]


def make_database(path: Path, script: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(script).fetchall()
    connection.close()


def record_at(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = sentence(run_to_end(tmp_path, "--listen", f"127.0.0.1:{port}"))
    assert said == (
        f"cannot listen on 127.0.0.1:{port}: another program listens there; "
        "stop it, or choose another port with --listen"
    )


@pytest.mark.parametrize(
    ("where", "says"),
    [
        # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        pytest.param("192.0.2.1:8080", "assign requested address", id="an address of another machine"),
        pytest.param("a..b:8080", "", id="a name that cannot be one", marks=SOAK),
    ],
)
def test_an_address_that_cannot_be_had_is_named(tmp_path: Path, where: str, says: str) -> None:
    said = sentence(run_to_end(tmp_path, "--listen", where, settings={"OPERATOR_TOKEN": OPERATOR}))
    assert where in said
    assert says in said


@pytest.mark.parametrize("where", ["0.0.0.0:8080", pytest.param("[::]:8080", marks=SOAK)])
def test_an_address_that_others_can_reach_wants_a_token(tmp_path: Path, where: str) -> None:
    said = sentence(run_to_end(tmp_path, "--listen", where))
    assert said == f"LISTEN is {where}, which others can reach, and nothing guards it: set OPERATOR_TOKEN{OR}"
    assert not (tmp_path / "data").exists()


def make_record(path: Path) -> None:
    """A record as a console leaves it that was stopped."""
    with ConsoleProcess(path.parent, {"DATABASE_URL": record_at(path), "LOG_KEY_FILE": f"{path}.key"}) as process:
        process.terminate()
        assert process.wait() == 0


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text_file(path: Path) -> None:
    path.write_text("a list of things to buy\n" * 100, encoding="utf-8")


def a_database_of_others(path: Path) -> None:
    make_database(path, "CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('bread')")


def a_wal_database_of_others(path: Path) -> None:
    make_database(path, "PRAGMA journal_mode = wal; CREATE TABLE things (name TEXT)")


def a_newer_record(path: Path) -> None:
    make_record(path)
    make_database(path, f"PRAGMA user_version = {VERSION + 1}")


def half_a_record(path: Path) -> None:
    make_record(path)
    os.truncate(path, path.stat().st_size // 2)


def bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(a_folder, "", id="a folder", marks=SOAK),
        pytest.param(a_text_file, "not a SQLite database", id="a text file"),
        pytest.param(a_database_of_others, "not a record of this console", id="a database of others", marks=SOAK),
        pytest.param(a_wal_database_of_others, "not a record of this console", id="a WAL database of others"),
        pytest.param(a_newer_record, f"a newer console wrote it (schema {VERSION + 1}, this", id="a newer record"),
        pytest.param(half_a_record, "", id="half a record", marks=SOAK),
    ],
)
def test_a_file_that_cannot_be_the_record_is_refused_and_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / "file.db"
    make(path)
    before = bytes_of(path)
    said = sentence(run_to_end(tmp_path, *FREE, settings={"DATABASE_URL": record_at(path)}))
    assert said.startswith(f"the record {path} cannot be opened: ")
    assert says in said
    assert bytes_of(path) == before
    assert not (tmp_path / "file.db-wal").exists()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("file/governance.db", id="below a file"),
        pytest.param("/proc/governance/governance.db", id="where nothing can be made", marks=SOAK),
        pytest.param("x" * 300, id="a name too long for a file", marks=SOAK),
        pytest.param("%00", id="a name that no file can have"),
        pytest.param(".", id="the folder itself", marks=SOAK),
        pytest.param("/", id="the root", marks=SOAK),
    ],
)
def test_a_place_where_no_record_can_be_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = sentence(run_to_end(tmp_path, *FREE, settings={"DATABASE_URL": f"sqlite:///{path}"}))
    assert "DATABASE_URL" in said


def unprivileged(require: Callable[[bool, str, str], None]) -> tuple[str, ...]:
    """The interpreter, bound by file permissions as an ordinary user's is."""
    if os.geteuid() != 0:
        return (sys.executable,)
    require(shutil.which("setpriv") is not None, "setpriv", "apt-get install util-linux")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable)


@pytest.mark.parametrize(
    "path", ["data/governance.db", *(pytest.param(one, marks=SOAK) for one in ("governance.db", "there before.db"))]
)
def test_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, path: str, require: Callable[[bool, str, str], None]
) -> None:
    interpreter = unprivileged(require)
    closed = tmp_path / "closed"
    closed.mkdir()
    make_record(closed / "there before.db")
    closed.chmod(0o500)
    settings = {"DATABASE_URL": record_at(closed / path)}
    said = sentence(run_to_end(tmp_path, *FREE, settings=settings, interpreter=interpreter))
    closed.chmod(0o700)
    assert said.startswith(f"the record {closed / path} cannot be opened: ")
    assert "writable" in said


@pytest.mark.soak
def test_files_that_may_not_be_read_are_named(tmp_path: Path, require: Callable[[bool, str, str], None]) -> None:
    interpreter = unprivileged(require)
    record = tmp_path / "governance.db"
    make_record(record)
    record.chmod(0o000)
    ended = run_to_end(tmp_path, *FREE, settings={"DATABASE_URL": record_at(record)}, interpreter=interpreter)
    assert f"the record {record} cannot be opened: " in sentence(ended)
    record.chmod(0o600)
    (tmp_path / ".env").write_text(f"OPERATOR_TOKEN={OPERATOR}\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o000)
    ended = run_to_end(tmp_path, *FREE, settings={"DATABASE_URL": record_at(record)}, interpreter=interpreter)
    assert sentence(ended) == ".env cannot be read: Permission denied"


def test_a_second_console_on_the_same_record_is_told_the_process_of_the_first(tmp_path: Path) -> None:
    with ConsoleProcess(tmp_path) as first:
        said = sentence(run_to_end(tmp_path, *FREE))
        assert said == (
            f"another console (process {first.pid}) has the record open (data/governance.db.lock): "
            "stop it, or change DATABASE_URL"
        )
        with socket.create_connection(("127.0.0.1", first.port)) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        first.kill()
        first.start()  # the lock went with the process


def test_every_wrong_setting_is_told_at_once_and_no_secret_with_it(tmp_path: Path) -> None:
    wrong = {
        "LISTEN": "8080",
        "OPERATOR_TOKEN": f"{OPERATOR} with spaces",
        "AGENT_TOKENS": f"planner={AGENT},{AGENT}",
        "METRICS_TOKEN": f"{METRICS}\u00e9",
        "WS_INTERVAL_SEC": "nan",
        "DATABASE_URL": f"postgresql://console:{OPERATOR}@db.example.net/governance",
        "PUBLIC_URL": f"https://user:{OPERATOR}@console.example.net",
        "ALLOWED_HOSTS": "console.example.net:8080",
        "CORS_ORIGINS": "*",
        "LOG_ORIGIN": "two words",
        "LOG_LEVEL": "loud",
        "TLS_CERT": "cert.pem",
        "GPT_API_KEY": OPERATOR,
    }
    dotenv = f"OPERATER_TOKEN={OPERATOR}\nOAUTH_ISSUER=https://accounts.example.net\n"
    (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
    ended = run_to_end(tmp_path, settings=wrong)
    said = sentences(ended)
    assert sorted(line.split()[0] for line in said) == sorted([*wrong, "OPERATER_TOKEN", "OAUTH_ISSUER"])
    assert not any(secret in ended.errors for secret in (OPERATOR, AGENT, METRICS))
    assert not (tmp_path / "data").exists()


def test_every_planned_setting_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}=1\n" for name in PLANNED), encoding="utf-8")
    said = sentences(run_to_end(tmp_path, *FREE))
    assert sorted(line.split()[0] for line in said) == sorted(PLANNED)
    assert all("later version" in line for line in said)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"OPERATER_TOKEN={OPERATOR}", id="misspelt"),
        pytest.param(f"operator_token={OPERATOR}", id="in lower case", marks=SOAK),
        pytest.param(f"OPERATOR_TOKEN: {OPERATOR}", id="with a colon", marks=SOAK),
        pytest.param(f"OPERATOR_TOKEN {OPERATOR}", id="without the equals sign"),
        pytest.param("OPERATOR_TOKEN", id="without a value", marks=SOAK),
        pytest.param(f"OPERATOR_TOKEN='{OPERATOR}", id="with half of the quotes"),
        pytest.param("\udcff\udcfe=1", id="not UTF-8", marks=SOAK),
    ],
)
def test_a_mistake_in_the_env_file_cannot_leave_the_door_open(tmp_path: Path, line: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(f"{line}\n".encode(errors="surrogateescape"))
    with pytest.raises(SettingsError) as raised:
        load({}, dotenv)
    (problem,) = raised.value.problems
    assert ".env" in problem
    assert OPERATOR not in problem


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--help",), ("serve", "examples:", "OPERATOR_TOKEN")),
        pytest.param(("serve", "--help"), ("--listen HOST:PORT", "SIGTERM"), marks=SOAK),
        pytest.param(("--version",), (f"governance-console {__version__}\n",), marks=SOAK),
    ],
)
def test_help_and_version_need_no_working_settings(
    tmp_path: Path, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    ended = run_to_end(tmp_path, *arguments, settings={"LISTEN": "wrong"})
    assert (ended.status, ended.errors) == (0, "")
    for part in says:
        assert part in ended.output
    assert "governance-console" in ended.output or "python run.py" in ended.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nonsense",), "COMMAND: invalid choice: 'nonsense' (choose from "),
        (("--nonsense",), "unrecognized arguments: --nonsense"),
        (("serve", "nonsense"), "unrecognized arguments: nonsense"),
        (("--listen",), "--listen: expected one argument; python run.py serve --help"),
        (("export", "--severity", "loud\x1b"), "--severity: invalid choice: 'loud\\x1b' (choose from 'debug', "),
        (
            ("export", "--from", "1", "--before", "2"),
            "--before: not allowed with argument --from; python run.py export",
        ),
        (("tail", "--from", "x"), "--from: has to be a number of the record: 0, 1, 2, …; python run.py tail --help"),
        (("import",), "the following arguments are required: FILE"),
    ],
)
async def test_arguments_that_are_not_understood_are_told_in_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    ended = await said(capsys, *arguments)
    assert (ended.status, ended.output) == (2, "")
    (sentence,) = ended.errors.splitlines()
    assert sentence.startswith(f"governance-console: {says}")
    assert sentence.endswith(" --help says more")
    assert list(here.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells how far a start has come")
def test_ctrl_c_while_it_starts_ends_it_without_a_word(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(RUN), "tail"], cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE
    )
    loaded, give_up = Path(f"/proc/{process.pid}/maps"), time.monotonic() + 10
    while "yarl" not in loaded.read_text():  # in the middle of its imports
        assert time.monotonic() < give_up
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, b"")


def test_without_its_dependencies_it_says_in_one_line_what_to_type(tmp_path: Path) -> None:
    """An interpreter without site-packages, as that of a machine where nothing was installed yet."""
    ended = run_to_end(tmp_path, interpreter=(sys.executable, "-S", "-E"))
    assert ended.status != 0
    assert ended.output == ""
    (line,) = ended.errors.splitlines()
    command = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/python run.py"
    assert line == f"governance-console: aiohttp is not installed; type: {command}"
