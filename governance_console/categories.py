"""Category and severity of an event: the tables, and how they are read.

Both are closed sets. A sender may name them with the attributes ``category`` and ``severity``; else the
words of the type decide, and for the severity also the first two levels of the data. A type is cut into
words at everything that is no letter and where camelCase turns: ``agent.toolCall_2`` is ``agent tool call``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

CATEGORIES: Final = (
    "audit",
    "hitl",
    "policy",
    "tool",
    "model",
    "task",
    "drift",
    "optimize",
    "retrain",
    "health",
    "alert",
    "other",
)
SEVERITIES: Final = ("debug", "info", "notice", "warning", "error", "critical")

CATEGORY_WORDS: Final[tuple[tuple[str, str], ...]] = (
    # The first row with a word of the type wins, so the rarer and more telling categories stand first.
    ("hitl", "hitl human approval approve approved approver consent escalate escalated escalation override"),
    ("policy", "policy guardrail guardrails rule denied deny permission permitted blocked violation quota"),
    ("drift", "drift drifted skew shift"),
    ("retrain", "retrain retrained retraining train trained training finetune finetuned finetuning"),
    ("optimize", "optimize optimized optimise optimised optimizer optimization optimisation tune tuned tuning"),
    ("alert", "alert alarm warning incident anomaly outage breach error exception crash crashed panic"),
    (
        "health",
        "health healthy unhealthy heartbeat healthcheck liveness readiness ready online offline ping uptime probe",
    ),
    (
        "audit",
        "audit audited compliance login logout signin signout session register registered member"
        " federation membership config configuration settings deploy deployed secret key",
    ),
    ("tool", "tool function mcp exec shell command browser http api sql file"),
    ("model", "model llm gpt completion prompt inference embedding token tokens chat query answer generation"),
    (
        "task",
        "task job workflow plan planned step run phase batch queue benchmark test start started begin end stop"
        " stopped finish finished complete completed fail failed done create created assign assigned",
    ),
)

OWN_TYPES: Final[Mapping[str, str]] = {
    "console.started": "notice",
    "console.stopped": "notice",
    "session.began": "info",
    "session.refused": "warning",
    "session.ended": "info",
    "record.exported": "notice",
    "data.erased": "warning",
    "log.begun": "warning",
}
"""What the console records of itself, and its severity. Of these all are ``audit``, whatever their words say."""

SEVERITY_NAMES: Final[Mapping[str, str]] = {
    **{name: name for name in SEVERITIES},
    "trace": "debug",
    "information": "info",
    "warn": "warning",
    "err": "error",
    "fatal": "critical",
    "low": "notice",
    "medium": "warning",
    "moderate": "warning",
    "high": "error",
    "emergency": "critical",
}
"""What senders call a severity, in lower case, and what it is called here."""

SEVERITY_KEYS: Final = ("severity", "level", "levelname", "loglevel", "log_level", "log.level", "severityText")
"""Keys at the top of the data in which loggers name a severity."""

SEVERITY_NUMBERS: Final[Mapping[str, tuple[tuple[int, str], ...]]] = {
    "level": ((60, "critical"), (50, "error"), (40, "warning"), (30, "info"), (10, "debug")),
    "levelno": ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"), (10, "debug")),
    "severityNumber": ((21, "critical"), (17, "error"), (13, "warning"), (9, "info"), (1, "debug")),
}
"""Loggers that number their levels (pino and bunyan, Python, OpenTelemetry): from which number on it is which."""

CRITICAL_WORDS: Final = frozenset("critical fatal panic breach emergency".split())
ERROR_WORDS: Final = frozenset("error fail failed failure exception crash crashed unhealthy".split())
WARNING_WORDS: Final = frozenset(
    "warn warning denied deny rejected blocked escalate escalated escalation fallback violation drift"
    " timeout retry degraded exceeded tripped injection killed kill".split()
)
_SEVERITY_WORDS: Final = (("critical", CRITICAL_WORDS), ("error", ERROR_WORDS), ("warning", WARNING_WORDS))
STATUS_KEYS: Final = frozenset(("status", "state", "result", "outcome"))
HTTP_KEYS: Final = frozenset(("status", "status_code", "statusCode", "http_status", "http.status_code"))
EXIT_KEYS: Final = frozenset(("exit_code", "exitCode", "returncode"))
OK_KEYS: Final = frozenset(("ok", "success", "healthy"))
FAILED_KEYS: Final = frozenset(("is_error", "isError", "failed"))
ERROR_KEYS: Final = frozenset(("error", "errors", "exception", "err", "exc_info", "errorCode", "errorMessage"))

_LOGGED_KEYS: Final = frozenset(SEVERITY_KEYS) | frozenset(SEVERITY_NUMBERS)
_TELLING_KEYS: Final = STATUS_KEYS | HTTP_KEYS | EXIT_KEYS | OK_KEYS | FAILED_KEYS | ERROR_KEYS
_SHORT: Final = 100
"""Longer texts are not remembered: a sender must not fill memory with them."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CATEGORY_OF_WORD: Final[Mapping[str, tuple[int, str]]] = {
    word: (rank, category) for rank, (category, words) in enumerate(CATEGORY_WORDS) for word in words.split()
}


def category_of(event_type: str, named: object = None) -> str:
    """The category that ``named`` names, else that of the console's own types, else what the words of the type have."""
    if isinstance(named, str) and named.lower() in CATEGORIES:
        return named.lower()
    return _told_by_type(event_type).category


def severity_of(event_type: str, data: Any, named: object = None) -> str:
    """The severity that ``named`` names, else the one that a logger named in the data, else what they tell.

    What failed outweighs what was merely unusual, and a type that says a fault was handled
    (``model_fallback``) outweighs the error text that such an event carries along.
    """
    if isinstance(named, str) and named.lower() in SEVERITY_NAMES:
        return SEVERITY_NAMES[named.lower()]
    _, by_type, is_own = _told_by_type(event_type)
    if is_own or not isinstance(data, dict):
        return by_type or "info"
    told = _told_by(data)
    logged = None if _LOGGED_KEYS.isdisjoint(data) else _logged(data)
    if "error" in told and logged not in ("error", "critical"):
        return "error"  # a status of failure outweighs a logger that thought nothing of it
    if logged is not None:
        return logged
    if by_type is not None:
        return by_type
    if "error text" in told:
        return "error"
    return "warning" if "warning" in told else "info"


class _Told(NamedTuple):
    """What the words of a type say; ``severity`` is None where they say nothing of it.

    What the console's ``own`` types say is said by nobody else.
    """

    category: str
    severity: str | None
    own: bool = False


def _told_by_type(event_type: str) -> _Told:
    return _remembered(event_type) if len(event_type) <= _SHORT else _said_by_words(event_type)


def _said_by_words(event_type: str) -> _Told:
    if event_type in OWN_TYPES:
        return _Told("audit", OWN_TYPES[event_type], own=True)
    words = _words_of(event_type)
    ranks = [_CATEGORY_OF_WORD[word] for word in words if word in _CATEGORY_OF_WORD]
    category = min(ranks)[1] if ranks else "other"
    for severity, telling in _SEVERITY_WORDS:
        if words & telling:
            return _Told(category, severity)
    return _Told(category, None)


_remembered: Final = lru_cache(maxsize=1024)(_said_by_words)
"""A fleet has few types, and sends them again and again."""


def _words_of(text: str) -> frozenset[str]:
    """The words of a type or a status, in lower case."""
    return frozenset([word.lower() for word in _WORD.findall(text)])


def _logged(data: dict[str, Any]) -> str | None:
    """The severity that a logger wrote into the data, by name or by number."""
    for key in SEVERITY_KEYS:
        level = data.get(key)
        if isinstance(level, str) and level.lower() in SEVERITY_NAMES:
            return SEVERITY_NAMES[level.lower()]
    for key, numbers in SEVERITY_NUMBERS.items():
        level = data.get(key)
        if isinstance(level, int) and not isinstance(level, bool):
            named = next((name for least, name in numbers if level >= least), None)
            if named is not None:
                return named
    return None


def _told_by(data: dict[str, Any]) -> set[str | None]:
    """What the first two levels of the data say about how it went."""
    told: set[str | None] = set()
    for key, value in data.items():
        if key in _TELLING_KEYS:
            told.add(_said_by(key, value))
        if isinstance(value, dict):
            told.update([_said_by(inner, value[inner]) for inner in value if inner in _TELLING_KEYS])
    return told


def _said_by(key: str, value: Any) -> str | None:
    if key in OK_KEYS:
        return "error" if value is False else None
    if key in STATUS_KEYS and isinstance(value, str):
        return _status_of(value)
    if key in FAILED_KEYS:
        return "error" if value is True else None
    if key in HTTP_KEYS and isinstance(value, int) and 400 <= value < 600:
        return "error" if value >= 500 else "warning"
    if key in EXIT_KEYS and isinstance(value, int) and value != 0:
        return "error"
    return "error text" if key in ERROR_KEYS and value else None


def _status_of(status: str) -> str:
    return _remembered_status(status) if len(status) <= _SHORT else _said_by_status(status)


def _said_by_status(status: str) -> str:
    words = _words_of(status)
    if words & ERROR_WORDS or status.lower().startswith(("error", "fail")):
        return "error"
    return "warning" if words & WARNING_WORDS else "info"


_remembered_status: Final = lru_cache(maxsize=1024)(_said_by_status)
