"""How the text of a setting is read. Each reader raises ValueError with what the value has to be. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_T = TypeVar("_T")
MAX_EMAIL_CHARS: Final = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets of a path."""

_PERSON: Final = re.compile(r"(?:\*|[A-Za-z0-9!#$%&'+/=?^_`{|}~.-]{1,64})@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_NO_PERSON: Final = "has to be e-mail addresses or *@domain, parted by commas"
_AGENT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


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


def is_loopback_name(host: str) -> bool:
    """Whether a host name or address always means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def listen(value: str) -> Listen:
    """``HOST:PORT``."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:\s]+)):(\d{1,5})", value)
    if match is None or int(match[3]) > 65535:
        raise ValueError("has to be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Listen(match[1] or match[2], int(match[3]))


def token(value: str) -> str:
    """A bearer token."""
    if not value.isascii() or not value.isprintable() or " " in value or "," in value:
        raise ValueError("has to be printable ASCII without spaces and commas")
    return value


def agent_tokens(value: str) -> Mapping[str, str]:
    """``name=token,name=token``."""
    tokens: dict[str, str] = {}
    for place, pair in enumerate(value.split(","), start=1):
        name, separator, held = pair.strip().partition("=")
        if not separator or not _AGENT_NAME.fullmatch(name) or not held:
            raise ValueError(f"has to be name=token,name=token; pair {place} is not (names: letters, digits, . _ -)")
        if name in tokens:
            raise ValueError(f"names {name} twice")
        tokens[name] = token(held)
    return tokens


def seconds_from(least: float) -> Callable[[str], float]:
    """A reader of seconds, ``least`` to 3600."""

    def read(value: str) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not least <= seconds <= 3600:
            raise ValueError(f"has to be a number of seconds from {least} to 3600")
        return seconds

    return read


def days(value: str) -> float:
    """Days, from a minute and a half to a century."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0.001 <= number <= 36_500:
        raise ValueError("has to be a number of days from 0.001 to 36500; empty keeps everything")
    return number


def yes_or_no(value: str) -> bool:
    """``true`` or ``false``."""
    if value.lower() not in ("true", "false"):
        raise ValueError("has to be true or false")
    return value.lower() == "true"


def file_name(value: str) -> str:
    """The path of a file."""
    if not PurePath(value).name or "\0" in value:
        raise ValueError("has to name a file")
    return value


def database_url(value: str) -> str:
    """Where the record is kept."""
    if value.startswith(("postgresql://", "postgres://")):
        raise ValueError("names PostgreSQL, which this version cannot use yet: use sqlite:///PATH")
    if not value.startswith("sqlite:///") or not value.removeprefix("sqlite:///"):
        raise ValueError("has to be sqlite:///PATH (three slashes; a fourth makes the path absolute)")
    path = unquote(value.removeprefix("sqlite:///"))
    if not PurePath(path).name or "\0" in path:
        raise ValueError("has to name a file after sqlite:///, such as sqlite:///data/governance.db")
    return value


def origin(value: str) -> str:
    """A web origin as browsers write it (RFC 6454): lower case, ASCII, without the port that goes without saying."""
    wrong = "has to be like https://console.example.net, without a path"
    if not value.isascii():
        raise ValueError(f"{wrong}, and with its name in ASCII (xn--…)")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(wrong)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(wrong)
    netloc = parts.netloc.lower()
    if port == DEFAULT_PORTS[parts.scheme] or netloc.endswith(":"):
        netloc = netloc.rpartition(":")[0]
    return f"{parts.scheme}://{netloc}"


def network(value: str) -> Network:
    """An address, or a network of them."""
    try:
        found = ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("has to be addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, parted by commas") from None
    if not found.prefixlen:
        raise ValueError(f"names {found}, which is everybody: name the proxies")
    return found


def issuer(value: str) -> str:
    """An OpenID Connect issuer (Discovery 1.0, section 3), as the provider spells it. Plain http on loopback only."""
    try:
        parts = urlsplit(value)
        is_whole = (
            bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment or "@" in parts.netloc)
        )
    except ValueError:
        is_whole = False
    if not is_whole or not is_private_way(value) or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("has to be an https:// URL without a query, such as https://accounts.google.com")
    return value


def is_private_way(url: str) -> bool:
    """Whether what is sent there is for nobody else: over TLS, or on this machine."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback_name(parts.hostname or ""))
        )
    except ValueError:
        return False


def people(value: str) -> tuple[str, ...]:
    """``name@domain``, and ``*@domain`` for everybody there, parted by commas; in lower case."""
    listed = each(_person)(value)
    if not listed:
        raise ValueError(_NO_PERSON)
    return listed


def _person(value: str) -> str:
    if not is_person(value):
        raise ValueError(_NO_PERSON)
    return value.lower()


def is_person(value: str) -> bool:
    """Whether this is a plain e-mail address in ASCII (the dot-atom of RFC 5322), or ``*@domain``."""
    return len(value) <= MAX_EMAIL_CHARS and _PERSON.fullmatch(value) is not None


def host(value: str) -> str:
    """A host name."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ValueError("has to be host names without ports, parted by commas")
    return value.lower()


def log_origin(value: str) -> str:
    """The log's name in checkpoints."""
    if not re.fullmatch(r"[!-*,-~]{1,200}", value):
        raise ValueError("has to be at most 200 printable ASCII characters without spaces and +")
    return value


def log_level(value: str) -> str:
    """How much is logged."""
    if value.lower() not in LOG_LEVELS:
        raise ValueError(f"has to be one of {', '.join(LOG_LEVELS)}")
    return value.lower()


def each(parse: Callable[[str], _T]) -> Callable[[str], tuple[_T, ...]]:
    """A reader of values parted by commas. It says which of several is wrong, by its place."""

    def read(value: str) -> tuple[_T, ...]:
        found: list[_T] = []
        for place, one in enumerate(listed := value.split(","), start=1):
            if not one.strip():
                continue
            try:
                found.append(parse(one.strip()))
            except ValueError as error:
                raise ValueError(f"{error}{_which(place, len(listed))}") from None
        return tuple(found)

    return read


def _which(place: int, most: int) -> str:
    """By place and not by text: an origin may have been written with a password in it."""
    return f" (number {place} of the list)" if most > 1 else ""
