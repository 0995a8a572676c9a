"""The wheel: all that the console needs to run, and nothing else."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import pytest

from governance_console import __version__
from tests.console import connected
from tests.process import ROOT, ConsoleProcess

DIST = ROOT / "web" / "dist"
OLDEST_SETUPTOOLS = 77
"""As pyproject.toml says. What builds is taken from the environment, so that no network is needed."""


def built(folder: Path, require: Callable[[bool, str, str], None]) -> Path:
    """The wheel, built from a copy: building in place would leave its traces in the repository."""
    try:
        found = int(importlib.metadata.version("setuptools").split(".")[0]) >= OLDEST_SETUPTOOLS
    except importlib.metadata.PackageNotFoundError:
        found = False
    require(found, "setuptools", f"pip install 'setuptools >= {OLDEST_SETUPTOOLS}'")
    copy = folder / "copy"
    shutil.copytree(
        ROOT / "governance_console", copy / "governance_console", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(DIST, copy / "web" / "dist")
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("setup.cfg", "pyproject.toml", "run.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheels"))
    building = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", *options, str(copy)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert building.returncode == 0, building.stdout
    (wheel,) = (folder / "wheels").iterdir()
    return wheel


def files_below(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    """Every file's content by its path in the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_wheel_has_every_module_the_frontend_and_the_licence_and_nothing_else(
    tmp_path: Path, require: Callable[[bool, str, str], None]
) -> None:
    with zipfile.ZipFile(built(tmp_path, require)) as wheel:
        packed = {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")}
    modules = files_below(ROOT / "governance_console", "*.py")
    frontend = files_below(DIST)
    assert "index.html" in frontend
    expected = {f"governance_console/{path}": content for path, content in modules.items()}
    expected |= {f"governance_console/_web/{path}": content for path, content in frontend.items()}
    expected["governance_console/py.typed"] = b""
    about = {name: content for name, content in packed.items() if ".dist-info/" in name}
    assert packed.keys() - about.keys() == expected.keys()
    assert {name: packed[name] for name in expected} == expected
    assert [content for name, content in about.items() if Path(name).name == "LICENSE"] == [
        (ROOT / "LICENSE").read_bytes()
    ]
    (metadata,) = (content for name, content in about.items() if Path(name).name == "METADATA")
    said = Parser().parsestr(metadata.decode())
    assert (said["Name"], said["Version"], said["Requires-Python"]) == ("governance-console", __version__, ">=3.11")
    assert "MIT" in (said["License-Expression"] or said["License"])


@pytest.mark.soak
async def test_a_wheel_in_a_fresh_environment_serves_the_frontend_from_an_empty_folder(
    tmp_path: Path, require: Callable[[bool, str, str], None]
) -> None:
    wheel = built(tmp_path, require)
    python = installed(tmp_path / "environment", wheel)
    empty = tmp_path / "empty"
    empty.mkdir()
    code = "import sys; from governance_console.cli import main; sys.exit(main(sys.argv[1:]))"
    with ConsoleProcess(empty, command=(str(python), "-c", code)) as process:
        async with connected(process.url) as client:
            for path, content in files_below(DIST).items():
                answer = await client.get(f"/{path}", headers={"Accept-Encoding": "identity"})
                assert (answer.status, answer.body) == (200, content), path
            page = await client.get("/", headers={"Accept-Encoding": "identity"})
            assert page.body == (DIST / "index.html").read_bytes()
            assert await client.record({"agent": "a", "type": "t"}) == [1]  # #0 is the start
        process.terminate()
        assert process.wait() == 0
    assert [path.name for path in empty.iterdir()] == ["data"]


def installed(environment: Path, wheel: Path) -> Path:
    """A fresh virtual environment with this wheel in it; its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", str(wheel)], check=True)
    return python
