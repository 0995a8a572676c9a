"""The console's settings: what each means, and the one place that reads the environment.

A wrong value is never guessed around: all problems are told together, by name and without secrets.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from dotenv.parser import parse_stream

from governance_console.errors import SettingsError

PLANNED: Final = (
    "TRUSTED_PROXIES GPT_BASE_URL GPT_API_KEY GPT_MODEL LOG_KEY_FILE CHECKPOINT_INTERVAL_SEC"
    " PUBLIC_CHECKPOINT RETENTION_DAYS TLS_CERT TLS_KEY"
).split()
"""Names that a later version knows. Set here they are refused: TLS that is asked for and silently not
there would be worse than none."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_AGENT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the console listens. Port 0 lets the system choose one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback_name(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set; ``.env.example`` explains each. Secrets never show in ``repr``."""

    listen: Listen = Listen("127.0.0.1", 8080)
    operator_token: str = field(default="", repr=False)
    agent_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    metrics_token: str = field(default="", repr=False)
    ws_interval_sec: float = 5.0
    database_url: str = "sqlite:///data/governance.db"
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    oauth_client_id: str = ""
    oauth_client_secret: str = field(default="", repr=False)
    oauth_issuer: str = "https://accounts.google.com"
    oauth_operators: tuple[str, ...] = ()
    oauth_viewers: tuple[str, ...] = ()
    log_origin: str = ""
    log_level: str = "info"

    @property
    def database_path(self) -> Path:
        """The record's file, relative to the working directory unless the URL has four slashes."""
        return Path(unquote(self.database_url.removeprefix("sqlite:///")))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is set and has no effect yet, one sentence each."""
        if self.oauth_client_id or self.oauth_client_secret:
            what = "OAUTH_CLIENT_ID or OAUTH_CLIENT_SECRET is set"
            return (f"{what}, but this version has no OpenID Connect sign-in yet: use OPERATOR_TOKEN",)
        return ()


DEFAULTS: Final = Settings()
NAMES: Final = tuple(one.name.upper() for one in fields(Settings))


def load(environ: Mapping[str, str], dotenv: Path | None = None, listen: str | None = None) -> Settings:
    """Settings from the environment, over those of a ``.env`` file; ``listen`` is the command line's.

    Raises SettingsError with every problem found.
    """
    problems: list[str] = []
    written = _written(dotenv, problems)
    problems += [_unknown(name) for name in written if name not in NAMES and name not in PLANNED]
    values = {**written, **{name: environ[name] for name in (*NAMES, *PLANNED) if name in environ}}
    if listen is not None:
        values["LISTEN"] = listen
    problems += [
        f"{name} belongs to a later version; this one would ignore it: leave it empty"
        for name in sorted(PLANNED)
        if values.get(name)
    ]
    read = _Reader(values, problems)
    settings = Settings(
        listen=read("LISTEN", _listen, DEFAULTS.listen),
        operator_token=read("OPERATOR_TOKEN", _token, ""),
        agent_tokens=read("AGENT_TOKENS", _agent_tokens, {}),
        metrics_token=read("METRICS_TOKEN", _token, ""),
        ws_interval_sec=read("WS_INTERVAL_SEC", _interval, DEFAULTS.ws_interval_sec),
        database_url=read("DATABASE_URL", _database_url, DEFAULTS.database_url),
        public_url=read("PUBLIC_URL", _origin, ""),
        allowed_hosts=read("ALLOWED_HOSTS", _each(_host), ()),
        cors_origins=read("CORS_ORIGINS", _each(_origin), ()),
        oauth_client_id=read("OAUTH_CLIENT_ID", str, ""),
        oauth_client_secret=read("OAUTH_CLIENT_SECRET", str, ""),
        oauth_issuer=read("OAUTH_ISSUER", str, DEFAULTS.oauth_issuer),
        oauth_operators=read("OAUTH_OPERATORS", _each(str), ()),
        oauth_viewers=read("OAUTH_VIEWERS", _each(str), ()),
        log_origin=read("LOG_ORIGIN", _log_origin, ""),
        log_level=read("LOG_LEVEL", _log_level, DEFAULTS.log_level),
    )
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def load_token(environ: Mapping[str, str], dotenv: Path | None, given: str | None) -> str:
    """The token that a command presents to a running console: the one given, else OPERATOR_TOKEN.

    All other settings are the console's own, and whether they are right is no matter here. Raises SettingsError.
    """
    problems: list[str] = []
    if given is None and "OPERATOR_TOKEN" not in environ:
        given = _written(dotenv, []).get("OPERATOR_TOKEN")
    name = "OPERATOR_TOKEN" if given is None else "the token"
    token = _Reader({name: environ.get("OPERATOR_TOKEN", "") if given is None else given}, problems)(name, _token, "")
    if problems:
        raise SettingsError(problems)
    return token


def is_loopback_name(host: str) -> bool:
    """Whether a host name or address always means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class _Reader:
    """Reads one value after the other and collects what is wrong. An empty value is an unset one."""

    def __init__(self, values: Mapping[str, str], problems: list[str]) -> None:
        self._values = values
        self._problems = problems

    def __call__(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        value = self._values.get(name, "").strip()
        if not value:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self._problems.append(f"{name} {error}")
            return default


def _written(dotenv: Path | None, problems: list[str]) -> dict[str, str]:
    """What a ``.env`` file sets, literally. A line that sets nothing may have been meant to guard something."""
    if dotenv is None or not dotenv.exists():
        return {}
    values: dict[str, str] = {}
    try:
        with dotenv.open(encoding="utf-8") as file:
            for binding in parse_stream(file):
                if binding.error or (binding.key is not None and binding.value is None):
                    text = binding.original.string
                    line = binding.original.line + len(text) - len(text.lstrip("\n"))
                    problems.append(f"line {line} of .env sets nothing: write it as NAME=value, or remove it")
                elif binding.key in values:
                    problems.append(f"line {binding.original.line} of .env sets a name again: keep one of the two")
                elif binding.key is not None:
                    values[binding.key] = binding.value or ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError([f"{dotenv} cannot be read: {why}"]) from None
    return values


def _unknown(name: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in name[:40])
    return f"{shown} in .env is no setting of this console: mend its spelling, or remove it"


def _contradictions(settings: Settings) -> list[str]:
    found: list[str] = []
    if not settings.listen.is_loopback and not settings.operator_token:
        found.append(f"LISTEN is {settings.listen}, which others can reach, and nothing guards it: set OPERATOR_TOKEN")
    if (settings.public_url or settings.allowed_hosts) and not settings.operator_token:
        found.append("PUBLIC_URL or ALLOWED_HOSTS invites others, and nothing guards the console: set OPERATOR_TOKEN")
    if settings.agent_tokens and not settings.operator_token:
        found.append("AGENT_TOKENS needs OPERATOR_TOKEN: without it everybody may do everything")
    tokens = [settings.operator_token, settings.metrics_token, *settings.agent_tokens.values()]
    held = [token for token in tokens if token]
    if len(set(held)) != len(held):
        found.append("OPERATOR_TOKEN, METRICS_TOKEN and AGENT_TOKENS share a token: make each its own")
    return found


def _listen(value: str) -> Listen:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:\s]+)):(\d{1,5})", value)
    if match is None or int(match[3]) > 65535:
        raise ValueError("has to be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Listen(match[1] or match[2], int(match[3]))


def _token(value: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value or "," in value:
        raise ValueError("has to be printable ASCII without spaces and commas")
    return value


def _agent_tokens(value: str) -> Mapping[str, str]:
    tokens: dict[str, str] = {}
    for place, pair in enumerate(value.split(","), start=1):
        name, separator, token = pair.strip().partition("=")
        if not separator or not _AGENT_NAME.fullmatch(name) or not token:
            raise ValueError(f"has to be name=token,name=token; pair {place} is not (names: letters, digits, . _ -)")
        if name in tokens:
            raise ValueError(f"names {name} twice")
        tokens[name] = _token(token)
    return tokens


def _interval(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 3600:
        raise ValueError("has to be a number of seconds from 0.01 to 3600")
    return seconds


def _database_url(value: str) -> str:
    if value.startswith(("postgresql://", "postgres://")):
        raise ValueError("names PostgreSQL, which this version cannot use yet: use sqlite:///PATH")
    if not value.startswith("sqlite:///") or not value.removeprefix("sqlite:///"):
        raise ValueError("has to be sqlite:///PATH (three slashes; a fourth makes the path absolute)")
    path = unquote(value.removeprefix("sqlite:///"))
    if not Path(path).name or "\0" in path:
        raise ValueError("has to name a file after sqlite:///, such as sqlite:///data/governance.db")
    return value


def _origin(value: str) -> str:
    wrong = "has to be like https://console.example.net, without a path"
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(wrong)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(wrong)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ValueError("has to be host names without ports, parted by commas")
    return value.lower()


def _log_origin(value: str) -> str:
    if not re.fullmatch(r"[!-*,-~]{1,200}", value):
        raise ValueError("has to be at most 200 printable ASCII characters without spaces and +")
    return value


def _log_level(value: str) -> str:
    if value.lower() not in LOG_LEVELS:
        raise ValueError(f"has to be one of {', '.join(LOG_LEVELS)}")
    return value.lower()


def _each(parse: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    return lambda value: tuple(parse(one.strip()) for one in value.split(",") if one.strip())
