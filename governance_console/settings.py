"""The console's settings: what each means, and the one place that reads the environment.

A wrong value is never guessed around: all problems are told together, by name and without secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from dotenv.parser import parse_stream

from governance_console import values
from governance_console.errors import SettingsError
from governance_console.values import Listen, Network

PLANNED: Final = ("GPT_BASE_URL GPT_API_KEY GPT_MODEL").split()
"""Names that a later version knows. Set here they are refused: what is asked for and silently not there would
be worse than none."""

OPEN_DOMAINS: Final = frozenset(
    f"*@{domain}"
    for domain in (
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com"),
        *("icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "gmx.com", "gmx.de", "gmx.net", "web.de"),
        *("mail.com", "mail.ru", "yandex.com", "yandex.ru", "zoho.com", "qq.com", "163.com"),
    )
)
"""Where anybody gets an address for the asking: hardly ever a list of one's own people."""

_T = TypeVar("_T")


DEFAULT_LISTEN: Final = Listen("127.0.0.1", 8080)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set; ``.env.example`` explains each. Secrets never show in ``repr``."""

    listen: Listen = DEFAULT_LISTEN
    operator_token: str = field(default="", repr=False)
    agent_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    metrics_token: str = field(default="", repr=False)
    ws_interval_sec: float = 5.0
    database_url: str = "sqlite:///data/governance.db"
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    oauth_client_id: str = ""
    oauth_client_secret: str = field(default="", repr=False)
    oauth_issuer: str = "https://accounts.google.com"
    oauth_operators: tuple[str, ...] = ()
    oauth_viewers: tuple[str, ...] = ()
    log_origin: str = ""
    log_key_file: str = "data/log.key"
    checkpoint_interval_sec: float = 5.0
    public_checkpoint: bool = False
    retention_days: float | None = None
    tls_cert: str = ""
    tls_key: str = ""
    log_level: str = "info"

    @property
    def has_tls(self) -> bool:
        """Whether the console itself speaks TLS."""
        return bool(self.tls_cert)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the console over TLS, its own or that of a proxy."""
        return self.has_tls or self.public_url.startswith("https://")

    @property
    def database_path(self) -> Path:
        """The record's file, relative to the working directory unless the URL has four slashes."""
        return Path(unquote(self.database_url.removeprefix("sqlite:///")))

    @property
    def key_path(self) -> Path:
        """The file of the log's private key, relative to the working directory unless it is absolute."""
        return Path(self.log_key_file)

    def told(self) -> dict[str, object]:
        """Every setting under its name, for the record: of a secret only whether it is set."""
        return {one.name.upper(): _told(getattr(self, one.name), is_secret=not one.repr) for one in fields(self)}

    @property
    def has_signin(self) -> bool:
        """Whether people sign in with an OpenID Connect provider."""
        return bool(self.oauth_client_id)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is set and may not be meant, one sentence each."""
        lists = {"OAUTH_OPERATORS": self.oauth_operators, "OAUTH_VIEWERS": self.oauth_viewers}
        found = [
            f"{name} has {one}: everybody can have an address there, so everybody is let in"
            for name, listed in lists.items()
            for one in listed
            if one in OPEN_DOMAINS
        ]
        if self.has_signin and not values.is_private_way(self.public_url):
            found.append("PUBLIC_URL is plain http: who is on the network can take over what people sign in to")
        return tuple(found)


SIGNIN: Final = frozenset(("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"))
"""Either of them asks for sign-in, and so for a guarded console; where one is missing, that alone is told."""

_OR: Final = ", or OAUTH_CLIENT_ID for sign-in"

DEFAULTS: Final = Settings()
NAMES: Final = tuple(one.name.upper() for one in fields(Settings))


def load(environ: Mapping[str, str], dotenv: Path | None = None, listen: str | None = None) -> Settings:
    """Settings from the environment, over those of a ``.env`` file; ``listen`` is the command line's.

    Raises SettingsError with every problem found.
    """
    problems: list[str] = []
    written = _written(dotenv, problems)
    problems += [_unknown(name) for name in written if name not in NAMES and name not in PLANNED]
    given = {**written, **{name: environ[name] for name in (*NAMES, *PLANNED) if name in environ}}
    if listen is not None:
        given["LISTEN"] = listen
    problems += [
        f"{name} belongs to a later version; this one would ignore it: leave it empty"
        for name in sorted(PLANNED)
        if given.get(name)
    ]
    read = _Reader(given, problems)
    settings = Settings(
        listen=read("LISTEN", values.listen, DEFAULTS.listen),
        operator_token=read("OPERATOR_TOKEN", values.token, ""),
        agent_tokens=read("AGENT_TOKENS", values.agent_tokens, {}),
        metrics_token=read("METRICS_TOKEN", values.token, ""),
        ws_interval_sec=read("WS_INTERVAL_SEC", values.seconds_from(0.01), DEFAULTS.ws_interval_sec),
        database_url=read("DATABASE_URL", values.database_url, DEFAULTS.database_url),
        public_url=read("PUBLIC_URL", values.origin, ""),
        allowed_hosts=read("ALLOWED_HOSTS", values.each(values.host), ()),
        cors_origins=read("CORS_ORIGINS", values.each(values.origin), ()),
        trusted_proxies=read("TRUSTED_PROXIES", values.each(values.network), ()),
        oauth_client_id=read("OAUTH_CLIENT_ID", str, ""),
        oauth_client_secret=read("OAUTH_CLIENT_SECRET", str, ""),
        oauth_issuer=read("OAUTH_ISSUER", values.issuer, DEFAULTS.oauth_issuer),
        oauth_operators=read("OAUTH_OPERATORS", values.people, ()),
        oauth_viewers=read("OAUTH_VIEWERS", values.people, ()),
        log_origin=read("LOG_ORIGIN", values.log_origin, ""),
        log_key_file=read("LOG_KEY_FILE", values.file_name, DEFAULTS.log_key_file),
        checkpoint_interval_sec=read(
            "CHECKPOINT_INTERVAL_SEC", values.seconds_from(0.05), DEFAULTS.checkpoint_interval_sec
        ),
        public_checkpoint=read("PUBLIC_CHECKPOINT", values.yes_or_no, DEFAULTS.public_checkpoint),
        retention_days=read("RETENTION_DAYS", values.days, None),
        tls_cert=read("TLS_CERT", str, ""),
        tls_key=read("TLS_KEY", str, ""),
        log_level=read("LOG_LEVEL", values.log_level, DEFAULTS.log_level),
    )
    # One that is malformed is told as that, and not once more as missing.
    asked = {name for name in NAMES if given.get(name, "").strip()}
    problems += _contradictions(settings, guarded=bool(asked & {"OPERATOR_TOKEN", *SIGNIN}))
    problems += _of_signin(asked, is_default_issuer=settings.oauth_issuer == DEFAULTS.oauth_issuer)
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
    text = environ.get("OPERATOR_TOKEN", "") if given is None else given
    token = _Reader({name: text}, problems)(name, values.token, "")
    if problems:
        raise SettingsError(problems)
    return token


def _told(value: Any, *, is_secret: bool) -> object:
    if is_secret:
        return "set" if value else "not set"
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, Listen) else value


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


def _contradictions(settings: Settings, *, guarded: bool) -> list[str]:
    found: list[str] = []
    if not settings.listen.is_loopback and not guarded:
        found.append(
            f"LISTEN is {settings.listen}, which others can reach, and nothing guards it: set OPERATOR_TOKEN{_OR}"
        )
    if (settings.public_url or settings.allowed_hosts) and not guarded:
        what = "PUBLIC_URL or ALLOWED_HOSTS invites others, and nothing guards the console"
        found.append(f"{what}: set OPERATOR_TOKEN{_OR}")
    if settings.trusted_proxies and not guarded:
        found.append(f"TRUSTED_PROXIES brings others, and nothing guards the console: set OPERATOR_TOKEN{_OR}")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        found.append("TLS_CERT and TLS_KEY belong together: set both, or neither")
    if settings.agent_tokens and not guarded:
        found.append("AGENT_TOKENS needs OPERATOR_TOKEN or sign-in: without either everybody may do everything")
    tokens = [settings.operator_token, settings.metrics_token, *settings.agent_tokens.values()]
    held = [token for token in tokens if token]
    if len(set(held)) != len(held):
        found.append("OPERATOR_TOKEN, METRICS_TOKEN and AGENT_TOKENS share a token: make each its own")
    return found


def _of_signin(asked: set[str], *, is_default_issuer: bool) -> list[str]:
    """What keeps people from signing in with a provider, by the names that have a value."""
    needed = SIGNIN
    lists = {"OAUTH_OPERATORS", "OAUTH_VIEWERS"}
    found: list[str] = []
    if not asked & needed:
        if asked & lists:
            found.append("OAUTH_OPERATORS or OAUTH_VIEWERS is set without sign-in: set OAUTH_CLIENT_ID and its secret")
        elif "OAUTH_ISSUER" in asked and not is_default_issuer:
            found.append("OAUTH_ISSUER is set without sign-in: set OAUTH_CLIENT_ID and its secret, or leave it empty")
        return found
    if not needed <= asked:
        found.append("OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET belong together: set both, or neither")
    given = "OAUTH_CLIENT_ID" if "OAUTH_CLIENT_ID" in asked else "OAUTH_CLIENT_SECRET"
    if not asked & lists:
        found.append(f"{given} is set and sign-in would let nobody in: set OAUTH_OPERATORS or OAUTH_VIEWERS")
    if "PUBLIC_URL" not in asked:
        found.append(f"{given} needs PUBLIC_URL: the provider sends people back to PUBLIC_URL/auth/callback")
    return found
