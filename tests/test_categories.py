from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from governance_console import events
from governance_console.categories import CATEGORIES, CATEGORY_WORDS, category_of, severity_of
from tests.console import sample_batch


@pytest.mark.parametrize(
    ("event_type", "category"),
    [
        ("agent.tool.call", "tool"),
        ("approval.requested", "hitl"),
        ("policy.denied", "policy"),
        ("tool.policy.check", "policy"),  # the rule outweighs what it was applied to
        ("model_fallback", "model"),
        ("ModelUsage", "model"),
        ("LLMCompletion", "model"),
        ("drift.threshold", "drift"),
        ("model.retrain.finished", "retrain"),
        ("prompt-optimized", "optimize"),
        ("health_check", "health"),
        ("heartbeat", "health"),
        ("attached_task", "task"),
        ("phase40_cleanup_dry_run", "task"),
        ("user.login", "audit"),
        ("incident.opened", "alert"),
        ("attacks", "other"),  # words are whole words: no "task" in here
        ("überraschung", "other"),
        ("42", "other"),
    ],
)
def test_a_type_has_the_category_of_its_words(event_type: str, category: str) -> None:
    assert category_of(event_type) == category


def test_a_named_category_wins_when_it_is_one() -> None:
    assert category_of("agent.tool.call", "Drift") == "drift"
    assert category_of("agent.tool.call", "weather") == "tool"
    assert category_of("agent.tool.call", 5) == "tool"


def test_no_word_stands_in_two_rows_of_the_table() -> None:
    words = Counter(word for _, row in CATEGORY_WORDS for word in row.split())
    assert [word for word, count in words.items() if count > 1] == []
    assert {category for category, _ in CATEGORY_WORDS} | {"other"} == set(CATEGORIES)


@pytest.mark.parametrize(
    ("event_type", "data", "severity"),
    [
        ("attached_task", {"status": "ok"}, "info"),
        ("attached_task", {"status": "error"}, "error"),
        ("attached_task", {"status": "FAILED"}, "error"),
        ("job", {"outcome": "failover_done"}, "error"),  # design.md: status of fail…
        ("job", {"result": "denied"}, "warning"),
        ("health_check", {"details": {"service": "x", "ok": False}}, "error"),
        ("health_check", {"details": {"service": "x", "ok": True}}, "info"),
        ("health_check", {"a": {"b": {"ok": False}}}, "info"),  # deeper than two levels is not looked at
        ("model_fallback", {"details": {"error": "400"}}, "warning"),  # the error was handled
        ("model_usage", {"error": "400"}, "error"),
        ("model_usage", {"error": None}, "info"),
        ("policy.denied", None, "warning"),
        ("task.failed", None, "error"),
        ("disk.critical", None, "critical"),
        ("log", {"level": "WARN"}, "warning"),
        ("log", {"level": "debug"}, "debug"),
        ("log", {"level": "fatal"}, "critical"),
        ("log", {"level": 50, "err": {"type": "Error"}}, "error"),  # pino
        ("log", {"level": 30}, "info"),
        ("log", {"levelname": "ERROR"}, "error"),  # Python
        ("log", {"levelno": 30}, "warning"),
        ("log", {"severityText": "ERROR"}, "error"),  # OpenTelemetry
        ("log", {"severityNumber": 17}, "error"),
        ("log", {"log.level": "error"}, "error"),  # Elastic Common Schema
        ("log", {"is_error": True}, "error"),
        ("log", {"exit_code": 1}, "error"),
        ("log", {"exit_code": 0}, "info"),
        ("log", {"http_status": 500}, "error"),
        ("log", {"responseStatus": {"code": 1}, "status": 403}, "warning"),
        ("log", {"errorCode": "AccessDenied"}, "error"),
        ("log", {"level": True}, "info"),
        ("tool failed", {"level": "warning"}, "warning"),  # who logged it knows better than a word of the type
        ("tool.called", {"level": "info", "status": "failed"}, "error"),
        ("budget.exceeded", None, "warning"),
        ("log", [1, 2], "info"),
        ("log", "error", "info"),
    ],
)
def test_a_severity_is_told_by_data_and_type(event_type: str, data: Any, severity: str) -> None:
    assert severity_of(event_type, data) == severity


def test_a_named_severity_wins_when_it_is_one() -> None:
    assert severity_of("task.failed", {"status": "error"}, "Notice") == "notice"
    assert severity_of("task.failed", None, "ERR") == "error"
    assert severity_of("task.failed", None, "purple") == "error"


def test_the_sample_is_mostly_understood_and_its_failed_health_checks_are_errors() -> None:
    found = events.parse_json(sample_batch().encode(), lambda place: f"id-{place}")
    assert len(found) == 231
    assert sum(event.shown.category == "other" for event in found) < 0.2 * len(found)
    checks = [event for event in found if event.type == "health_check"]
    failed = [event for event in checks if event.data is not None and b'"ok": false' in event.data.content]
    assert len(failed) == 23
    assert {event.shown.severity for event in failed} == {"error"}
    assert {event.shown.severity for event in checks if event not in failed} == {"info"}
