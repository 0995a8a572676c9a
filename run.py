"""Run the console: ``python run.py``; ``python run.py --help`` says more."""

import sys

INSTALL = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/python run.py"
CANNOT_START = 2
INTERRUPTED = 130


def main() -> int:
    if sys.version_info < (3, 11):
        return cannot("Python 3.11 or newer is needed, this is {}.{}".format(*sys.version_info))
    try:
        return start()
    except KeyboardInterrupt:
        return INTERRUPTED


def start() -> int:
    try:
        from governance_console.cli import main as run

        return run(sys.argv[1:])
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("governance_console"):
            raise
        return cannot("{} is not installed; type: {}".format(missing.name, INSTALL))


def cannot(why: str) -> int:
    sys.stderr.write("governance-console: {}\n".format(why))
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
