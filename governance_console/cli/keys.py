"""``python run.py keygen``: a key for checkpoints; and the keys that a verification is told to trust."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from governance_console.cli.terminal import put
from governance_console.errors import CommandFailed, Malformed, reason
from governance_console.keyfile import make_key
from governance_console.notes import Signer, VerifierKey, is_key_name, parse_private_key
from governance_console.notes import parse_verifier_key as parsed

_EPILOG: Final = """\
The console makes a key by itself when it first starts. Make one here to keep it elsewhere, or to replace one.

examples:
  python run.py keygen                                     data/log.key, and what to do with it
  python run.py keygen /run/keys/log.key --origin log.example.net/agents
  python run.py keygen --show --origin log.example.net/agents >> verifier-keys
                                                           the verifier key of the key there is, for auditors

FILE is for its owner only, is never overwritten, and is the one thing that can sign for this log: back it up, apart
from the record. The verifier key may be known to everybody. Rotation: docs/proof.md

exit status: 0 done; 2 it could not be done, and why on standard error
"""
_MOST_BYTES: Final = 64 * 1024


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "keygen",
        help="make a key that signs checkpoints",
        description="Make the Ed25519 key with which a console signs its checkpoints, and show its verifier key.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, default=Path("data/log.key"), help="default data/log.key"
    )
    parser.add_argument("--origin", metavar="NAME", help="the log's name, which its verifier key bears (GET /api/log)")
    parser.add_argument("--show", action="store_true", help="make nothing: show the verifier key of FILE")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    path, origin = chosen.file, chosen.origin
    if origin is not None and not is_key_name(origin):
        raise CommandFailed("--origin is a log's name: not empty, without spaces, control characters and '+'")
    if chosen.show and origin is None:
        raise CommandFailed("a verifier key bears the log's name: give --origin")
    if not chosen.show:
        _make(path)
    if origin is None:
        put(f"{path} is made. GET /api/log shows its verifier key when the console runs.\n".encode())
    else:
        try:
            put(f"{Signer(origin, parse_private_key(_content(path))).verifier}\n".encode())
        except Malformed as error:
            raise CommandFailed(f"{path}: {error}") from None
    return 0


def _make(path: Path) -> None:
    try:
        make_key(path)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.parent.is_dir():
            raise CommandFailed(f"{path} exists, and a key is never overwritten; --show shows its key") from None
        raise CommandFailed(f"{path} cannot be made: {reason(error)}") from None
    except ValueError:
        raise CommandFailed(f"{path} cannot be made: that is no name of a file") from None


def trusted(given: Sequence[str]) -> list[VerifierKey]:
    """The keys of ``--key``: each a verifier key, a file of them, one a line, or a private key's file.

    A private key has no name of its own: the empty string stands there. They may be of several logs, as a file of
    keys is after a ``recover``. Raises CommandFailed.
    """
    keys: list[VerifierKey] = []
    for text in given:
        try:
            if "+" in text and not Path(text).exists():
                keys.append(parsed(text))
            else:
                keys += _keys_of(_content(Path(text)))
        except Malformed as error:  # without the text, which may be a secret that stands in the wrong place
            raise CommandFailed(f"--key: {error}") from None
        except OSError:
            raise CommandFailed("--key: this is neither a verifier key nor the name of a file") from None
    return keys


def _keys_of(content: bytes) -> list[VerifierKey]:
    if content.startswith(b"-----BEGIN"):
        return [VerifierKey("", parse_private_key(content).public_key().public_bytes_raw())]
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("this is neither a verifier key nor a key's file") from None
    keys = [parsed(line.strip()) for line in lines if line.strip()]
    if not keys:
        raise Malformed("there is no key in it")
    return keys


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {reason(error)}") from None
    except ValueError:
        raise CommandFailed(f"{path} cannot be read: that is no name of a file") from None
