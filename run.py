"""Run the console: ``python run.py``; ``python run.py --help`` says more."""

import sys


def main() -> "int | str":
    if sys.version_info < (3, 11):
        return "governance-console: Python 3.11 or newer is needed, this is {}.{}".format(*sys.version_info)
    try:
        from governance_console.cli import main as run
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("governance_console"):
            raise
        install = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/python run.py"
        return f"governance-console: {missing.name} is not installed; type: {install}"
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
